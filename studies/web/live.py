"""The arms of a live study: a room each, in which participants talk."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.evaluation.systems import System
from mascot.live.journal import Journal
from mascot.live.service import Defaults, Live
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings
from studies.design.reading import Design
from studies.flow.journal import FlowJournal
from studies.flow.talks import Talks
from studies.prepare.arms import open_arm
from studies.web.serving import Place

MakeTalks = Callable[[Store, FlowJournal], Talks | None]


@contextmanager
def open_talks(design: Design, settings: Settings, place: Place) -> Iterator[MakeTalks]:
    """What `open_served` needs for a live study; nothing is opened for any other.

    Raises:
        MascotError: an arm's model, adapters or personas cannot be used.
    """
    if design.study.dialogues.live is None:
        yield lambda _store, _journal: None
        return
    recogniser = CrisisRecogniser(MiniLM(settings.models / EMBEDDED_EMBEDDER))
    with ExitStack() as opened:
        rooms: dict[str, Live] = {}
        for name, arm in design.study.arms.items():
            system = open_arm(name, arm, settings, design.path.parent)
            opened.callback(system.speaker.engine.close)
            rooms[name] = room(system, place, recogniser, arm.policy, design.study.dialogues.turns)
            opened.callback(rooms[name].close)
        names = {persona.id: persona.name for persona in load_cast(settings.home / "personas")}
        yield lambda store, journal: Talks(design, store, journal, rooms, names, threading.Lock())


def room(system: System, place: Place, recogniser: CrisisRecogniser, policy: str, turns: int) -> Live:
    """The room of one arm; all keep their talks in one database beside the ratings."""
    place.folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(f"sqlite:///{place.folder / 'talks.db'}")
    engine = system.speaker.engine
    defaults = Defaults(policy, turns, "reading")
    return Live(journal, system.cast, engine, system.speaker, recogniser, defaults)
