"""What is remembered between requests, and for how many conversations."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from mascot.engines.hf_adapters import Adapter
from mascot.engines.hf_memory import Mark, Memories, Memory

ANN, BOB, PLAIN = Adapter("ann", (1,), {}), Adapter("bob", (1,), {}), Adapter("plain", (), {})
MARKS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([None, ANN, BOB])), min_size=1, max_size=12)


def marks(tokens: str, adapter: Adapter | None = None) -> list[Mark]:
    return [(ord(token), adapter) for token in tokens]


@given(MARKS, MARKS)
def test_only_what_was_read_by_the_same_adapters_is_used_again(held: list[Mark], asked: list[Mark]) -> None:
    memory = Memory()
    memory.marks = list(held)
    count = memory.reusable(asked)
    assert held[:count] == asked[:count]
    assert count < len(asked)
    assert count == len(asked) - 1 or count == len(held) or held[count] != asked[count]


def test_two_activated_adapters_share_what_stands_before_their_invocation() -> None:
    memories = Memories(2)
    memory = memories.take("s", marks("talk"))
    memory.marks = marks("talk") + marks("ann says", ANN)
    memories.put("s", memory)
    taken = memories.take("s", marks("talk") + marks("ann", BOB))
    assert taken is memory
    assert taken.marks == marks("talk")


def test_a_plain_adapter_has_a_memory_of_its_own() -> None:
    memories = Memories(2)
    memory = memories.take("s", marks("talk"))
    memory.marks = marks("talk")
    memories.put("s", memory)
    assert memories.take("s", marks("talk", PLAIN)) is not memory
    assert memories.take("s", marks("talk")) is memory
    assert memories.take("s", marks("talk")) is not memory  # it belongs to who took it


def test_without_a_session_nothing_is_kept() -> None:
    memories = Memories(2)
    memory = memories.take("", marks("talk"))
    memory.marks = marks("talk")
    memories.put("", memory)
    assert memories.take("", marks("talk")) is not memory
    assert not memories.clear()


@given(st.integers(1, 3), st.lists(st.sampled_from("abcdef"), max_size=40))
def test_there_are_never_more_memories_than_are_allowed(count: int, sessions: list[str]) -> None:
    """Kept and taken ones together; who was silent longest is forgotten first."""
    memories = Memories(count)
    lately: list[str] = []
    for session in sessions:
        memory = memories.take(session, marks("talk!"))
        kept = lately[-count:]
        assert bool(memory.marks) == (session in kept)
        memory.marks = marks("talk")
        memories.put(session, memory)
        lately = [*(other for other in lately if other != session), session]
        assert len(memories._held) <= count


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 700)), min_size=1, max_size=8))
def test_going_back_and_on_leaves_what_was_written_last(writes: list[tuple[int, int]]) -> None:
    """Blocks of any lengths, each beginning anywhere in what is there already."""
    memory, expected = Memory(), torch.empty(2, 0, 1)
    for number, (count, back) in enumerate(writes):
        start = max(0, expected.shape[1] - back)
        new = torch.full((2, count, 1), float(number))
        expected = torch.cat([expected[:, :start], new], 1)
        keys, values = memory.write(0, start, new, -new)
        assert torch.equal(keys, expected)
        assert torch.equal(values, -expected)
