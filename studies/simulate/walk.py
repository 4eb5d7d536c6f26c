"""One simulated rater's way through the pages, over HTTP, with the impatience of real people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from studies.flow.steps import Question, Step
from studies.simulate.raters import Answer, Rater

Arms = Callable[[str], Sequence[str]]
"""The arms before a participant, from left to right, by their key: what "reading" a dialogue tells."""
Right = Callable[[Step, Question], str | None]
"""What an attentive person chooses."""
_MOST_STEPS = 500


@dataclass
class Trace:
    """What was sent, and what was acknowledged."""

    key: str = ""
    end: str = ""
    """Kind of the last step, or `dropped`."""
    code: str = ""
    acknowledged: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """The last answer that was said to be saved, by step and question."""
    steps: list[str] = field(default_factory=list)
    """Ids of all steps seen, in order."""
    repeated: int = 0
    """Requests that were sent twice."""
    seconds: list[float] = field(default_factory=list)
    """Of every request."""


@dataclass(frozen=True)
class Walker:
    """One rater at one study.

    Attributes:
        double: Chance that a request is sent twice, with the same key.
        stops_after: Requests after which they are never seen again; None: they stay.
        think: Mean seconds between two requests.
    """

    client: httpx.Client
    base: str
    rater: Rater
    arms: Arms
    right: Right
    double: float = 0.0
    stops_after: int | None = None
    think: float = 0.0

    def walk(self, parameters: dict[str, str]) -> Trace:
        """From the invitation to the end, or to where they drop out."""
        trace = Trace()
        entered = self._send(trace, "enter", {"parameters": parameters})
        trace.key = entered["key"]
        step = Step.model_validate(self._get(trace, "step"))
        for _ in range(_MOST_STEPS):
            if not trace.steps or trace.steps[-1] != step.id:
                trace.steps.append(step.id)
            if step.kind in ("complete", "screened", "full", "gone", "exit", "declined", "paused", "waiting"):
                trace.end, trace.code = step.kind, step.code
                return trace
            for number, question in enumerate(step.questions):
                if self._stops(trace):
                    return trace
                if question.id not in step.given:
                    self._answer(trace, step, question, number)
            if self._stops(trace):
                return trace
            key = f"next-{len(trace.seconds)}-{step.id}"[:64]
            step = Step.model_validate(self._send(trace, "next", {"step": step.id, "key": key}))
        raise RuntimeError(f"{len(trace.steps)} steps and no end: {trace.steps[-3:]}")

    def _answer(self, trace: Trace, step: Step, question: Question, number: int) -> None:
        arms = self.arms(trace.key) if step.kind == "task" else ()
        value = self.rater.answer(question, arms, self.right(step, question))
        sent = {
            "step": step.id,
            "question": question.id,
            "value": value,
            "key": f"a-{step.id}-{number}-{len(trace.seconds)}"[:64],
            "seconds": round(self.rater.dice.uniform(2, 20), 2),
        }
        self._send(trace, "answer", sent)
        trace.acknowledged[step.id, question.id] = value

    def _stops(self, trace: Trace) -> bool:
        if self.stops_after is None or len(trace.seconds) < self.stops_after:
            return False
        trace.end = "dropped"
        return True

    def _send(self, trace: Trace, name: str, body: dict[str, Any]) -> Any:
        twice = self.rater.dice.random() < self.double
        first = self._request(trace, "POST", name, body)
        if twice:
            trace.repeated += 1
            again = self._request(trace, "POST", name, body)
            if name == "answer" and again != first:
                raise RuntimeError(f"the same answer sent twice got {again} after {first}")
        return first

    def _get(self, trace: Trace, name: str) -> Any:
        return self._request(trace, "GET", name, None)

    def _request(self, trace: Trace, method: str, name: str, body: dict[str, Any] | None) -> Any:
        if self.think:
            time.sleep(self.rater.dice.expovariate(1 / self.think))
        headers = {"X-Study-Key": trace.key} if trace.key else {}
        started = time.perf_counter()
        answer = self.client.request(
            method, f"{self.base}/{name}", content=json.dumps(body) if body else None, headers=headers
        )
        trace.seconds.append(time.perf_counter() - started)
        if answer.status_code != 200:
            raise RuntimeError(f"{name}: {answer.status_code} {answer.text}")
        return answer.json()
