"""A live conversation: whatever the person does takes hold at once, and nothing said is lost."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from mascot.conversation.events import (
    Asked,
    Directive,
    Interrupted,
    Speech,
    UserSaid,
    Utterance,
    Yielded,
)
from mascot.conversation.personas import Cast, load_cast
from mascot.engines.scripted import ScriptedEngine
from mascot.errors import InputError, NotFoundError
from mascot.live.service import UNTITLED, Live
from tests.unit.live.support import (
    CRISIS,
    WAIT,
    StepEngine,
    all_different,
    events,
    open_live,
    someone_speaks,
    speaking,
    types,
    until,
)


def test_a_message_is_answered_by_the_group_which_gives_the_floor_back(live: Live) -> None:
    id = live.open("me")
    assert live.say(id, "Hello") == 2
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", *["directive", "utterance"] * 4, "yield"]
    spoken = [event.agent for event in events(live, id) if isinstance(event, Utterance)]
    assert spoken == ["anchor", "catalyst", "beacon", "action-guide"]
    assert not someone_speaks(events(live, id))


def test_an_utterance_is_the_concatenation_of_the_speech_it_was_streamed_as(live: Live) -> None:
    id = live.open("me")
    seen: dict[int, Speech] = {}
    unsubscribe = live.listen(
        id,
        lambda: seen.update({e.seq: e.event for e in live.entries(id) if isinstance(e.event, Speech)}),
    )
    live.say(id, "Hello")
    live.wait(id, WAIT)
    unsubscribe()
    for event in events(live, id):
        if isinstance(event, Utterance):
            assert event.text == "".join(s.text for s in seen.values() if s.agent == event.agent)


def test_barge_in_cuts_the_speaker_short_and_keeps_what_was_said(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    said = "".join(event.text for event in events(slow, id) if isinstance(event, Speech))
    slow.say(id, "Wait", barge="interrupt")
    happened = events(slow, id)
    cut = next(event for event in happened if isinstance(event, Interrupted))
    assert cut == Interrupted(agent="anchor", text=said, reason="barge-in")
    assert types(slow, id)[:5] == ["opened", "user", "directive", "interrupted", "user"]
    assert engine.cancelled.wait(WAIT)


def test_a_queued_message_lets_the_speaker_finish(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    slow.say(id, "When you are done", barge="queue")
    engine.go.set()
    slow.wait(id, WAIT)
    assert types(slow, id)[:6] == ["opened", "user", "directive", "user", "utterance", "directive"]
    assert "interrupted" not in types(slow, id)
    assert [event.agent for event in events(slow, id) if isinstance(event, Utterance)][1] != "anchor"


def test_a_stop_is_in_the_journal_before_it_returns_and_nothing_is_said_after_it(
    slow: Live, engine: StepEngine
) -> None:
    id = speaking(slow)
    started = time.perf_counter()
    slow.stop(id)
    assert time.perf_counter() - started < 0.3
    before = slow.entries(id)
    assert [entry.event.type for entry in before][-2:] == ["interrupted", "yield"]
    assert engine.cancelled.wait(WAIT)
    slow.wait(id, WAIT)
    assert slow.entries(id) == before


def test_enough_lets_the_speaker_finish_and_ends_the_round(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    slow.enough(id)
    engine.go.set()
    slow.wait(id, WAIT)
    assert types(slow, id) == ["opened", "user", "directive", "yield", "utterance"]
    assert [e.reason for e in events(slow, id) if isinstance(e, Yielded)] == ["enough"]


def test_the_group_goes_on_when_it_is_told_to(live: Live) -> None:
    id = live.open("me")
    with pytest.raises(InputError, match="nothing was said yet"):
        live.go_on(id)
    live.say(id, "Hello")
    live.wait(id, WAIT)
    live.go_on(id)
    live.wait(id, WAIT)
    assert types(live, id).count("utterance") == 8
    speakers = [event.agent for event in events(live, id) if isinstance(event, Utterance)]
    assert all(a != b for a, b in pairwise(speakers))


def test_the_asked_persona_speaks_next_and_is_no_longer_muted(live: Live) -> None:
    id = live.open("me")
    live.mute(id, "beacon", True)
    live.ask(id, "beacon")
    live.wait(id, WAIT)
    directives = [event.agent for event in events(live, id) if isinstance(event, Directive)]
    assert directives[0] == "beacon"
    assert types(live, id)[:4] == ["opened", "muted", "muted", "asked"]


def test_who_is_asked_while_speaking_finishes_and_speaks_again(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    slow.ask(id, "anchor")
    engine.go.set()
    slow.wait(id, WAIT)
    assert "interrupted" not in types(slow, id)
    assert [event.agent for event in events(slow, id) if isinstance(event, Utterance)] == ["anchor", "anchor"]


def test_a_message_after_an_ask_is_answered_by_the_one_who_was_asked(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    slow.ask(id, "action-guide")
    slow.say(id, "What now?")
    engine.go.set()
    slow.wait(id, WAIT)
    answers = [event.agent for event in events(slow, id) if isinstance(event, Utterance)]
    assert answers[0] == "action-guide"
    assert slow.entries(id)[-1].event.type == "yield"


def test_who_is_called_by_name_or_click_answers_in_that_order(live: Live) -> None:
    id = live.open("me")
    live.say(id, "Catalyst, what do you think?", addressed=["action-guide"])
    live.wait(id, WAIT)
    directives = [event.agent for event in events(live, id) if isinstance(event, Directive)]
    assert directives[:2] == ["action-guide", "catalyst"]


def test_a_muted_persona_does_not_speak(live: Live) -> None:
    id = live.open("me")
    live.mute(id, "anchor", True)
    live.mute(id, "anchor", True)
    live.say(id, "@Anchor hello")
    live.wait(id, WAIT)
    assert types(live, id)[:3] == ["opened", "muted", "user"]
    assert "anchor" not in [event.agent for event in events(live, id) if isinstance(event, Directive)]


def test_a_group_of_which_everyone_is_muted_gives_the_floor_back_at_once(live: Live) -> None:
    id = live.open("me")
    for agent in live.cast.ids:
        live.mute(id, agent, True)
    live.say(id, "Is anybody there?")
    live.wait(id, WAIT)
    last = events(live, id)[-1]
    assert isinstance(last, Yielded)
    assert last.reason == "nobody"


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x1b", "\u200d\u200c", "x" * 50_000])
def test_a_message_that_cannot_be_accepted_leaves_no_trace(live: Live, text: str) -> None:
    id = live.open("me")
    with pytest.raises(InputError):
        live.say(id, text)
    assert types(live, id) == ["opened"]


def test_an_unknown_persona_is_refused_by_name(live: Live) -> None:
    id = live.open("me")
    for deed in (
        lambda: live.ask(id, "zoe"),
        lambda: live.mute(id, "zoe", True),
        lambda: live.say(id, "Hi", addressed=["zoe"]),
    ):
        with pytest.raises(InputError, match="unknown persona 'zoe': at this table sit anchor"):
            deed()
    assert types(live, id) == ["opened"]


def test_in_a_crisis_the_group_falls_silent_until_the_message_was_read(slow: Live) -> None:
    id = speaking(slow)
    assert slow.say(id, CRISIS, barge="queue") == slow.entries(id)[-2].seq
    assert types(slow, id) == ["opened", "user", "directive", "interrupted", "user", "crisis"]
    for deed in (lambda: slow.say(id, "Hello?"), lambda: slow.go_on(id), lambda: slow.ask(id, "anchor")):
        with pytest.raises(InputError, match="read the message about help"):
            deed()
    slow.wake(id)
    slow.wait(id, WAIT)
    assert types(slow, id)[-1] == "crisis"
    slow.acknowledge(id)
    slow.acknowledge(id)
    assert types(slow, id)[-2:] == ["crisis", "acknowledged"]
    with until(slow, id, lambda happened: isinstance(happened[-1], Speech)):
        slow.say(id, "I am safe now")


def test_after_a_crisis_no_prompt_has_its_words(slow: Live, engine: StepEngine) -> None:
    id = slow.open("me")
    slow.say(id, CRISIS)
    slow.acknowledge(id)
    with pytest.raises(InputError, match="nothing was said yet"):
        slow.go_on(id)
    engine.go.set()
    slow.say(id, "I am safe now")
    slow.wait(id, WAIT)
    assert engine.requests
    for request in engine.requests:
        assert all(CRISIS not in message.content for message in request.prompt.messages)


def test_deleting_while_someone_speaks_leaves_nothing(slow: Live, engine: StepEngine) -> None:
    id = speaking(slow)
    slow.delete(id)
    assert engine.cancelled.wait(WAIT)
    for deed in (lambda: slow.entries(id), lambda: slow.say(id, "Hello?"), lambda: slow.title(id)):
        with pytest.raises(NotFoundError):
            deed()
    assert slow.conversations("me") == []


def test_a_persona_of_whom_the_guards_let_nothing_through_does_not_stop_the_round(tmp_path: Path) -> None:
    live = open_live(tmp_path / "live.db", ScriptedEngine(["User: hello"]), max_turns=2)
    id = live.open("me")
    live.say(id, "Hello")
    live.wait(id, WAIT)
    assert types(live, id) == ["opened", "user", *["directive", "interrupted"] * 2, "yield"]
    live.close()


def test_words_at_reading_speed_come_one_by_one_and_at_once_when_asked(tmp_path: Path) -> None:
    live = open_live(tmp_path / "live.db", ScriptedEngine(["One two three four five six."]), pace="reading")
    id = live.open("me")
    with until(live, id, lambda happened: sum(isinstance(e, Speech) for e in happened) >= 2):
        live.say(id, "Hello")
    speech = [event.text for event in events(live, id) if isinstance(event, Speech)]
    assert speech[:2] == ["One", " two"]
    live.set_pace(id, "immediate")
    live.wait(id, WAIT)
    first = next(event for event in events(live, id) if isinstance(event, Utterance))
    assert first.text == "One two three four five six."
    live.close()


def test_the_first_message_becomes_the_title_and_a_title_of_ones_own_stays(live: Live) -> None:
    id = live.open("me")
    assert live.title(id) == UNTITLED
    live.say(id, "Hello \u202e my\x00\nfriend " + "and so on " * 20)
    assert live.title(id).startswith("Hello my friend and so on")
    assert len(live.title(id)) <= 60
    live.rename(id, "  Mine\n now\x07 " + "x" * 200)
    assert live.title(id).startswith("Mine now x")
    live.stop(id)
    live.say(id, "Another")
    assert live.title(id).startswith("Mine now x")
    with pytest.raises(InputError, match="title is empty"):
        live.rename(id, "\x00 \n")


def test_words_that_tell_of_a_crisis_become_no_title_even_when_they_are_sent_again(live: Live) -> None:
    id = live.open("me")
    live.say(id, CRISIS, key="k" * 16)
    live.acknowledge(id)
    live.say(id, CRISIS, key="k" * 16)
    assert live.title(id) == UNTITLED
    live.say(id, "I am safe now")
    assert live.title(id) == "I am safe now"


def test_a_talk_goes_on_without_a_persona_whose_card_was_taken_away(tmp_path: Path) -> None:
    piper = load_cast()["beacon"].model_copy(update={"id": "piper", "name": "Piper"})
    before = open_live(tmp_path / "live.db", people=Cast([*load_cast(), piper]), max_turns=1)
    id = before.open("me")
    before.say(id, "Piper, are you there?")
    before.wait(id, WAIT)
    before.close()
    engine = ScriptedEngine(all_different)
    after = open_live(tmp_path / "live.db", engine)
    with pytest.raises(InputError, match="unknown persona 'piper': at this table sit anchor"):
        after.ask(id, "piper")
    after.say(id, "Piper, and now?")
    after.wait(id, WAIT)
    assert types(after, id)[-3:] == ["directive", "utterance", "yield"]
    assert any("piper: " in message.content for message in engine.requests[-1].prompt.messages)
    after.close()


def test_what_the_person_asked_is_committed_before_anyone_is_told(live: Live) -> None:
    id = live.open("me")
    seen: list[bool] = []
    live.listen(id, lambda: seen.append(any(isinstance(e, Asked | UserSaid) for e in events(live, id))))
    live.ask(id, "anchor")
    live.wait(id, WAIT)
    assert seen
    assert all(seen)
