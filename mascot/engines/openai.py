"""Any server that speaks the OpenAI protocol: vLLM, llama.cpp, TGI, `transformers serve`, OpenAI itself.

What is not in the protocol is asked for in the server's own dialect, which its list of models gives away:
continuing a prefilled answer, `min_p`, the repeat penalty, counting tokens, seeing probabilities. A server
of no known dialect is sent nothing that a strict one would refuse; there a prefill becomes an instruction,
`choose` is one structured answer without probabilities, and `count` is an estimate.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from mascot.conversation.prompt import Message, Prompt
from mascot.engines.base import Engine, EngineInfo, Finish, Piece, Request, check_options
from mascot.engines.openai_dialects import DIALECTS, Asked, Dialect, NoProbabilitiesError, Plain
from mascot.engines.openai_wire import RefusedError, Wire
from mascot.engines.stops import until_stop
from mascot.engines.templates import LAYOUTS, Layout
from mascot.engines.thinking import strip_thinking, without_thinking
from mascot.errors import EngineError

T = TypeVar("T")
_FINISH: Final[Mapping[str, Finish]] = MappingProxyType(
    {"stop": "stop", "length": "length", "eos": "stop", "content_filter": "stop"}
)


@dataclass(frozen=True)
class _Served:
    """What the server said of itself."""

    model: str
    context_tokens: int
    dialect: Dialect


class OpenAIEngine(Engine):
    """A model behind a server.

    Adapters are models of the server with a name of their own (vLLM: `--lora-modules name=path`).

    Args:
        base_url: the server's address, ending in `/v1`.
        model: the server's name for the model; empty takes its first.
        api_key: bearer token.
        timeout_seconds: longest silence.
        context_tokens: longest prompt and answer together, where the server does not say.

    Raises:
        EngineError: the server cannot be reached, refuses the key, or does not serve the model.
    """

    def __init__(
        self,
        base_url: str,
        model: str = "",
        api_key: str = "none",
        timeout_seconds: float = 60.0,
        context_tokens: int = 4096,
    ) -> None:
        self._wire = Wire(base_url, api_key, timeout_seconds)
        try:
            served = self._ask(model, context_tokens)
        except BaseException:
            self._wire.close()
            raise
        self._dialect = served.dialect
        self._layout = 0
        self._adapters: tuple[str, ...] = ()
        self.info = EngineInfo("openai", served.model, served.context_tokens, "remote", "unknown")

    def stream(self, request: Request, cancel: threading.Event | None = None) -> Iterator[Piece]:
        pieces = self._pieces(request, cancel)
        if request.prompt.prefill and self._dialect.may_echo:
            pieces = without_echo(pieces, request.prompt.prefill)
        return until_stop(strip_thinking(pieces), request.sampling.stop)

    def choose(self, request: Request, options: Sequence[str]) -> list[float]:
        check_options(options)
        model = self._model_of(request)
        try:
            return self._tried(
                lambda layout: self._dialect.weigh(self._asked(request.prompt, model, layout), options)
            )
        except NoProbabilitiesError:
            return self._pick(request, options)

    def count(self, prompt: Prompt) -> int:
        return self._tried(lambda layout: self._dialect.count(self._asked(prompt, self.info.model, layout)))

    def load_adapter(self, name: str, path: Path) -> None:
        if name not in {entry["id"] for entry in self._wire.get("/models")["data"]}:
            raise EngineError(
                f"{self._wire.base_url} serves no adapter {name!r}: start it with that name, "
                f"as in `vllm serve … --enable-lora --lora-modules {name}={path}`"
            )
        self._adapters = (*(a for a in self._adapters if a != name), name)

    @property
    def adapters(self) -> tuple[str, ...]:
        return self._adapters

    def close(self) -> None:
        self._wire.close()

    def _ask(self, model: str, context_tokens: int) -> _Served:
        names: list[str] = []
        try:
            entries = self._wire.get("/models")["data"]
            names = [str(entry["id"]) for entry in entries]
            at = names.index(model) if model else 0
            entry = entries[at]
            own = entry.get("max_model_len") or (entry.get("meta") or {}).get("n_ctx")
        except ValueError:
            raise EngineError(
                f"{self._wire.base_url} does not serve {model!r} but {', '.join(names)}: set MASCOT_MODEL"
            ) from None
        except (KeyError, IndexError, TypeError, AttributeError):
            raise EngineError(
                f"{self._wire.base_url} lists no models: check MASCOT_BASE_URL, which ends in /v1"
            ) from None
        dialect = DIALECTS.get(str(entry.get("owned_by")), Plain())
        return _Served(names[at], min(context_tokens, own) if own else context_tokens, dialect)

    def _pieces(self, request: Request, cancel: threading.Event | None) -> Iterator[Piece]:
        said, usage = 0, {}
        finish: Finish | None = None
        for event in self._events(request):
            usage = event.get("usage") or usage
            for choice in (event.get("choices") or [])[:1]:
                text = (choice.get("delta") or {}).get("content") or ""
                said += bool(text)
                finish = _FINISH.get(str(choice.get("finish_reason"))) or finish
                if text:
                    yield Piece(text, said)
            if cancel is not None and cancel.is_set():
                yield Piece("", said, "cancelled")
                return
        if finish is None:
            raise EngineError(f"{self._wire.base_url} ended its answer without saying why: try again")
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        yield Piece(
            "", usage.get("completion_tokens", said), finish, usage.get("prompt_tokens", 0), int(cached)
        )

    def _events(self, request: Request) -> Iterator[dict[str, Any]]:
        """The server's events, in the first layout of the messages that its template takes."""
        while True:
            layout = self._layout
            events = self._wire.events("/chat/completions", self._body(request, LAYOUTS[layout]))
            try:
                first = next(events, None)
            except RefusedError as error:
                self._next_layout(layout, error)
                continue
            if first is not None:
                yield first
                yield from events
            return

    def _tried(self, ask: Callable[[Layout], T]) -> T:
        while True:
            layout = self._layout
            try:
                return ask(LAYOUTS[layout])
            except RefusedError as error:
                self._next_layout(layout, error)
            except (KeyError, IndexError, TypeError, ZeroDivisionError) as error:
                raise EngineError(
                    f"{self._wire.base_url} answers in another form than its kind of server does: "
                    "check what stands between, and its version"
                ) from error

    def _next_layout(self, refused: int, error: RefusedError) -> None:
        """Remember that a layout was refused, if that is what the server's words are about."""
        said = str(error).lower()
        about = any(word in said for word in ("template", "role", "alternat", "system message", "jinja"))
        if not about or refused + 1 == len(LAYOUTS):
            raise error
        self._layout = max(self._layout, refused + 1)

    def _asked(self, prompt: Prompt, model: str, layout: Layout) -> Asked:
        return Asked(self._wire, model, self._messages(prompt, layout), prompt.prefill)

    def _messages(self, prompt: Prompt, layout: Layout) -> list[dict[str, str]]:
        cleaned = [
            replace(m, content=without_thinking(m.content)) if m.role == "assistant" else m
            for m in prompt.messages
        ]
        return [{"role": m.role, "content": m.content} for m in layout.apply(cleaned)]

    def _body(self, request: Request, layout: Layout) -> dict[str, Any]:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": self._model_of(request),
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if sampling.stop:
            body["stop"] = list(sampling.stop[:4])  # the protocol allows four; `until_stop` knows them all
        messages = self._messages(request.prompt, layout)
        return (
            body | self._dialect.extras(sampling) | self._dialect.prefilled(messages, request.prompt.prefill)
        )

    def _model_of(self, request: Request) -> str:
        if request.adapter is None:
            return self.info.model
        if request.adapter not in self._adapters:
            raise EngineError(
                f"unknown adapter {request.adapter!r}: this engine has {', '.join(self._adapters) or 'none'}"
            )
        return request.adapter

    def _pick(self, request: Request, options: Sequence[str]) -> list[float]:
        """All of the probability for the option that a structured answer names."""
        question = Message(
            "user",
            f"Which of these continues best after {request.prompt.prefill!r}? "
            f'Answer with JSON, {{"choice": …}}, one of: {json.dumps(list(options), ensure_ascii=False)}',
        )
        schema = {
            "type": "object",
            "properties": {"choice": {"type": "string", "enum": list(options)}},
            "required": ["choice"],
            "additionalProperties": False,
        }
        prompt = replace(request.prompt, cue=(*request.prompt.cue, question), prefill="")
        body: dict[str, Any] = {
            "model": self._model_of(request),
            "temperature": 0,
            "max_tokens": 64,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "choice", "strict": True, "schema": schema},
            },
        }
        answer = self._tried(
            lambda layout: self._wire.post(
                "/chat/completions", body | {"messages": self._messages(prompt, layout)}
            )
        )
        try:
            choice = json.loads(without_thinking(answer["choices"][0]["message"]["content"]))["choice"]
            at = list(options).index(choice)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise EngineError(
                f"{self._wire.base_url} chose none of the options: it needs structured output (json_schema)"
            ) from error
        return [float(i == at) for i in range(len(options))]


def without_echo(pieces: Iterator[Piece], prefill: str) -> Iterator[Piece]:
    """The same stream without a repetition of the prefill at its beginning."""
    held: str | None = ""
    for piece in pieces:
        if held is None:
            yield piece
            continue
        held += piece.text
        if piece.finish is None and len(held) < len(prefill) and prefill.startswith(held):
            continue
        yield replace(piece, text=held.removeprefix(prefill))
        held = None
