"""A whole simulated study: raters come, some drop out, others take their places; then all is counted."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from annotations.store import Store
from mascot.errors import InputError
from mascot.settings import Settings
from studies.design.reading import Design
from studies.desk.status import status
from studies.flow.flow import Flow
from studies.flow.steps import Question, Step
from studies.prepare.run import register
from studies.prepare.unchanged import must_be_prepared
from studies.simulate.raters import Rater, Truth
from studies.simulate.report import Report, report
from studies.simulate.walk import Trace, Walker
from studies.web.serving import Place, StudyServer, close_served, open_served

RESERVE = 0.25
"""Share of the raters who come only when leases of those who dropped out have run out."""


@dataclass(frozen=True)
class Crowd:
    """Who comes.

    Attributes:
        raters: So many people at most; nobody more comes once all quotas are met.
        dropouts: Share who stop at a random moment and are never seen again.
        doubles: Chance that a request is sent twice.
        careless: Share who answer without reading.
        at_once: People at the same time.
        think: Mean seconds a person takes between two requests.
    """

    raters: int
    seed: int = 0
    dropouts: float = 0.2
    doubles: float = 0.1
    careless: float = 0.0
    at_once: int = 8
    think: float = 0.0


@dataclass
class _Clock:
    """The clock on the wall, and a jump past the leases."""

    ahead: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> float:
        with self.lock:
            return time.time() + self.ahead

    def jump(self, seconds: float) -> None:
        with self.lock:
            self.ahead += seconds


def simulate(design: Design, prepared: str, place: Place, settings: Settings, crowd: Crowd) -> Report:
    """Let the crowd walk through a copy of a prepared study.

    Args:
        prepared: URL of the store with the items.
        place: of the simulated study; its database is a new one.

    Raises:
        InputError: the study is not prepared, or was prepared from another file; that database holds a
            rehearsal of it already.
    """
    copy_items(design, prepared, place.url)
    clock = _Clock()
    served = open_served(design, place, settings, clock, raters="simulated")
    try:
        with StudyServer(served, "simulated") as server:
            truth = Truth.spread(list(design.study.arms))
            base = f"{server.address}/study/{design.study.id}"
            simulation = _Simulation(server.flow, base, truth, crowd)
            first = crowd.raters - (round(crowd.raters * RESERVE) if crowd.dropouts else 0)
            traces = simulation.come(range(first))
            for number in range(first, crowd.raters):
                if status(served).completed >= status(served).wanted:
                    break
                clock.jump(design.study.session.item_minutes * 60 + 1)
                traces += simulation.come([number])
        return report(server.flow, truth, traces)
    finally:
        close_served(served)


def copy_items(design: Design, prepared: str, to: str) -> None:
    """The items of a prepared study, in a store of their own."""
    with Store.open(prepared) as source, Store.open(to) as store:
        must_be_prepared(design, source)
        if design.study.id in {study.id for study in store.studies()}:
            raise InputError(
                f"there is a study {design.study.id} in the store of --to already, and two rehearsals would "
                "become one: name a new store"
            )
        register(design, store)
        found = list(source.items(design.study.id, transcripts=True))
        store.add_items(found, f"items of {design.study.id}")


class _Simulation:
    """Raters of a crowd, by number."""

    def __init__(self, flow: Flow, base: str, truth: Truth, crowd: Crowd) -> None:
        self._flow = flow
        self._base = base
        self._truth = truth
        self._crowd = crowd
        study = flow.study
        self._right = {check.id: check.right for check in study.comprehension}
        self._right |= {f"q-{check.id}": check.expected for check in study.attention}

    def come(self, numbers: Sequence[int] | range) -> list[Trace]:
        """These raters walk, some at a time."""
        limits = httpx.Limits(
            max_connections=self._crowd.at_once, max_keepalive_connections=self._crowd.at_once
        )
        with (
            httpx.Client(limits=limits, timeout=120, trust_env=False) as client,
            ThreadPoolExecutor(self._crowd.at_once) as pool,
        ):
            return list(pool.map(lambda number: self._walk(client, number), numbers))

    def _walk(self, client: httpx.Client, number: int) -> Trace:
        crowd = self._crowd
        dice = random.Random(f"{crowd.seed} {number}")
        drops = dice.random() < crowd.dropouts
        rater = Rater.drawn(self._truth, dice.random() >= crowd.careless, dice)
        walker = Walker(
            client,
            self._base,
            rater,
            self._arms,
            self._right_option,
            crowd.doubles,
            dice.randint(2, self._requests()) if drops else None,
            crowd.think,
        )
        return walker.walk(self._invitation(number))

    def _requests(self) -> int:
        """About as many as a whole way takes, so that people drop out everywhere on it."""
        design = self._flow.served.design
        return 8 + 3 * design.study.items_per_person

    def _invitation(self, number: int) -> dict[str, str]:
        settings = self._flow.study.recruitment
        match settings.kind:
            case "prolific":
                study = settings.prolific_study or f"{0:024x}"
                return {"PROLIFIC_PID": f"{number:024x}", "STUDY_ID": study, "SESSION_ID": f"{number:024x}"}
            case "mturk":
                return {"workerId": f"W{number}", "assignmentId": f"A{number}"}
            case "sona":
                return {"survey_code": f"S{number}"}
        codes = settings.codes
        return {"code": codes[number] if number < len(codes) else f"simulated-{number}"}

    def _arms(self, key: str) -> Sequence[str]:
        """What the rater would find by reading: the server alone knows, and no page says it."""
        who = self._flow.served.journal.participant(self._flow.study.id, key)
        had = self._flow.rating.had(who)
        hand = self._flow.rating.hand(had, "en")
        return () if hand is None else [hand.sheet.item.arms[each.candidate] for each in hand.sheet.shown]

    def _right_option(self, step: Step, question: Question) -> str | None:
        return self._right.get(question.id) if step.kind in ("comprehension", "task") else None
