"""Raters whose answers should be looked at, each with the reasons.

A flag is a reason to look, never a verdict: nobody should go unpaid because of one. Every test here compares
a rater with chance or with the other raters, and its threshold is a choice of ours; `quality_benchmark` says
how many bad and how many honest raters they flag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import sparse, stats

from annotations.statistics.competence import mace
from annotations.statistics.errors import StatisticsError
from annotations.statistics.ratings import read_ratings

FEWEST = 10
"""Answers, or shared answers, below which nothing is said about skill, habits or copying."""
SKILL = 0.05
"""Chance level above which agreement with the others may as well be luck."""
HABIT_SHARE, HABIT = 0.8, 1e-3
"""Share of one and the same answer (or position), and the chance level it must stay below."""
FAST = -3.5
"""Robust z of the median log-time (Iglewicz and Hoaglin, 1993)."""
SLIPS, CHECKS = 0.05, 0.05
"""How often an honest rater fails a check, and the chance level of more failures than that."""
COPY, COPIES = 0.7, 0.01
"""Correlation of two raters' departures from the others, and its chance level over all pairs together."""


@dataclass(frozen=True)
class RaterQuality:
    """What the answers of one rater look like.

    Attributes:
        rater: Their name.
        answers: How many they gave.
        agreement: Correlation with the mean of the others, −1 to 1; None where it cannot be computed.
        competence: Of MACE, 0 to 1.
        same_share: Share of their most frequent answer.
        position_share: Share of their most frequent position; None where positions are unknown.
        seconds: Median time on task; None where unknown.
        failed: Attention checks failed.
        checks: Attention checks answered.
        partners: Raters whose departures from the others match theirs.
        flags: Reasons to look, one phrase each; empty for most people.
    """

    rater: str
    answers: int
    agreement: float | None
    competence: float
    same_share: float
    position_share: float | None
    seconds: float | None
    failed: int
    checks: int
    partners: tuple[str, ...]
    flags: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """The fields, as a program wants them."""
        return asdict(self)


def quality(table: pd.DataFrame, checks: pd.DataFrame | None = None) -> list[RaterQuality]:
    """Looks at every rater of a long table.

    Args:
        table: One answer per row: `item` (what was rated; one name for each item and criterion), `rater`,
            `value` (a number; for comparisons 1, 0 or −1 for one fixed arm of the pair, whatever its side),
            and where known `position` (place of the chosen option on the page, from 0), `options` (how many
            there were) and `seconds` (time on task).
        checks: One attention check per row: `rater`, `passed` (true or false).

    Raises:
        StatisticsError: as `read_ratings` at the interval level, or no answer at all.
    """
    if table.empty:
        raise StatisticsError("the table has no answers yet")
    ratings = read_ratings(table, "interval")
    names = ratings.raters
    table = table[table["value"].notna()].assign(rater=lambda rows: rows["rater"].astype(str))
    agreement, lucky = _agreement(ratings.item, ratings.rater, ratings.numbers, len(names))
    share, stuck = _habit(ratings.rater, ratings.value, len(names), None)
    partners = _partners(ratings.item, ratings.rater, ratings.numbers, len(names))
    competence = mace(ratings).raters
    clicks = _positions(table, names)
    seconds, fast = _times(table, names)
    failed, asked = _checks(checks, names)
    careless = stats.binom.sf(failed - 1, np.maximum(asked, 1), SLIPS) < CHECKS
    return [
        RaterQuality(
            rater=name,
            answers=int((ratings.rater == at).sum()),
            agreement=_or_none(agreement[at]),
            competence=float(competence[at]),
            same_share=float(share[at]),
            position_share=_or_none(clicks[0][at]),
            seconds=_or_none(seconds[at]),
            failed=int(failed[at]),
            checks=int(asked[at]),
            partners=tuple(names[other] for other in partners[at]),
            flags=tuple(
                reason
                for wrong, reason in (
                    (lucky[at], "agrees with the others no more than chance"),
                    (stuck[at], "gives nearly always the same answer"),
                    (clicks[1][at], "clicks nearly always the same position"),
                    (fast[at], "is far faster than the others"),
                    (failed[at] > 0 and careless[at], "failed attention checks"),
                    (len(partners[at]) > 0, "departs from the others in step with another rater"),
                )
                if wrong
            ),
        )
        for at, name in enumerate(names)
    ]


