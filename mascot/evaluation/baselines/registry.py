"""Every system under test by its name, and what it is made of.

A system is written `NAME`, or `NAME(role=MODEL;…)` with another model for a role: `mascot(director=small)`,
`mascot(speaker=small)`. `paper` and `all` stand for lists of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from mascot.conversation.personas import Cast
from mascot.engines.base import Engine
from mascot.engines.embedding import Embedder
from mascot.errors import InputError
from mascot.evaluation.baselines.assistant import Assistant
from mascot.evaluation.baselines.base import ASSISTANT, Companions
from mascot.evaluation.baselines.groupchat import GroupChat
from mascot.evaluation.baselines.mascot import Mascot, without_personas
from mascot.evaluation.baselines.models import Chosens, Loaded, Models, stage_of
from mascot.evaluation.baselines.multiagentesc import Cases, MultiAgentESC
from mascot.evaluation.baselines.shots import shots
from mascot.evaluation.systems import System, make_system
from mascot.studio import manner

DIRECTOR: Final = "director"
ROLES: Final = ("director", "speaker")
_SPEC: Final = re.compile(r"([a-z0-9-]+)(?:\(([^()]*)\))?")


@dataclass(frozen=True)
class Table:
    """What the systems of a run share."""

    models: Models
    cast: Cast
    embedder: Embedder
    turns: int


@dataclass(frozen=True)
class Recipe:
    """How a system is made."""

    title: str
    make: Callable[[Table, Made], Companions]
    kind: Literal["single", "group"] = "group"
    adapters: Callable[[Loaded], Chosens] = lambda _loaded: {}
    """Which of the model's speak; raises InputError where the system would be another one."""
    agents: int = 0
    """Personas at the table, 0 for all."""


@dataclass(frozen=True)
class Spec:
    """A system as asked for."""

    system: str
    models: Mapping[str, str] = field(default_factory=dict)
    """Model by role, where it is not the run's."""

    @property
    def name(self) -> str:
        """Of its file."""
        return "-".join(
            [self.system, *(f"{r}-{re.sub(r'[^A-Za-z0-9.]+', '_', m)}" for r, m in self.models.items())]
        )

    @property
    def recipe(self) -> Recipe:
        return RECIPES[self.system]

    @property
    def title(self) -> str:
        """For tables."""
        others = ", ".join(f"{role} {model}" for role, model in self.models.items())
        return f"{self.recipe.title} ({others})" if others else self.recipe.title

    def agents(self, cast: Cast) -> tuple[str, ...]:
        """Who may speak."""
        return (ASSISTANT,) if self.recipe.kind == "single" else cast.ids


@dataclass(frozen=True)
class Made:
    """What a recipe makes its system of: an engine for each role, with the adapters that may speak."""

    speaker: Engine
    director: Engine


def adapters_of(spec: Spec, models: Models) -> dict[str, Chosens]:
    """The adapters that a system speaks with, by role.

    Raises:
        InputError: without one that is missing the system would be another one.
        MascotError: a model cannot be had.
    """
    found: dict[str, Chosens] = {}
    for role in ROLES:
        chosen = spec.recipe.adapters(models.get(spec.models.get(role, "")))
        found[role] = {
            name: entry for name, entry in chosen.items() if (name == DIRECTOR) == (role == DIRECTOR)
        }
    return found


def make(spec: Spec, table: Table) -> Companions:
    """The system, its adapters loaded.

    Raises:
        MascotError: as `adapters_of`; an engine does not take an adapter.
    """
    engines: dict[str, Engine] = {}
    for role, chosen in adapters_of(spec, table.models).items():
        loaded = table.models.get(spec.models.get(role, ""))
        loaded.load(chosen.values())
        engines[role] = loaded.speaking_with(chosen)
    return spec.recipe.make(table, Made(**engines))


def specs(text: str) -> tuple[Spec, ...]:
    """The systems of a list such as `zero-shot,mascot(director=small)`.

    Raises:
        InputError: an unknown one, or an unknown role.
    """
    names: list[str] = []
    for part in re.split(r",(?![^(]*\))", text):
        names += LISTS.get(part.strip(), (part.strip(),))
    return tuple({spec.name: spec for spec in map(_spec, names)}.values())


def _spec(text: str) -> Spec:
    match = _SPEC.fullmatch(text)
    if match is None or match[1] not in RECIPES:
        raise InputError(f"unknown system {text!r}: there are {', '.join((*LISTS, *RECIPES))}")
    pairs = [part.partition("=") for part in (match[2] or "").split(";") if part]
    models = {role.strip(): model.strip() for role, _, model in pairs}
    strange = next((role for role, model in models.items() if role not in ROLES or not model), None)
    if strange is not None or (models and not match[1].startswith("mascot")):
        raise InputError(f"{text!r} is no system: only mascot ones take director=MODEL and speaker=MODEL")
    return Spec(match[1], models)


def _assistant(
    few: bool = False, thinks: bool = False, chains: int = 1
) -> Callable[[Table, Made], Companions]:
    def build(table: Table, made: Made) -> Companions:
        return Assistant(
            made.speaker,
            manner(made.speaker).sampling,
            shots() if few else (),
            thinks,
            chains,
            table.embedder,
        )

    return build


