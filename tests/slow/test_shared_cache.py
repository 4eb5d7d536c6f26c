"""Real conversations with the embedded model: greedy answers over one memory equal those without any cache.

The group dialogues of our corpus, turn by turn, laid out as the live loop does it for adapters: the director
weighs who is next and is heard, then the persona speaks under its adapter, and every third turn the base
model speaks in between. Several conversations go on at once, more than there are slots. PEFT alone says what
is right, and what is called a tie: `tests.fixtures.peft_oracle`.

    pytest -m long tests/slow/test_shared_cache.py      # 20 conversations, every turn
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from mascot.alignment.samples import DIRECTOR, Sample, dialogue_samples, director_samples
from mascot.conversation.personas import Cast, load_cast
from mascot.corpora.dialogues import GroupDialogue, group_dialogues
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.hf import TransformersEngine
from mascot.engines.hf_load import convert_gguf
from tests.fixtures.adapters import random_adapter
from tests.fixtures.models import embedded_gguf
from tests.fixtures.peft_oracle import Listener, Oracle, Verdict

__all__ = ["embedded_gguf"]
pytestmark = pytest.mark.model

GREEDY = Sampling(max_tokens=10, temperature=0)
AT_ONCE, SLOTS = 4, 3


@dataclass(frozen=True)
class Table:
    """An engine and a judge with the same adapters of random weights."""

    engine: TransformersEngine
    oracle: Oracle
    cast: Cast

    def hold(self, dialogue: GroupDialogue, turns: int) -> None:
        """Everything that is asked of the engine in the first turns of a dialogue."""
        spoken = dialogue_samples(dialogue, self.cast)[:turns]
        asked = [s for s in director_samples(dialogue, self.cast) if s.id.endswith("/who")]
        names = [f" {persona.name}" for persona in self.cast]
        for number, (persona, director) in enumerate(zip(spoken, asked, strict=False)):
            self.engine.choose(self._request(dialogue, director, DIRECTOR), names)
            self._say(dialogue, director, DIRECTOR)
            self._say(dialogue, persona, persona.adapter)
            if number % 3 == 2:
                self._say(dialogue, persona, None)

    def judged(self, dialogues: list[GroupDialogue], turns: int) -> Verdict:
        listener = Listener(self.engine)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda dialogue: self.hold(dialogue, turns), dialogues))
        return self.oracle.judge(listener.answers(), self.engine._ends)

    def _say(self, dialogue: GroupDialogue, sample: Sample, adapter: str | None) -> None:
        collect(self.engine.stream(self._request(dialogue, sample, adapter)))

    def _request(self, dialogue: GroupDialogue, sample: Sample, adapter: str | None) -> Request:
        return Request(sample.prompt, GREEDY, dialogue.id, adapter)


@pytest.fixture(scope="module")
def table(embedded_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Table]:
    cast, home = load_cast(), tmp_path_factory.mktemp("adapters")
    folders = {name: random_adapter(home / name, seed) for seed, name in enumerate((*cast.ids, DIRECTOR))}
    engine = TransformersEngine(embedded_gguf, device="cpu", slots=SLOTS)
    for name, folder in folders.items():
        engine.load_adapter(name, folder)
    yield Table(engine, Oracle(convert_gguf(embedded_gguf), folders), cast)
    engine.close()


def test_two_conversations_are_what_they_are_without_a_cache(table: Table) -> None:
    verdict = table.judged(list(group_dialogues()[:2]), turns=2)
    assert not verdict.wrong
    assert verdict.tokens > 20


@pytest.mark.long
def test_twenty_conversations_are_what_they_are_without_a_cache(table: Table) -> None:
    verdict = table.judged(list(group_dialogues()[::6][:20]), turns=20)
    print(f"\n{verdict.tokens} tokens, {verdict.ties} of them ties, {len(verdict.wrong)} wrong")
    assert not verdict.wrong
