"""A support vector machine over several classes with probabilities: trained by scikit-learn, used without it.

One machine decides between every two classes. Platt 1999 makes a probability of a decision value; Wu, Lin, Weng 2004
(Probability Estimates for Multi-class Classification by Pairwise Coupling, algorithm 2) make one distribution of those
of all pairs. Their iteration stops early, so it is followed step by step here, as libsvm goes.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rebake.base.interpreter_lock import interpreter_released
from rebake.nlu.classifiers.logistic_regression import sigmoid
from rebake.registry.scores import PROBABILITY_SCORES

_Floats = NDArray[np.float64]
_SURE = 1e-7  # a pair's probability keeps this far from 0 and 1

PARAMETERS = ("kernel", "degree", "gamma", "coef0", "C", "random_state")  # that the search sets, or prediction reads


@dataclass(frozen=True)
class Search:
    """What cross-validation tries, how many folds it makes at most, by which score it chooses, on how many threads."""

    c: Sequence[float]
    gamma: Sequence[float | str]
    kernels: Sequence[str]
    max_folds: int
    score: str
    threads: int


@dataclass(frozen=True)
class SupportVectorModel:
    """What was learned, by the names of scikit-learn's SVC.

    Attributes:
        parameters: ``kernel``, ``degree``, ``coef0``, and those that are only kept: ``C``, ``gamma`` ...
        gamma: the number that ``parameters["gamma"]`` came to.
        vectors: float64 [support vectors, width], those of the first class first.
        support: int32 [support vectors], the training examples that they are.
        counts: int32 [classes], support vectors of each class.
        coefficients: float64 [classes - 1, support vectors]: of a vector of class i against each other class.
        intercepts, a, b: float64 [pairs]; the pairs are (0, 1), (0, 2), ... (1, 2), ...
        class_weight: float64 [classes].
        iterations: int32 [pairs].
        n_examples: of the training.
    """

    parameters: Mapping[str, Any]
    gamma: float
    vectors: _Floats
    support: NDArray[np.int32]
    counts: NDArray[np.int32]
    coefficients: _Floats
    intercepts: _Floats
    a: _Floats
    b: _Floats
    class_weight: _Floats
    iterations: NDArray[np.int32]
    n_examples: int

    def __post_init__(self) -> None:
        n_classes, n_vectors = len(self.counts), len(self.vectors)
        n_pairs = n_classes * (n_classes - 1) // 2
        fits = (
            n_classes >= 2
            and self.vectors.ndim == 2
            and bool((self.counts >= 0).all())
            and int(self.counts.sum()) == n_vectors
            and self.coefficients.shape == (n_classes - 1, n_vectors)
            and all(array.shape == (n_pairs,) for array in (self.intercepts, self.a, self.b))
            and self.parameters["kernel"] in _KERNELS
            and all(isinstance(self.parameters[name], int | float) for name in ("degree", "coef0"))
        )
        if not fits:
            raise ValueError("arrays or parameters do not fit each other")

    def probabilities(self, x: _Floats) -> _Floats:
        """[messages, width] -> [messages, classes]"""
        with interpreter_released():
            return _coupled(self._pairwise(x))

    def _pairwise(self, x: _Floats) -> _Floats:
        """[messages, classes, classes]: the probability of the first class if it is one of the two."""
        n_classes = len(self.counts)
        bounds = np.concatenate([[0], np.cumsum(self.counts)])
        similar = _KERNELS[self.parameters["kernel"]](x, self.vectors, self)
        against = np.zeros((len(x), n_classes, n_classes))
        for one in range(n_classes):
            own = slice(bounds[one], bounds[one + 1])
            others = [other for other in range(n_classes) if other != one]
            against[:, one, others] = similar[:, own] @ self.coefficients[:, own].T
        first, second = np.array(list(combinations(range(n_classes), 2))).T
        decisions = against[:, first, second] + against[:, second, first] + self.intercepts
        pairwise = np.zeros_like(against)
        pairwise[:, first, second] = np.clip(sigmoid(-(decisions * self.a + self.b)), _SURE, 1 - _SURE)
        pairwise[:, second, first] = 1 - pairwise[:, first, second]
        return pairwise


def _coupled(pairwise: _Floats) -> _Floats:
    """[messages, classes, classes] -> [messages, classes]"""
    n, k, _ = pairwise.shape
    q = -pairwise.transpose(0, 2, 1) * pairwise
    diagonal = np.arange(k)
    q[:, diagonal, diagonal] = (pairwise**2).sum(axis=1)
    p = np.full((n, k), 1 / k)
    running = np.arange(n)
    for _ in range(max(100, k)):
        part = q[running]
        share = p[running]
        gradient = np.einsum("mij,mj->mi", part, share)
        total = (share * gradient).sum(axis=1)
        far = np.abs(gradient - total[:, None]).max(axis=1) >= 0.005 / k
        running, part, share, gradient, total = running[far], part[far], share[far], gradient[far], total[far]
        if not len(running):
            break
        for t in range(k):
            step = (total - gradient[:, t]) / part[:, t, t]
            total = (total + step * (step * part[:, t, t] + 2 * gradient[:, t])) / (1 + step) ** 2
            share[:, t] += step
            gradient = (gradient + step[:, None] * part[:, t]) / (1 + step)[:, None]
            share /= (1 + step)[:, None]
        p[running] = share
    return p


def _linear(x: _Floats, y: _Floats, _: SupportVectorModel) -> _Floats:
    return x @ y.T


def _polynomial(x: _Floats, y: _Floats, model: SupportVectorModel) -> _Floats:
    powers: _Floats = (model.gamma * (x @ y.T) + model.parameters["coef0"]) ** model.parameters["degree"]
    return powers


def _radial(x: _Floats, y: _Floats, model: SupportVectorModel) -> _Floats:
    distances = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    similar: _Floats = np.exp(-model.gamma * np.maximum(distances, 0))
    return similar


def _sigmoid(x: _Floats, y: _Floats, model: SupportVectorModel) -> _Floats:
    similar: _Floats = np.tanh(model.gamma * (x @ y.T) + model.parameters["coef0"])
    return similar


_KERNELS = {"linear": _linear, "poly": _polynomial, "rbf": _radial, "sigmoid": _sigmoid}


def train_support_vector_machine(
    x: NDArray[np.float32], y: NDArray[np.int64], search: Search, seed: int
) -> SupportVectorModel:
    """Choose parameters by cross-validation, and train with them on everything.

    Args:
        x: [examples, width].
        y: [examples], classes from 0.
        search: where to look.
        seed: of the examples' order while the probabilities are fitted; Rasa leaves it to chance.

    Raises:
        ValueError: scikit-learn cannot train on this; the message says why.
    """
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV
    from sklearn.svm import SVC
    from threadpoolctl import threadpool_limits

    folds = max(2, min(search.max_folds, int(np.bincount(y).min()) // 5))  # five examples of each class a fold
    grid = {"C": list(search.c), "gamma": list(search.gamma), "kernel": list(search.kernels)}
    settings: dict[str, Any] = {"class_weight": "balanced", "random_state": seed}
    # Probabilities cost five more trainings each; a score that looks at labels alone is the same without.
    tried = SVC(**settings, probability=True) if search.score in PROBABILITY_SCORES else SVC(**settings)
    # The libraries below use one thread each: the machine is the same whatever the cores.
    with warnings.catch_warnings(), threadpool_limits(1), parallel_config(backend="threading"):
        warnings.simplefilter("ignore")  # of classes that a small fold lacks, and of `probability`
        grid_search = GridSearchCV(tried, grid, n_jobs=search.threads, cv=folds, scoring=search.score, refit=False)
        best = grid_search.fit(x, y).best_params_
        fitted = SVC(**settings, **best, probability=True).fit(x, y)
        return _learned(fitted)


def _learned(svc: Any) -> SupportVectorModel:
    return SupportVectorModel(
        {name: getattr(svc, name) for name in PARAMETERS},
        float(svc._gamma),
        svc.support_vectors_,
        svc.support_,
        svc._n_support,
        np.ascontiguousarray(svc._dual_coef_),
        svc._intercept_,
        svc._probA,
        svc._probB,
        svc.class_weight_,
        svc._num_iter,
        svc.shape_fit_[0],
    )
