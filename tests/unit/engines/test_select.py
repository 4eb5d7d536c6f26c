"""One setting picks, and the default needs neither a GPU nor torch nor a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mascot.engines import select
from mascot.engines.base import Request, Sampling, collect
from mascot.engines.models import EMBEDDED_GGUF
from mascot.engines.scripted import ScriptedEngine
from mascot.engines.select import EnginePlan, plan_engine, select_engine
from mascot.errors import ModelError, SettingsError
from mascot.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no `.env` here
    for name in [n for n in os.environ if n.startswith("MASCOT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(select, "cuda_is_here", lambda: False)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(select, "cuda_is_here", lambda: True)


def plan(**settings: Any) -> tuple[str, str]:
    made = plan_engine(Settings(**settings))
    return made.engine, made.model


def test_without_a_gpu_the_embedded_model_answers() -> None:
    assert plan() == ("llamacpp", "embedded")


@pytest.mark.usefixtures("gpu")
def test_with_a_gpu_the_standard_model_answers() -> None:
    assert plan() == ("transformers", "standard")
    assert plan(engine="llamacpp") == ("llamacpp", "embedded")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"model": "small"}, ("llamacpp", "small")),
        ({"model": "paper"}, ("transformers", "paper")),
        ({"model": "embedded", "engine": "transformers"}, ("transformers", "embedded")),
        ({"engine": "transformers"}, ("transformers", "embedded")),
        ({"model": "who/what"}, ("transformers", "who/what")),
        ({"model": "who/what/a.gguf"}, ("llamacpp", "who/what/a.gguf")),
        ({"engine": "openai"}, ("openai", "")),
        ({"engine": "openai", "model": "m"}, ("openai", "m")),
    ],
)
def test_what_is_asked_for_is_taken(settings: dict[str, str], expected: tuple[str, str]) -> None:
    assert plan(**settings) == expected


@pytest.mark.parametrize("model", ["standard", "who/what"])
def test_an_engine_that_cannot_run_the_model_is_refused(model: str) -> None:
    with pytest.raises(SettingsError, match="MASCOT_ENGINE=llamacpp"):
        plan(engine="llamacpp", model=model)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    made = plan_engine(Settings(home=tmp_path))
    assert made.missing is not None
    assert EMBEDDED_GGUF in made.missing
    with pytest.raises(ModelError, match=r"there is nothing at .*none\.gguf"):
        select_engine(Settings(model=str(tmp_path / "none.gguf")))


@pytest.mark.usefixtures("gpu")
def test_where_the_hub_is_out_of_reach_one_line_says_so_and_the_embedded_model_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_args: object) -> Path:
        raise ModelError("the hub cannot be reached")

    built: list[EnginePlan] = []

    def build(made: EnginePlan, _settings: Settings) -> ScriptedEngine:
        built.append(made)
        return ScriptedEngine()

    monkeypatch.setattr(select, "fetch_hub", unreachable)
    monkeypatch.setattr(select, "_build", build)
    said: list[str] = []
    select_engine(Settings(), said.append)
    assert [made.model for made in built] == ["embedded"]
    assert said == [
        "the embedded model answers, as the standard one is out of reach: the hub cannot be reached"
    ]


def test_the_plan_needs_no_torch() -> None:
    code = (
        "import sys; from mascot.settings import Settings; from mascot.engines.select import plan_engine; "
        "plan_engine(Settings()); assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.model
def test_the_default_answers(embedded_gguf: Path) -> None:
    from mascot.conversation.prompt import Message, Prompt

    engine = select_engine(Settings(home=embedded_gguf.parent.parent, slots=1))
    try:
        prompt = Prompt((Message("system", "You are kind."),), (Message("user", "Hello!"),))
        assert collect(engine.stream(Request(prompt, Sampling(max_tokens=4)))).text
    finally:
        engine.close()


@pytest.mark.parametrize("name", ["small", "standard", "paper"])
def test_a_tier_that_the_hub_does_not_give_leaves_the_embedded_model(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_args: object) -> Path:
        raise ModelError("the hub cannot be reached")

    built: list[EnginePlan] = []
    monkeypatch.setattr(select, "fetch_hub", unreachable)
    monkeypatch.setattr(select, "_build", lambda plan, _settings: built.append(plan))
    said: list[str] = []
    select_engine(Settings(model=name), said.append)
    assert [plan.model for plan in built] == ["embedded"]
    assert len(said) == 1
    assert name in said[0]
