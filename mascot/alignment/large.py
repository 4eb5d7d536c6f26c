"""A persona of a larger model: TRL's trainers over our places, preferences and rewards.

    accelerate launch --config_file mascot/alignment/accelerate/fsdp2.yaml -m mascot align large dpo \
        --model Qwen/Qwen3-8B --persona anchor --out out

Prompts are laid out as the live loop lays them out, the reward is that of stage 1. What is not here is what
makes small models cheap on small machines: contexts are read anew in every step.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field

from mascot import __version__
from mascot.adapters.lineage import base_hash
from mascot.alignment.options import check_out
from mascot.alignment.places import persona_places
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.preferences import Candidate, Preference
from mascot.alignment.preferences_sources import data_sha256, gather
from mascot.alignment.rewards.load import load_reward
from mascot.alignment.rewards.session import recipe_of
from mascot.alignment.sft import RECORD, sha256
from mascot.alignment.shaping import PersonaReward, Spoken
from mascot.alignment.student import WEIGHTS
from mascot.alignment.tokens import INVOCATION
from mascot.conversation.personas import Cast, load_cast
from mascot.corpora.dialogues import group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.engines.templates import CHATML, ChatTemplate
from mascot.errors import InputError, ModelError
from mascot.settings import read_settings


class LargeRecipe(BaseModel):
    """Settings of `align large`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    steps: int = Field(default=200, ge=1)
    batch: int = Field(default=8, ge=1)
    """Pairs, or acts, of a step on each device."""
    group: int = Field(default=8, ge=2)
    """Acts drawn in a place."""
    limit: int = Field(default=64, ge=1)
    """Most tokens of an act."""
    learning_rate: float = Field(default=1e-4, gt=0)
    beta: float = Field(default=0.04, ge=0)
    """Of the divergence (GRPO), or how much of a difference in log-probability is one of reward (DPO)."""
    rank: int = Field(default=16, ge=1, le=256)
    alpha: int = Field(default=32, ge=1)
    checkpoint_steps: int = Field(default=50, ge=1)
    seed: int = 0


def run_large(options: argparse.Namespace) -> int:
    """Train; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    settings = read_settings()
    cast = load_cast(settings.home / "personas")
    recipe = recipe_of(options, LargeRecipe)
    _check(options, cast)
    if options.method == "dpo":
        rows = [row for row in gather(options.sources, Preference, cast) if row.persona == options.persona]
        train = [row for row in rows if row.split == "train"]
        if not any(row.weight for row in train):
            raise InputError(
                f"no preferences for {options.persona} in train that are worth more than a coin: "
                "give another source"
            )
        model, tokenizer = load_base(options.model, options.quantization)
        trainer = dpo_trainer(model, tokenizer, cast, train, recipe, options.out)
        data = data_sha256(train)
    else:
        reward = load_reward(options.reward, settings.models, cast, "cpu")
        worth = PersonaReward(reward, cast, PolicyRecipe())
        places = persona_places(expert_corpus(), group_dialogues(), cast, "train", recipe.seed)
        own = [place for place in places if place.persona == options.persona]
        model, tokenizer = load_base(options.model, options.quantization)
        trainer = grpo_trainer(model, tokenizer, cast, own, worth, recipe, options.out, options.vllm)
        data = sha256(options.reward / "reward.json")
    trainer.train(resume_from_checkpoint=options.resume or None)
    trainer.save_model(str(options.out / options.persona))
    if trainer.accelerator.is_main_process:
        _record(options, recipe, data, trainer)
    return 0


def load_base(source: str, quantization: str) -> tuple[Any, Any]:
    """Model and tokenizer to train an adapter over.

    Args:
        quantization: `none`, or `nf4` for a base in 4 bits (Dettmers et al. 2023, arXiv 2305.14314).

    Raises:
        InputError: 4 bits without CUDA.
        ModelError: the model cannot be loaded.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cuda = torch.cuda.is_available()
    if quantization == "nf4" and not cuda:
        raise InputError("--quantization nf4: 4-bit bases are for CUDA, and torch sees no GPU here")
    how = {"quantization_config": four_bits()} if quantization == "nf4" else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
        dtype = torch.bfloat16 if cuda else torch.float32
        model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype, **how)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{source} cannot be loaded as a language model: {reason}") from None
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def four_bits() -> Any:
    """How a base is kept in 4 bits; stored as bfloat16, so that FSDP can cut it like any other weights."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_quant_storage=torch.bfloat16,
    )


def dpo_trainer(
    model: Any, tokenizer: Any, cast: Cast, rows: Sequence[Preference], recipe: LargeRecipe, out: Path
) -> Any:
    """TRL's DPO over preferences of one persona."""
    from datasets import Dataset
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

    told = [[side.sample(cast, row.id) for side in row.candidates] for row in rows]
    sides = [
        {"prompt": _rendered(tokenizer, a.prompt), "chosen": a.reply, "rejected": b.reply} for a, b in told
    ]
    flips = sum(row.flip_rate for row in rows) / len(rows)
    noisy = {"loss_type": "robust", "label_smoothing": flips} if flips else {}
    arguments = DPOConfig(per_device_train_batch_size=recipe.batch, **noisy, **_arguments(recipe, out))
    return DPOTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(sides),
        processing_class=tokenizer,
        peft_config=adapter_config(tokenizer, recipe, activated=True),
    )


