"""How many bad raters the quality checks find, and how many honest ones they suspect.

`python -m annotations.statistics.quality_benchmark` prints the table of docs/statistics.md. Everything is
simulated; the people are ours, so the figures say how the checks behave, not how people do.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pandas as pd

from annotations.statistics.quality import RaterQuality, quality

KINDS = {"honest": 40, "straight-liner": 3, "position-clicker": 3, "random": 3, "colluder": 3, "bot": 3}
"""Raters of each kind in one simulated study."""
ITEMS, PER_ITEM, CRITERIA, CHECKS = 60, 12, 2, 4
"""Items, raters of each, criteria (each 1 to 5, shown in random order of options) and attention checks."""


def study(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """One study: the answers, the attention checks, and the kind of each rater."""
    kinds = np.repeat(list(KINDS), list(KINDS.values()))
    raters = len(kinds)
    item, rater = _assigned(raters, rng)
    item, rater = np.repeat(item, CRITERIA), np.repeat(rater, CRITERIA)
    unit = item * CRITERIA + np.tile(np.arange(CRITERIA), len(item) // CRITERIA)
    value = _values(kinds, unit, rater, rng)
    shown = rng.permuted(np.tile(np.arange(5), (len(unit), 1)), axis=1)
    place = np.argmax(shown == (value - 1)[:, None], axis=1)
    lazy = kinds[rater] == "position-clicker"
    slot = np.where(rng.random(len(unit)) < 0.95, 2, rng.integers(0, 5, len(unit)))
    value = np.where(lazy, shown[np.arange(len(unit)), slot] + 1, value)
    place = np.where(lazy, slot, place)
    pace = np.where(kinds == "bot", np.log(1.5), rng.normal(np.log(20), 0.35, raters))
    seconds = np.exp(pace[rater] + rng.normal(0, 0.5, len(unit)))
    names = np.array([f"{kind} {at}" for at, kind in enumerate(kinds)])
    columns = {"item": unit, "rater": names[rater], "value": value, "position": place, "seconds": seconds}
    fails = {"honest": 0.03, "colluder": 0.03, "bot": 0.8, "random": 0.4}
    passing = np.array([1 - fails.get(kind, 0.25) for kind in kinds])
    passed = rng.random((raters, CHECKS)) < passing[:, None]
    checks = pd.DataFrame({"rater": np.repeat(names, CHECKS), "passed": passed.ravel()})
    return pd.DataFrame(columns).assign(options=5), checks, pd.Series(kinds, index=names)


def _assigned(raters: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which raters get which items; colluders ask for the same ones."""
    rater = rng.permuted(np.tile(np.arange(raters), (ITEMS, 1)), axis=1)[:, :PER_ITEM]
    item = np.repeat(np.arange(ITEMS), PER_ITEM)
    ends = np.cumsum(list(KINDS.values()))
    first, last = (int(ends[list(KINDS).index("colluder") + step]) for step in (-1, 0))
    keep = (rater.ravel() < first) | (rater.ravel() >= last)
    together = rng.permutation(ITEMS)[:20]
    added = np.repeat(together, last - first), np.tile(np.arange(first, last), len(together))
    return np.concatenate([item[keep], added[0]]), np.concatenate([rater.ravel()[keep], added[1]])


def _values(kinds: np.ndarray, unit: np.ndarray, rater: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Answers 1 to 5: quality of the unit, leniency and error of an honest rater; or what the kind does."""
    quality_of = rng.normal(0, 1, ITEMS * CRITERIA)
    lenient = rng.normal(0, 0.4, len(kinds))
    careful = rng.uniform(0.5, 1.1, len(kinds))
    error = rng.normal(size=len(unit)) * careful[rater]
    honest = np.clip(np.round(3 + quality_of[unit] + lenient[rater] + error), 1, 5).astype(int)
    anything = rng.integers(1, 6, len(unit))
    copied = rng.integers(1, 6, ITEMS * CRITERIA)[unit]
    same = np.where(rng.random(len(unit)) < 0.95, 4, anything)
    kind = kinds[rater]
    value = np.where(kind == "straight-liner", same, honest)
    value = np.where((kind == "random") | (kind == "bot"), anything, value)
    colluding = (kind == "colluder") & (rng.random(len(unit)) < 0.95)
    return np.where(colluding, copied, np.where(kind == "colluder", anything, value))


def benchmark(studies: int, seed: int = 0) -> pd.DataFrame:
    """Raters and flagged raters of each kind over so many studies, and the share flagged."""
    rng = np.random.default_rng(seed)
    raters: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for _ in range(studies):
        answers, checks, kinds = study(rng)
        for each in quality(answers, checks):
            raters[kinds[each.rater]] += 1
            flagged[kinds[each.rater]] += bool(each.flags)
    table = pd.DataFrame({"raters": raters, "flagged": flagged}).reindex(list(KINDS))
    return table.assign(share=table["flagged"] / table["raters"])


def reasons(found: list[RaterQuality]) -> Counter[str]:
    """How often each reason was given."""
    return Counter(flag for each in found for flag in each.flags)


if __name__ == "__main__":
    sys.stdout.write(benchmark(100).to_string(float_format="{:.3f}".format) + "\n")
