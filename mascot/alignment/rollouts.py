"""Rollouts of a whole table: the director decides, a persona speaks, the person answers, for N decisions.

All talks of a batch go side by side. In each turn the director's acts come first (who, what, in which tone:
three choices over one context, as in a live conversation), then those of each persona that was chosen.
The person is simulated by what the expert dialogue's person says next, whenever the floor comes back;
where nothing is left to say the talk is over. What is said goes through the guards, as it would live.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mascot.alignment.contexts import Contexts
from mascot.alignment.places import TalkStart
from mascot.alignment.policy import Act
from mascot.alignment.policy_learner import PolicyLearner
from mascot.alignment.preferences import Candidate
from mascot.alignment.rewards.directives import Choice, movers
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.shaping import Spoken, passed_guards
from mascot.alignment.table import Table
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import YIELD, DialogueTurn

_Learners = dict[str, PolicyLearner]


@dataclass(frozen=True)
class Made:
    """An act of a talk."""

    learner: str
    act: Act
    contexts: Contexts
    spoken: Spoken | None = None
    """What it says, if it is an utterance."""
    choice: Choice | None = None
    """What it answers, if it is the director's."""

    @property
    def option(self) -> str:
        """What the director chose."""
        assert self.choice is not None
        assert self.act.choice is not None
        return self.choice.options[self.act.choice]


@dataclass
class Talk:
    """A talk as it goes on."""

    start: TalkStart
    turns: list[DialogueTurn]
    left: list[str]
    """What the person will say."""
    made: list[Made] = field(default_factory=list)
    over: bool = False

    def give_back(self) -> None:
        """The floor goes to the person, who goes on if there is something left to say."""
        self.turns.append(DialogueTurn(speaker=YIELD))
        if self.left:
            self.turns.append(DialogueTurn(speaker=PERSON, says=self.left.pop(0)))
        else:
            self.over = True


class Rollouts:
    """Plays talks with these learners."""

    def __init__(self, table: Table, learners: _Learners) -> None:
        self._table, self._learners = table, learners

    def play(self, starts: Sequence[TalkStart], turns: int, what: str) -> list[Talk]:
        """Talks from these starts, of at most so many decisions each.

        Args:
            what: names the batch; the same name draws the same talks.
        """
        talks = [Talk(start, list(start.turns), list(start.person)) for start in starts]
        for number in range(turns):
            going = [talk for talk in talks if not talk.over]
            if going:
                self._turn(going, f"{what}/{number}")
        return talks

    def _turn(self, talks: Sequence[Talk], what: str) -> None:
        cast = self._table.cast
        choices = [Choice("who", tuple(talk.turns), movers(talk.turns, cast)) for talk in talks]
        contexts = self._table.read(self._table.asked(choice).context for choice in choices)
        chosen = list(zip(talks, self._choose(talks, choices, contexts, f"{what}/who"), strict=True))
        speaking = [(talk, mover) for talk, mover in chosen if mover != YIELD]
        for talk, mover in chosen:
            if mover == YIELD:
                talk.give_back()
        places = self._directed(speaking, contexts, what)
        self._speak([talk for talk, _ in speaking], places, what)

    def _directed(
        self, speaking: Sequence[tuple[Talk, str]], contexts: Contexts, what: str
    ) -> list[Candidate]:
        """What each is to do, and in which tone: two more choices of the director's."""
        cast, talks = self._table.cast, [talk for talk, _ in speaking]
        cards = [cast[persona] for _, persona in speaking]
        choices = [
            *(Choice("task", tuple(t.turns), c.repertoire, c.id) for t, c in zip(talks, cards, strict=True)),
            *(Choice("tone", tuple(t.turns), c.tones, c.id) for t, c in zip(talks, cards, strict=True)),
        ]
        words = self._choose([*talks, *talks], choices, contexts, f"{what}/how")
        return [
            Candidate(tuple(talk.turns), card.id, words[i], words[i + len(talks)], "")
            for i, (talk, card) in enumerate(zip(talks, cards, strict=True))
        ]

    def _choose(
        self, talks: Sequence[Talk], choices: Sequence[Choice], contexts: Contexts, what: str
    ) -> list[str]:
        """The option that the director takes in each talk; where there is one only nothing is drawn."""
        found = [choice.options[0] for choice in choices]
        open_ones = [i for i, choice in enumerate(choices) if len(choice.options) > 1]
        if not open_ones:
            return found
        starts = [self._table.asked(choices[i]) for i in open_ones]
        acts = self._table.draw(self._learners[DIRECTOR], starts, contexts, self._table.lot(what))
        for i, act in zip(open_ones, acts, strict=True):
            made = Made(DIRECTOR, act, contexts, choice=choices[i])
            talks[i].made.append(made)
            found[i] = made.option
        return found

    def _speak(self, talks: Sequence[Talk], places: Sequence[Candidate], what: str) -> None:
        """Each persona that was chosen speaks, all its talks at once."""
        starts = [self._table.start(place) for place in places]
        contexts = self._table.read(start.context for start in starts) if starts else None
        for persona in self._table.cast.ids:
            own = [i for i, place in enumerate(places) if place.persona == persona]
            if not own or contexts is None:
                continue
            learner = self._learners[persona]
            lot = self._table.lot(what, persona)
            for i, act in zip(
                own, self._table.draw(learner, [starts[i] for i in own], contexts, lot), strict=True
            ):
                spoken = self._table.spoken(places[i], act)
                shown, _ = passed_guards(spoken, self._table.cast)
                talks[i].made.append(Made(persona, act, contexts, spoken))
                talks[i].turns.append(
                    DialogueTurn(speaker=persona, says=shown, action=places[i].action, tone=places[i].tone)
                )
