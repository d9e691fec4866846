"""What DIETClassifier and ResponseSelector share: labels with their features, the data example, the ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rebake.nlu.diet.files import NestedArrays, encode_features, encode_ids
from rebake.nlu.diet.options import DietOptions
from rebake.nlu.message import TEXT, Message
from rebake.nlu.text_features import Stacked, selected, stack

if TYPE_CHECKING:
    from rebake.nn.layers.text_data import TextData


def label_features(
    messages: Sequence[Message], names: Sequence[str], attribute: str, featurizers: Sequence[str]
) -> Stacked:
    """Of the first message of each label, whose names are values of ``attribute``; a unit vector per label if some
    label has no features."""
    first: dict[str, Message] = {}
    for message in messages:
        if attribute in message.attributes:
            first.setdefault(message.attributes[attribute], message)
    examples = [first[name] for name in names]
    if all(selected(example, attribute, featurizers) for example in examples):
        return stack(examples, attribute, featurizers)
    count = len(names)
    return Stacked(np.zeros(count, np.int32), None, None, None, np.eye(count, dtype=np.float32), {})


def data_example(features: Stacked, of_labels: Stacked, texts: TextData) -> NestedArrays:
    """The first training example with everything that training reads, keys sorted as Rasa sorts them."""
    example: NestedArrays = {TEXT: encode_features(features, [0], mask=True)}
    if texts.tags:
        from rebake.archive.feature_arrays import Group

        length = int(features.lengths[0])
        tags: dict[str, Any] = {
            name: [Group((ids[:length, None].astype(np.int64),))] for name, ids in texts.tags.items()
        }
        example["entities"] = {**tags, "mask": [Group((Group(([1.0],)),))]}
    if texts.labels is not None:
        label = int(texts.labels[0])
        has_mask = of_labels.sequence_sparse is not None or of_labels.sequence_dense is not None
        example["label"] = {"ids": encode_ids([label]), **encode_features(of_labels, [label], mask=has_mask)}
    return {attribute: dict(sorted(parts.items())) for attribute, parts in sorted(example.items())}


def rankings(
    confidences: NDArray[np.float32], labels: Sequence[str], options: DietOptions
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The best label of each text, and the ranking as long as the options want it.

    Args:
        confidences: [texts, labels]
        labels: their names.
        options: say how long a ranking is, and whether what is left is made to add up to 1.

    Returns:
        Entries are {"name", "confidence"}.
    """
    order = confidences.argsort(axis=1)[:, ::-1]
    is_cut = 0 < options.ranking_length < confidences.shape[1]
    if is_cut:
        order = order[:, : options.ranking_length]
    ranked = np.take_along_axis(confidences, order, axis=1)
    if is_cut and options.renormalize:
        totals = ranked.sum(axis=1, keepdims=True)
        ranked = np.divide(ranked, totals, out=ranked, where=totals > 0)
    for places, values in zip(order.tolist(), ranked.tolist(), strict=True):
        ranking = [{"name": labels[place], "confidence": value} for place, value in zip(places, values, strict=True)]
        yield dict(ranking[0]), ranking
