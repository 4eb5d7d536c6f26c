"""The first messages that lie beside finished dialogues."""

from __future__ import annotations

from pathlib import Path

from mascot.evaluation.dialogue import Start
from studies.prepare.sources import read_starts, write_starts


def test_a_line_break_of_another_kind_in_a_first_message_is_no_end_of_a_line(tmp_path: Path) -> None:
    said = "Pasted from a document:\u2028two lines.\x85And a third."
    starts = [Start(id=id, source="mine", domain="work", emotion="sad", text=said) for id in ("one", "two")]
    write_starts(tmp_path, starts)
    assert read_starts(tmp_path) == starts
