"""From an arm of the study file to a system that speaks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mascot.conversation.personas import Cast, Persona, load_cast
from mascot.engines.base import Engine
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.select import select_engine
from mascot.evaluation.systems import System, load_adapters, make_system
from mascot.live.speaker import INSTRUCTED, TINY, Manner
from mascot.settings import Settings
from mascot.studio import load_adapters as load_promoted
from mascot.studio import manner
from studies.design.study import Arm

Open = Callable[[str, Arm], System]
"""Opens an arm's system; whoever calls closes its engine."""


def open_arm(name: str, arm: Arm, settings: Settings, folder: Path) -> System:
    """The system of an arm.

    Args:
        folder: what a relative folder of adapters is relative to.

    Raises:
        MascotError: its model, adapters or personas cannot be used; one line says which and why.
    """
    cast = cast_of(arm, settings)
    asked = {"engine": arm.engine, "model": arm.model}
    set_here = {key: value for key, value in asked.items() if value != "auto"}
    own = settings.model_copy(update={**set_here, "policy": arm.policy})
    engine = select_engine(own)
    try:
        _give_adapters(engine, arm.adapters, own, folder)
        embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
        return make_system(name, engine, cast, _manner(arm, engine), arm.policy, embedder)
    except BaseException:
        engine.close()
        raise


def cast_of(arm: Arm, settings: Settings) -> Cast:
    """Who sits at the table.

    Raises:
        PersonaError: an id that nobody bears.
    """
    cast = load_cast(settings.home / "personas")
    cast = cast.only(arm.personas) if arm.personas else cast
    return without_personas(cast) if arm.prompt == "no-persona" else cast


def without_personas(cast: Cast) -> Cast:
    """The same names, and nothing that makes one differ from another: all share everyone's examples.

    Our form of the paper's ablation without persona prompting (it does not say what its prompt was).
    """
    examples = tuple(example for persona in cast for example in persona.examples)

    def plain(persona: Persona) -> Persona:
        return persona.model_copy(
            update={
                "role": "companion",
                "summary": "A companion who answers the person.",
                "goals": ("Answer the person.",),
                "voice": "natural",
                "does": ("answer what the person says",),
                "does_not": ("leave the person without an answer",),
                "repertoire": ("answer the person",),
                "tones": ("natural",),
                "examples": examples,
            }
        )

    return Cast(plain(persona) for persona in cast)


def _give_adapters(engine: Engine, adapters: str, settings: Settings, folder: Path) -> None:
    if adapters == "promoted":
        load_promoted(engine, settings)
    elif adapters != "none":
        load_adapters(engine, folder / adapters)


def _manner(arm: Arm, engine: Engine) -> Manner:
    match arm.prompt:
        case "instructed":
            return INSTRUCTED
        case "tiny":
            return TINY
    return manner(engine)
