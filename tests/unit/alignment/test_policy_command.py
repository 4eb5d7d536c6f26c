"""`align persona`, `align group` and `align dpo` as they are typed: to the end, killed, resumed, refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mascot import cli
from mascot.adapters.lineage import lineage_of_training
from mascot.alignment import policy_session
from mascot.alignment.dpo_session import drawn
from mascot.alignment.group_stage import GroupStage
from mascot.alignment.policy_recipe import DpoRecipe, PolicyRecipe
from mascot.alignment.policy_run import PolicyRun
from mascot.alignment.preferences import Preference, write_preferences
from mascot.alignment.preferences_expert import expert_blocks, expert_preferences
from mascot.alignment.rewards import load
from mascot.alignment.rewards.group import GroupRecipe
from mascot.alignment.rewards.light import LightRecipe
from mascot.alignment.rewards.training import train_group, train_light
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.sft import Base
from mascot.alignment.student import WEIGHTS
from mascot.alignment.table import Table
from mascot.settings import Settings
from tests.fixtures.judgements import study
from tests.fixtures.trackers import stand_in_trackio
from tests.unit.alignment.rewarding import Hashed, exported, preference
from tests.unit.alignment.support import CAST, tiny_base

SMALL = ["--places", "1", "--group", "2", "--limit", "4", "--dev-places", "1", "--threads", "1"]
STEPS = ["--steps", "12", "--every", "6"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is set, the embedded model is tiny, and its embedder knows words only."""
    threads = torch.get_num_threads()
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MASCOT_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(policy_session, "embedded_base", lambda *_: Base(tiny_base(), "tiny/tiny", "0" * 64))
    monkeypatch.setattr(policy_session, "_unseen", lambda: None)
    monkeypatch.setattr(load, "MiniLM", lambda _: Hashed())
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def rewards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward for replies and one for groups, in `own` and `group`."""
    folder = tmp_path_factory.mktemp("rewards")
    train_light(expert_preferences()[::9], Hashed(), LightRecipe(), folder / "own")
    train_group(expert_blocks(), Hashed(), GroupRecipe(), folder / "group", CAST)
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Adapters of the tiny model to begin with, the personas' and the director's."""
    folder = tmp_path_factory.mktemp("start")
    table = Table(tiny_base(), CAST, PolicyRecipe(rank=2, alpha=4))
    for name in (*CAST.ids, DIRECTOR):
        table.student.save(folder / name, table.encode.invocation, "tiny/tiny")
    return folder


def persona(start: Path, rewards: Path, out: str, *more: str) -> list[str]:
    begun = ["align", "persona", "--personas", "anchor", "--start", str(start), "--out", out]
    return [*begun, "--reward", str(rewards / "own"), *SMALL, *STEPS, *more]


def dpo(start: Path, file: Path, *more: str) -> list[str]:
    begun = ["align", "dpo", str(file), "--start", str(start), "--out", "out", "--epochs", "1"]
    return [*begun, "--threads", "1", *more]


def refused(arguments: list[str], captured: Captured) -> str:
    """The one line on standard error with which the command ended."""
    captured.readouterr()
    assert cli.main(arguments) == 2
    output = captured.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    return output.err


class KilledError(BaseException):
    """The process is gone."""


