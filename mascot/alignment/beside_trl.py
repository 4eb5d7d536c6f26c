"""A GRPO step of ours beside TRL's plain script on the same settings: seconds and memory.

    python -m mascot.alignment.beside_trl --reward DIR --out docs/results/grpo-step.json

Both learn the same persona from the same places with the same reward over the same model in full precision,
beginning with an adapter that changes nothing; each in a process of its own. The first step is left out, the
time that ours spends on reading contexts beforehand is part of its steps.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from transformers import TrainerCallback

from mascot.alignment.large import LargeRecipe, grpo_trainer, load_base
from mascot.alignment.persona_stage import PersonaStage
from mascot.alignment.places import persona_places
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.preferences import Candidate
from mascot.alignment.rewards.load import load_reward
from mascot.alignment.rewards.model import RewardModel
from mascot.alignment.session import embedded_base
from mascot.alignment.shaping import PersonaReward
from mascot.alignment.table import Table
from mascot.conversation.personas import load_cast
from mascot.corpora.dialogues import group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.engines.hf_load import convert_gguf
from mascot.engines.models import EMBEDDED_GGUF
from mascot.settings import Settings, read_settings

_PERSONA = "anchor"
_WAYS = ("ours", "ours in half precision", "trl")


def main() -> None:
    """Measure one way, or all of them in processes of their own."""
    options = _parser().parse_args()
    if options.way:
        torch.set_num_threads(options.threads)
        sys.stdout.write(json.dumps(_measured(options)) + "\n")
        return
    rows = {}
    for way in _WAYS:
        command = [sys.executable, "-W", "ignore", "-m", "mascot.alignment.beside_trl", *sys.argv[1:]]
        found = subprocess.run([*command, "--way", way], stdout=subprocess.PIPE, text=True, check=True)
        rows[way] = json.loads(found.stdout.splitlines()[-1])
        sys.stdout.write(f"{way}: {rows[way]}\n")
    settings = {name: getattr(options, name) for name in ("steps", "places", "group", "limit", "threads")}
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": platform.machine(), "settings": settings}
    if options.out:
        options.out.write_text(json.dumps(about | {"rows": rows}, indent=1) + "\n")


def _measured(options: argparse.Namespace) -> dict[str, float]:
    settings, cast = read_settings(), load_cast()
    reward = load_reward(options.reward, settings.models, cast)
    places = persona_places(expert_corpus(), group_dialogues(), cast, "train", 0)
    own = [place for place in places if place.persona == _PERSONA]
    if options.way == "trl":
        seconds, told = _trl(options, settings, reward, own)
    else:
        seconds, told = _ours(options, settings, reward, own)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(median(seconds[1:]), 2), "peak_mb": round(megabytes), **told}


def _ours(
    options: argparse.Namespace, settings: Settings, reward: RewardModel, places: list[Candidate]
) -> tuple[list[float], dict[str, float]]:
    recipe = PolicyRecipe(
        steps=options.steps + 1, places=options.places, group=options.group, limit=options.limit,
        dev_places=1, precision="full" if options.way == "ours" else "half",
    )  # fmt: skip
    table = Table(embedded_base(settings.models, "cpu").loaded, load_cast(), recipe)
    table.student.renew()
    stage = PersonaStage(table, _PERSONA, table.student.weights(), reward, places, places[:1], recipe)
    taken = [place for number in range(recipe.steps) for place in stage._taken(number)]
    started = time.perf_counter()
    table.read(table.start(place).context for place in taken)
    reading = (time.perf_counter() - started) / recipe.steps
    seconds = []
    for number in range(recipe.steps):
        started = time.perf_counter()
        stage.step(number)
        seconds.append(time.perf_counter() - started + reading)
    return seconds, {"of_it_reading": round(reading, 2)}


def _trl(
    options: argparse.Namespace, settings: Settings, reward: RewardModel, places: list[Candidate]
) -> tuple[list[float], dict[str, float]]:
    recipe = LargeRecipe(
        steps=options.steps + 1, batch=options.places * options.group, group=options.group,
        limit=options.limit, rank=8, alpha=16, checkpoint_steps=10**6,
    )  # fmt: skip
    cast, watch = load_cast(), _Watch()
    worth = PersonaReward(reward, cast, PolicyRecipe())
    model, tokenizer = load_base(str(convert_gguf(settings.models / EMBEDDED_GGUF)), "none")
    with TemporaryDirectory() as folder:
        trainer = grpo_trainer(model, tokenizer, cast, places, worth, recipe, Path(folder))
        trainer.add_callback(watch)
        trainer.train()
    lengths = [row["completions/mean_length"] for row in trainer.state.log_history if "reward" in row]
    return watch.seconds, {"tokens_an_act": round(median(lengths), 1)}


class _Watch(TrainerCallback):
    """How long each step took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._started = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._started = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(time.perf_counter() - self._started)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mascot.alignment.beside_trl")
    parser.add_argument("--reward", type=Path, required=True, metavar="DIR", help="of `align reward`")
    parser.add_argument("--out", type=Path, metavar="JSON", help="where the figures go")
    for name, default in {"steps": 3, "places": 2, "group": 4, "limit": 24, "threads": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    parser.add_argument("--way", choices=_WAYS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
