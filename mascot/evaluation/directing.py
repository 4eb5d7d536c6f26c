"""How well a policy directs: its moves beside those of held-out expert dialogues.

Teacher-forced: at each decision of an expert dialogue the policy is shown what was really said before, and
asked. Three questions are kept apart, so that a policy that yields too often is not also blamed for whom it
would have chosen:

    agent   who speaks, given that somebody does; where at least two may
    yield   whether the floor goes back, where it may
    action  what to do, and in which tone, given the expert's agent

Policies draw lots. The probability of the expert's move is a policy's expected accuracy, its likeliest move
is what it would rather do. Who speaks comes with probabilities where the policy weighs its moves; all else
is drawn with many different dice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from mascot.conversation.events import Directive, Opened, UserSaid, Utterance, Yielded
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Transcript, fold
from mascot.corpora.dialogues import YIELD, GroupDialogue
from mascot.director.base import Decision, Policy
from mascot.director.rules import Legal, legal
from mascot.evaluation.intervals import Estimate, jackknife, mean

Shares = Mapping[Hashable, float]
"""Probability of each move, 0 to 1."""
DRAWS = 64
_UNBOUNDED = 100
"""Turns of a round: the experts end it, not the bound."""


@dataclass(frozen=True)
class Point:
    """A decision of the experts."""

    dialogue: str
    transcript: Transcript
    """What was said before."""
    agent: str | None
    """None is the yield."""
    action: str = ""
    tone: str = ""


def points(dialogue: GroupDialogue, cast: Cast) -> tuple[Point, ...]:
    """Every decision of a dialogue, in order."""
    transcript = fold([Opened(cast=cast.ids, policy="experts", seed=0, max_turns=_UNBOUNDED)])
    found = []
    for turn in dialogue.turns:
        if turn.speaker == PERSON:
            said = UserSaid(text=turn.says, addressed=cast.addressed(turn.says))
            transcript = transcript.after(said)
        elif turn.speaker == YIELD:
            found.append(Point(dialogue.id, transcript, None))
            transcript = transcript.after(Yielded(reason="director"))
        else:
            found.append(Point(dialogue.id, transcript, turn.speaker, turn.action, turn.tone))
            directive = Directive(agent=turn.speaker, action=turn.action, tone=turn.tone, score=1.0)
            utterance = Utterance(agent=turn.speaker, text=turn.says)
            transcript = transcript.after(directive).after(utterance)
    return tuple(found)


@dataclass(frozen=True)
class Answer:
    """A policy's answer to one question at one point."""

    dialogue: str
    question: str
    """`agent`, `yield`, `action` or `tone`."""
    likely: float
    """Probability of the expert's move, 0 to 1."""
    top: bool
    """Whether the likeliest move is the expert's."""
    expert_yields: bool = False
    """Of the question `yield`: what the expert did."""


def ask(policy: Policy, point: Point, cast: Cast, draws: int = DRAWS) -> tuple[Answer, ...]:
    """The policy's answers to the questions that arise at a point, none to several."""
    moves = legal(point.transcript, cast)
    answers = []

    def answer(question: str, shares: Shares, right: Hashable) -> None:
        top = max(shares, key=lambda move: shares[move]) == right
        answers.append(Answer(point.dialogue, question, shares.get(right, 0.0), top, point.agent is None))

    if moves.may_yield and moves.agents:
        yielding = _who(policy, point.transcript, cast, moves, draws).get(None, 0.0)
        shares: Shares = {True: yielding, False: 1 - yielding}
        answer("yield", shares, point.agent is None)
    if point.agent is not None:
        if len(moves.agents) > 1:
            somebody = replace(moves, may_yield=False)
            answer("agent", _who(policy, point.transcript, cast, somebody, draws), point.agent)
        what = _draw(policy, point.transcript, cast, Legal((point.agent,), may_yield=False), draws)
        answer("action", _shares(decision.action for decision in what), point.action)
        answer("tone", _shares(decision.tone for decision in what), point.tone)
    return tuple(answers)


def _who(policy: Policy, transcript: Transcript, cast: Cast, moves: Legal, draws: int) -> Shares:
    decision = policy.decide(transcript, cast, moves, "directing")
    if decision.weighed:
        return {move.agent: move.probability for move in decision.weighed}
    return _shares(decision.agent for decision in _draw(policy, transcript, cast, moves, draws))


def _draw(policy: Policy, transcript: Transcript, cast: Cast, moves: Legal, draws: int) -> list[Decision]:
    dice = (replace(transcript, seed=seed) for seed in range(draws))
    return [policy.decide(one, cast, moves, "directing") for one in dice]


def _shares(moves: Iterable[Hashable]) -> Shares:
    counts = Counter(moves)
    return {move: count / counts.total() for move, count in counts.items()}


def accuracy(answers: Iterable[Answer], question: str, expected: bool = False) -> dict[str, float]:
    """Share of right answers to a question in each dialogue, by top move or `expected` over the draws."""
    by_dialogue: dict[str, list[float]] = {}
    for answer in answers:
        if answer.question == question:
            value = answer.likely if expected else float(answer.top)
            by_dialogue.setdefault(answer.dialogue, []).append(value)
    return {dialogue: fmean(values) for dialogue, values in by_dialogue.items()}


def yields(answers: Sequence[Answer]) -> dict[str, Estimate | None]:
    """Precision, recall and F1 of a policy's yields, by its top move; None of what it never does.

    Intervals by leaving out groups of dialogues.
    """
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for answer in answers:
        if answer.question == "yield":
            yielded = answer.top == answer.expert_yields
            rows.setdefault(answer.dialogue, []).append((yielded, answer.expert_yields))

    def rate(kind: str, ids: Sequence[str]) -> float | None:
        pairs = [pair for id in ids for pair in rows[id]]
        hits = sum(did and should for did, should in pairs)
        did, should = sum(did for did, _ in pairs), sum(should for _, should in pairs)
        of = {"precision": did, "recall": should, "f1": (did + should) / 2}[kind]
        return hits / of if of else None

    def estimate(kind: str) -> Estimate | None:
        if not rows or rate(kind, list(rows)) is None:
            return None
        return jackknife(lambda ids: rate(kind, ids) or 0.0, list(rows))

    return {kind: estimate(kind) for kind in ("precision", "recall", "f1")}


def scores(answers: Sequence[Answer]) -> Mapping[str, Estimate | None]:
    """All figures of one policy: top and expected accuracy of each question, and its yields."""
    found: dict[str, Estimate | None] = {}
    for question in ("agent", "action", "tone"):
        for expected in (False, True):
            values = list(accuracy(answers, question, expected).values())
            name = f"{question} expected" if expected else question
            found[name] = mean(values) if values else None
    return found | {f"yield {kind}": estimate for kind, estimate in yields(answers).items()}
