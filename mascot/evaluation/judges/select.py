"""Judges by name.

empathy                    the trained one (MiniLM and a ridge regression)
NAME                       the engine and model of the settings, under this name
NAME=MODEL                 another model: a tier, a GGUF file, a folder or a hub id
NAME=MODEL@http://…/v1     a model behind the OpenAI protocol
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.select import plan_engine, select_engine
from mascot.errors import InputError
from mascot.evaluation.empathy.judge import NAME as EMPATHY
from mascot.evaluation.empathy.judge import EmpathyJudge, shipped_card
from mascot.evaluation.judges.base import Judge
from mascot.evaluation.judges.engine_judge import EngineJudge, Way
from mascot.settings import Settings

_SPEC = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:=(?P<model>[^@=]+)(?:@(?P<url>https?://\S+))?)?")


@dataclass(frozen=True)
class JudgeSpec:
    """Which judge, and how it is asked."""

    name: str
    model: str = ""
    """Empty: that of the settings."""
    url: str = ""
    """A server's; empty: an engine of ours."""
    way: Way = "probabilities"

    @classmethod
    def parse(cls, text: str, way: Way = "probabilities") -> JudgeSpec:
        """Raises InputError for what is no judge."""
        found = _SPEC.fullmatch(text.strip())
        if found is None or (found["name"] == EMPATHY and found["model"]):
            raise InputError(
                f"{text!r} is no judge: write empathy (the trained one), NAME for the model of the settings, "
                "NAME=MODEL, or NAME=MODEL@http://…/v1"
            )
        return cls(found["name"], found["model"] or "", found["url"] or "", way)

    @property
    def trained(self) -> bool:
        """Whether it is the trained one, which is no engine."""
        return self.name == EMPATHY

    def settings(self, settings: Settings) -> Settings:
        """Those of its engine."""
        if self.url:
            return settings.model_copy(update={"engine": "openai", "model": self.model, "base_url": self.url})
        return settings.model_copy(update={"model": self.model, "engine": "auto"}) if self.model else settings

    def header(self, settings: Settings) -> dict[str, Any]:
        """What verdicts are made with; those made otherwise are not mixed with them."""
        if self.trained:
            return {
                "judge": self.name,
                "engine": "trained",
                "model": shipped_card().model,
                "way": "regression",
            }
        plan = plan_engine(self.settings(settings))
        return {"judge": self.name, "engine": plan.engine, "model": plan.model, "way": self.way}


@contextmanager
def opened(spec: JudgeSpec, settings: Settings) -> Iterator[Judge]:
    """The judge, its model loaded; given back afterwards.

    Raises:
        ModelError, EngineError, SettingsError: the model cannot be had.
    """
    if spec.trained:
        yield EmpathyJudge(MiniLM(settings.models / EMBEDDED_EMBEDDER))
        return
    engine = select_engine(spec.settings(settings))
    try:
        yield EngineJudge(engine, spec.name, spec.way)
    finally:
        engine.close()
