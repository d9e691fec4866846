"""Logistic regression: trained by scikit-learn with the settings that Rasa 3.6.21 gives it, used without it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.base.interpreter_lock import interpreter_released
from rebake.errors import ModelError
from rebake.nlu.text_features import Stacked

_Floats = NDArray[np.float64]

# scikit-learn 1.1.3, which Rasa uses, stops these by the gradient of the sum over examples; since 1.4 it is their mean.
_STOP_BY_THE_SUM = frozenset({"lbfgs", "newton-cg"})


@dataclass(frozen=True)
class TrainingSettings:
    """The options: ``tol`` says when to stop before ``max_iter``; ``random_state`` orders the examples of sag, saga."""

    solver: str
    max_iter: int
    tol: float
    random_state: int | None


@dataclass(frozen=True)
class LogisticRegressionModel:
    """What was learned.

    Attributes:
        classes: intents, sorted.
        coef: float64 [classes, width], or [1, width] for two classes: in favour of the second.
        intercept: float64 [classes] or [1].
        one_vs_rest: whether every class was trained for itself, so that its sigmoid counts instead of the softmax.
        iterations: of the solver, one number or one per class.
    """

    classes: tuple[str, ...]
    coef: _Floats
    intercept: _Floats
    one_vs_rest: bool
    iterations: tuple[int, ...]

    def __post_init__(self) -> None:
        rows = 1 if len(self.classes) == 2 else len(self.classes)
        if len(self.classes) < 2 or self.coef.ndim != 2 or len(self.coef) != rows or self.intercept.shape != (rows,):
            raise ValueError("the arrays do not fit each other")

    def probabilities(self, features: Stacked) -> _Floats:
        """[messages, classes]"""
        with interpreter_released():
            scores = self._dot(features) + self.intercept
        if len(self.classes) == 2:
            second = sigmoid(scores[:, 0])
            return np.stack([1 - second, second], axis=1)
        values = sigmoid(scores) if self.one_vs_rest else np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: _Floats = values / values.sum(axis=1, keepdims=True)
        return shares

    def _dot(self, features: Stacked) -> _Floats:
        """[messages, rows of coef]; dense columns are the last. Fewer sparse columns than in training are the first."""
        sparse, dense = features.sentence_sparse, features.sentence_dense
        n_sparse = self.coef.shape[1] - (0 if dense is None else dense.shape[1])
        if n_sparse < (0 if sparse is None else sparse.n_columns):
            raise ModelError("The featurizers give more features than the model knows.", fix="Train the model again.")
        scores = np.zeros((len(features.lengths), len(self.coef)))
        if sparse is not None:
            columns, places = np.unique(sparse.indices, return_inverse=True)  # few of all columns occur in a batch
            counts = np.zeros((sparse.n_rows, len(columns)))
            counts[sparse.row_indices(), places] = sparse.data
            scores += counts @ self.coef[:, columns].T
        if dense is not None:
            scores += dense.astype(np.float64) @ self.coef[:, n_sparse:].T
        return scores


def train_logistic_regression(
    features: Stacked, intents: Sequence[str], settings: TrainingSettings, seed: int
) -> LogisticRegressionModel:
    """Train on two intents or more; ``seed`` stands in for a ``random_state`` that is null."""
    x, y = _matrix(features), np.array(intents)
    classes = tuple(sorted(set(intents)))
    if settings.solver == "liblinear" and len(classes) > 2:
        return _one_by_one(x, y, classes, settings, seed)
    fitted = _fit(x, y, settings, seed, "balanced")
    iterations = tuple(fitted.n_iter_.tolist())
    return LogisticRegressionModel(classes, fitted.coef_, fitted.intercept_, False, iterations)


def _one_by_one(
    x: Any, y: NDArray[Any], classes: tuple[str, ...], settings: TrainingSettings, seed: int
) -> LogisticRegressionModel:
    """What liblinear does with several classes: each against all others, which weigh 1 however few they are."""
    fits = []
    for name in classes:
        weight = len(y) / (len(classes) * int((y == name).sum()))
        fits.append(_fit(x, y == name, settings, seed, {True: weight, False: 1.0}))
    return LogisticRegressionModel(
        classes,
        np.concatenate([fit.coef_ for fit in fits]),
        np.concatenate([fit.intercept_ for fit in fits]),
        True,
        (max(int(fit.n_iter_[0]) for fit in fits),),
    )


def _fit(x: Any, y: NDArray[Any], settings: TrainingSettings, seed: int, class_weight: Any) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    estimator = LogisticRegression(
        solver=settings.solver,
        max_iter=settings.max_iter,
        class_weight=class_weight,
        tol=settings.tol / (len(y) if settings.solver in _STOP_BY_THE_SUM else 1),
        random_state=seed if settings.random_state is None else settings.random_state,
    )
    # One thread: the weights are the same on every machine, and on a busy one the threads would wait for each other.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # the caller sees the number of iterations
        return estimator.fit(x, y)


def _matrix(features: Stacked) -> Any:
    """scipy's CSR matrix [messages, width], float64: sparse columns, then dense ones."""
    from scipy import sparse

    parts = []
    if (rows := features.sentence_sparse) is not None:
        shape = (rows.n_rows, rows.n_columns)
        parts.append(sparse.csr_matrix((rows.data.astype(np.float64), rows.indices, rows.indptr), shape=shape))
    if (dense := features.sentence_dense) is not None:
        parts.append(sparse.csr_matrix(dense.astype(np.float64)))
    return sparse.hstack(parts, format="csr")


def sigmoid(values: _Floats) -> _Floats:
    """1 / (1 + exp(-values)); of its two forms each is taken where the exponential cannot overflow.

    (scipy.special.expit would need scipy in every process that parses, which takes as long to import as NumPy.)
    """
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))
