"""MASCOT Studio: group conversations with persona agents, human studies, alignment from ratings.

The names below are the Python API, explained in `docs/python.md`. They are imported when they are first
used, so `import mascot` itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mascot.api import Conversation
    from mascot.conversation.events import Crisis, Directive, Utterance, Yielded
    from mascot.conversation.personas import Cast, Persona, load_cast
    from mascot.conversation.transcript import Transcript
    from mascot.engines.base import Engine
    from mascot.engines.scripted import ScriptedEngine
    from mascot.errors import MascotError
    from mascot.settings import Settings

__version__ = "0.1.0"
__all__ = [
    "Cast",
    "Conversation",
    "Crisis",
    "Directive",
    "Engine",
    "MascotError",
    "Persona",
    "ScriptedEngine",
    "Settings",
    "Transcript",
    "Utterance",
    "Yielded",
    "load_cast",
]

_HOMES = {
    "api": ("Conversation",),
    "conversation.events": ("Crisis", "Directive", "Utterance", "Yielded"),
    "conversation.personas": ("Cast", "Persona", "load_cast"),
    "conversation.transcript": ("Transcript",),
    "engines.base": ("Engine",),
    "engines.scripted": ("ScriptedEngine",),
    "errors": ("MascotError",),
    "settings": ("Settings",),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"mascot.{module}"), name)
    raise AttributeError(f"module 'mascot' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
