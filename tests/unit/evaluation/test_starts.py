"""Which first messages are measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mascot.evaluation.starts import ed_starts


def dialogues(tmp_path: Path, count: int) -> Path:
    path = tmp_path / "valid.csv"
    rows = "".join(f"c{i},1,proud,p,0,message {i},,\nc{i},2,proud,p,1,Oh.,,\n" for i in range(count))
    path.write_text("conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags\n" + rows)
    return path


@pytest.mark.parametrize(
    ("count", "taken"),
    [
        (3, [0, 1, 2]),
        (4, [0, 1, 2, 3]),
        (5, [0, 1, 2, 3]),
        (6, [0, 1, 3, 4]),
        (7, [0, 1, 3, 5]),
        (8, [0, 2, 4, 6]),  # from here on every so manyth, as published runs have taken them
        (11, [0, 2, 4, 6]),
        (12, [0, 3, 6, 9]),
    ],
)
def test_first_messages_are_spread_over_the_file_however_few_it_has(
    tmp_path: Path, count: int, taken: list[int]
) -> None:
    found = ed_starts(dialogues(tmp_path, count), 4, lambda text: True)
    assert [start.text for start in found] == [f"message {i}" for i in taken]


def test_messages_for_the_crisis_path_are_left_out_and_others_take_their_places(tmp_path: Path) -> None:
    found = ed_starts(dialogues(tmp_path, 6), 4, lambda text: text not in ("message 0", "message 3"))
    assert [start.text for start in found] == ["message 1", "message 2", "message 4", "message 5"]