def grpo_trainer(
    model: Any,
    tokenizer: Any,
    cast: Cast,
    places: Sequence[Candidate],
    worth: PersonaReward,
    recipe: LargeRecipe,
    out: Path,
    vllm: str | None = None,
) -> Any:
    """TRL's GRPO over places of one persona, with the reward of stage 1, whose scale is left at 1: TRL draws
    only as it trains, and so tells nobody beforehand how much the reward model's word varies.

    Args:
        vllm: address of a server that draws; it takes no activated adapters, so a plain one is trained.
    """
    from datasets import Dataset
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    ends = set(tokenizer.all_special_ids)

    def reward(completions: list[str], completion_ids: list[list[int]], place: list[int], **_: Any) -> Any:
        spoken = [
            Spoken(places[at], text.strip(), not ends.isdisjoint(ids[-1:]))
            for text, ids, at in zip(completions, completion_ids, place, strict=True)
        ]
        return [one.reward for one in worth(spoken)]

    rows = [
        {"prompt": _rendered(tokenizer, place.sample(cast).prompt), "place": at}
        for at, place in enumerate(places)
    ]
    drawing = {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": vllm} if vllm else {}
    arguments = GRPOConfig(
        per_device_train_batch_size=recipe.batch,
        num_generations=recipe.group,
        max_completion_length=recipe.limit,
        loss_type="bnpo",
        **drawing,
        **_arguments(recipe, out),
    )
    return GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=adapter_config(tokenizer, recipe, activated=not vllm),
    )


def adapter_config(tokenizer: Any, recipe: LargeRecipe, activated: bool) -> Any:
    """The adapter to train.

    Args:
        activated: it acts from the invocation on, so that all speakers share one memory of a talk.
    """
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        alora_invocation_tokens=tokenizer.encode(INVOCATION, add_special_tokens=False) if activated else None,
    )


def _arguments(recipe: LargeRecipe, out: Path) -> dict[str, Any]:
    cuda = torch.cuda.is_available()
    return {
        "output_dir": str(out / "checkpoints"),
        "max_steps": recipe.steps,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "constant",
        "beta": recipe.beta,
        "use_cpu": not cuda,
        "bf16": cuda,
        "activation_checkpointing": False,
        "save_steps": recipe.checkpoint_steps,
        "logging_steps": 1,
        "report_to": "none",
        "seed": recipe.seed,
    }


def _check(options: argparse.Namespace, cast: Cast) -> None:
    if options.persona not in cast:
        raise InputError(f"there is no persona {options.persona!r}: choose from {', '.join(cast.ids)}")
    if options.method == "grpo" and options.reward is None:
        raise InputError("grpo needs --reward with the folder that `align reward` left")
    if options.method == "dpo" and options.vllm:
        raise InputError("--vllm draws, and dpo draws nothing: leave it out")
    check_out(options.out, options.resume)


def _rendered(tokenizer: Any, prompt: Any) -> str:
    """A prompt as the engines render it for a model with ChatML."""
    return ChatTemplate(tokenizer.chat_template or CHATML).render(prompt)


def _record(options: argparse.Namespace, recipe: LargeRecipe, data: str, trainer: Any) -> None:
    folder = options.out / options.persona
    over = {
        "processes": trainer.accelerator.num_processes,
        "distributed": str(trainer.accelerator.distributed_type.value),
    }
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    record = {
        "adapter": options.persona,
        "parent": None,
        "base": {"name": options.model, "sha256": base_hash(options.model)},
        "data_sha256": data,
        "code": __version__,
        "recipe": {
            "method": options.method,
            "quantization": options.quantization,
            **over,
            **recipe.model_dump(),
        },
        "metrics": {"loss": losses[-1], "steps": trainer.state.global_step} if losses else {},
        "weights_sha256": sha256(folder / WEIGHTS),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n")
