"""The model that learns: a frozen base with one low-rank adapter that is active from its invocation on.

Only the tails of the samples pass through it; before them stand contexts that were read under the base
model alone (`contexts`). As every token of a tail is adapted, a plain LoRA over tails *is* the activated
LoRA over the whole text; a test holds loss and gradients of both against each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from mascot.alignment.contexts import Contexts
from mascot.alignment.tokens import Encoded
from mascot.alignment.writing import writing
from mascot.errors import ModelError

WEIGHTS = "adapter_model.safetensors"


class Tail(Protocol):
    """What follows a context, and how much of it is learned."""

    @property
    def context(self) -> tuple[int, ...]: ...
    @property
    def tail(self) -> tuple[int, ...]: ...
    @property
    def learned(self) -> int: ...


@dataclass(frozen=True)
class Tails:
    """What became of the tails of a batch; the shorter ones are filled up on the right."""

    states: torch.Tensor
    """Last hidden states, (samples, longest tail, width)."""
    ids: torch.Tensor
    """Tokens, (samples, longest tail)."""
    learned: torch.Tensor
    """Which of them are learned, (samples, longest tail)."""


class Student:
    """One adapter over a frozen base.

    Args:
        model: the base; it is wrapped in place.
        rank, alpha, dropout: of the adapter, on all linear layers but the output.
    """

    def __init__(self, model: PreTrainedModel, rank: int, alpha: int, dropout: float) -> None:
        model.requires_grad_(False)
        self._config = LoraConfig(
            r=rank,
            lora_alpha=alpha,
            lora_dropout=dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        self.base = model
        """The frozen model; what passes through it passes through the adapter too."""
        self._adapted = get_peft_model(model, self._config)

    @property
    def parameters(self) -> list[torch.nn.Parameter]:
        """What is trained."""
        return [p for p in self._adapted.parameters() if p.requires_grad]

    def learning(self, yes: bool) -> None:
        """Switch dropout on or off."""
        self._adapted.train(yes)

    def renew(self) -> None:
        """Begin again with an adapter that changes nothing; its random half follows torch's seed."""
        for module in self._adapted.modules():
            if isinstance(module, LoraLayer):
                module.reset_lora_parameters("default", True)

    def resting(self) -> AbstractContextManager[None]:
        """A stretch in which the model is the base alone: for reading contexts."""
        return self._adapted.disable_adapter()

    @contextmanager
    def merged(self) -> Iterator[None]:
        """Meanwhile the adapter is part of the base's weights, for drawing: fewer operations.

        Afterwards the base has its own weights again to the bit: taking an adapter out by subtraction
        would leave a little of it behind each time.
        """
        layers = [cast(Any, m) for m in self._adapted.modules() if isinstance(m, LoraLayer)]
        own = [layer.get_base_layer().weight.data.clone() for layer in layers]
        for layer in layers:
            layer.merge()
        try:
            yield
        finally:
            for layer, weight in zip(layers, own, strict=True):
                layer.unmerge()
                layer.get_base_layer().weight.data.copy_(weight)

    def hidden(self, batch: Sequence[Tail], contexts: Contexts) -> Tails:
        """What the last layer makes of every token of the tails."""
        cache, before = contexts.batch([e.context for e in batch])
        longest = max(len(e.tail) for e in batch)
        ids = torch.zeros(len(batch), longest, dtype=torch.long)
        present = torch.zeros(len(batch), longest, dtype=torch.long)
        learned = torch.zeros(len(batch), longest, dtype=torch.bool)
        for i, e in enumerate(batch):
            ids[i, : len(e.tail)] = torch.tensor(e.tail)
            present[i, : len(e.tail)] = 1
            learned[i, len(e.tail) - e.learned : len(e.tail)] = True
        ids, present, learned = (x.to(before.device) for x in (ids, present, learned))
        positions = before.sum(1, keepdim=True) + torch.arange(longest, device=before.device)
        hidden = self.base.model(
            input_ids=ids,
            attention_mask=torch.cat([before, present], 1),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).last_hidden_state
        return Tails(hidden, ids, learned)

    def loss(self, batch: Sequence[Encoded], contexts: Contexts) -> tuple[torch.Tensor, int]:
        """Sum of the negative log-likelihoods (nats) of the learned tokens, and how many these are."""
        tails = self.hidden(batch, contexts)
        logits = self.base.lm_head(tails.states[:, :-1][tails.learned[:, 1:]])
        total = cross_entropy(logits.float(), tails.ids[tails.learned], reduction="sum")
        return total, sum(e.learned for e in batch)

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the adapter's weights under PEFT's names."""
        state = get_peft_model_state_dict(self._adapted, save_embedding_layers=False)
        return {name: tensor.detach().clone() for name, tensor in state.items()}

    def take(self, weights: dict[str, torch.Tensor]) -> None:
        """Put these weights in the adapter's place.

        Raises:
            ModelError: they are of another base model, or another rank.
        """
        own = self.weights()
        if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in weights.items()}:
            raise ModelError("this adapter was made for another base model, or has another rank")
        set_peft_model_state_dict(self._adapted, {k: v.to(own[k].dtype) for k, v in weights.items()})

    def save(self, folder: Path, invocation: list[int], base_name: str) -> None:
        """Write a PEFT folder of an activated LoRA, in half precision."""
        folder.mkdir(parents=True, exist_ok=True)
        config = replace(
            self._config,
            base_model_name_or_path=base_name,
            alora_invocation_tokens=invocation,
            inference_mode=True,
        )
        # PEFT makes a set of them, and would write them in another order each time.
        config.target_modules = sorted(self._config.target_modules or ())  # type: ignore[assignment]
        config.save_pretrained(str(folder))
        with writing(folder / WEIGHTS):
            save_file({k: v.half().contiguous() for k, v in self.weights().items()}, folder / WEIGHTS)


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """The weights in a PEFT folder.

    Raises:
        ModelError: there are none, or they are damaged.
    """
    try:
        return load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder} holds no readable adapter ({type(error).__name__})") from error
