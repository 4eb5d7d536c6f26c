"""`align large` with the shipped configurations; what needs GPUs is checked as far as a processor can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from safetensors.torch import load_file

from mascot import cli
from mascot.adapters.lineage import lineage_of_training
from mascot.alignment import large
from mascot.alignment.preferences import write_preferences
from mascot.alignment.preferences_expert import expert_preferences
from mascot.alignment.rewards import load
from mascot.alignment.rewards.light import LightRecipe
from mascot.alignment.rewards.training import train_light
from mascot.alignment.shaping import Spoken, Worth
from tests.fixtures.tiny import tiny
from tests.unit.alignment.rewarding import Hashed, preference
from tests.unit.alignment.support import CAST

pytest.importorskip("trl")
pytest.importorskip("datasets")
SHIPPED = Path(large.__file__).parent / "accelerate"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(tmp_path_factory.mktemp("tiny") / "model", context=4096)


def test_two_processes_train_one_adapter_and_leave_its_lineage(model: Path, tmp_path: Path) -> None:
    """On processors over gloo, each with its own pairs; accelerate cuts no base into pieces there."""
    rows = [row for i in range(12) if (row := preference(i)).split == "train"]
    write_preferences(tmp_path / "pairs.jsonl", rows)
    command = ["-m", "accelerate.commands.accelerate_cli", "launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--mixed_precision", "no", "--num_machines", "1", "--dynamo_backend", "no"]
    command += ["-m", "mascot", "align", "large", "dpo"]
    command += ["pairs.jsonl", "--model", str(model), "--persona", "anchor", "--out", "out"]
    found = subprocess.run(
        [sys.executable, *command, "--steps", "2", "--batch", "2", "--rank", "4"],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    lineage = lineage_of_training(tmp_path / "out" / "anchor")
    assert (lineage.name, lineage.base_hash) == ("anchor", "file:model")
    assert (lineage.settings["processes"], lineage.settings["distributed"]) == (2, "MULTI_CPU")
    assert lineage.metrics["steps"] == 2
    trained = load_file(tmp_path / "out" / "anchor" / "adapter_model.safetensors")
    assert all(4 in weight.shape for weight in trained.values())
    assert any(weight.any() for name, weight in trained.items() if "lora_B" in name)
    config = json.loads((tmp_path / "out" / "anchor" / "adapter_config.json").read_text())
    assert config["alora_invocation_tokens"]


def test_the_shipped_configurations_are_what_accelerate_takes_them_for() -> None:
    read = {}
    for name in ("fsdp2", "deepspeed"):
        command = ["--config_file", str(SHIPPED / f"{name}.yaml"), "-m", "mascot"]
        read[name], _, _ = _validate_launch_command(launch_command_parser().parse_args(command))
    assert (read["fsdp2"].use_fsdp, int(read["fsdp2"].fsdp_version)) == (True, 2)
    assert (read["deepspeed"].use_deepspeed, int(read["deepspeed"].zero_stage)) == (True, 3)


def test_four_bits_are_refused_without_cuda_and_their_settings_are_whole(
    model: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.chdir(tmp_path)
    command = ["align", "large", "dpo", "--model", str(model), "--persona", "anchor", "--out", "out"]
    capsys.readouterr()
    assert cli.main([*command, "--quantization", "nf4"]) == 2
    assert capsys.readouterr().err == (
        "mascot: --quantization nf4: 4-bit bases are for CUDA, and torch sees no GPU here\n"
    )
    settings = large.four_bits()
    assert settings.quantization_method() == "nf4"
    # FSDP cuts only what is stored as the type that it computes with.
    assert settings.bnb_4bit_quant_storage == settings.bnb_4bit_compute_dtype == torch.bfloat16


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_grpo_is_rewarded_as_stage_1_is(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(load, "MiniLM", lambda _: Hashed())
    train_light(expert_preferences()[::40], Hashed(), LightRecipe(), tmp_path / "reward")
    command = ["align", "large", "grpo", "--model", str(model), "--persona", "anchor", "--out", "out"]
    assert cli.main(command) == 2
    assert "grpo needs --reward" in capsys.readouterr().err
    command += ["--steps", "1", "--batch", "2", "--group", "2", "--limit", "4", "--rank", "4"]
    assert cli.main([*command, "--reward", "reward"]) == 0
    lineage = lineage_of_training(Path("out/anchor"))
    assert (lineage.settings["method"], lineage.metrics["steps"]) == ("grpo", 1)


def test_an_act_has_ended_if_its_last_token_ends_it_however_long_it_is(model: Path, tmp_path: Path) -> None:
    heard: list[Spoken] = []

    def worth(spoken: list[Spoken]) -> list[Worth]:
        heard.extend(spoken)
        return [Worth("", 0.0, 0.0, 0.0, 0.0, 0) for _ in spoken]

    place = next(candidate for row in expert_preferences()[:1] for candidate in row.candidates)
    recipe = large.LargeRecipe(batch=2, group=2, limit=4, rank=4)
    base, tokenizer = large.load_base(str(model), "none")
    trainer = large.grpo_trainer(base, tokenizer, CAST, [place], cast(Any, worth), recipe, tmp_path)
    end = tokenizer.eos_token_id
    acts = [[65, 66, 67, end], [65, 66, 67, 68], [65, end]]
    trainer.reward_funcs[0](completions=["ABC", "ABCD", "A"], completion_ids=acts, place=[0, 0, 0])
    assert [one.ended for one in heard] == [True, False, True]


def test_preferences_that_are_all_thrown_coins_are_refused_before_a_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [preference(i, flip_rate=0.5) for i in range(12)] + [preference(12, persona="beacon")]
    write_preferences(Path("pairs.jsonl"), rows)
    command = ["align", "large", "dpo", "pairs.jsonl", "--model", "none", "--persona", "anchor"]
    assert cli.main([*command, "--out", "out"]) == 2
    assert "no preferences for anchor in train that are worth more than a coin" in capsys.readouterr().err
