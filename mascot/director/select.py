"""A policy by its name."""

from __future__ import annotations

from mascot.director.base import Policy
from mascot.director.model import ModelDirector
from mascot.director.simple import ByMention, RandomOrder, RoundRobin
from mascot.engines.base import Engine
from mascot.errors import SettingsError

DIRECTOR = "director"
"""Name of the director's adapter."""
POLICIES = ("model", "round-robin", "random", "mention")


def make_policy(name: str, engine: Engine) -> Policy:
    """The policy of this name.

    Raises:
        SettingsError: there is none.
    """
    match name:
        case "model":
            return ModelDirector(engine, DIRECTOR if DIRECTOR in engine.adapters else None)
        case "round-robin":
            return RoundRobin()
        case "random":
            return RandomOrder()
        case "mention":
            return ByMention()
    raise SettingsError(f"unknown policy {name!r}: choose one of {', '.join(POLICIES)}")