def test_stage_1_killed_after_a_checkpoint_and_resumed_leaves_the_same_adapter(
    start: Path, rewards: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    told = stand_in_trackio(monkeypatch)
    assert cli.main(persona(start, rewards, "whole", "--log", "trackio")) == 0
    assert told.runs == ["whole/anchor"]
    assert {"train/reward", "dev/objective"} <= told.figures("whole/anchor")
    assert capsys.readouterr().out == "trained into whole\n"
    lineage = lineage_of_training(Path("whole/anchor"))
    assert lineage.name == "anchor"
    assert lineage.settings["steps"] == lineage.metrics["steps"] == 12

    save = PolicyRun._save

    def save_and_die(run: PolicyRun) -> None:
        save(run)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(PolicyRun, "_save", save_and_die)
        with pytest.raises(KilledError):
            cli.main(persona(start, rewards, "killed"))
    assert Path("killed/anchor/checkpoint.pt").is_file()
    assert "killed is not empty: --resume goes on" in refused(persona(start, rewards, "killed"), capsys)
    other = persona(start, rewards, "killed", "--resume", "--seed", "7")
    assert "a run with other settings or data" in refused(other, capsys)

    assert cli.main(persona(start, rewards, "killed", "--resume")) == 0
    expected, found = (load_file(Path(out, "anchor", WEIGHTS)) for out in ("whole", "killed"))
    assert all(torch.equal(found[name], weight) for name, weight in expected.items())
    finished = Path("killed/anchor", WEIGHTS).stat().st_mtime_ns
    assert cli.main(persona(start, rewards, "killed", "--resume")) == 0
    assert Path("killed/anchor", WEIGHTS).stat().st_mtime_ns == finished
    assert "killed/anchor was trained with another data" in refused(other, capsys)
    Path("killed/anchor/training.json").write_text("{")
    damaged = refused(persona(start, rewards, "killed", "--resume"), capsys)
    assert "killed/anchor/training.json is damaged" in damaged


def group(start: Path, rewards: Path, *more: str) -> list[str]:
    begun = ["align", "group", "--start", str(start), "--out", "out", "--reward", str(rewards / "own")]
    return [*begun, "--group-reward", str(rewards / "group"), "--steps", "1", "--turns", "2", *SMALL, *more]


def test_stage_2_killed_between_two_adapters_learns_nothing_again(
    start: Path, rewards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, written = policy_session.write_adapter, []

    def write_two_and_die(*arguments: Any) -> None:
        if len(written) == 2:
            raise KilledError
        written.append(write(*arguments))

    with monkeypatch.context() as patched:
        patched.setattr(policy_session, "write_adapter", write_two_and_die)
        with pytest.raises(KilledError):
            cli.main(group(start, rewards))
    monkeypatch.setattr(GroupStage, "step", lambda *_: pytest.fail("a step was made again"))
    assert cli.main(group(start, rewards, "--resume")) == 0
    assert all(lineage_of_training(Path("out", name)).name == name for name in (*CAST.ids, DIRECTOR))


def director(start: Path, group: Path, *more: str) -> list[str]:
    begun = ["align", "director", "--start", str(start), "--out", "out", "--group-reward", str(group)]
    return [*begun, "--steps", "2", "--places", "2", "--group", "3", "--dev-places", "2", *more]


def test_a_director_that_learned_by_itself_can_begin_stage_2(start: Path, rewards: Path) -> None:
    assert cli.main(director(start, rewards / "group")) == 0
    lineage = lineage_of_training(Path("out", DIRECTOR))
    assert (lineage.name, lineage.settings["steps"]) == (DIRECTOR, 2)
    assert {"reward_before", "reward", "as_experts_task", "kl"} <= lineage.metrics.keys()
    assert Path("out/rewards.png").is_file()
    both = Path("both")
    shutil.copytree(start, both)
    shutil.copytree(Path("out", DIRECTOR), both / DIRECTOR, dirs_exist_ok=True)
    assert cli.main(group(both, rewards, "--out", "later")) == 0


def test_a_group_reward_without_directives_teaches_no_director(
    start: Path, rewards: Path, capsys: Captured
) -> None:
    shutil.copytree(rewards / "group", "older")
    record = json.loads(Path("older/reward.json").read_text("utf-8"))
    del record["directives"]
    Path("older/reward.json").write_text(json.dumps(record), "utf-8")
    assert "knows nothing of directives: train it anew" in refused(director(start, Path("older")), capsys)


@pytest.mark.parametrize("out", ["out", "anchor"])
def test_stage_2_leaves_an_adapter_for_everybody(start: Path, rewards: Path, out: str) -> None:
    assert cli.main(group(start, rewards, "--out", out)) == 0
    for name in (*CAST.ids, DIRECTOR):
        lineage = lineage_of_training(Path(out, name))
        assert (lineage.name, lineage.settings["turns"]) == (name, 2)


def themed(number: int, part: str, **changed: object) -> Preference:
    """A pair that belongs to a part."""
    themes = (f"theme {number}/{i}" for i in range(1000))
    return next(row for theme in themes if (row := preference(number, theme=theme, **changed)).split == part)


def test_a_share_of_the_pairs_is_of_every_part_and_within_a_larger_one() -> None:
    rows = [themed(i, part) for i, part in enumerate(["train"] * 8 + ["dev"] * 4)]
    half, quarter = (drawn(rows, DpoRecipe(share=share)) for share in (0.5, 0.25))
    assert [row.split for row in half].count("train") == 4
    assert [row.split for row in half].count("dev") == 2
    assert {row.id for row in quarter} < {row.id for row in half}
    assert len(quarter) == 3


def two_personas() -> list[Preference]:
    return [
        themed(10 * i + j, part, persona=name)
        for i, name in enumerate(("anchor", "beacon"))
        for j, part in enumerate(("train", "train", "dev"))
    ]


def test_dpo_trains_every_persona_that_there_are_preferences_for(
    start: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    told = stand_in_trackio(monkeypatch)
    write_preferences(Path("pairs.jsonl"), two_personas())
    assert cli.main(dpo(start, Path("pairs.jsonl"), "--log", "trackio")) == 0
    assert told.runs == ["out/anchor", "out/beacon"]
    assert {"dev/loss", "train/loss"} <= told.figures("out/beacon")
    trained = {name: load_file(Path("out", name, WEIGHTS)) for name in ("anchor", "beacon")}
    # Each began from its own adapter and not from what the one before it had learned.
    alone = [row for row in two_personas() if row.persona == "beacon"]
    write_preferences(Path("pairs.jsonl"), alone)
    again = dpo(start, Path("pairs.jsonl"))
    again[again.index("out")] = "alone"
    assert cli.main(again) == 0
    beacon = load_file(Path("alone/beacon", WEIGHTS))
    assert all(torch.equal(trained["beacon"][name], weight) for name, weight in beacon.items())
    assert not Path("out/catalyst").exists()
    write_preferences(Path("pairs.jsonl"), two_personas())
    told = dpo(start, Path("pairs.jsonl"), "--resume", "--beta", "0.3")
    assert "out/anchor was trained with another recipe" in refused(told, capsys)


ROWS = two_personas()
TURNED = ROWS[1].model_copy(update={"id": "back", "chosen": ROWS[1].rejected, "rejected": ROWS[1].chosen})


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "has no row: there is nothing to learn from"),
        ([*ROWS, TURNED], "row back prefers what row pair-1 rejects"),
        ([*ROWS, themed(99, "train", rejected=" ")], "row pair-99: the rejected completion is empty"),
        ([*ROWS, themed(99, "train", chosen="No.", rejected="No.")], "row pair-99: chosen and rejected are"),
        ([row.model_copy(update={"flip_rate": 0.5}) for row in ROWS], "are thrown coins"),
        (ROWS[:2], "no preferences for anchor in train or in dev"),
        (
            [row.model_copy(update={"flip_rate": 0.5}) if row.split == "train" else row for row in ROWS],
            "no preferences for anchor in train or in dev that are worth more than a coin",
        ),
    ],
)
def test_preferences_that_teach_nothing_true_are_refused_with_the_row(
    start: Path, capsys: Captured, rows: list[Preference], reason: str
) -> None:
    write_preferences(Path("pairs.jsonl"), rows)
    assert reason in refused(dpo(start, Path("pairs.jsonl")), capsys)
    assert not Path("out").exists()


