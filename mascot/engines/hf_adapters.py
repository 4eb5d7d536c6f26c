"""Low-rank adapters over one transformers model, switched from request to request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig, PeftModel
from safetensors import SafetensorError, safe_open
from transformers import PreTrainedModel

from mascot.errors import EngineError

_WEIGHTS = "adapter_model.safetensors"
_PREFIX = "base_model.model."


class AdapterModel:
    """A model with any number of adapters, of which at most one acts at a time. Not thread-safe.

    Args:
        name: what the model calls itself; an adapter trained on another hub id is refused.
    """

    def __init__(self, model: PreTrainedModel, name: str) -> None:
        self._model: PreTrainedModel | None = model
        self._name = name
        self._adapted: PeftModel | None = None
        self._active: str | None = None
        # PEFT is given names of our own: it takes no dots, and a new adapter of an old name must be in
        # place before the old one goes.
        self._inner: dict[str, str] = {}
        self._loads = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Adapters that are loaded."""
        return tuple(self._inner)

    def under(self, adapter: str | None) -> torch.nn.Module:
        """The model as it is with this adapter, or with none.

        Raises:
            EngineError: the engine was closed.
        """
        if self._model is None:
            raise EngineError("this engine was closed: make a new one")
        if self._adapted is None:
            return self._model
        if adapter != self._active:
            self._activate(self._adapted, adapter)
        return self._adapted

    def load(self, name: str, path: Path) -> None:
        """Load an adapter, in place of one of the same name.

        Raises:
            EngineError: it is missing or damaged, or made for another model.
        """
        model = self.under(self._active)
        config = self._checked_config(path, model)
        inner = f"adapter_{self._loads}"
        self._loads += 1
        try:
            if self._adapted is None:
                adapted = PeftModel.from_pretrained(model, path, inner, config=config)
            else:
                adapted = self._adapted
                adapted.load_adapter(str(path), inner)
        except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
            raise _unusable(path, str(error).strip().splitlines()[0]) from error
        adapted.eval()
        replaced = self._inner.pop(name, None)
        self._adapted, self._inner[name] = adapted, inner
        self._activate(adapted, name)
        if replaced is not None:
            adapted.delete_adapter(replaced)

    def close(self) -> None:
        """Let go of the model."""
        self._model = self._adapted = None
        self._inner.clear()

    def _activate(self, adapted: PeftModel, adapter: str | None) -> None:
        tuner: Any = adapted.base_model
        if adapter is None:
            tuner.disable_adapter_layers()
        else:
            tuner.enable_adapter_layers()
            adapted.set_adapter(self._inner[adapter], inference_mode=True)
        self._active = adapter

    def _checked_config(self, path: Path, model: torch.nn.Module) -> PeftConfig:
        try:
            config = PeftConfig.from_pretrained(str(path))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _unusable(path, f"no readable adapter_config.json ({type(error).__name__})") from error
        if not isinstance(config, LoraConfig):
            raise _unusable(path, f"it is {config.peft_type}, not LoRA")
        if config.alora_invocation_tokens:
            # PEFT would need to be told at each step where the invocation began, and else says nothing.
            raise _unusable(path, "it is an activated LoRA, which only the llamacpp engine runs")
        base = config.base_model_name_or_path
        if _is_hub_id(base) and _is_hub_id(self._name) and base != self._name:
            raise _unusable(path, f"it was trained on {base}, this is {self._name}")
        _check_shapes(path, model)
        return config


def _is_hub_id(name: str | None) -> bool:
    return name is not None and name.count("/") == 1 and name[0] not in "./~" and not Path(name).exists()


def _check_shapes(path: Path, model: torch.nn.Module) -> None:
    """Refuse weights for layers that this model does not have, or has in another size."""
    modules = dict(model.named_modules())
    prefix = "" if isinstance(model, PeftModel) else _PREFIX
    try:
        with safe_open(str(path / _WEIGHTS), framework="pt") as weights:
            shapes = {key: weights.get_slice(key).get_shape() for key in weights.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _unusable(path, f"{_WEIGHTS} is missing or damaged") from error
    for key, shape in shapes.items():
        layer, side, _ = key.removeprefix(prefix).partition(".lora_A.")
        if not side:
            layer, side, _ = key.removeprefix(prefix).partition(".lora_B.")
        if not side:
            continue
        module = modules.get(layer)
        if module is None:
            raise _unusable(path, f"it adapts {layer}, which this model does not have")
        needed = module.in_features if side == ".lora_A." else module.out_features
        if shape[1 if side == ".lora_A." else 0] != needed:
            raise _unusable(path, f"its {layer} is sized {shape}, this model's side has {needed}")


def _unusable(path: Path, reason: str) -> EngineError:
    return EngineError(f"the adapter {path} does not fit this model: {reason}")
