"""Everything that a report is made from, read out of a run's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mascot.evaluation.baselines.registry import RECIPES
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.judges.bias import Bias
from mascot.evaluation.judges.bias_run import read_biases
from mascot.evaluation.judges.card import Card
from mascot.evaluation.judges.card_run import read_cards
from mascot.evaluation.judges.run import verdicts_of
from mascot.evaluation.judges.verdicts import Verdicts
from mascot.evaluation.run_folder import RunFolder, RunHeader, SystemHeader
from mascot.evaluation.starts import of_run

REFERENCE = "mascot"
"""With which the others are compared, where it is in the run."""
_ORDER = {name: place for place, name in enumerate(RECIPES)}


@dataclass(frozen=True)
class Evidence:
    """A run and what judges made of it."""

    run: RunHeader
    starts: Mapping[str, Start]
    """By id, with their words."""
    systems: Mapping[str, SystemHeader]
    """By name, in the order of tables."""
    dialogues: Mapping[str, Mapping[str, Dialogue]]
    """By system and id."""
    verdicts: Mapping[str, Mapping[str, Verdicts]]
    """By judge and system."""
    cards: Mapping[str, Card]
    """By judge; a judge without one is not believed."""
    biases: Mapping[str, Bias]
    """By judge, where they were measured."""
    made: Sequence[Mapping[str, str]]

    @property
    def plain(self) -> list[str]:
        """Systems nobody answers back to, and without another model for a role: the main tables'."""
        return [name for name, header in self.systems.items() if not header.user and not header.models]

    @property
    def answered(self) -> list[str]:
        """Those with simulated people."""
        return [name for name, header in self.systems.items() if header.user]

    @property
    def sized(self) -> list[str]:
        """Those with another model for a role."""
        return [name for name, header in self.systems.items() if header.models]

    def groups(self, source: str = "") -> dict[str, list[str]]:
        """Ids of first messages by valence, or by domain where a corpus has none; in the paper's order."""
        found: dict[str, list[str]] = {}
        for start in self.starts.values():
            if source in ("", start.source):
                found.setdefault(start.valence or start.domain, []).append(start.id)
        order = ("positive", "negative", "neutral")
        return dict(sorted(found.items(), key=lambda item: (item[0] not in order, _at(item[0], order))))

    @property
    def sources(self) -> list[str]:
        """The corpora of the run, in order."""
        return list(dict.fromkeys(start.source for start in self.starts.values()))


def read_evidence(path: Path, cards: Path) -> Evidence:
    """Everything of a run.

    Args:
        cards: folder of judges' report cards and biases.

    Raises:
        InputError: there is no run, or a file of it cannot be read.
    """
    folder = RunFolder(path)
    run = folder.header()
    found = folder.systems()
    names = sorted(found, key=lambda name: (_ORDER.get(found[name].system, len(_ORDER)), name))
    return Evidence(
        run=run,
        starts={start.id: start for start in of_run(folder)},
        systems={name: found[name] for name in names},
        dialogues={name: folder.dialogues(name) for name in names},
        verdicts=verdicts_of(path),
        cards=read_cards(cards),
        biases=read_biases(cards),
        made=folder.made(),
    )


def reference_of(names: Sequence[str]) -> str:
    """The one that others are compared with."""
    return REFERENCE if REFERENCE in names else names[0]


def dialogue_id(case: str) -> str:
    """The dialogue of a case: an utterance's has its number behind it."""
    return re.sub(r"#\d+$", "", case)


def _at(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else 0
