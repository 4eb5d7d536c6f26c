"""Every format is read by the trainer it is made for, which then takes two real steps with it.

The model has 60,000 random weights and one token per byte; files are read back from disk as a user would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annotations.exports.comparisons import Judged
from annotations.exports.dataset import Request, data_file, write_judged
from annotations.exports.formats import FORMATS
from annotations.exports.splits import Shares
from mascot.conversation.personas import load_cast
from tests.fixtures.judgements import study
from tests.unit.engines.test_hf import tiny

datasets = pytest.importorskip("datasets")
trl = pytest.importorskip("trl")

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
STEPS = 2
ARGUMENTS: dict[str, Any] = {
    "max_steps": STEPS,
    "per_device_train_batch_size": 2,
    "learning_rate": 1e-3,
    "use_cpu": True,
    "bf16": False,
    "activation_checkpointing": False,
    "report_to": "none",
    "disable_tqdm": True,
    "save_strategy": "no",
    "logging_steps": 1,
}
PRM = "trl==1.13.0"
"""The last release with a process-reward trainer (huggingface/trl#7133 took it out)."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "dataset"
    everything = Shares(validation=0, test=0)
    write_judged(_judgements, Request(tuple(FORMATS.values()), load_cast(), shares=everything), folder)
    return folder


def _judgements(words: bool) -> list[Judged]:
    return study(dialogues=4)


def rows(folder: Path, format: str, kind: str = "parquet") -> Any:
    datasets.disable_progress_bars()
    file = str(folder / data_file(format, "train", kind))  # type: ignore[arg-type]
    reader = {"parquet": "parquet", "jsonl": "json"}[kind]
    return datasets.load_dataset(reader, data_files=file, split="train", cache_dir=str(folder / "cache"))


def train(trainer: Any) -> dict[str, Any]:
    """Two steps; what was logged at the second."""
    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.train()
    assert trainer.state.global_step == STEPS
    assert any((p != q).any() for p, q in zip(trainer.model.parameters(), before, strict=True))
    return trainer.state.log_history[-2]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_dpo_learns_from_preferences_with_the_measured_flip_rate(
    folder: Path, model: str, tmp_path: Path, kind: str
) -> None:
    data = rows(folder, "dpo", kind)
    flips = data["flip_rate"]
    arguments = trl.DPOConfig(
        output_dir=str(tmp_path),
        loss_type="robust",
        label_smoothing=sum(flips) / len(flips),
        **ARGUMENTS,
    )
    assert 0 < arguments.label_smoothing < 0.5
    log = train(trl.DPOTrainer(model=model, args=arguments, train_dataset=data))
    assert log["rewards/margins"] != 0


def test_a_reward_model_learns_with_the_margins(folder: Path, model: str, tmp_path: Path) -> None:
    data = rows(folder, "reward")
    assert min(data["margin"]) > 0
    arguments = trl.RewardConfig(output_dir=str(tmp_path), **ARGUMENTS)
    trainer = trl.RewardTrainer(model=model, args=arguments, train_dataset=data)
    assert "margin" in next(iter(trainer.get_train_dataloader()))
    assert "accuracy" in train(trainer)


def test_kto_learns_from_what_is_wanted_and_what_is_not(folder: Path, model: str, tmp_path: Path) -> None:
    data = rows(folder, "kto")
    assert set(data["label"]) == {True, False}
    arguments = trl.KTOConfig(output_dir=str(tmp_path), **ARGUMENTS)
    assert "kl" in train(trl.KTOTrainer(model=model, args=arguments, train_dataset=data))


def test_grpo_samples_at_the_prompts_and_rewards_see_the_references(
    folder: Path, model: str, tmp_path: Path
) -> None:
    seen: list[Any] = []

    def reward(completions: list[Any], references: list[Any], persona: list[str], **_: Any) -> list[float]:
        seen.extend(zip(references, persona, strict=True))
        return [float(i % 2) for i in range(len(completions))]

    arguments = trl.GRPOConfig(
        output_dir=str(tmp_path), num_generations=2, max_completion_length=4, **ARGUMENTS
    )
    trainer = trl.GRPOTrainer(
        model=model, args=arguments, train_dataset=rows(folder, "grpo"), reward_funcs=reward
    )
    assert train(trainer)["reward"] == 0.5
    assert all(
        0 <= each["score"] <= 5 and each["completion"] for references, _ in seen for each in references
    )


def test_a_supervised_trainer_reads_the_director_s_decisions(
    folder: Path, model: str, tmp_path: Path
) -> None:
    data = rows(folder, "director").filter(lambda row: row["label"]).select_columns(["prompt", "completion"])
    arguments = trl.SFTConfig(output_dir=str(tmp_path), **ARGUMENTS)
    assert train(trl.SFTTrainer(model=model, args=arguments, train_dataset=data))["loss"] > 0


def test_a_process_reward_model_learns_from_the_steps(
    folder: Path, model: str, tmp_path: Path, older_trl: Path
) -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROCESS_REWARD, model, str(folder), str(tmp_path), json.dumps(ARGUMENTS)],
        env={**os.environ, "PYTHONPATH": str(older_trl), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]
    told = json.loads(found.stdout.splitlines()[-1])
    assert told == {"version": "1.13.0", "steps": STEPS, "labelled": told["labelled"], "moved": True}
    assert told["labelled"] >= 4


PROCESS_REWARD = """
import json, sys
from datasets import load_dataset
from transformers import AutoModelForTokenClassification, AutoTokenizer
import trl
from trl.experimental.prm import PRMConfig, PRMTrainer

model, folder, out, arguments = sys.argv[1:]
data = load_dataset("parquet", data_files=folder + "/data/prm/train.parquet", split="train", cache_dir=out)
labels = [label for row in data["labels"] for label in row]
net = AutoModelForTokenClassification.from_pretrained(model, num_labels=2)
tokenizer = AutoTokenizer.from_pretrained(model)
tokenizer.pad_token = tokenizer.eos_token
before = {name: p.detach().clone() for name, p in net.named_parameters()}
trainer = PRMTrainer(net, PRMConfig(output_dir=out, **json.loads(arguments)), train_dataset=data,
                     processing_class=tokenizer)
trainer.train()
moved = any((p != before[name]).any().item() for name, p in net.named_parameters())
print(json.dumps({"version": trl.__version__, "steps": trainer.state.global_step, "labelled": len(labels),
                  "moved": moved}))
"""


@pytest.fixture(scope="module")
def older_trl(pytestconfig: pytest.Config) -> Path:
    """The older release in a folder of its own, fetched once."""
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(PRM.replace("==", "-"))
    if not (folder / "trl" / "experimental" / "prm").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), PRM]
        if subprocess.run(pip, capture_output=True, check=False).returncode:
            pytest.skip(f"{PRM} cannot be fetched here: the process-reward format is not tried")
    return folder
