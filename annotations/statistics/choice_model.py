"""The likelihood of choices: Bradley–Terry with ties and Plackett–Luce with ties, in one model.

A set T of the arms on offer comes first with probability proportional to exp(mean of u over T + δ_|T|), where
u of an arm is its strength, plus the effect of the position it was shown in, plus covariates of its text,
plus what its rater gives to the first position. For two arms this is Davidson's model (JASA 65, 1970); for
rankings it is the Davidson–Luce model of Turner, van Etten, Firth and Kosmidis (Computational Statistics 35,
2020); without ties they are Bradley–Terry and Plackett–Luce. The log-likelihood is concave.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from annotations.statistics.choices import NOBODY, Choices, sets


@dataclass(frozen=True)
class Layout:
    """Where each kind of parameter stands in the one vector of them all.

    Attributes:
        arms: How many strengths; they add to zero.
        positions: How many position effects; they add to zero; 0 leaves them out.
        tied: Sizes of tied sets that votes may have, ascending; empty where ties are not allowed.
        covariates: How many coefficients of style.
        raters: How many raters have an effect of their own; 0 leaves them out.
    """

    arms: int
    positions: int = 0
    tied: tuple[int, ...] = ()
    covariates: int = 0
    raters: int = 0

    @property
    def starts(self) -> tuple[int, int, int, int, int]:
        """Where positions, ties, covariates and raters begin, and where the vector ends."""
        ties = self.arms + self.positions
        style = ties + len(self.tied)
        raters = style + self.covariates
        return self.arms, ties, style, raters, raters + self.raters


@dataclass(frozen=True)
class Column:
    """One parameter acting on one member of each row's choice: its index and what it is multiplied by."""

    slot: int
    index: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Block:
    """Choices made ready for a layout.

    Attributes:
        choices: The counted choices.
        loads: What each set takes from each slot, shape (sets, slots): k members, then the sizes of ties.
        columns: Which parameters act on which slot.
    """

    choices: Choices
    loads: np.ndarray
    columns: list[Column]


def block(choices: Choices, layout: Layout) -> Block:
    """Makes choices ready; sets larger than the layout's ties can have been picked by nobody."""
    offered = choices.offered
    allowed = [
        at for at, chosen in enumerate(sets(offered)) if len(chosen) == 1 or len(chosen) in layout.tied
    ]
    loads = np.zeros((len(allowed), offered + len(layout.tied)))
    for row, at in enumerate(allowed):
        chosen = sets(offered)[at]
        loads[row, list(chosen)] = 1 / len(chosen)
        if len(chosen) > 1:
            loads[row, offered + layout.tied.index(len(chosen))] = 1
    kept = replace(choices, counts=choices.counts[:, allowed])
    return Block(kept, loads, list(_columns(choices, layout)))


def _columns(choices: Choices, layout: Layout) -> Iterator[Column]:
    positions, ties, style, raters, _ = layout.starts
    rows = len(choices.arms)
    one = np.ones(rows)
    for slot in range(choices.offered):
        yield Column(slot, choices.arms[:, slot], one)
        if layout.positions:
            yield Column(slot, positions + choices.positions[:, slot], one)
        for at in range(layout.covariates):
            yield Column(slot, np.full(rows, style + at), choices.style[:, slot, at])
        if layout.raters:
            known = choices.rater != NOBODY
            first = 0.5 - choices.positions[:, slot] / max(layout.positions - 1, 1)
            yield Column(slot, raters + np.where(known, choices.rater, 0), np.where(known, first, 0.0))
    for at in range(len(layout.tied)):
        yield Column(choices.offered + at, np.full(rows, ties + at), one)


def probabilities(part: Block, parameters: np.ndarray) -> np.ndarray:
    """Of each set in each row, shape (rows, sets)."""
    slots = np.zeros((len(part.choices.arms), part.loads.shape[1]))
    for column in part.columns:
        slots[:, column.slot] += parameters[column.index] * column.value
    utility = slots @ part.loads.T
    utility = np.exp(utility - utility.max(axis=1, keepdims=True))
    return utility / utility.sum(axis=1, keepdims=True)


def scores(
    part: Block, parameters: np.ndarray, group: np.ndarray | None = None, groups: int = 1
) -> np.ndarray:
    """Gradient of the log-likelihood, shape (groups, parameters), summed within each group of rows."""
    counts = part.choices.counts
    rest = (counts - counts.sum(axis=1, keepdims=True) * probabilities(part, parameters)) @ part.loads
    size = len(parameters)
    found = np.zeros(groups * size)
    for column in part.columns:
        key = column.index if group is None else group * size + column.index
        found += np.bincount(key, rest[:, column.slot] * column.value, minlength=groups * size)
    return found.reshape(groups, size)


def information(part: Block, parameters: np.ndarray) -> np.ndarray:
    """Observed, and here also expected, information, shape (parameters, parameters)."""
    chance = probabilities(part, parameters)
    votes = part.choices.counts.sum(axis=1)
    mean = chance @ part.loads
    size = len(parameters)
    found = np.zeros(size * size)
    for at, one in enumerate(part.columns):
        for two in part.columns[at:]:
            spread = chance @ (part.loads[:, one.slot] * part.loads[:, two.slot])
            spread = votes * (spread - mean[:, one.slot] * mean[:, two.slot]) * one.value * two.value
            if one is two:
                spread = spread / 2
            found += np.bincount(one.index * size + two.index, spread, minlength=size * size)
    half = found.reshape(size, size)
    return half + half.T


def pseudo_counts(part: Block, parameters: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Half the leverage of every set in every row, shape (rows, sets): Jeffreys' prior as votes."""
    chance = probabilities(part, parameters)
    mean = chance @ part.loads
    slots = part.loads.shape[1]
    spread = np.zeros((len(chance), slots, slots))
    for one in part.columns:
        for two in part.columns:
            spread[:, one.slot, two.slot] += covariance[one.index, two.index] * one.value * two.value
    away = part.loads[None, :, :] - mean[:, None, :]
    leverage = np.einsum("nja,nab,njb->nj", away, spread, away)
    return part.choices.counts.sum(axis=1, keepdims=True) * chance * leverage / 2
