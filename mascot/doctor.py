"""What engine, model and store would be used, why, and what is missing."""

from __future__ import annotations

import platform
import shutil
from dataclasses import asdict, dataclass
from typing import Any

from mascot.conversation.personas import load_cast
from mascot.engines.fetch import missing_embedded
from mascot.engines.select import plan_engine
from mascot.errors import MascotError
from mascot.live.journal import Journal
from mascot.settings import Settings


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str

    @property
    def line(self) -> str:
        return f"{'ok ' if self.ok else 'NO '} {self.what:10} {self.detail}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that starting the app would need, without starting it."""
    return [_machine(settings), _engine(settings), _models(settings), _store(settings), _personas(settings)]


def _machine(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free / 2**30
    detail = (
        f"Python {platform.python_version()}, {platform.machine()}; {free:.0f} GiB free in {settings.home}"
    )
    return Finding("machine", free > 0.5, detail)


def _engine(settings: Settings) -> Finding:
    try:
        plan = plan_engine(settings)
    except MascotError as error:
        return Finding("engine", False, str(error))
    missing = f"; {plan.missing}" if plan.missing else ""
    return Finding(
        "engine", not plan.missing, f"{plan.engine}, {plan.model or 'its model'}: {plan.why}{missing}"
    )


def _models(settings: Settings) -> Finding:
    missing = missing_embedded(settings.models, verify=True)
    if missing:
        names = ", ".join(str(path) for path in missing[:3])
        return Finding("embedded", False, f"missing or damaged: {names}; run `make setup`")
    return Finding("embedded", True, f"model and sentence embedder are whole in {settings.models}")


def _store(settings: Settings) -> Finding:
    try:
        Journal(settings.store_url).close()
    except MascotError as error:
        return Finding("store", False, str(error))
    return Finding("store", True, settings.store_url.split("@")[-1])


def _personas(settings: Settings) -> Finding:
    try:
        cast = load_cast(settings.home / "personas")
    except MascotError as error:
        return Finding("personas", False, str(error))
    return Finding("personas", True, ", ".join(persona.name for persona in cast))
