"""An answer as OpenAI's protocol has it: chunks of a stream, or one object, with `mascot` beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from mascot.conversation.events import Directive, Event, Speech, Utterance, Yielded
from mascot.conversation.personas import Cast
from mascot.interop.speech import BETWEEN, label
from mascot.interop.wire import Finish
from mascot.safety.message import CrisisMessage
from mascot.safety.resources import Line


@dataclass
class Told:
    """What was answered so far.

    Args:
        id: of the answer.
        model: as it was asked for.
        cast: whose names are written.
        ignored: what of the request was left aside.
        seed: from which the same request gives the same answer, with the same engine.
    """

    id: str
    model: str
    cast: Cast
    ignored: tuple[str, ...] = ()
    seed: int = 0
    text: str = ""
    finish: Finish = "stop"
    crisis: CrisisMessage | None = None
    created: int = field(default_factory=lambda: int(time.time()))
    _directives: list[Directive] = field(default_factory=list)
    _utterances: list[Utterance] = field(default_factory=list)
    _yielded: Yielded | None = None
    _speaks: bool = False
    """Whether the one whose turn it is was heard already."""

    def chunks(self, event: Event) -> Iterator[dict[str, Any]]:
        """The chunks that an event of the round makes."""
        match event:
            case Directive():
                self._directives.append(event)
                self._speaks = False
                yield self._chunk({}, {"directive": _directive(event)})
            case Speech():
                yield self.says(self._opening(event.agent) + event.text)
            case Utterance():
                self._utterances.append(event)
                yield self._chunk({}, {"utterance": self._utterance(event)})
            case Yielded():
                self._yielded = event

    def says(self, text: str) -> dict[str, Any]:
        """A chunk with some text."""
        self.text += text
        return self._chunk({"content": text})

    def helps(self, message: CrisisMessage) -> dict[str, Any]:
        """A chunk with the message about help; no persona speaks."""
        self.crisis = message
        return self.says(help_text(message))

    @property
    def first(self) -> dict[str, Any]:
        """The chunk that a stream begins with."""
        return self._chunk({"role": "assistant", "content": ""})

    @property
    def last(self) -> dict[str, Any]:
        """The chunk that ends the text, with everything beside it."""
        return self._chunk({}, self.extension, self.finish)

    @property
    def spent(self) -> dict[str, Any]:
        """The chunk with what it has cost, for those who asked for it."""
        return self._head("chat.completion.chunk") | {"choices": [], "usage": self.usage}

    @property
    def whole(self) -> dict[str, Any]:
        """All of it as one object."""
        message = {"role": "assistant", "content": self.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish}
        return self._head("chat.completion") | {
            "choices": [choice],
            "usage": self.usage,
            "mascot": self.extension,
        }

    @property
    def usage(self) -> dict[str, int]:
        """Tokens: of each turn's prompt, and all that were drawn, also those that nobody saw."""
        read = sum(utterance.prompt_tokens for utterance in self._utterances)
        drawn = sum(utterance.tokens for utterance in self._utterances)
        return {"prompt_tokens": read, "completion_tokens": drawn, "total_tokens": read + drawn}

    @property
    def extension(self) -> dict[str, Any]:
        """What the protocol has no place for."""
        yielded, crisis = self._yielded, self.crisis
        return {
            "directives": [_directive(one) for one in self._directives],
            "utterances": [self._utterance(one) for one in self._utterances],
            "yield": {"reason": yielded.reason, "line": yielded.line} if yielded else None,
            "crisis": asdict(crisis) | {"personas": "silent"} if crisis else None,
            "ignored": list(self.ignored),
            "seed": self.seed,
        }

    def _opening(self, agent: str) -> str:
        """What stands before a persona's words: the name at its first, nothing after that."""
        if self._speaks:
            return ""
        self._speaks = True
        return (BETWEEN if self.text else "") + label(self.cast, agent)

    def _utterance(self, utterance: Utterance) -> dict[str, Any]:
        told = utterance.model_dump(mode="json", include={"agent", "text", "tokens", "seconds", "guards"})
        return told | {"name": self.cast[utterance.agent].name}

    def _chunk(
        self, delta: dict[str, str], extension: dict[str, Any] | None = None, finish: Finish | None = None
    ) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        beside = {"mascot": extension} if extension else {}
        return self._head("chat.completion.chunk") | {"choices": [choice]} | beside

    def _head(self, object: str) -> dict[str, Any]:
        return {"id": self.id, "object": object, "created": self.created, "model": self.model}


def help_text(message: CrisisMessage) -> str:
    """The message about help, to read in any chat window."""
    lines = [f"- {_line(line)}" for line in message.lines]
    return "\n".join([f"**{message.title}**", "", message.text, "", *lines])


def _line(line: Line) -> str:
    ways = (line.phone, line.text, line.url, line.hours)
    return f"{line.name}: {' · '.join(way for way in ways if way)}"


def _directive(directive: Directive) -> dict[str, Any]:
    return directive.model_dump(mode="json", include={"agent", "action", "tone", "score", "seconds"})
