"""Real conversations with the embedded model: greedy answers over one memory equal those without any cache.

The group dialogues of our corpus, turn by turn, laid out as the live loop does it for adapters: the director
weighs who is next and is heard, then the persona speaks under its adapter, and every third turn the base
model speaks in between. Several conversations go on at once, more than there are slots. PEFT alone says what
is right, and what is called a tie: `tests.fixtures.peft_oracle`. Adapters of random weights change whatever
is said; the shipped ones are what people hear.

llama.cpp rounds what it multiplies, and how depends on how many tokens it reads at once. So it is held to
itself, a memory that everybody used to one that is emptied before each request; where the two part, PEFT
says whether that was a matter of rounding.

    pytest -m long -s tests/slow/test_shared_cache.py      # 20 conversations, every turn
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import mascot.adapters
from mascot.alignment.samples import DIRECTOR, dialogue_samples, director_samples
from mascot.alignment.tokens import Encoder
from mascot.conversation.personas import load_cast
from mascot.corpora.dialogues import GroupDialogue, group_dialogues
from mascot.engines.base import Engine, Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from mascot.engines.hf_load import Loaded, convert_gguf, load_model
from mascot.engines.llamacpp import LlamaCppEngine
from mascot.engines.prefix import common_prefix
from tests.fixtures.adapters import random_adapter
from tests.fixtures.models import embedded_gguf
from tests.fixtures.peft_oracle import Listener, Oracle, Verdict

__all__ = ["embedded_gguf"]
pytestmark = pytest.mark.model

GREEDY = Sampling(max_tokens=10, temperature=0)
AT_ONCE, SLOTS = 4, 3
ROUNDED = 0.5
"""Difference of two logits within which llama.cpp's rounding may put either first. Which requests meet in one
batch is chance: eight runs of the short form gave the same words in most, and up to 0.32 in others."""
SHIPPED = Path(mascot.adapters.__file__).parent / "shipped"
ADAPTERS = (*load_cast().ids, DIRECTOR)


def asked(dialogue: GroupDialogue, turns: int) -> Iterator[Request]:
    """What is said in the first turns of a dialogue: by the director, a persona, now and then by the base."""
    cast = load_cast()
    spoken = dialogue_samples(dialogue, cast)[:turns]
    directed = [s for s in director_samples(dialogue, cast) if s.id.endswith("/who")]
    for number, (persona, director) in enumerate(zip(spoken, directed, strict=False)):
        yield Request(director.prompt, GREEDY, dialogue.id, DIRECTOR)
        yield Request(persona.prompt, GREEDY, dialogue.id, persona.adapter)
        if number % 3 == 2:
            yield Request(persona.prompt, GREEDY, dialogue.id)


def hold(engine: Engine, dialogue: GroupDialogue, turns: int) -> list[str]:
    """A dialogue as an engine says it; the director weighs who is next before it is heard."""
    names = [f" {persona.name}" for persona in load_cast()]
    said = []
    for one in asked(dialogue, turns):
        if one.adapter == DIRECTOR:
            engine.choose(one, names)
        said.append(collect(engine.stream(one)).text)
    return said


def all_held(engine: Engine, dialogues: Sequence[GroupDialogue], turns: int) -> list[list[str]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda dialogue: hold(engine, dialogue, turns), dialogues))


@dataclass(frozen=True)
class Judged:
    """A transformers engine, and PEFT with the same adapters."""

    engine: TransformersEngine
    oracle: Oracle

    def verdict(self, dialogues: Sequence[GroupDialogue], turns: int) -> Verdict:
        listener = Listener(self.engine)
        all_held(self.engine, dialogues, turns)
        return self.oracle.judge(listener.answers(), self.engine._ends)


@pytest.fixture(scope="module", params=["random", "shipped"])
def judged(
    request: pytest.FixtureRequest, embedded_gguf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Judged]:
    home = SHIPPED
    if request.param == "random":
        home = tmp_path_factory.mktemp("adapters")
        for seed, name in enumerate(ADAPTERS):
            random_adapter(home / name, seed)
    folders = {name: home / name for name in ADAPTERS}
    engine = TransformersEngine(embedded_gguf, device="cpu", slots=SLOTS)
    for name, folder in folders.items():
        engine.load_adapter(name, folder)
    yield Judged(engine, Oracle(convert_gguf(embedded_gguf), folders))
    engine.close()


def test_two_conversations_are_what_they_are_without_a_cache(judged: Judged) -> None:
    verdict = judged.verdict(group_dialogues()[:2], turns=2)
    assert not verdict.wrong
    assert verdict.tokens > 20


@pytest.mark.long
def test_twenty_conversations_are_what_they_are_without_a_cache(judged: Judged) -> None:
    verdict = judged.verdict(group_dialogues()[::6][:20], turns=20)
    print(f"\n{verdict.tokens} tokens, {verdict.ties} of them ties, {len(verdict.wrong)} wrong")
    assert not verdict.wrong


@dataclass(frozen=True)
class Compared:
    """llama.cpp twice with the shipped adapters: one that remembers, and one that is made to forget."""

    sharing: LlamaCppEngine
    forgetful: LlamaCppEngine
    base: Loaded
    oracle: Oracle

    def differing(self, dialogues: Sequence[GroupDialogue], turns: int) -> tuple[int, list[float]]:
        """How many answers were compared, and of each that is not the same how far the two ways are apart."""
        answers, apart = 0, []
        for dialogue, said in zip(dialogues, all_held(self.sharing, dialogues, turns), strict=True):
            for one, text in zip(asked(dialogue, turns), said, strict=True):
                answers += 1
                self.forgetful.forget()
                alone = collect(self.forgetful.stream(one)).text
                if text != alone:
                    apart.append(self._apart(one, alone, text))
        return answers, apart

    def _apart(self, one: Request, alone: str, other: str) -> float:
        """The difference of logits, for PEFT, of the first tokens that are not the same."""
        encode = Encoder(self.base)
        prompt = encode.ids(self.base.template.render(one.prompt))
        ways = [[*encode.ids(text), encode.end] for text in (alone, other)]
        same = common_prefix(*ways)
        row = self.oracle.logits(prompt, ways[0][:same], one.adapter)[-1]
        return abs(float(row[ways[0][same]] - row[ways[1][same]]))


@pytest.fixture(scope="module")
def compared(embedded_gguf: Path) -> Iterator[Compared]:
    engines = [LlamaCppEngine(embedded_gguf, slots=slots) for slots in (SLOTS, 1)]
    folders = {name: SHIPPED / name for name in ADAPTERS}
    for engine in engines:
        engine.load_adapters(folders)
    model = convert_gguf(embedded_gguf)
    base = load_model(model, revision=None, quantization="none", device="cpu")
    yield Compared(engines[0], engines[1], base, Oracle(model, folders))
    for engine in engines:
        engine.close()


def test_llama_cpp_says_the_same_with_a_shared_memory_and_without(compared: Compared) -> None:
    answers, apart = compared.differing(group_dialogues()[:2], turns=2)
    assert answers == 8
    assert all(gap < ROUNDED for gap in apart)


@pytest.mark.long
def test_llama_cpp_says_the_same_in_twenty_conversations(compared: Compared) -> None:
    answers, apart = compared.differing(group_dialogues()[::6][:20], turns=20)
    print(f"\n{answers} answers, {len(apart)} of them other ones, apart {[round(x, 2) for x in apart]}")
    assert all(gap < ROUNDED for gap in apart)
