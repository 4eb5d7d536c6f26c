"""What servers understand beyond the OpenAI protocol, told apart by `owned_by` in their list of models."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from mascot.engines.base import REPEAT_WINDOW, Sampling
from mascot.engines.openai_wire import Wire
from mascot.engines.tries import weigh

Messages = list[dict[str, str]]
_CERTAIN = 100.0
"""Added to the logits of allowed tokens: it keeps their proportions and drowns all others."""


@dataclass(frozen=True)
class Asked:
    """A prompt on its way to a server."""

    wire: Wire
    model: str
    messages: Messages
    prefill: str


class NoProbabilitiesError(Exception):
    """This server does not show how likely tokens are; it can still pick one text."""


class Dialect(ABC):
    """How one kind of server is asked for what the protocol does not have."""

    may_echo = False
    """Whether an answer may begin by repeating its prefill."""

    @abstractmethod
    def extras(self, sampling: Sampling) -> dict[str, Any]:
        """Sampling beyond the protocol."""

    @abstractmethod
    def prefilled(self, messages: Messages, prefill: str) -> dict[str, Any]:
        """The messages, such that the answer goes on from the prefill."""

    @abstractmethod
    def weigh(self, asked: Asked, options: Sequence[str]) -> list[float]:
        """Probability of each option under constrained decoding.

        Raises:
            NoProbabilitiesError: this server shows none.
        """

    @abstractmethod
    def count(self, asked: Asked) -> int:
        """Tokens of the prompt."""


class Plain(Dialect):
    """The protocol and nothing else."""

    may_echo = True

    def extras(self, sampling: Sampling) -> dict[str, Any]:  # noqa: ARG002 - all of it is lost here
        return {}

    def prefilled(self, messages: Messages, prefill: str) -> dict[str, Any]:
        if not prefill:
            return {"messages": messages}
        *before, last = messages
        asked = f"{last['content']}\n\nBegin your answer with exactly: {prefill}"
        return {"messages": [*before, last | {"content": asked}]}

    def weigh(self, asked: Asked, options: Sequence[str]) -> list[float]:  # noqa: ARG002 - the protocol has no way
        raise NoProbabilitiesError

    def count(self, asked: Asked) -> int:
        """About: four characters or three quarters of a word to a token, and a few tokens per message."""
        text = " ".join([*(m["content"] for m in asked.messages), asked.prefill])
        return math.ceil(max(len(text) / 4, len(text.split()) / 0.75)) + 4 * len(asked.messages) + 3


class LlamaCpp(Dialect):
    """llama.cpp's server. A trailing assistant message is continued, and repeated in the answer."""

    may_echo = True

    def extras(self, sampling: Sampling) -> dict[str, Any]:
        return {
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": REPEAT_WINDOW,
            "top_k": 0,
            "chat_template_kwargs": {"enable_thinking": False},
        }

    def prefilled(self, messages: Messages, prefill: str) -> dict[str, Any]:
        return {"messages": _with_prefill(messages, prefill)}

    def weigh(self, asked: Asked, options: Sequence[str]) -> list[float]:
        wire, prompt = asked.wire, self._tokens(asked.wire, self._text(asked))

        def next_token(path: list[int], allowed: list[int]) -> list[float]:
            body = {
                "prompt": [*prompt, *path],
                "n_predict": 1,
                "logit_bias": [[token, _CERTAIN] for token in allowed],
                "samplers": ["temperature"],
                "temperature": 1.0,
                "n_probs": len(allowed),
                "post_sampling_probs": True,
                "cache_prompt": True,
            }
            answer = wire.post_beside("/completion", body)
            found = {p["id"]: p["prob"] for p in answer["completion_probabilities"][0]["top_probs"]}
            weights = [found.get(token, 0.0) for token in allowed]
            return [weight / sum(weights) for weight in weights]

        return weigh([self._tokens(wire, option, special=False) for option in options], next_token)

    def count(self, asked: Asked) -> int:
        return len(self._tokens(asked.wire, self._text(asked)))

    def _text(self, asked: Asked) -> str:
        body = {
            "messages": _with_prefill(asked.messages, asked.prefill),
            "chat_template_kwargs": {"enable_thinking": False},
        }
        return asked.wire.post_beside("/apply-template", body)["prompt"]

    def _tokens(self, wire: Wire, text: str, special: bool = True) -> list[int]:
        return wire.post_beside("/tokenize", {"content": text, "parse_special": special})["tokens"]


class VLLM(Dialect):
    """vLLM. The last message is continued where that is asked for; tokens can be scored by number."""

    def extras(self, sampling: Sampling) -> dict[str, Any]:
        return {
            "min_p": sampling.min_p,
            "repetition_penalty": sampling.repeat_penalty,
            "chat_template_kwargs": {"enable_thinking": False},
        }

    def prefilled(self, messages: Messages, prefill: str) -> dict[str, Any]:
        return {
            "messages": _with_prefill(messages, prefill),
            "add_generation_prompt": not prefill,
            "continue_final_message": bool(prefill),
        }

    def weigh(self, asked: Asked, options: Sequence[str]) -> list[float]:
        prompt = self._tokens(asked)

        def next_token(path: list[int], allowed: list[int]) -> list[float]:
            # Not `prompt_logprobs`: it bypasses the prefix cache, and beside LoRA it ends the server (vLLM's
            # issue 16668).
            body = {
                "model": asked.model,
                "prompt": [*prompt, *path],
                "max_tokens": 1,
                "temperature": 0,
                "logprobs": 0,
                "logprob_token_ids": allowed,
                "return_tokens_as_token_ids": True,
            }
            shown = asked.wire.post("/completions", body)["choices"][0].get("logprobs") or {}
            seen = (shown.get("top_logprobs") or [{}])[0]
            names = [f"token_id:{token}" for token in allowed]
            if not seen.keys() >= set(names):
                raise NoProbabilitiesError  # a vLLM that does not know logprob_token_ids
            found = [seen[name] for name in names]
            weights = [math.exp(score - max(found)) for score in found]
            return [weight / sum(weights) for weight in weights]

        return weigh([self._option(asked, option) for option in options], next_token)

    def count(self, asked: Asked) -> int:
        return len(self._tokens(asked))

    def _tokens(self, asked: Asked) -> list[int]:
        body = {"model": asked.model, "chat_template_kwargs": {"enable_thinking": False}}
        body |= self.prefilled(asked.messages, asked.prefill)
        return asked.wire.post_beside("/tokenize", body)["tokens"]

    def _option(self, asked: Asked, option: str) -> list[int]:
        body = {"model": asked.model, "prompt": option, "add_special_tokens": False}
        return asked.wire.post_beside("/tokenize", body)["tokens"]


def _with_prefill(messages: Messages, prefill: str) -> Messages:
    return [*messages, {"role": "assistant", "content": prefill}] if prefill else messages


DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({"llamacpp": LlamaCpp(), "vllm": VLLM()})