def _rest(item: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the others' answers to the same item, and which answers have such others, both (answers,)."""
    total, count = np.bincount(item, value), np.bincount(item)
    others = count[item] - 1
    return (total[item] - value) / np.maximum(others, 1), others > 0


def _agreement(
    item: np.ndarray, rater: np.ndarray, value: np.ndarray, raters: int
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation with the others' mean per rater, and whether it may be luck (permutation z, one-sided)."""
    rest, shared = _rest(item, value)
    item, rater, value, rest = item[shared], rater[shared], value[shared], rest[shared]
    n = np.bincount(rater, minlength=raters)

    def centred(x: np.ndarray) -> np.ndarray:
        return x - (np.bincount(rater, x, minlength=raters) / np.maximum(n, 1))[rater]

    x, y = centred(value), centred(rest)
    cross, xx, yy = (np.bincount(rater, each, minlength=raters) for each in (x * y, x * x, y * y))
    spread = np.sqrt(xx * yy)
    correlation = np.where(spread > 1e-12, cross / np.maximum(spread, 1e-12), np.nan)
    luck = stats.norm.sf(np.nan_to_num(correlation) * np.sqrt(np.maximum(n - 1, 0)))
    return correlation, (n >= FEWEST) & (luck > SKILL)


def _habit(
    rater: np.ndarray, value: np.ndarray, raters: int, chance: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Share of each rater's most frequent value, and whether it is a habit.

    `chance` is the share to expect; None takes the median over the raters.
    """
    counts = np.zeros((raters, int(value.max()) + 1))
    np.add.at(counts, (rater, value), 1)
    n, top = counts.sum(axis=1), counts.max(axis=1)
    share = np.where(n > 0, top / np.maximum(n, 1), np.nan)
    expected = np.full(raters, np.nanmedian(share)) if chance is None else chance
    tail = stats.binom.sf(top - 1, n, np.minimum(expected, 0.999))
    return share, (n >= FEWEST) & (share >= HABIT_SHARE) & (tail < HABIT)


def _positions(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Share of each rater's most frequent position, and whether it is a habit."""
    if "position" not in table.columns:
        return np.full(len(names), np.nan), np.zeros(len(names), dtype=bool)
    rows = table[table["position"].notna()]
    if rows.empty:
        return np.full(len(names), np.nan), np.zeros(len(names), dtype=bool)
    rater = pd.Index(names).get_indexer(pd.Index(rows["rater"]))
    position = rows["position"].to_numpy(dtype=int)
    options = rows["options"].to_numpy(dtype=float) if "options" in rows.columns else position.max() + 1.0
    n = np.maximum(np.bincount(rater, minlength=len(names)), 1)
    chance = np.bincount(rater, np.broadcast_to(1 / options, len(rater)), minlength=len(names)) / n
    return _habit(rater, position, len(names), chance)


def _times(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Median seconds of each rater, and whether that is far below the others'."""
    if "seconds" not in table.columns:
        return np.full(len(names), np.nan), np.zeros(len(names), dtype=bool)
    median = table.groupby("rater")["seconds"].median().reindex(names).to_numpy(dtype=float)
    if np.isnan(median).all():
        return median, np.zeros(len(names), dtype=bool)
    log = np.log(np.maximum(median, 1e-3))
    away = log - np.nanmedian(log)
    deviation = np.nanmedian(np.abs(away))
    return median, 0.6745 * np.nan_to_num(away) < FAST * max(deviation, 0.05)


def _checks(checks: pd.DataFrame | None, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Attention checks failed and answered by each rater."""
    if checks is None or checks.empty:
        return np.zeros(len(names), dtype=int), np.zeros(len(names), dtype=int)
    passed = checks["passed"].astype(bool).groupby(checks["rater"].astype(str)).agg(["size", "sum"])
    passed = passed.reindex(names, fill_value=0)
    asked = passed["size"].to_numpy(dtype=int)
    return asked - passed["sum"].to_numpy(dtype=int), asked


def _partners(item: np.ndarray, rater: np.ndarray, value: np.ndarray, raters: int) -> list[list[int]]:
    """For each rater, those whose departures from the others' mean correlate with theirs beyond chance.

    Honest raters err on their own; who copies, errs alike. Fisher's z, Bonferroni over the pairs.
    """
    rest, shared = _rest(item, value)
    away = np.where(shared, value - rest, 0.0)
    n = np.maximum(np.bincount(rater, shared, minlength=raters), 1)
    away = np.where(shared, away - (np.bincount(rater, away, minlength=raters) / n)[rater], 0.0)
    shape = (raters, int(item.max()) + 1)
    seen = sparse.csr_matrix((shared.astype(float), (rater, item)), shape)
    departures = sparse.csr_matrix((away, (rater, item)), shape)
    common = (seen @ seen.T).toarray()
    squares = (departures.multiply(departures) @ seen.T).toarray()
    cross = (departures @ departures.T).toarray()
    correlation = cross / np.sqrt(np.maximum(squares * squares.T, 1e-12))
    np.fill_diagonal(correlation, 0)
    z = np.arctanh(np.clip(correlation, -0.999999, 0.999999)) * np.sqrt(np.maximum(common - 3, 0))
    pairs = max(int((np.triu(common, 1) >= FEWEST).sum()), 1)
    found = (common >= FEWEST) & (correlation > COPY) & (z > stats.norm.isf(COPIES / pairs))
    return [list(map(int, np.flatnonzero(row))) for row in found]


def _or_none(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def lines(found: list[RaterQuality]) -> Iterator[str]:
    """The result as a table for people, flagged raters first."""
    yield f"{'rater':<20}{'answers':>8}{'agreement':>11}{'competence':>12}{'seconds':>9}  look, because they"
    for each in sorted(found, key=lambda rater: (-len(rater.flags), rater.rater)):
        agreement = "–" if each.agreement is None else f"{each.agreement:.2f}"
        seconds = "–" if each.seconds is None else f"{each.seconds:.1f}"
        yield (
            f"{each.rater:<20.19}{each.answers:>8}{agreement:>11}{each.competence:>12.2f}{seconds:>9}  "
            + "; ".join(each.flags)
        )
