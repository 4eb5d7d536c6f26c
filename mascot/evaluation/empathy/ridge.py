"""Ridge regression on those features, and how well it does on conversations that it never saw.

The strength of the penalty is chosen inside each training part (leave-one-out), so that the predictions that
are compared with the experts come from conversations that had no say in anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mascot.evaluation.empathy.features import COUNTS, Features

_FOLDS = 10
_PENALTIES = np.logspace(-2.5, 2, 19)
_WEIGHT_OF_COUNTS = 0.15
"""A count that is one standard deviation off moves as much as this much of the unit embedding."""


@dataclass(frozen=True)
class Linear:
    """`features @ weights + intercept`."""

    weights: Features
    """Shape (features,)."""
    intercept: float

    def predict(self, features: Features) -> Features:
        """Shape (cases,)."""
        return features @ self.weights + self.intercept


def fit(features: Features, ratings: Features) -> Linear:
    """The ridge regression of ratings on features; both have one row a conversation."""
    from sklearn.linear_model import RidgeCV

    middle = features.mean(axis=0)
    scale = np.ones(features.shape[1])
    counts = slice(features.shape[1] - len(COUNTS), None)
    scale[counts] = _WEIGHT_OF_COUNTS / (features[:, counts].std(axis=0) + 1e-6)
    model = RidgeCV(_PENALTIES).fit((features - middle) * scale, ratings)
    weights = np.asarray(model.coef_) * scale
    return Linear(weights, float(model.intercept_ - middle @ weights))


def unseen(features: Features, ratings: Features, seed: int = 0) -> Features:
    """A prediction for each conversation by a regression that was fitted without it (ten folds)."""
    from sklearn.model_selection import KFold

    found = np.zeros(len(ratings))
    for known, held_out in KFold(_FOLDS, shuffle=True, random_state=seed).split(features):
        found[held_out] = fit(features[known], ratings[known]).predict(features[held_out])
    return found
