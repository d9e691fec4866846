"""Options that DIETClassifier, ResponseSelector, TEDPolicy and UnexpecTEDIntentPolicy have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.registry.entry import Constraint
from rebake.registry.options import (
    Choice,
    Flag,
    ListOf,
    MappingOf,
    Number,
    OneOf,
    Option,
    Text,
    WholeNumber,
    drop_rate,
    listed,
    names,
    seed,
    share,
)

SIZES = ListOf(WholeNumber(least=1), "whole numbers")

SPLIT_BY_COMMA = OneOf(
    (Flag(), MappingOf(Flag())), "true, false, or a mapping of entities to these", default=True
)  # fmt: skip
LOSS = Choice(("cross_entropy", "margin"), default="cross_entropy")
SIMILARITY = Choice(("auto", "inner", "cosine"), default="auto")
CONFIDENCE = Text(default="softmax")  # of CONFIDENCES, unless the loss makes it of no account
CONFIDENCES = ("softmax", "auto")
MARGIN_SCALE = Number(default=0.8)  # of the loss of negative examples

FEATURIZERS = names(default=[], nullable=True)


# The files of a model list options in the order of these tables, and equal models are equal byte for byte: so a new
# option goes to the end of its table.


def attention_options(max_relative_position: Option) -> dict[str, Option]:
    """The transformer, without its sizes."""
    return {
        "number_of_attention_heads": WholeNumber(least=1, default=4),
        "use_key_relative_attention": Flag(default=False),
        "use_value_relative_attention": Flag(default=False),
        "max_relative_position": max_relative_position,
        "unidirectional_encoder": Flag(default=False),
    }


def training_options(*, epochs: int) -> dict[str, Option]:
    """How long and on what a network is trained, and how wide the embeddings are."""
    return {
        "batch_size": OneOf(
            (WholeNumber(least=1), ListOf(WholeNumber(least=1), length=2)),
            "a whole number, or a list of two",
            default=[64, 256],
        ),
        "batch_strategy": Choice(("balanced", "sequence"), default="balanced"),
        "epochs": WholeNumber(least=1, default=epochs),
        "random_seed": seed(),
        "learning_rate": Number(above=0, default=0.001),
        "embedding_dimension": WholeNumber(least=1, default=20),
    }


def loss_options(*, scale_loss: bool, regularization: float) -> dict[str, Option]:
    """How examples and weights count in the loss."""
    return {
        "scale_loss": Flag(default=scale_loss),
        "regularization_constant": Number(least=0, default=regularization),
    }


def margin_options(*, negative: float) -> dict[str, Option]:
    """The bounds of the margin loss, without ``negative_margin_scale``."""
    return {
        "maximum_positive_similarity": Number(default=0.8),
        "maximum_negative_similarity": Number(default=negative),
        "use_maximum_negative_similarity": Flag(default=True),
    }


def dropout_options(*, attention: float, density: float, sparse: bool, dense: bool) -> dict[str, Option]:
    """What is dropped, and the share of the connections of a layer that are trained."""
    return {
        "drop_rate_attention": drop_rate(attention),
        "connection_density": share(density),
        "use_sparse_input_dropout": Flag(default=sparse),
        "use_dense_input_dropout": Flag(default=dense),
    }


def evaluation_options(held_out: Option) -> dict[str, Option]:
    """When the network is evaluated, and on how many examples."""
    return {
        "evaluate_every_number_of_epochs": WholeNumber(least=1, also=(-1,), default=20),
        "evaluate_on_number_of_examples": held_out,
    }


def record_options() -> dict[str, Option]:
    """What is written while a network is trained."""
    return {
        "tensorboard_log_directory": Text(default=None, changes_model=False),
        "tensorboard_log_level": Choice(
            ("epoch", "batch"), default="epoch", changes_model=False, acts="tensorboard_log_directory"
        ),
        "checkpoint_model": Flag(default=False),
    }


def _has_softmax(options: Mapping[str, Any]) -> bool:
    return bool(options["model_confidence"] == "softmax" and options["loss_type"] != "margin")


CONFIDENCE_CONSTRAINTS = (
    Constraint(
        ("model_confidence",),
        # With the margin loss Rasa overrides whatever stands here, also what older versions of Rasa knew.
        lambda options: options["loss_type"] != "margin" and options["model_confidence"] not in CONFIDENCES,
        "model_confidence is {model_confidence!r}.",
        f"Set it to {listed(CONFIDENCES)}.",
    ),
    Constraint(
        ("similarity_type", "model_confidence", "loss_type"),
        lambda options: _has_softmax(options) and options["similarity_type"] == "cosine",
        "similarity_type cosine cannot be combined with model_confidence softmax.",
        "Set similarity_type to inner or auto, or loss_type to margin.",
    ),
    Constraint(
        ("renormalize_confidences", "loss_type", "model_confidence"),
        lambda options: options["renormalize_confidences"] and options["ranking_length"] and not _has_softmax(options),
        "renormalize_confidences cannot be combined with loss_type {loss_type} and model_confidence "
        "{model_confidence}, whose confidences are similarities.",
        "Set renormalize_confidences to false.",
    ),
)
