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
from mascot.alignment.places import TalkStart, start_of
from mascot.alignment.policy import Act, Start
from mascot.alignment.policy_learner import PolicyLearner
from mascot.alignment.preferences import Candidate
from mascot.alignment.samples import DIRECTOR, Sample
from mascot.alignment.shaping import Spoken, passed_guards
from mascot.alignment.table import Table
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.corpora.dialogues import YIELD, DialogueTurn
from mascot.director.model import THE_PERSON, ask
from mascot.director.rules import legal

_Learners = dict[str, PolicyLearner]


@dataclass(frozen=True)
class Made:
    """An act of a talk."""

    learner: str
    act: Act
    contexts: Contexts
    spoken: Spoken | None = None
    """What it says, if it is an utterance."""


@dataclass
class Talk:
    """A talk as it goes on."""

    start: TalkStart
    turns: list[DialogueTurn]
    left: list[str]
    """What the person will say."""
    made: list[Made] = field(default_factory=list)
    over: bool = False

    def heard(self, cast: Sequence[str]) -> Transcript:
        """The transcript, as the rules and the director see it."""
        said = tuple(Turn(turn.speaker, turn.says) for turn in self.turns if turn.says)
        since: list[str] = []
        for turn in self.turns:
            since = [] if turn.speaker in (PERSON, YIELD) else [*since, turn.speaker]
        return Transcript(tuple(cast), turns=said, floor="group", round=tuple(since))

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
        movers = [self._movers(talk) for talk in talks]
        names = [[cast[m].name if m else THE_PERSON for m in them] for them in movers]
        contexts = self._table.read(self._asked(talk, "").context for talk in talks)
        who = self._choose(talks, [""] * len(talks), names, contexts, f"{what}/who")
        chosen = [(talk, them[i]) for talk, them, i in zip(talks, movers, who, strict=True)]
        speaking = [(talk, mover) for talk, mover in chosen if mover is not None]
        for talk, mover in chosen:
            if mover is None:
                talk.give_back()
        places = self._directed(speaking, contexts, what)
        self._speak([talk for talk, _ in speaking], places, what)

    def _directed(
        self, speaking: Sequence[tuple[Talk, str]], contexts: Contexts, what: str
    ) -> list[Candidate]:
        """What each is to do, and in which tone: two more choices of the director's."""
        cast, talks = self._table.cast, [talk for talk, _ in speaking]
        cards = [cast[persona] for _, persona in speaking]
        so_far = [f" {card.name}. {part}:" for part in ("Task", "Tone") for card in cards]
        phrases = [*(card.repertoire for card in cards), *(card.tones for card in cards)]
        chosen = self._choose([*talks, *talks], so_far, phrases, contexts, f"{what}/how")
        words = [some[i] for some, i in zip(phrases, chosen, strict=True)]
        return [
            Candidate(tuple(talk.turns), card.id, words[i], words[i + len(talks)], "")
            for i, (talk, card) in enumerate(zip(talks, cards, strict=True))
        ]

    def _movers(self, talk: Talk) -> list[str | None]:
        moves = legal(talk.heard(self._table.cast.ids), self._table.cast)
        return [*moves.agents, *([None] if moves.may_yield else [])]

    def _asked(self, talk: Talk, so_far: str, options: Sequence[str] = ()) -> Start:
        cast = self._table.cast
        prompt = ask(talk.heard(cast.ids), cast, so_far, trained=True)
        question = Sample("", DIRECTOR, prompt, "", ends=False)
        return start_of(question, self._table.encode, [f" {option}" for option in options])

    def _choose(
        self,
        talks: Sequence[Talk],
        so_far: Sequence[str],
        options: Sequence[Sequence[str]],
        contexts: Contexts,
        what: str,
    ) -> list[int]:
        """The director's choice in each talk, by index; where there is one option nothing is drawn."""
        found = [0] * len(talks)
        open_ones = [i for i, some in enumerate(options) if len(some) > 1]
        if not open_ones:
            return found
        starts = [self._asked(talks[i], so_far[i], options[i]) for i in open_ones]
        acts = self._table.draw(self._learners[DIRECTOR], starts, contexts, self._table.lot(what))
        for i, act in zip(open_ones, acts, strict=True):
            assert act.choice is not None
            found[i] = act.choice
            talks[i].made.append(Made(DIRECTOR, act, contexts))
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
