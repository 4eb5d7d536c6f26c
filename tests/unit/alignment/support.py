"""A tiny model and a little of the corpus to train it on."""

from __future__ import annotations

from typing import Any, cast

from mascot.alignment.samples import DIRECTOR, Sample, corpus_samples
from mascot.conversation.personas import load_cast
from mascot.conversation.prompt import Message, Prompt
from mascot.corpora.dialogues import group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.engines.hf_load import Loaded
from mascot.engines.templates import CHATML, ChatTemplate
from tests.fixtures.tiny_llama import IM_END, tiny_llama, tokens

CAST = load_cast()


class Bytes:
    """A tokenizer whose tokens are bytes."""

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return tokens(text)

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        assert skip_special_tokens
        return bytes(i for i in ids if i < 256).decode(errors="ignore")


def tiny_base(template: str = CHATML) -> Loaded:
    model = tiny_llama()
    return Loaded(model, cast(Any, Bytes()), ChatTemplate(template), "cpu", "none", frozenset({IM_END}))


def corpus(part: Any, share: float = 1.0, seed: int = 0) -> list[Sample]:
    return corpus_samples(expert_corpus(), group_dialogues(), CAST, part, share, seed)


def little(adapters: tuple[str, ...] = ("anchor", "beacon", DIRECTOR), count: int = 6) -> list[Sample]:
    """Samples short enough for a test: what is shared is one line."""
    return [
        Sample(
            f"{adapter}/{i}",
            adapter,
            Prompt(
                (Message("system", "A table."), Message("user", f"I said {i}.")), (Message("user", adapter),)
            ),
            f"{adapter} hears {i * i}.",
            adapter != DIRECTOR,
        )
        for adapter in adapters
        for i in range(count)
    ]
