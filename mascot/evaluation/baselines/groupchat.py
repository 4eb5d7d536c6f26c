"""A group chat as AutoGen's users know it: agents with system messages, in turn or selected by the model.

Written anew from AutoGen's documentation (RoundRobinGroupChat, SelectorGroupChat): each agent sees its own
description and everything said, others' words under their names. The selector reads roles and talk and
answers in free text; the one role named in it speaks, never the one who spoke last; after three answers that
name nobody, or several, the last speaker does, or the first of all at the beginning. No director, no
directives, no guards. Descriptions are our persona cards, the prompts' wording is ours.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass

from mascot.conversation.personas import Cast, Persona
from mascot.conversation.prompt import Message
from mascot.conversation.transcript import PERSON, Transcript
from mascot.engines.base import Engine, Sampling
from mascot.evaluation.baselines.assistant import shorter, talk_with
from mascot.evaluation.baselines.base import Asking, Companions, Round
from mascot.evaluation.dialogue import Said

_SELECTION_TOKENS = 12
_TRIES = 3


@dataclass(frozen=True)
class GroupChat(Companions):
    """Personas that speak in turn, or whom the model selects.

    `counts` of a round: `unselected`, turns for which the selector named nobody three times.
    """

    engine: Engine
    cast: Cast
    turns: int
    selects: bool
    sampling: Sampling

    def answer(self, talk: Transcript, session: str) -> Round:
        said: list[Said] = []
        counts: Counter[str] = Counter()
        for _ in range(self.turns):
            started = time.perf_counter()
            asking = Asking(self.engine, talk, session)
            agent, tokens = self._select(asking, counts) if self.selects else (_next_in_turn(talk), 0)
            made = asking.say(
                lambda part, who=agent: self._speaking(part, who), self.sampling, f"speak:{agent}"
            )
            text = made.text or "…"
            talk = talk_with(talk, agent, text)
            spent = time.perf_counter() - started
            said.append(Said(agent=agent, text=text, tokens=tokens + made.tokens, seconds=spent))
        return Round(tuple(said), talk, counts=dict(counts))

    def _speaking(self, talk: Transcript, agent: str) -> list[Message]:
        others = ", ".join(f"{p.name} ({p.role})" for p in self._seated(talk) if p.id != agent)
        persona = self.cast[agent]
        card = (
            f"You are {persona.name}, {persona.role}. {persona.voice} {persona.name} "
            f"{', '.join(persona.does)}. {persona.name} does not {', '.join(persona.does_not)}. You are in a "
            f"group chat with a person and with {others or 'nobody else'}. Answer in one to three sentences."
        )
        return [Message("system", card), *(self._heard(t.speaker, t.text, agent) for t in talk.heard)]

    def _heard(self, speaker: str, text: str, agent: str) -> Message:
        if speaker == agent:
            return Message("assistant", text)
        return Message("user", text if speaker == PERSON else f"{self.cast[speaker].name}: {text}")

    def _select(self, asking: Asking, counts: Counter[str]) -> tuple[str, int]:
        """Who speaks next, and the new tokens it took to say."""
        last = _last(asking.talk)
        free = [persona for persona in self._seated(asking.talk) if persona.id != last]
        if len(free) < 2:
            return (free[0].id if free else asking.talk.cast[0]), 0
        extra: list[Message] = []
        tokens = 0
        for attempt in range(_TRIES):
            asked = tuple(extra)
            made = asking.say(
                lambda part, more=asked: [*self._selecting(part, free), *more],
                shorter(self.sampling, _SELECTION_TOKENS),
                f"select:{attempt}",
            )
            tokens += made.tokens
            named = [persona.id for persona in free if _names(persona, made.text)]
            if len(named) == 1:
                return named[0], tokens
            names = ", ".join(persona.name for persona in free)
            extra += [
                Message("assistant", made.text or "…"),
                Message("user", f"Name one of these only: {names}."),
            ]
        counts["unselected"] += 1
        return last or asking.talk.cast[0], tokens

    def _selecting(self, talk: Transcript, free: list[Persona]) -> list[Message]:
        roles = "\n".join(f"{p.name}: {p.role}. {p.summary}" for p in self._seated(talk))
        lines = "\n".join(
            f"{'Person' if t.speaker == PERSON else self.cast[t.speaker].name}: {t.text}" for t in talk.heard
        )
        names = ", ".join(persona.name for persona in free)
        question = f"{lines}\n\nWho of {names} should speak next? Answer with the name only."
        return [Message("system", f"These roles talk with a person.\n{roles}"), Message("user", question)]

    def _seated(self, talk: Transcript) -> list[Persona]:
        return [self.cast[agent] for agent in talk.cast]


def _next_in_turn(talk: Transcript) -> str:
    last = _last(talk)
    return talk.cast[(talk.cast.index(last) + 1) % len(talk.cast)] if last else talk.cast[0]


def _last(talk: Transcript) -> str | None:
    return next((turn.speaker for turn in reversed(talk.turns) if turn.speaker in talk.cast), None)


def _names(persona: Persona, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(persona.name)}(?!\w)", text, re.I) is not None
