"""One record for every source; what cannot be learned from is refused with the row and the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mascot.alignment.preferences import (
    BlockPreference,
    Preference,
    check_preferences,
    read_preferences,
    write_preferences,
)
from mascot.alignment.preferences_expert import (
    ANOTHER_VOICE,
    BESIDE_THE_POINT,
    expert_blocks,
    expert_preferences,
)
from mascot.alignment.preferences_human import read_export
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.corpora.expert import expert_corpus
from mascot.errors import InputError
from tests.fixtures.judgements import study
from tests.unit.alignment.rewarding import exported, preference
from tests.unit.alignment.support import CAST


def test_preferences_are_the_same_after_they_were_written(tmp_path: Path) -> None:
    replies, blocks = expert_preferences()[:5], expert_blocks()[:2]
    write_preferences(tmp_path / "replies.jsonl", replies)
    write_preferences(tmp_path / "blocks.jsonl", blocks)
    assert read_preferences(tmp_path / "replies.jsonl", Preference) == replies
    assert read_preferences(tmp_path / "blocks.jsonl", BlockPreference) == blocks
    assert gather([str(tmp_path / "replies.jsonl")], Preference, CAST) == replies


def test_the_expert_corpus_gives_three_pairs_a_reply_and_never_one_across_parts() -> None:
    rows = expert_preferences()
    corpus = expert_corpus()
    assert len({row.id for row in rows}) == len(rows) == 3 * 4 * len(corpus)
    part = {reply.says: s.split for s in corpus for reply in s.replies.values()}
    for row in rows:
        assert part[row.chosen] == row.split
        if row.flaw in (ANOTHER_VOICE, BESIDE_THE_POINT):
            assert part[row.rejected] == row.split
        said = [turn.says for turn in row.context]
        assert row.chosen not in said
        assert row.rejected not in said
    assert len(rows[0].candidates[0].sample(CAST).prompt.shared) >= 2
    check_preferences(rows, "expert")


def test_a_redundant_reply_comes_after_all_others() -> None:
    rows = [row for row in expert_preferences() if row.flaw == "redundancy"]
    assert all(len(row.context) == 4 for row in rows)


def test_blocks_part_where_the_talks_do() -> None:
    for row in expert_blocks():
        good, bad = row.blocks
        assert good[: len(row.context)] == bad[: len(row.context)]
        assert row.chosen[0] != row.rejected[0]


def test_a_row_counts_by_how_often_it_is_the_wrong_way_round() -> None:
    assert preference(flip_rate=0).weight == 1
    assert preference(flip_rate=0.5).weight == 0
    assert preference(flip_rate=0.1).weight == pytest.approx(0.8)


def turned(row: Preference) -> Preference:
    """The contrary."""
    return row.model_copy(update={"id": "back", "chosen": row.rejected, "rejected": row.chosen})


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "holds no preference"),
        ([preference(7, rejected=" \n")], "row pair-7: the rejected completion is empty"),
        ([preference(7, rejected=preference(7).chosen)], "row pair-7: chosen and rejected are the same"),
        ([preference(7, flip_rate=0.5)], "thrown coins"),
        (
            [preference(7), preference(8), turned(preference(7))],
            "row back prefers what row pair-7 rejects",
        ),
    ],
)  # fmt: skip
def test_what_teaches_nothing_is_refused_with_row_and_reason(rows: list[Preference], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_preferences(rows, "mine.jsonl")


def test_a_file_that_is_none_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text(preference().model_dump_json() + "\n" + '{"source": "expert"}\n')
    with pytest.raises(InputError, match=r"p\.jsonl, line 2: id: Field required"):
        gather([str(file)], Preference, CAST)
    with pytest.raises(InputError, match="there is no file"):
        gather([str(tmp_path / "none.jsonl")], Preference, CAST)
    file.write_text("not JSON\n")
    with pytest.raises(InputError, match="line 1: not JSON"):
        gather([str(file)], Preference, CAST)


@pytest.mark.parametrize("format", ["dpo", "reward"])
def test_an_export_of_ratings_becomes_preferences(tmp_path: Path, format: str) -> None:
    rows = gather([str(exported(study(dialogues=8), format, tmp_path))], Preference, CAST)
    assert rows
    for row in rows:
        assert row.source == "human"
        assert row.persona == "catalyst"
        assert (row.action, row.tone) == ("ask what it meant", "curious")
        assert [turn.speaker for turn in row.context] == ["user", "anchor"]
        assert row.context[1].says.startswith("That hurts, plant")
        assert row.chosen.startswith("What did plant")
        assert 0 <= row.flip_rate <= 0.5
        assert (row.margin > 0) == (format == "reward")


def test_wanted_and_unwanted_completions_of_one_prompt_are_pairs(tmp_path: Path) -> None:
    rows = read_export(exported(study(dialogues=8), "kto", tmp_path), CAST)
    assert {type(row) for row in rows} <= {Preference, BlockPreference}
    assert len({row.id for row in rows}) == len(rows) > 0


def spoiled(file: Path, **changed: object) -> Path:
    """The export with its third row changed."""
    lines = file.read_text().splitlines()
    lines[2] = json.dumps(json.loads(lines[2]) | changed)
    file.write_text("\n".join(lines) + "\n")
    return file


def test_an_export_of_one_class_is_refused(tmp_path: Path) -> None:
    file = exported(study(dialogues=8), "kto", tmp_path)
    lines = [json.dumps(json.loads(line) | {"label": True}) for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=r"every row, from kto~\S+ to kto~\S+, is wanted"):
        read_export(file, CAST)


def test_an_empty_completion_is_refused_with_its_row(tmp_path: Path) -> None:
    empty = [{"role": "assistant", "name": "Catalyst", "content": ""}]
    file = spoiled(exported(study(dialogues=8), "dpo", tmp_path), chosen=empty)
    with pytest.raises(InputError, match=r"line 3, row dpo~\S+: the chosen completion is empty"):
        read_export(file, CAST)


def test_a_stranger_in_an_export_is_refused_with_its_row(tmp_path: Path) -> None:
    stranger = [{"role": "assistant", "name": "Oracle", "content": "I see."}]
    file = spoiled(exported(study(dialogues=8), "dpo", tmp_path), chosen=stranger)
    with pytest.raises(InputError, match=r"row dpo~\S+: 'Oracle' speaks"):
        read_export(file, CAST)


def test_a_file_that_is_no_export_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "ratings.jsonl"
    file.write_text('{"row": "a", "answer": 3}\n')
    with pytest.raises(InputError, match="line 1 is no row of an export"):
        read_export(file, CAST)


def test_the_checksum_is_of_what_is_learned() -> None:
    assert data_sha256([preference()]) == data_sha256([preference()])
    assert data_sha256([preference()]) != data_sha256([preference(margin=1.0)])
