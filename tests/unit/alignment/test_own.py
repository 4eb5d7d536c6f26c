"""Replies of a persona of one's own become samples, or are refused by line and field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mascot.alignment.own import OwnReply, own_samples, read_replies
from mascot.errors import InputError
from tests.unit.alignment.support import CAST

CARD = CAST["beacon"]


def reply(number: int, **changed: str) -> OwnReply:
    fields = {
        "text": f"Message {number}",
        "action": CARD.repertoire[0],
        "tone": CARD.tones[0],
        "says": f"Answer {number}",
    }
    return OwnReply(**{**fields, **changed})


def test_one_in_five_measures_and_none_is_in_both_parts() -> None:
    train, dev = own_samples("beacon", [reply(i) for i in range(40)], CAST)
    assert (len(train), len(dev)) == (32, 8)
    assert len({sample.reply for sample in (*train, *dev)}) == 40


def test_replies_to_one_text_are_all_in_one_part() -> None:
    replies = [reply(i, says=f"Answer {i}.{way}") for i in range(20) for way in range(3)]
    train, dev = own_samples("beacon", replies, CAST)
    learned, measured = ({sample.prompt.shared[-1].content for sample in part} for part in (train, dev))
    assert (len(train), len(dev)) == (48, 12)
    assert not learned & measured


def test_which_ones_measure_does_not_depend_on_the_order_of_the_file() -> None:
    replies = [reply(i) for i in range(20)]
    assert own_samples("beacon", replies, CAST) == own_samples("beacon", replies[::-1], CAST)


def test_the_sample_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text(json.dumps(reply(1).model_dump()) + "\n\n")
    (sample,) = own_samples("beacon", read_replies(file), CAST)[1]
    assert sample.reply == "Answer 1"
    assert sample.prompt.shared[-1].content == "Message 1"
    assert CARD.repertoire[0] in sample.prompt.cue[0].content


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: the line"),
        ('{"text": "a", "action": "b", "tone": "c"}', "line 2: says: Field required"),
        ('{"text": "", "action": "b", "tone": "c", "says": "d"}', "line 2: text"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    file = tmp_path / "replies.jsonl"
    file.write_text(json.dumps(reply(1).model_dump()) + "\n" + line + "\n")
    with pytest.raises(InputError, match=complaint):
        read_replies(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_replies(tmp_path / "nowhere.jsonl")


@pytest.mark.parametrize("what", ["action", "tone"])
def test_a_directive_that_the_card_does_not_have_is_refused(what: str) -> None:
    with pytest.raises(InputError, match=f"'fly' is no {what} of Beacon"):
        own_samples("beacon", [reply(1, **{what: "fly"})], CAST)
