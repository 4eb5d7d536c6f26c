"""What a persona must not say never comes out, however the model's text falls into pieces."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mascot.conversation.events import Directive
from mascot.conversation.guards import NEAR, Guards
from mascot.conversation.layout import secrets
from mascot.conversation.personas import load_cast
from mascot.conversation.text import jaccard, words

CAST = load_cast()
ANCHOR = CAST["anchor"]
DIRECTIVE = Directive(agent="anchor", action=ANCHOR.repertoire[0], tone=ANCHOR.tones[0], score=1)
SECRETS = secrets(ANCHOR, DIRECTIVE)
LONG = next(line for line in SECRETS if len(words(line)) > 6 and "." not in line)
EARLIER = ["I lost my job and feel awful.", "That sounds heavy. You worked there for years."]

PARTS = [
    "Anchor", "The Anchor", "Catalyst", "Action  Guide", "_Beacon_", "User", "You", "Human", ":", "：", " ",
    "\n", ". ", "! ", "? ", "…", '"', "”", "“", "**", "- ", "(warmly)", "I hear you", "that is hard",
    "losing a job hurts", "Dr.", "3.5", "<|im_end|>", "<think>", "[INST]", "</s>", "As an AI", ", ", "—",
    *EARLIER, *SECRETS[:4], *ANCHOR.examples[0].says.split(". "),
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PARTS) | st.text("ab .,:!", max_size=6), max_size=14).map("".join)


def guards(max_sentences: int = 3) -> Guards:
    return Guards(ANCHOR, CAST, EARLIER, SECRETS, max_sentences)


def run(pieces: list[str], complete: bool = True, guarded: Guards | None = None) -> tuple[str, Guards]:
    guarded = guarded or guards()
    shown = "".join(guarded.feed(piece) for piece in pieces)
    return shown + guarded.finish(complete), guarded


@given(TEXT, st.lists(st.integers(0, 200), max_size=8), st.booleans())
@example("I saw Dr. Smith. Anchor (kind): You! : x", [10, 11], True)
def test_what_is_shown_and_counted_does_not_depend_on_the_pieces(
    text: str, cuts: list[int], complete: bool
) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    whole, one = run([text], complete)
    parts, many = run([text[a:b] for a, b in pairwise(edges)], complete)
    assert (parts, many.caught) == (whole, one.caught)


@given(TEXT, st.booleans())
def test_nothing_that_must_not_be_said_comes_out(text: str, complete: bool) -> None:
    shown, guarded = run([text], complete)
    assert guarded.said == shown
    names = r"(?:anchor|catalyst|beacon|action[\s_-]*guide|user|you|human)"
    assert not re.search(rf"(?:^|[.!?…]\s*)[\W_]*(?:the )?{names}[\s\"*]*[:：]", shown, re.I)
    assert not re.search(r"<\||<think>|\[INST\]|</s>|\bas an ai\b", shown, re.I)
    runs = {tuple(words(s)[i : i + 6]) for s in SECRETS for i in range(len(words(s)) - 5)}
    spoken = words(shown)
    assert not runs & {tuple(spoken[i : i + 6]) for i in range(len(spoken) - 5)}
    if shown:
        assert all(jaccard(shown, text) < NEAR for text in EARLIER)


@given(TEXT, st.booleans())
def test_only_whole_sentences_come_out(text: str, complete: bool) -> None:
    shown, _ = run([text], complete)
    if shown:
        assert re.search(r"[.!?…][\"'”’)\]]*$", shown)
        assert shown == " ".join(shown.split())


@given(TEXT, st.integers(1, 3))
def test_no_more_sentences_come_out_than_allowed(text: str, most: int) -> None:
    guarded = guards(most)
    shown = [guarded.feed(character) for character in text] + [guarded.finish(True)]
    assert sum(bool(words(one)) for one in shown) <= most


@pytest.mark.parametrize(
    ("text", "shown", "caught"),
    [
        ("Anchor: That must be so hard.", "That must be so hard.", {"name": 1}),
        ("**Anchor (gently):** I am with you.", "I am with you.", {"name": 1}),
        ("Anchor: Anchor: I am with you.", "I am with you.", {"name": 2}),
        ("I am with you. Catalyst: What now?", "I am with you.", {"other_voice": 1}),
        ("I am with you.\nUser: thanks", "I am with you.", {"other_voice": 1}),
        ("I am with you\nAction  Guide: Make a list.", "I am with you.", {"other_voice": 1}),
        ("He left.” Catalyst: Go on. Now", "He left.", {"other_voice": 1}),
        ("_Catalyst_: Go on.", "", {"other_voice": 1}),
        ("I am with you (The Catalyst (gently): Go on.", "I am with you.", {"other_voice": 1}),
        ("What I told the Catalyst: go on.", "What I told the Catalyst: go on.", {}),
        ("Here is what I hear from you: pain.", "Here is what I hear from you: pain.", {}),
        ("I am here. <|im_start|>assistant hello. Rest now.", "I am here. Rest now.", {"leak": 1}),
        (f"I say: {LONG}. Rest now.", "Rest now.", {"leak": 1}),
        ("That sounds heavy. Rest now.", "Rest now.", {"repetition": 1}),
        ("It is ok. It is ok. Rest.", "It is ok. Rest.", {"repetition": 1}),
        ("to be here to be here to be here to be here now.", "", {"loop": 1}),
        ("One a. Two b. Three c. Four d.", "One a. Two b. Three c.", {"length": 1}),
        ("One a. Two b. Three c. ", "One a. Two b. Three c.", {}),
        ('"I am here. You are not alone."', "I am here. You are not alone.", {}),
        ("I saw Dr. Smith. ", "I saw Dr. Smith.", {}),
        ("I am with you", "I am with you.", {}),
    ],
)
def test_each_guard_catches_its_own(text: str, shown: str, caught: dict[str, int]) -> None:
    for pieces in ([text], list(text)):
        result, guarded = run(pieces)
        assert (result, dict(guarded.caught)) == (shown, caught)


def test_a_model_that_only_makes_marks_is_read_as_fast_as_it_makes_them() -> None:
    """One that was told to: to read each run of marks anew at every colon kept the server for minutes."""
    shown, guarded = run([*('*("' * 1500), *(":" * 1000), "\nUser: go on"])
    assert shown == ""
    assert guarded.caught["other_voice"] == 1


@pytest.mark.parametrize(
    ("text", "shown", "caught"),
    [
        ("I am here. And you are", "I am here.", {"cut": 1}),
        ("I am here. Rest now.", "I am here. Rest now.", {}),
        ("I am here, and then some", "I am here …", {"cut": 1}),
        ("That cost 3.", "That cost 3. …", {"cut": 1}),
        ("I am here.", "I am here.", {}),
    ],
)
def test_text_that_was_cut_off_ends_in_a_whole_sentence(
    text: str, shown: str, caught: dict[str, int]
) -> None:
    result, guarded = run([text], complete=False)
    assert (result, dict(guarded.caught)) == (shown, caught)


def test_a_leak_is_caught_across_the_end_of_a_sentence() -> None:
    guarded = Guards(ANCHOR, CAST, [], ["Warm and slow. Stays with the feeling, always."])
    shown, _ = run(["I am warm and slow. Stays with the feeling."], True, guarded)
    assert shown == "I am warm and slow."
    assert guarded.caught == {"leak": 1}


def test_sentences_come_out_as_soon_as_they_are_whole() -> None:
    guarded = guards()
    assert guarded.feed("I am here") == ""
    assert guarded.feed(". Are") == "I am here."
    assert guarded.feed(" you safe? ") == " Are you safe?"
    assert not guarded.done
    assert guarded.finish(True) == ""
    assert guarded.feed("More. ") == ""


def test_a_sentence_that_would_hurt_is_dropped_and_the_rest_is_said() -> None:
    guarded = Guards(ANCHOR, CAST, EARLIER, harmful=lambda sentence: "knife" in sentence)
    shown, guarded = run(["This is heavy. Take the knife. Breathe with me."], guarded=guarded)
    assert shown == "This is heavy. Breathe with me."
    assert guarded.caught == {"harm": 1}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(Smiling warmly) You did it.", "You did it."),
        ("You did it. *nods slowly* Now rest.", "You did it. Now rest."),
        ("Two times 2 * 3 * 4 is more (I think).", "Two times 2 * 3 * 4 is more (I think)."),
    ],
)
def test_what_is_done_and_not_said_is_taken_off(text: str, shown: str) -> None:
    assert run([text])[0] == shown
