"""Low-rank adapters over one transformers model, any number of them acting in the same step.

PEFT's folders are read, and PEFT's layers are not used: they act on rows of a batch, and in a packed step
each token may have an adapter of its own. What they would compute is what is computed here: to the output of
a linear layer, `x A B · alpha / r` is added (Hu et al. 2021) for the tokens under an adapter. A plain
adapter acts on every token; an activated one (Greenewald et al. 2025) from the last place on where its
invocation stands in the prompt.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig
from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from mascot.errors import EngineError

_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."
_EXTRAS = (
    "use_dora",
    "use_qalora",
    "lora_bias",
    "modules_to_save",
    "rank_pattern",
    "alpha_pattern",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "fan_in_fan_out",
)
"""Kinds of LoRA that this engine does not run."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """A loaded adapter; loading the same folder again makes another one."""

    name: str
    invocation: tuple[int, ...]
    """Tokens from which on it acts; empty for a plain adapter."""
    matrices: Mapping[str, tuple[torch.Tensor, torch.Tensor]]
    """By layer: A, inside × rank, and B with its scale, rank × outside."""

    def acts_from(self, ids: Sequence[int]) -> int:
        """The position in a prompt at which it begins to act.

        Raises:
            EngineError: its invocation stands nowhere in the prompt.
        """
        wanted = list(self.invocation)
        for at in range(len(ids) - len(wanted), -1, -1):
            if list(ids[at : at + len(wanted)]) == wanted:
                return 0 if not wanted else at
        raise EngineError(
            f"the adapter {self.name!r} is never called: its invocation {wanted} does not occur in the "
            "prompt, so it was made for another chat template"
        )


class LowRank:
    """The adapters of one model. `acting` belongs to the thread that runs the model; the rest is anyone's.

    Args:
        name: what the model calls itself; an adapter trained on another hub id is refused.
    """

    def __init__(self, model: PreTrainedModel, name: str) -> None:
        self._name = name
        self._device, self._dtype = model.device, model.dtype
        self._output = model.get_output_embeddings()
        self._modules = dict(model.named_modules())
        self._hooked: set[str] = set()
        self._lock = threading.Lock()
        self._loaded: dict[str, Adapter] = {}
        self._acting: tuple[tuple[Adapter, slice], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Adapters that are loaded."""
        return tuple(self._loaded)

    def find(self, name: str | None) -> Adapter | None:
        """The adapter of this name; None for none.

        Raises:
            EngineError: there is no such adapter.
        """
        if name is None:
            return None
        loaded = self._loaded
        if name not in loaded:
            raise EngineError(f"unknown adapter {name!r}: this engine has {', '.join(loaded) or 'none'}")
        return loaded[name]

    def read(self, name: str, path: Path) -> Adapter:
        """The adapter in a PEFT folder, not yet in use.

        Raises:
            EngineError: it is missing or damaged, of a kind that is not run here, or made for another model.
        """
        config = _config(path, self._name)
        assert config.r > 0
        scale = config.lora_alpha / (math.sqrt(config.r) if config.use_rslora else config.r)
        sides = _weights(path)
        matrices = {}
        for layer in dict.fromkeys(layer for layer, _ in sides):
            a, b = sides.get((layer, "A")), sides.get((layer, "B"))
            if a is None or b is None:
                raise unusable(path, f"{_WEIGHTS} is damaged: half of {layer} is missing")
            module = self._fitting(path, layer, a, b)
            place = {"device": self._place(module), "dtype": self._dtype}
            matrices[layer] = (a.T.contiguous().to(**place), (b.T * scale).contiguous().to(**place))
        return Adapter(name, tuple(config.alora_invocation_tokens or ()), matrices)

    def add(self, adapter: Adapter) -> None:
        """Bring an adapter into use, in place of one of the same name."""
        with self._lock:
            others = {name: other for name, other in self._loaded.items() if name != adapter.name}
            self._loaded = others | {adapter.name: adapter}

    def close(self) -> None:
        """Let go of the model."""
        self._loaded, self._modules, self._output = {}, {}, None

    @contextmanager
    def acting(self, runs: Iterable[tuple[Adapter | None, int]]) -> Iterator[None]:
        """Within this block, tokens are read under adapters: so many under this one, then under the next."""
        groups: list[tuple[Adapter, slice]] = []
        first = 0
        for adapter, group in itertools.groupby(runs, key=lambda run: run[0]):
            rows = slice(first, first + sum(count for _, count in group))
            first = rows.stop
            if adapter is not None:
                self._hook(adapter)
                groups.append((adapter, rows))
        self._acting = tuple(groups)
        try:
            yield
        finally:
            self._acting = ()

    def _hook(self, adapter: Adapter) -> None:
        """Watch the layers that it adapts."""
        for layer in adapter.matrices.keys() - self._hooked:
            self._modules[layer].register_forward_hook(partial(self._correct, layer))
            self._hooked.add(layer)

    def _correct(
        self, layer: str, _module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> None:
        for adapter, rows in self._acting:
            pair = adapter.matrices.get(layer)
            if pair is not None:
                read = inputs[0].view(-1, inputs[0].shape[-1])[rows]
                output.view(-1, output.shape[-1])[rows].addmm_(read @ pair[0], pair[1])

    def _fitting(self, path: Path, layer: str, a: torch.Tensor, b: torch.Tensor) -> Any:
        """The module that these weights adapt."""
        module: Any = self._modules.get(layer)
        if module is None or not hasattr(module, "in_features"):
            raise unusable(path, f"it adapts {layer}, which this model does not have")
        if module is self._output:
            raise unusable(path, f"it adapts {layer}, and this engine adapts inner layers only")
        for side, given, needed in (
            ("A", a.shape[-1], module.in_features),
            ("B", b.shape[0], module.out_features),
        ):
            if given != needed:
                raise unusable(path, f"side {side} of its {layer} is sized {given}, this model's {needed}")
        if a.shape[0] != b.shape[-1]:
            raise unusable(path, f"the sides of its {layer} do not fit each other")
        return module

    def _place(self, module: Any) -> torch.device:
        """Where a layer lives; torch's int8 layers keep their weights behind a method."""
        weight = getattr(module, "weight", None)
        return weight.device if isinstance(weight, torch.Tensor) else self._device


def unusable(path: Path, reason: str) -> EngineError:
    """The one line about an adapter that cannot be used."""
    return EngineError(f"the adapter {path} does not fit this model: {reason}")


def _config(path: Path, model: str) -> LoraConfig:
    try:
        if not (path / "adapter_config.json").is_file():
            raise OSError
        config = PeftConfig.from_pretrained(str(path))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise unusable(path, f"no readable adapter_config.json ({type(error).__name__})") from error
    if not isinstance(config, LoraConfig):
        raise unusable(path, f"it is {config.peft_type}, not LoRA")
    extra = next((name for name in _EXTRAS if getattr(config, name, None)), None)
    if extra is not None or config.bias != "none":
        raise unusable(path, f"this engine runs no adapters with {extra or 'bias'}")
    base = config.base_model_name_or_path
    if _is_hub_id(base) and _is_hub_id(model) and base != model:
        raise unusable(path, f"it was trained on {base}, this is {model}")
    return config


def _weights(path: Path) -> dict[tuple[str, str], torch.Tensor]:
    """Tensors by layer and side, `A` or `B`."""
    try:
        with safe_open(str(path / _WEIGHTS), framework="pt") as weights:
            tensors = {key: weights.get_tensor(key) for key in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise unusable(path, f"{_WEIGHTS} is missing or damaged") from error
    sides = {}
    for key, tensor in tensors.items():
        layer, _, side = key.removeprefix(_PREFIX).removesuffix(".weight").rpartition(".lora_")
        if side not in ("A", "B") or tensor.ndim != 2:
            raise unusable(path, f"this engine does not know what {key} is for")
        sides[layer, side] = tensor
    if not sides:
        raise unusable(path, f"there is nothing in its {_WEIGHTS}")
    return sides


def _is_hub_id(name: str | None) -> bool:
    return name is not None and name.count("/") == 1 and name[0] not in "./~" and not Path(name).exists()
