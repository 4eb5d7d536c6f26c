"""Any engine as a judge.

Two ways to ask. By `probabilities` the rating is the engine's choice among the points of the scale, and the
score is the mean of the scale under the probabilities it gives them (as in G-Eval, Liu et al. 2023); a
server that shows no probabilities picks one point. By `answer` the engine writes a reason and a rating as
JSON; what cannot be read as such is nonsense and has no score.

The talk comes first and the question last, so that the questions about one case share its prefix in the
engine's cache.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON
from mascot.engines.base import Engine, Request, Sampling, collect
from mascot.errors import EngineError, EngineTimeoutError
from mascot.evaluation.judges.base import Case, Criterion, Judge, Line, Verdict

Way = Literal["probabilities", "answer"]

_TASK = "You judge conversations strictly, by one question at a time: most are neither worst nor best."
_WRITTEN = Sampling(max_tokens=160, temperature=0.0)
_OBJECT = re.compile(r"\{[^{}]*\}", re.S)


class EngineJudge(Judge):
    """Asks an engine.

    Args:
        name: as tables call it.
        way: how the rating is taken from the engine.
    """

    def __init__(self, engine: Engine, name: str, way: Way = "probabilities") -> None:
        self.name = name
        self._engine = engine
        self._way: Way = way

    @property
    def engine(self) -> Engine:
        """What answers."""
        return self._engine

    def knows(self, criterion: Criterion) -> bool:
        del criterion
        return True

    def score(self, case: Case, criterion: Criterion) -> Verdict:
        verdict = Verdict(
            case=case.id, criterion=criterion.id, judge=self.name, score=None, failed="nonsense"
        )
        try:
            found = self._chosen if self._way == "probabilities" else self._written
            return verdict.model_copy(update=found(case, criterion))
        except EngineTimeoutError:
            return verdict.model_copy(update={"failed": "timed out"})
        except EngineError as error:
            return verdict.model_copy(update={"failed": str(error) or "the engine failed"})

    def _chosen(self, case: Case, criterion: Criterion) -> dict[str, object]:
        request = Request(rating_prompt(case, criterion), session=f"judge:{case.id}")
        options = [f" {point}" for point in criterion.points]
        shares = self._engine.choose(request, options)
        score = sum(point * share for point, share in zip(criterion.points, shares, strict=True))
        return {"score": score, "distribution": tuple(shares), "failed": ""}

    def _written(self, case: Case, criterion: Criterion) -> dict[str, object]:
        request = Request(reason_prompt(case, criterion), _WRITTEN, session=f"judge:{case.id}")
        raw = "{" + collect(self._engine.stream(request)).text
        rating = read_rating(raw, criterion)
        return {"raw": raw, "score": rating, "failed": "nonsense" if rating is None else ""}


def rating_prompt(case: Case, criterion: Criterion) -> Prompt:
    """The question, with the answer begun so that a point of the scale comes next."""
    ask = f"{asked(criterion)}\n\nAnswer with one number from {criterion.low} to {criterion.high}."
    return Prompt(shown(case), (Message("user", ask),), "Rating:")


def reason_prompt(case: Case, criterion: Criterion) -> Prompt:
    """The question, to be answered by a JSON object that is begun."""
    scale = f"a number from {criterion.low} to {criterion.high}"
    ask = f'{asked(criterion)}\n\nAnswer as JSON: {{"reason": "one sentence", "rating": {scale}}}'
    return Prompt(shown(case), (Message("user", ask),), "{")


def shown(case: Case) -> tuple[Message, ...]:
    """What is read before any question: the talk, and which part of it is judged."""
    parts = []
    if case.heard:
        parts.append(f"What was said before:\n{told(case.heard)}")
    if case.persona:
        parts.append(f"Who is judged: {case.persona}")
    parts.append(f"What is judged:\n{told(case.said)}")
    return (Message("system", _TASK), Message("user", "\n\n".join(parts)))


def told(lines: Sequence[Line]) -> str:
    """A talk as text, one utterance a line."""
    return "\n".join(f"{'Person' if line.speaker == PERSON else line.speaker}: {line.text}" for line in lines)


def asked(criterion: Criterion) -> str:
    """The question with its anchors."""
    anchors = "\n".join(f"{point} = {text}" for point, text in sorted(criterion.anchors.items()))
    return f"{criterion.question}\n{anchors}"


def read_rating(raw: str, criterion: Criterion) -> float | None:
    """The rating of a written answer: the one JSON object in it must have a point of the scale.

    A rating off the scale, between its points, or in words is no rating; neither are two of them.
    """
    found = _OBJECT.findall(raw)
    if len(found) != 1:
        return None
    try:
        rating = json.loads(found[0]).get("rating")
    except ValueError:
        return None
    valid = isinstance(rating, int | float) and not isinstance(rating, bool) and rating in criterion.points
    return float(rating) if valid else None
