"""Preferences of the expert corpus: its replies against their flawed twins and against other voices.

A reply is better than the same gone wrong in a named way. For its own persona it is better than what another
persona said, a flaw that is called `another voice`, and better than what the same persona said to somebody
else: `beside the point`. A talk of the group is better than the same gone wrong as a block; one that has no
such twin is better than its own words from a single mouth, `one voice`: dialogues and flawed twins share the
turns out alike, so without it a reward knows nothing of who speaks, and says something all the same.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Final

from mascot.alignment.preferences import Block, BlockPreference, Preference
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import YIELD, DialogueTurn, GroupDialogue, group_dialogues
from mascot.corpora.expert import ExpertSituation, expert_corpus

ANOTHER_VOICE: Final = "another voice"
BESIDE_THE_POINT: Final = "beside the point"
ONE_VOICE: Final = "one voice"
_ECHO: Final = "redundancy"


def expert_preferences(
    situations: Sequence[ExpertSituation] | None = None, seed: int = 0
) -> list[Preference]:
    """Three pairs for each reply: against its flawed twin, the next persona's reply, and one to another.

    Args:
        situations: None is the whole corpus; `Preference.split` tells the parts apart.
        seed: draws who spoke before whom, and whose reply is beside the point.
    """
    corpus = expert_corpus() if situations is None else situations
    rows = []
    for part in ("train", "dev", "test"):
        alike = [situation for situation in corpus if situation.split == part]
        lot = random.Random(f"{seed}/{part}").sample(alike, len(alike))
        rows += [
            row
            for situation, stranger in zip(lot, [*lot[1:], *lot[:1]], strict=True)
            for row in _of_situation(situation, stranger, seed)
        ]
    return rows


def _of_situation(situation: ExpertSituation, stranger: ExpertSituation, seed: int) -> list[Preference]:
    order = list(situation.replies)
    random.Random(f"{seed}/{situation.id}").shuffle(order)
    rows = []
    for place, agent in enumerate(order):
        reply = situation.replies[agent]
        # A reply is redundant only after what it repeats, and which reply that is the corpus does not say.
        before = [a for a in order if a != agent] if reply.flawed.kind == _ECHO else order[:place]
        rows.append(_pair(situation, agent, before, reply.flawed.says, reply.flawed.kind))
        other = order[(place + 1) % len(order)]
        # The other's own words must not stand before, or it would be told apart as an echo.
        before = [a for a in order[:place] if a != other]
        rows.append(_pair(situation, agent, before, situation.replies[other].says, ANOTHER_VOICE))
        if agent in stranger.replies and stranger is not situation:
            astray = stranger.replies[agent].says
            rows.append(_pair(situation, agent, order[:place], astray, BESIDE_THE_POINT))
    return rows


def _pair(
    situation: ExpertSituation, agent: str, before: Sequence[str], rejected: str, flaw: str
) -> Preference:
    reply = situation.replies[agent]
    said = (DialogueTurn(speaker=a, says=situation.replies[a].says) for a in before)
    return Preference(
        id=f"{situation.id}/{agent}/{flaw.replace(' ', '-')}",
        source="expert",
        theme=situation.theme,
        flaw=flaw,
        context=(DialogueTurn(speaker=PERSON, says=situation.text), *said),
        persona=agent,
        action=reply.action,
        tone=reply.tone,
        chosen=reply.says,
        rejected=rejected,
    )


def expert_blocks(dialogues: Sequence[GroupDialogue] | None = None) -> list[BlockPreference]:
    """A pair for each dialogue from where the two part: against its flawed twin, else `one voice`."""
    found = []
    for dialogue in group_dialogues() if dialogues is None else dialogues:
        kind, twin = (
            (dialogue.flawed.kind, dialogue.flawed.turns)
            if dialogue.flawed
            else (ONE_VOICE, _one_voice(dialogue.turns))
        )
        same = _common(dialogue.turns, twin)
        found.append(
            BlockPreference(
                id=dialogue.id,
                source="expert",
                theme=dialogue.theme,
                flaw=kind,
                context=dialogue.turns[:same],
                chosen=dialogue.turns[same:],
                rejected=twin[same:],
            )
        )
    return found


def _one_voice(turns: Block) -> Block:
    """The same words, all of the group's from the one who speaks first."""
    group = [turn.speaker for turn in turns if turn.speaker not in (PERSON, YIELD)]
    return tuple(
        turn.model_copy(update={"speaker": group[0]}) if turn.speaker in group else turn for turn in turns
    )


def _common(one: Block, other: Block) -> int:
    """So many turns are the same at the beginning of both; at least one is left of each."""
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return min(sum(1 for _ in alike), len(one) - 1, len(other) - 1)
