"""What everyone shares stands first and only grows; what does not fit goes, and is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mascot.conversation.events import Directive
from mascot.conversation.layout import Style, fit, shared, speak
from mascot.conversation.personas import load_cast
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn

CAST = load_cast()
TURNS = st.lists(
    st.builds(
        Turn,
        st.sampled_from([PERSON, *CAST.ids]),
        st.text("abc 漢字 ñ.", min_size=1, max_size=50),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)
STYLES: list[Style] = ["card", "examples"]


def talk(turns: list[Turn]) -> Transcript:
    return Transcript(CAST.ids, turns=tuple(turns), floor="group")


def directive(agent: str) -> Directive:
    persona = CAST[agent]
    return Directive(agent=agent, action=persona.repertoire[0], tone=persona.tones[0], score=1)


def letters(prompt: Prompt) -> int:
    """A token is a UTF-8 byte: the dearest language there is."""
    return sum(len(message.content.encode()) for message in prompt.messages)


@given(TURNS, st.integers(0, 30))
def test_the_shared_part_of_a_growing_talk_only_grows_at_its_end(turns: list[Turn], at: int) -> None:
    before, after = shared(talk(turns[:at]), CAST), shared(talk(turns), CAST)
    assert after[: len(before)] == before


@given(TURNS)
def test_with_cards_the_shared_part_is_the_same_whoever_speaks(turns: list[Turn]) -> None:
    prompts = [speak(talk(turns), CAST, directive(agent), "card") for agent in CAST.ids]
    assert {prompt.shared for prompt in prompts} == {shared(talk(turns), CAST)}


@given(TURNS, st.integers(0, 30), st.sampled_from(CAST.ids))
def test_with_examples_the_part_a_persona_keeps_only_grows_at_its_end(
    turns: list[Turn], at: int, agent: str
) -> None:
    before = speak(talk(turns[:at]), CAST, directive(agent), "examples").shared
    assert speak(talk(turns), CAST, directive(agent), "examples").shared[: len(before)] == before


@given(TURNS)
def test_with_examples_a_persona_hears_the_person_and_itself_only(turns: list[Turn]) -> None:
    others = [turn for turn in turns if turn.speaker in (PERSON, "beacon")]
    heard = speak(talk(turns), CAST, directive("beacon"), "examples")
    assert heard == speak(talk(others), CAST, directive("beacon"), "examples")


@given(TURNS, st.sampled_from(STYLES))
def test_a_withheld_message_is_in_no_prompt(turns: list[Turn], style: Style) -> None:
    secret = Turn(PERSON, "the withheld words", withheld=True)
    for agent in CAST.ids:
        prompt = speak(talk([*turns, secret]), CAST, directive(agent), style)
        assert all("the withheld words" not in message.content for message in prompt.messages)
        assert prompt == speak(talk(turns), CAST, directive(agent), style)


@pytest.mark.parametrize("style", STYLES)
def test_the_cue_carries_the_speakers_card_and_directive(style: Style) -> None:
    persona = CAST["catalyst"]
    prompt = speak(talk([Turn(PERSON, "Hello")]), CAST, directive("catalyst"), style)
    cue = " ".join(message.content for message in prompt.cue).casefold()
    whole = " ".join(message.content for message in prompt.messages)
    assert persona.repertoire[0].casefold() in cue
    assert persona.tones[0].casefold() in cue
    assert persona.role in whole
    assert CAST["anchor"].role not in whole


def only_turns(transcript: Transcript) -> Prompt:
    return Prompt(tuple(Message("user", turn.text) for turn in transcript.heard), ())


@given(TURNS, st.integers(0, 1500))
def test_what_is_kept_is_the_opening_and_the_end_in_whole_turns(turns: list[Turn], budget: int) -> None:
    transcript = talk([replace(turn, withheld=False) for turn in turns])
    fitted = fit(only_turns, transcript, letters, budget)
    kept = [message.content for message in fitted.prompt.messages]
    said = [turn.text for turn in turns]
    assert len(kept) == len(said) - fitted.dropped_turns
    if letters(only_turns(transcript)) <= budget:
        assert fitted.dropped_turns == 0
    if letters(fitted.prompt) <= budget and len(kept) > 2:
        assert kept == said[:1] + said[1 + fitted.dropped_turns :]


@given(
    st.lists(st.sampled_from(["word " * 200, "漢" * 900, "é" * 700, "👩" * 400]), min_size=1, max_size=12),
    st.sampled_from(STYLES),
)
def test_a_prompt_never_exceeds_its_budget_in_any_language(texts: list[str], style: Style) -> None:
    turns = [Turn(PERSON if i % 2 == 0 else "beacon", text) for i, text in enumerate(texts)]
    bare = letters(speak(talk([]), CAST, directive("anchor"), style))
    budget = bare + 1000
    fitted = fit(lambda t: speak(t, CAST, directive("anchor"), style), talk(turns), letters, budget)
    assert letters(fitted.prompt) <= budget


def test_turns_go_by_blocks_so_that_the_beginning_stays_the_same() -> None:
    turns = [Turn(PERSON, f"turn {i:02}") for i in range(40)]
    fitted = [fit(only_turns, talk(turns[:n]), letters, 140) for n in range(21, 28)]
    beginnings = {prompt.prompt.messages[1] for prompt in fitted}
    assert len(beginnings) == 1
    assert {prompt.dropped_turns for prompt in fitted} == {8}
