"""Every measurement, run on an engine that costs nothing."""

from __future__ import annotations

import json

import pytest

from mascot.bench import directing, first_token, streams
from mascot.bench.autogen import OURS, figures, job_of, our_turns
from mascot.bench.decoding import decoding
from mascot.bench.directing import mentioned
from mascot.bench.material import history
from mascot.bench.process import turns_of
from mascot.bench.server import Call, read_call
from mascot.conversation.personas import load_cast
from mascot.engines.scripted import ScriptedEngine

CAST = load_cast()


def silent(_line: str) -> None:
    """No progress is shown in tests."""


def test_a_change_of_speaker_is_measured_at_every_size_for_every_contender() -> None:
    engine = ScriptedEngine(["Well, yes."], context_tokens=10_000)
    found = first_token.speaker_changes(engine, CAST, (256, 128), 2, silent)
    timed = [f for f in found if f.unit == "s"]
    assert [(f.at, f.what) for f in timed] == [
        (size, what)
        for size in (128, 256)
        for what in (first_token.OURS, first_token.OURS_CARD, first_token.CARD_FIRST)
    ]
    assert all(len(f.samples) == 2 and f.low > 0 for f in timed)
    assert {r.session for r in engine.requests} == {"bench/ours", "bench/card-first"}


def test_ours_changes_the_adapter_with_the_speaker_and_the_peers_have_none() -> None:
    engine = ScriptedEngine(["Well, yes."])
    for name in ("a", "b"):
        engine.load_adapter(name, None)  # type: ignore[arg-type]  # nothing is read from it here
    first_token.speaker_changes(engine, CAST, (128,), 2, silent, ("a", "b"))
    used = {session: [r.adapter for r in engine.requests if r.session == session] for session in _SESSIONS}
    assert used["bench/ours"] == ["a", "a", "a", "b", "b"]
    assert used["bench/card-first"] == [None, None]


_SESSIONS = ("bench/ours", "bench/card-first")


def test_the_director_and_the_selector_are_asked_once_a_round() -> None:
    engine = ScriptedEngine(["I think Beacon should go on."])
    found = {f.what: f for f in directing.directing(engine, CAST, 128, 3, silent)}
    assert len(found[directing.DIRECTOR].samples) == len(found[directing.SELECTOR].samples) == 3
    assert 0 < found[directing.SHARE].median < 100
    assert found[directing.SELECTED].median == 100


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        ("Beacon", {"beacon"}),
        ("The next role is Action Guide.", {"action-guide"}),
        ("Anchor or Catalyst", {"anchor", "catalyst"}),
        ("beacon", set()),
        ("Beacons are bright.", set()),
        ("", set()),
    ],
)
def test_a_selection_is_a_name_that_stands_by_itself(answer: str, who: set[str]) -> None:
    assert mentioned(answer, CAST) == who


def test_decoding_is_compared_with_a_bare_engine() -> None:
    engine = ScriptedEngine(["one two three four five six seven eight"], delay=0.002)
    found = decoding(engine, lambda number: 100.0 + number, 8, 3, silent)
    assert [f.what for f in found] == ["ours", "bare engine"]
    assert len(found[0].samples) == 3
    assert found[0].low > 0
    assert found[1].samples == (100, 101, 102)


def test_every_number_of_conversations_at_once_has_its_figures() -> None:
    engine = ScriptedEngine(["so it goes on and on"])
    found = {(f.what, f.at): f for f in streams.streams(engine, CAST, (1, 3), 0.1, 1, silent)}
    assert {at for _, at in found} == {1, 3}
    assert 1 / 3 <= found[streams.FAIRNESS, 3].median <= 1
    assert found[streams.LONG_WAIT, 3].median >= found[streams.MEDIAN_WAIT, 3].median > 0
    assert {request.session for request in engine.requests} == {f"bench/talk-{seat}" for seat in range(3)}


def test_a_busy_core_is_measured_beside_an_idle_one() -> None:
    engine = ScriptedEngine(["so it goes on and on"], delay=0.001)
    found = [f.what for f in streams.busy(engine, CAST, (2,), 0.05, 1, silent)]
    assert found == ["decoding, idle", "decoding, one core busy", "sum, idle", "sum, one core busy"]


def test_our_turns_go_on_with_the_talk() -> None:
    engine = ScriptedEngine(["I hear you."])
    talk = history(128, CAST, engine.count)
    taken = our_turns(engine, None, talk, CAST, 3)
    assert len(taken) == 3
    assert all(turn.valid and turn.seconds > 0 for turn in taken)
    last = engine.requests[-1].prompt.shared
    assert [m.content.endswith("I hear you.") for m in last[-2:]] == [True, True]
    assert {f.what for f in figures(OURS, taken, 128)} == {
        f"{OURS}: seconds per turn",
        f"{OURS}: valid selections",
    }


def test_autogens_job_can_be_sent_and_names_everyone_who_spoke() -> None:
    talk = history(512, CAST, ScriptedEngine().count)
    job = json.loads(json.dumps(job_of("http://127.0.0.1:1/v1", talk, CAST, 2)))
    names = {persona["name"] for persona in job["personas"]}
    assert all(name.isidentifier() for name in names)
    assert {message["source"] for message in job["history"]} <= {*names, "user"}
    assert len(job["history"]) == len(talk.transcript.turns)


def test_a_call_is_counted_from_timings_or_from_usage() -> None:
    asked = b'{"messages": [{"role": "user", "content": "Hello"}]}'
    timings = b'{"timings": {"prompt_n": 10, "cache_n": 90, "predicted_n": 5}}'
    assert read_call(asked, timings) == Call("Hello", 100, 90, 5)
    usage = {"prompt_tokens": 20, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    call = read_call(asked, json.dumps({"usage": usage}).encode())
    assert call is not None
    assert call.read_tokens == 16


def test_a_call_is_counted_from_the_last_event_of_a_stream() -> None:
    last = '{"usage": {"prompt_tokens": 7, "completion_tokens": 1}}'
    answered = f'data: {{"choices": []}}\n\ndata: {last}\n\ndata: [DONE]\n'
    assert read_call(b"{}", answered.encode()) == Call("", 7, 0, 1)


def test_what_is_no_completion_is_not_counted() -> None:
    assert read_call(b"", b'{"data": [{"id": "model"}]}') is None
    assert read_call(b'{"content": "x"}', b'{"tokens": [1]}') is None


def test_a_turn_of_the_app_is_its_directive_and_its_utterance() -> None:
    events = [
        {"type": "user"},
        {"type": "directive", "seconds": 0.5},
        {"type": "speech"},
        {"type": "utterance", "seconds": 2.0},
        {"type": "directive", "seconds": 0.4},
        {"type": "interrupted"},
        {"type": "yield"},
    ]
    assert list(turns_of(events)) == [(0.5, 2.0)]