@pytest.mark.parametrize("label", [True, False])
def test_an_export_of_one_class_is_refused(
    start: Path, tmp_path: Path, capsys: Captured, label: bool
) -> None:
    file = exported(study(dialogues=4), "kto", tmp_path / "export")
    lines = [json.dumps(json.loads(line) | {"label": label}) for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines) + "\n")
    assert "every row, from kto~" in refused(dpo(start, file), capsys)


def test_an_empty_completion_in_an_export_is_refused_with_line_and_row(
    start: Path, tmp_path: Path, capsys: Captured
) -> None:
    file = exported(study(dialogues=4), "dpo", tmp_path / "export")
    lines = file.read_text().splitlines()
    empty = {"chosen": [{"role": "assistant", "name": "Catalyst", "content": ""}]}
    lines[1] = json.dumps(json.loads(lines[1]) | empty)
    file.write_text("\n".join(lines) + "\n")
    assert "line 2, row dpo~" in (line := refused(dpo(start, file), capsys))
    assert "the chosen completion is empty" in line


def test_an_adapter_of_another_base_model_is_refused(start: Path, rewards: Path, capsys: Captured) -> None:
    """By its record, and without one by its shape; by every command that begins with it."""
    write_preferences(Path("pairs.jsonl"), ROWS)
    table = Table(tiny_base(), CAST, PolicyRecipe(rank=2, alpha=4))
    for name in (*CAST.ids, DIRECTOR):
        table.student.save(Path("other", name), table.encode.invocation, "big/big")
        Path("other", name, "training.json").write_text(json.dumps({"base": {"sha256": "f" * 64}}))
    for command in (
        persona(Path("other"), rewards, "out"),
        group(Path("other"), rewards),
        dpo(Path("other"), Path("pairs.jsonl")),
    ):
        assert "was trained for another base model than tiny/tiny" in refused(command, capsys)


def test_what_was_mistyped_is_one_line(start: Path, rewards: Path, capsys: Captured) -> None:
    told = persona(start, rewards, "out")
    told[told.index("anchor")] = "oracle"
    assert "there is no persona 'oracle': choose from anchor" in refused(told, capsys)
    assert "--group 1 is not usable" in refused(persona(start, rewards, "out", "--group", "1"), capsys)
    endless = persona(start, rewards, "out", "--temperature", "inf")
    assert "--temperature inf is not usable" in refused(endless, capsys)
    told = persona(start, rewards / "elsewhere", "out")
    assert "no training of a reward has finished there" in refused(told, capsys)
    told = persona(start / "elsewhere", rewards, "out")
    assert "holds no readable adapter" in refused(told, capsys)
    told = dpo(start, Path("none.jsonl"))
    assert "there is no file none.jsonl" in refused(told, capsys)
