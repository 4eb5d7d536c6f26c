"""The models of a run, each loaded once, with the adapters that its systems speak with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mascot.adapters.lineage import base_hash
from mascot.adapters.registry import Entry, Registry
from mascot.engines.base import Engine
from mascot.engines.select import select_engine
from mascot.errors import ModelError
from mascot.evaluation.wrapped import Chosen, Metered, Spent
from mascot.settings import Settings

Chosens = Mapping[str, Entry]
"""Adapters by the name of who speaks with them."""


@dataclass
class Loaded:
    """One model."""

    engine: Metered
    adapters: tuple[Entry, ...]
    """Those of the registry that belong to it, retired ones apart."""

    def up_to(self, stage: int) -> dict[str, Entry]:
        """By name the adapter of the highest stage up to this one: the promoted one, or else the newest.

        Stages are the paper's: 0 supervised, 1 persona, 2 group.
        """
        found: dict[str, Entry] = {}
        for entry in sorted(self.adapters, key=_rank):
            if stage_of(entry) <= stage:
                found[entry.lineage.name] = entry
        return found

    def promoted(self) -> dict[str, Entry]:
        """What the app speaks with."""
        return {entry.lineage.name: entry for entry in self.adapters if entry.state == "promoted"}

    def load(self, entries: Iterable[Entry]) -> None:
        """Load what is not loaded yet, all at once: for some engines that is the price of one.

        Raises:
            EngineError: the engine does not take one of them.
        """
        wanted = {_loaded_name(entry): entry.folder for entry in entries}
        missing = {name: path for name, path in wanted.items() if name not in self.engine.adapters}
        if missing:
            self.engine.load_adapters(missing)

    def speaking_with(self, entries: Chosens) -> Engine:
        """The model with these adapters, which have been loaded, and no others."""
        return Chosen(self.engine, {name: _loaded_name(entry) for name, entry in entries.items()})


class Models:
    """Models by their name, loaded when they are asked for first.

    Args:
        settings: of the run; another model differs from it in its name only.
    """

    def __init__(
        self, settings: Settings, select: Callable[[Settings, Callable[[str], None]], Engine] = select_engine
    ) -> None:
        self._settings, self._select = settings, select
        self._loaded: dict[str, Loaded] = {}

    def get(self, model: str = "") -> Loaded:
        """A model; empty is the run's own.

        Raises:
            ModelError: it cannot be had; no other takes its place.
            MascotError: as `select_engine`.
        """
        if model not in self._loaded:
            update = {"model": model} if model else {}
            engine = Metered(self._select(self._settings.model_copy(update=update), _never_another))
            self._loaded[model] = Loaded(engine, self._adapters_of(engine))
        return self._loaded[model]

    def take(self) -> Spent:
        """What this thread has spent on all of them since it asked last."""
        each = [loaded.engine.take() for loaded in tuple(self._loaded.values())]
        return Spent(sum(spent.calls for spent in each), sum(spent.tokens for spent in each))

    def forget(self) -> None:
        """Let every model forget what it has read."""
        for loaded in self._loaded.values():
            loaded.engine.forget()

    def close(self) -> None:
        """Give back every model."""
        for loaded in self._loaded.values():
            loaded.engine.close()

    def _adapters_of(self, engine: Engine) -> tuple[Entry, ...]:
        if self._settings.adapters == "none" or engine.info.engine == "openai":
            return ()
        base = base_hash(engine.info.model)
        entries = Registry(self._settings.home / "adapters").entries()
        return tuple(e for e in entries if e.lineage.base_hash == base and e.state != "retired")


def stage_of(entry: Entry) -> int:
    """The paper's stage that trained it, told from the settings in its lineage.

    2 where they have a rate for the director (`align group`), 1 where they hold to a parent by a weight
    `beta` (`align persona`, GRPO or DPO), otherwise 0, supervised.
    """
    settings = entry.lineage.settings
    return 2 if "director_rate" in settings else 1 if "beta" in settings else 0


def _rank(entry: Entry) -> tuple[int, bool, str]:
    return stage_of(entry), entry.state == "promoted", entry.lineage.created.isoformat()


def _loaded_name(entry: Entry) -> str:
    return f"{entry.lineage.name}-{entry.lineage.version}"


def _never_another(why: str) -> None:
    raise ModelError(f"a run must not go on with another model than asked for: {why}")
