"""One dialogue of a system under test, with somebody who answers back or without."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from mascot.conversation.events import UserSaid
from mascot.conversation.personas import Cast
from mascot.evaluation.baselines.base import Companions
from mascot.evaluation.baselines.models import Models
from mascot.evaluation.dialogue import Answered, Dialogue, Said, Start
from mascot.evaluation.rounds import opening
from mascot.evaluation.users import Person
from mascot.evaluation.wrapped import Spent


@dataclass(frozen=True)
class Holder:
    """Holds dialogues with one system.

    Args:
        name: of the system's file; keeps its sessions apart from other systems'.
        models: whose spending counts as the system's.
        agents: personas at the table, 0 for all.
        turns: of a group in a round.
        rounds: messages of the person, the first one included.
        person: who answers back between rounds; needed for more than one.
    """

    name: str
    companions: Companions
    cast: Cast
    models: Models
    turns: int
    rounds: int = 1
    seed: int = 0
    agents: int = 0
    person: Person | None = None
    repeatable: bool = True
    """Begin each dialogue with models that remember nothing, so that it does not depend, in the last digit of
    a probability, on what was held before. Only for one dialogue at a time."""

    def hold(self, start: Start) -> Dialogue:
        """The dialogue after a first message.

        Raises:
            EngineError: the engine cannot answer.
        """
        started = time.perf_counter()
        talk = opening(self.cast, start, self.turns, self.name, self.seed, self.agents)
        session = f"{self.name}/{start.id}"
        said: list[Said] = []
        answers: list[Answered] = []
        spent, empty, counts = Spent(), 0, Counter[str]()
        if self.repeatable:
            self.models.forget()
        self.models.take()
        for number in range(self.rounds):
            if number and self.person is not None:
                answers.append(self.person.answer(talk, len(said), f"{session}/person"))
                self.models.take()
                talk = talk.after(UserSaid(text=answers[-1].text))
            held = self.companions.answer(talk, session)
            talk, empty = held.talk, empty + held.empty
            said += held.said
            counts.update(held.counts)
            now = self.models.take()
            spent = Spent(spent.calls + now.calls, spent.tokens + now.tokens)
        return Dialogue(
            id=start.id,
            source=start.source,
            said=tuple(said),
            empty=empty,
            answers=tuple(answers),
            calls=spent.calls,
            tokens=spent.tokens,
            seconds=time.perf_counter() - started,
            counts=dict(sorted(counts.items())),
        )
