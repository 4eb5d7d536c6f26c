"""From settings to a working studio: engine, journal, safety and live conversations put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mascot.adapters.lineage import base_hash
from mascot.adapters.registry import Registry
from mascot.conversation.personas import Cast, load_cast
from mascot.engines.base import Engine
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER, EMBEDDED_GGUF
from mascot.engines.select import select_engine
from mascot.live.journal import Journal
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Defaults, Live, Room
from mascot.live.speaker import INSTRUCTED, TINY, Manner, Speaker
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings

_PATTERNS_ALONE = (
    "the sentence embedder is missing, so crises are recognised by patterns alone: `make models`"
)


@dataclass(frozen=True)
class Studio:
    """Everything that is open while the app runs."""

    live: Live
    engine: Engine
    journal: Journal
    notice: str = ""
    """One line for the person at the machine: what was asked for and could not be had."""

    def close(self) -> None:
        """Silence the conversations and give back the model."""
        self.live.close()
        self.engine.close()


def open_studio(
    settings: Settings,
    defaults: Defaults | None = None,
    engine: Engine | None = None,
    cast: Cast | None = None,
) -> Studio:
    """Open everything that the settings ask for.

    Args:
        engine: one's own instead of the one that the settings choose; then the sentence embedder may be
            missing, and crises are recognised by patterns alone.
        cast: instead of the built-in personas and those in the settings' home.

    Raises:
        MascotError: a model, the store or a persona card cannot be used; one line says which and why.
    """
    cast = cast or load_cast(settings.home / "personas")
    journal = Journal(settings.store_url)
    weights = settings.models / EMBEDDED_EMBEDDER
    embedder = MiniLM(weights) if engine is None or weights.is_dir() else None
    notices = [] if embedder else [_PATTERNS_ALONE]
    patterns = CrisisRecogniser(None)  # a persona's sentence waits for no embedding
    if engine is None:
        engine = select_engine(settings, notices.append)
    notices += load_adapters(engine, settings)
    live = Live(
        journal,
        cast,
        engine,
        Speaker(engine, cast, manner(engine), embedder, lambda text: patterns.check(text).crisis),
        CrisisRecogniser(embedder),
        defaults or Defaults(settings.policy, settings.max_turns),
        Room(settings.slots, settings.waiting, settings.patience),
        limits(journal, settings),
    )
    return Studio(live, engine, journal, " ".join(notices))


def limits(journal: Journal, settings: Settings) -> Limits:
    """What visitors may ask for; a restart does not give today's turns anew."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    allowance = Allowance(settings.messages_per_hour, settings.conversations_per_hour, settings.turns_per_day)
    return Limits(allowance, journal.turns_since(midnight) if settings.turns_per_day else 0)


def load_adapters(engine: Engine, settings: Settings) -> tuple[str, ...]:
    """Give a local engine the promoted adapters of its base model.

    Returns:
        One line for each promoted adapter that belongs to another base.

    Raises:
        MascotError: a promoted adapter is damaged; one line says which.
    """
    if settings.adapters == "none" or engine.info.engine not in ("llamacpp", "transformers"):
        return ()
    choice = Registry(settings.home / "adapters").promoted(base_hash(engine.info.model))
    if choice.paths:
        engine.load_adapters(choice.paths)
    return choice.refused


def manner(engine: Engine) -> Manner:
    """How this engine's model is made to speak."""
    return TINY if engine.info.model == EMBEDDED_GGUF else INSTRUCTED
