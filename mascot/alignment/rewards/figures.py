"""How good a reward model is: held-out pair accuracy by kind of flaw, and whether it knows how sure to be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from mascot.alignment.preferences import BlockPreference, Preference
from mascot.alignment.rewards.bradley_terry import Numbers, loss
from mascot.evaluation.intervals import Estimate, mean

_BINS = 5


@dataclass(frozen=True)
class Bin:
    """Pairs on which the model is about equally sure."""

    sure: float
    """Mean probability that it gives to the side it prefers, 0.5 to 1."""
    right: float
    """Share of them in which that is the chosen one."""
    pairs: int


@dataclass(frozen=True)
class Figures:
    """What was measured on held-out pairs."""

    accuracy: Estimate
    by_kind: Mapping[str, Estimate]
    """By flaw, criterion or source; see `kind_of`."""
    loss: float
    """Mean of - log of the probability given to the chosen one, nats; a coin has 0.693."""
    calibration_error: float
    """Expected calibration error: mean over pairs of the gap between sure and right in their bin."""
    reliability: Sequence[Bin]

    def record(self) -> dict[str, Any]:
        """As JSON takes it, rounded to four digits."""
        return {key: _rounded(value) for key, value in asdict(self).items()}


def kind_of(row: Preference | BlockPreference) -> str:
    """What accuracy is broken down by: the flaw, else the criterion, else the source."""
    return row.flaw or row.criterion or row.source


def figures(rows: Sequence[Preference | BlockPreference], ahead: Numbers) -> Figures:
    """The figures of a reward model on these pairs.

    Pairs of one theme are not independent, so intervals are bootstrapped over themes.

    Args:
        ahead: reward of the chosen minus reward of the rejected one, shape (rows,), at least one row. A tie
            is half right.
    """
    right = (np.sign(ahead) + 1) / 2
    kinds = [kind_of(row) for row in rows]
    themes = [row.theme for row in rows]
    bins = _bins(ahead, right)
    return Figures(
        accuracy=_over_themes(themes, right),
        by_kind={
            kind: _over_themes(
                [t for t, k in zip(themes, kinds, strict=True) if k == kind],
                right[[k == kind for k in kinds]],
            )
            for kind in sorted(set(kinds))
        },
        loss=loss(ahead, np.zeros_like(ahead), np.ones_like(ahead)),
        calibration_error=sum(b.pairs * abs(b.sure - b.right) for b in bins) / len(ahead),
        reliability=bins,
    )


def _over_themes(themes: Sequence[str], right: Numbers) -> Estimate:
    """The mean over themes of the mean in each."""
    found: dict[str, list[float]] = defaultdict(list)
    for theme, value in zip(themes, right, strict=True):
        found[theme].append(float(value))
    return mean([sum(values) / len(values) for values in found.values()])


def _bins(ahead: Numbers, right: Numbers) -> list[Bin]:
    """Bins of as many pairs each, from least sure to surest."""
    sure = expit(np.abs(ahead))
    parts = np.array_split(np.argsort(sure, kind="stable"), min(_BINS, len(sure)))
    return [Bin(float(sure[part].mean()), float(right[part].mean()), len(part)) for part in parts]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value
