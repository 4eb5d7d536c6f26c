"""MASCOT Studio: group conversations with persona agents, human studies, alignment from ratings."""

__version__ = "0.1.0"
