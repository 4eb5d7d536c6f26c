"""Every setting, read once at the edge: environment variables (`MASCOT_…`) and a `.env` file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mascot.errors import SettingsError


def _on_space(there: int, elsewhere: int = 0) -> int:
    """What a public demo needs, and what somebody's own machine does not."""
    return there if os.environ.get("SPACE_ID") else elsewhere


def _default_port() -> int:
    port = os.environ.get("GRADIO_SERVER_PORT", "")
    return int(port) if port.isdecimal() else 7860


def _default_home() -> Path:
    """A Space's persistent disk where there is one, otherwise a folder beside the project."""
    return Path("/data/mascot") if os.environ.get("SPACE_ID") and Path("/data").is_dir() else Path(".mascot")


class Settings(BaseSettings):
    """What to run and where to keep it. Each field is the variable `MASCOT_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MASCOT_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(default_factory=_default_home)
    """Models, the store and personas of one's own live here."""
    store: str = ""
    """Database URL; empty is SQLite in `home`."""
    model: str = "auto"
    """A tier (embedded, small, standard, paper), a hub id, a GGUF file, a folder, or for `openai` the
    server's name of the model; `auto` is what the machine can do."""
    engine: Literal["auto", "llamacpp", "transformers", "openai"] = "auto"
    revision: str | None = None
    """Hub revision of the model; None is the tier's pinned one, or the newest."""
    quantization: Literal["nf4", "int8", "none"] | None = None
    """For transformers: bitsandbytes on CUDA (default nf4), int8 or none on CPU (default none)."""
    adapters: Literal["promoted", "none"] = "promoted"
    """Whether personas and director speak with their trained adapters; `none` is the bare model."""
    base_url: str = "http://127.0.0.1:8000/v1"
    """Where the `openai` engine finds its server."""
    api_key: SecretStr = SecretStr("none")
    timeout_seconds: float = Field(default=60.0, gt=0)
    """How long an engine may be silent."""
    context_tokens: int = Field(default=4096, ge=512)
    """Longest prompt and answer together, per conversation."""
    slots: int = Field(default=8, ge=1, le=64)
    """Conversations that one local engine serves at the same time."""
    waiting: int = Field(default=64, ge=0)
    """Conversations that may wait for a slot; beyond, new messages are kindly refused."""
    patience: float = Field(default=600.0, gt=0)
    """Seconds that a conversation waits for a slot before it gives the floor back."""
    messages_per_hour: int = Field(default_factory=lambda: _on_space(120), ge=0)
    """Of one visitor; 0 is without limit, which it is but on a Space."""
    conversations_per_hour: int = Field(default_factory=lambda: _on_space(30), ge=0)
    """New ones of one visitor; 0 is without limit."""
    turns_per_day: int = Field(default_factory=lambda: _on_space(20_000), ge=0)
    """Of everyone together; 0 is without limit."""
    archive: str = ""
    """Where conversations (and ratings) are copied to from a disk that may vanish: a folder, or
    `hf://datasets/OWNER/NAME`; empty is nowhere. A PostgreSQL store needs none."""
    archive_seconds: float = Field(default=60.0, gt=0)
    """Between two exports to the archive."""
    retention_days: int = Field(default_factory=lambda: _on_space(30), ge=0)
    """Conversations are deleted after so many days of silence; 0 keeps them."""
    researchers: str = ""
    """Who may see what is not for everybody, by their names on Hugging Face, with commas between them."""
    study: str = ""
    """Files of prepared studies that the app serves beside its own page, with commas between them."""
    api: bool = True
    """Whether other programs may talk with the group: `/v1` and named functions (docs/interoperation.md)."""
    mcp: bool = False
    """Whether these functions are also tools of an MCP server; needs the package `mcp`."""
    donations: bool = False
    """Whether visitors are asked if they would like to give a conversation to research."""
    threads: int = Field(default=0, ge=0)
    """Threads of a local engine on the CPU; 0 is one less than the cores, at least one."""
    host: str = Field(default_factory=lambda: os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"))
    port: int = Field(default_factory=_default_port, ge=0, le=65535)
    """Where the page is served; by default where Gradio's own variables say, as on a Space."""
    policy: Literal["model", "round-robin", "random", "mention"] = "model"
    """Who directs: the model itself, or one of the simple policies."""
    max_turns: int = Field(default=4, ge=1, le=20)
    """Most persona turns before the floor goes back to the person."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @property
    def store_url(self) -> str:
        return self.store or f"sqlite:///{self.home / 'mascot.db'}"

    @property
    def models(self) -> Path:
        return self.home / "models"


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: naming the variable, its value and what would be right.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "MASCOT_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}={first['input']!r} is not usable: {first['msg']}") from None
