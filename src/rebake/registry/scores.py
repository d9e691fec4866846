"""The scores of scikit-learn by which cross-validation may choose."""

from __future__ import annotations

_AVERAGES = ("", "_micro", "_macro", "_weighted")
LABEL_SCORES = frozenset(
    {"accuracy", "balanced_accuracy", "matthews_corrcoef"}
    | {f"{name}{average}" for name in ("f1", "precision", "recall", "jaccard") for average in _AVERAGES}
)
PROBABILITY_SCORES = frozenset(
    {"neg_log_loss", "roc_auc", "roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted"}
    | {"average_precision", "neg_brier_score", "top_k_accuracy"}
)
SCORES = tuple(sorted(LABEL_SCORES | PROBABILITY_SCORES))