def _mascot(policy: str = "model", personas: bool = True) -> Callable[[Table, Made], Companions]:
    def build(table: Table, made: Made) -> Companions:
        cast = table.cast if personas else without_personas(table.cast)
        own = make_system("", made.speaker, cast, manner(made.speaker), policy, table.embedder)
        directed = make_system("", made.director, cast, manner(made.director), policy)
        return Mascot(System(policy, own.speaker, directed.policy), table.turns)

    return build


def _group_chat(selects: bool) -> Callable[[Table, Made], Companions]:
    return lambda table, made: GroupChat(
        made.speaker, table.cast, table.turns, selects, manner(made.speaker).sampling
    )


def _deliberating(table: Table, made: Made) -> Companions:
    return MultiAgentESC(made.speaker, Cases(table.embedder), manner(made.speaker).sampling)


def _promoted(loaded: Loaded) -> Chosens:
    return loaded.promoted()


def _supervised(loaded: Loaded) -> Chosens:
    return {name: entry for name, entry in _at_most(0, loaded).items() if name != DIRECTOR}


def _speakers_supervised(loaded: Loaded) -> Chosens:
    full = loaded.promoted()
    if not any(stage_of(entry) for name, entry in full.items() if name != DIRECTOR):
        raise InputError("no speaker has an adapter of stage 1 or 2: without stage 1 it is `mascot` itself")
    director = {DIRECTOR: full[DIRECTOR]} if DIRECTOR in full else {}
    return {**_supervised(loaded), **director}


def _stage_1_at_most(loaded: Loaded) -> Chosens:
    if all(stage_of(entry) < 2 for entry in loaded.promoted().values()):
        raise InputError("nobody has an adapter of stage 2: without stage 2 it is `mascot` itself")
    return _at_most(1, loaded)


def _at_most(stage: int, loaded: Loaded) -> Chosens:
    """Adapters of this stage or an earlier one for everybody who speaks with one: nobody is to speak bare."""
    found = loaded.up_to(stage)
    missing = ", ".join(sorted(loaded.promoted().keys() - found.keys()))
    if missing or not found:
        before = "supervised adapter" if stage == 0 else f"adapter of stage {stage} or before"
        raise InputError(
            f"the registry has no {before} of {missing or loaded.engine.info.model}: `align sft` trains, "
            "`adapters add` takes in"
        )
    return found


def _speakers_only(loaded: Loaded) -> Chosens:
    return {name: entry for name, entry in _some(loaded).items() if name != DIRECTOR}


def _director_only(loaded: Loaded) -> Chosens:
    return {name: entry for name, entry in _some(loaded).items() if name == DIRECTOR}


def _some(loaded: Loaded) -> Chosens:
    if not loaded.promoted():
        raise InputError(f"{loaded.engine.info.model} speaks without adapters already: it is `mascot` itself")
    return loaded.promoted()


def _bare(loaded: Loaded) -> Chosens:
    _some(loaded)
    return {}


RECIPES: Final[Mapping[str, Recipe]] = {
    "zero-shot": Recipe("Zero-shot", _assistant(), "single"),
    "zero-shot-cot": Recipe("Zero-shot CoT", _assistant(thinks=True), "single"),
    "few-shot": Recipe("Few-shot", _assistant(few=True), "single"),
    "few-shot-cot": Recipe("Few-shot + CoT", _assistant(few=True, thinks=True), "single"),
    "sft": Recipe("SFT", _mascot("round-robin"), adapters=_supervised),
    "self-consistency": Recipe("Self-Consistency", _assistant(thinks=True, chains=3), "single"),
    "multiagentesc": Recipe("MultiAgentESC", _deliberating, "single"),
    "selector": Recipe("Selector group chat", _group_chat(selects=True)),
    "round-robin": Recipe("Round-robin group chat", _group_chat(selects=False)),
    "mascot": Recipe("MASCOT", _mascot(), adapters=_promoted),
    "mascot-p": Recipe("MASCOT-P (no persona prompting)", _mascot(personas=False), adapters=_promoted),
    "mascot-c": Recipe("MASCOT-C (random order)", _mascot("random"), adapters=_promoted),
    "mascot-no-stage1": Recipe("MASCOT without stage 1", _mascot(), adapters=_speakers_supervised),
    "mascot-no-stage2": Recipe("MASCOT without stage 2", _mascot(), adapters=_stage_1_at_most),
    "mascot-bare-speakers": Recipe("MASCOT, untrained speakers", _mascot(), adapters=_director_only),
    "mascot-bare-director": Recipe("MASCOT, untrained director", _mascot(), adapters=_speakers_only),
    "mascot-bare": Recipe("MASCOT, untrained", _mascot(), adapters=_bare),
    "mascot-1": Recipe("MASCOT, 1 agent", _mascot(), adapters=_promoted, agents=1),
    "mascot-2": Recipe("MASCOT, 2 agents", _mascot(), adapters=_promoted, agents=2),
    "mascot-3": Recipe("MASCOT, 3 agents", _mascot(), adapters=_promoted, agents=3),
}
"""By name; `mascot` itself is the one with 4 agents."""
PAPER: Final = (
    *("zero-shot", "zero-shot-cot", "few-shot", "few-shot-cot", "sft", "self-consistency", "multiagentesc"),
    *("mascot", "mascot-p", "mascot-c"),
)
LISTS: Final[Mapping[str, tuple[str, ...]]] = {"all": tuple(RECIPES), "paper": PAPER}
