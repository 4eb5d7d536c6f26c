"""MASCOT Studio: group conversations with persona agents, human studies of them, and training on what people say."""

__version__ = "0.1.0"
