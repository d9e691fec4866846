"""Fine-tuning: a featurizer keeps the columns that a trained network knows, and adds what is new behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebake.assistant.model import NluData
from rebake.base.training_context import TrainingContext
from rebake.errors import FinetuningError
from rebake.nlu.component import Component, ContinuingComponent
from rebake.nlu.patterns import grown, patterns_from_json
from support.nlu import component, features, reloaded, rows, texts, trained, training_on

BEFORE = texts("a green tea", "two coffees", intent="order")
NOW = texts("a green tea", "an espresso, BIG", intent="order")


def gone_on(name: str, before: NluData, now: NluData, directory: Path, **options: object) -> Component:
    """A component that was trained on one data set, written, and trained on with another."""
    reloaded(trained(name, training_on(before), **options), name, directory, **options)
    later = component(name, **options)
    assert isinstance(later, ContinuingComponent)
    training = training_on(now)
    later.continue_from(directory, training)
    later.train(training, TrainingContext())
    return later


def columns(featurizer: Component, text: str) -> list[set[int]]:
    (found,) = features(featurizer, text)
    return [set(row) for row in rows(found.sequence)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("CountVectorsFeaturizer", {}),
        ("CountVectorsFeaturizer", {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}),
        ("LexicalSyntacticFeaturizer", {}),
    ],
)
def test_known_texts_keep_their_columns_and_new_ones_come_behind(
    name: str, options: dict[str, object], tmp_path: Path
) -> None:
    first = trained(name, training_on(BEFORE), **options)
    later = gone_on(name, BEFORE, NOW, tmp_path, **options)
    width = features(first, "tea")[0].sequence.n_columns  # type: ignore[union-attr]
    for example in BEFORE.examples:
        assert columns(later, example.text) == columns(first, example.text)
    new = set().union(*columns(later, "an espresso, BIG")) - set().union(*columns(first, "an espresso, BIG"))
    assert new
    assert min(new) >= width
    again = reloaded(later, name, tmp_path / "again", **options)
    assert columns(again, "an espresso, BIG") == columns(later, "an espresso, BIG")


def test_fine_tuning_on_the_same_data_changes_no_vocabulary_whatever_the_limits(tmp_path: Path) -> None:
    limits = {"min_df": 2, "max_features": 2}
    data = texts("a tea", "a coffee", "a tea again", intent="order")
    first = trained("CountVectorsFeaturizer", training_on(data), **limits)
    later = gone_on("CountVectorsFeaturizer", data, data, tmp_path, **limits)
    assert columns(later, "a tea again") == columns(first, "a tea again")


def test_a_vocabulary_that_labels_share_cannot_grow(tmp_path: Path) -> None:
    gone_on("CountVectorsFeaturizer", BEFORE, BEFORE, tmp_path / "same", use_shared_vocab=True)
    with pytest.raises(FinetuningError, match="new words"):
        gone_on("CountVectorsFeaturizer", BEFORE, NOW, tmp_path / "more", use_shared_vocab=True)


def test_patterns_keep_their_columns_and_a_changed_one_its_own() -> None:
    def patterns(*pairs: tuple[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "pattern": pattern} for name, pattern in pairs]

    known = patterns_from_json(patterns(("zip", "a"), ("zip", "b"), ("gone", "g")), case_sensitive=True)
    found = patterns_from_json(patterns(("new", "n"), ("zip", "b"), ("zip", "c"), ("zip", "d")), case_sensitive=True)
    assert [(pattern.name, pattern.pattern) for pattern in grown(known, found)] == [
        ("zip", "c"), ("zip", "b"), ("gone", "g"), ("new", "n"), ("zip", "d"),
    ]  # fmt: skip
