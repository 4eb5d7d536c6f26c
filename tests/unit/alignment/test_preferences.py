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
    ONE_VOICE,
    expert_blocks,
    expert_preferences,
)
from mascot.alignment.preferences_human import read_export
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.conversation.transcript import PERSON
from mascot.corpora.dialogues import YIELD, group_dialogues
from mascot.corpora.expert import expert_corpus, split_of
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


def test_a_line_break_of_another_kind_is_no_end_of_a_line(tmp_path: Path) -> None:
    rows = [preference(chosen="One\u2028two\x85three."), preference(2)]
    write_preferences(tmp_path / "p.jsonl", rows)
    assert read_preferences(tmp_path / "p.jsonl", Preference) == rows
    odd = [{"role": "assistant", "name": "Catalyst", "content": "Why\u2028now?"}]
    file = spoiled(exported(study(dialogues=8), "dpo", tmp_path), False, chosen=odd)
    assert "Why\u2028now?" in [row.chosen for row in read_export(file, CAST)]


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


def test_a_talk_without_a_flawed_twin_stands_against_its_words_from_one_mouth() -> None:
    rows = [row for row in expert_blocks() if row.flaw == ONE_VOICE]
    assert len(rows) == 64
    for row in rows:
        good, bad = row.blocks
        assert [turn.says for turn in good] == [turn.says for turn in bad]
        assert len({turn.speaker for turn in bad} - {PERSON, YIELD}) == 1
    check_preferences(rows, "expert")


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


def test_an_export_of_another_kind_says_what_learns_from_it(tmp_path: Path) -> None:
    file = exported(study(dialogues=8), "dpo", tmp_path)
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for row in rows:
        row["persona"] = ""  # so that it is of the group
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert gather([str(file)], BlockPreference, CAST)
    with pytest.raises(InputError, match="are of what a whole group said: `align group-reward`"):
        gather([str(file)], Preference, CAST)


def test_an_export_that_was_put_together_with_itself_is_refused(tmp_path: Path) -> None:
    file = exported(study(dialogues=8), "dpo", tmp_path)
    file.write_text(2 * file.read_text("utf-8"), "utf-8")
    with pytest.raises(InputError, match="stands there twice"):
        gather([str(file)], Preference, CAST)


def test_under_another_directive_the_other_reply_may_be_better() -> None:
    row = preference(action="ask", tone="curious")
    turned = {"id": "back", "chosen": row.rejected, "rejected": row.chosen}
    check_preferences([row, row.model_copy(update=turned | {"action": "advise"})], "mine.jsonl")
    check_preferences([row, row.model_copy(update=turned | {"tone": "firm"})], "mine.jsonl")
    with pytest.raises(InputError, match="prefers what row"):
        check_preferences([row, row.model_copy(update=turned)], "mine.jsonl")


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


@pytest.mark.parametrize("known_by", ["its id", "its words"])
@pytest.mark.parametrize("format", ["dpo", "reward", "kto"])
def test_an_export_about_a_situation_of_the_corpus_is_in_the_part_of_that_situation(
    tmp_path: Path, format: str, known_by: str
) -> None:
    """A theme is in a part by its own hash: an id that falls into another would train on test situations."""
    beginnings = [(s.id, s.theme, s.text) for s in expert_corpus()]
    beginnings += [(d.id, d.theme, d.turns[0].says) for d in group_dialogues()]
    file = exported(study(dialogues=8), format, tmp_path)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for id, theme, text in beginnings[::40]:
        told = id if known_by == "its id" else "study-1/17"
        words = "Erased." if known_by == "its id" else f"  {text.upper()} "
        for row in rows:
            row["dialogue"] = told
            talks = [row["prompt"]] if row.get("prompt") else [row["chosen"], row["rejected"]]
            for talk in talks:
                first = next(m for m in talk if m["role"] == "user" and m["name"] in (None, "person"))
                first["content"] = words
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert {row.theme for row in read_export(file, CAST)} == {theme}
        assert {row.split for row in read_export(file, CAST)} == {split_of(theme)}


def test_an_export_about_anything_else_is_parted_by_its_dialogues(tmp_path: Path) -> None:
    file = exported(study(dialogues=8), "dpo", tmp_path)
    told = {json.loads(line)["dialogue"] for line in file.read_text().splitlines()}
    assert len(told) > 1
    assert {row.theme for row in read_export(file, CAST)} == told


def spoiled(file: Path, ensure_ascii: bool = True, **changed: object) -> Path:
    """The export with its third row changed."""
    lines = file.read_text().splitlines()
    lines[2] = json.dumps(json.loads(lines[2]) | changed, ensure_ascii=ensure_ascii)
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


USER = {"role": "user", "content": "My bus was late."}
SAYS = {"role": "assistant", "name": "Catalyst", "content": "Why?"}


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "My bus was late."},
        {"prompt": None},
        {"prompt": [USER, "no message"]},
        {"prompt": [{"content": "no role"}]},
        {"chosen": None},
        {"chosen": [SAYS, 5]},
        {"rejected": SAYS},
        {"margin": "much"},
        {"margin": [1]},
        {"flip_rate": "often"},
        {"flip_rate": 0.7},
        {"dialogue": None},
        {"criterion": 5},
        {"persona": ["catalyst"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("format", ["dpo", "reward"])
def test_a_row_of_another_shape_is_refused_with_its_number(
    tmp_path: Path, format: str, changed: dict[str, object]
) -> None:
    file = exported(study(dialogues=8), format, tmp_path)
    if format == "reward" and "prompt" in changed:
        changed = {"chosen": changed["prompt"]}
    with pytest.raises(InputError, match=r"line 3, row \S+: "):
        read_export(spoiled(file, True, **changed), CAST)


@pytest.mark.parametrize("changed", [{"prompt": None}, {"completion": "Why?"}, {"label": "yes"}], ids=str)
def test_a_completion_of_another_shape_is_refused_with_its_number(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    file = spoiled(exported(study(dialogues=8), "kto", tmp_path), True, **changed)
    with pytest.raises(InputError, match=r"line 3, row \S+: "):
        read_export(file, CAST)


def test_a_file_that_is_no_export_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "ratings.jsonl"
    file.write_text('{"row": "a", "answer": 3}\n')
    with pytest.raises(InputError, match="line 1 is no row of an export"):
        read_export(file, CAST)


def test_the_checksum_is_of_what_is_learned() -> None:
    assert data_sha256([preference()]) == data_sha256([preference()])
    assert data_sha256([preference()]) != data_sha256([preference(margin=1.0)])
