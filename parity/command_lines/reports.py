"""What `rasa test nlu` would report for parses: the figures of its JSON reports, computed again (its definitions).

Intents: one label an example, the classifier's own where a FallbackClassifier put its own before it. Entities: one
label a token, of the entity that shares most characters with it, with group and role; tokens of no entity are left out
of the averages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NO_ENTITY = "no_entity"
FALLBACK = "nlu_fallback"
Parse = Mapping[str, Any]


def figures(
    gold: Sequence[str], given_labels: Sequence[str], *, without: str | None = None
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support per label, and their averages, as scikit-learn's classification report."""
    labels = sorted({*gold, *given_labels} - {without})
    counts = dict.fromkeys(labels, (0, 0, 0))
    for wanted, found in zip(gold, given_labels, strict=True):
        for label in {wanted, found} & counts.keys():
            hits, predicted, actual = counts[label]
            counts[label] = (hits + (wanted == found), predicted + (found == label), actual + (wanted == label))
    result = {label: _ratios(*counts[label]) for label in labels}
    sums = [sum(count[place] for count in counts.values()) for place in range(3)]
    result["micro avg"] = _ratios(*sums)
    keys = ("precision", "recall", "f1-score")
    rows = [result[label] for label in labels]
    total = sums[2]
    result["macro avg"] = {key: sum(row[key] for row in rows) / len(rows) for key in keys} | {"support": total}
    weighted = {key: sum(row[key] * row["support"] for row in rows) / total for key in keys}
    result["weighted avg"] = weighted | {"support": total}
    return result


def _ratios(hits: int, predicted: int, actual: int) -> dict[str, float]:
    precision = hits / predicted if predicted else 0.0
    recall = hits / actual if actual else 0.0
    both = precision + recall
    return {
        "precision": precision, "recall": recall, "f1-score": 2 * precision * recall / both if both else 0.0,
        "support": actual,
    }  # fmt: skip


def intent_report(gold: Sequence[str], parses: Sequence[Parse]) -> dict[str, dict[str, float]]:
    return figures(gold, [_intent(parse) for parse in parses])


def _intent(parse: Parse) -> str:
    ranking = [entry["name"] for entry in (parse["intent"], *parse.get("intent_ranking", ()))]
    return next((name for name in ranking if name and name != FALLBACK), "")


def entity_report(
    gold: Sequence[Sequence[Parse]], parses: Sequence[Parse], extractor: str
) -> dict[str, dict[str, float]]:
    """Of what one extractor found."""
    wanted, given_labels = [], []
    for entities, parse in zip(gold, parses, strict=True):
        found = [entity for entity in parse["entities"] if entity["extractor"] == extractor]
        for start, end in parse["text_tokens"]:
            wanted.append(_label(start, end, entities))
            given_labels.append(_label(start, end, found))
    return figures(wanted, given_labels, without=NO_ENTITY)


def _label(start: int, end: int, entities: Sequence[Parse]) -> str:
    """``type``, with group and role where it has them: ``city.departure``."""
    shared = [min(end, entity["end"]) - max(start, entity["start"]) for entity in entities]
    if max(shared, default=0) <= 0:
        return NO_ENTITY
    best = entities[shared.index(max(shared))]
    return ".".join(best[key] for key in ("entity", "group", "role") if best.get(key))


def report_differences(name: str, rasa: Mapping[str, Any], ours: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Rasa's report against ours; Rasa gives one accuracy in place of the micro average where no label is left out."""
    found = []
    rows = {label: row for label, row in rasa.items() if isinstance(row, Mapping)}
    wanted = dict(ours)
    if "micro avg" not in rows:
        accuracy = wanted.pop("micro avg")["f1-score"]
        if abs(rasa.get("accuracy", -1.0) - accuracy) > 1e-6:
            found.append(f"{name}.accuracy: Rasa {rasa.get('accuracy')}, rebake {accuracy}")
    if set(rows) != set(wanted):
        found.append(f"{name}: Rasa reports {sorted(rows)}, rebake {sorted(wanted)}")
    for label in sorted(set(rows) & set(wanted)):
        for key, value in wanted[label].items():
            if abs(rows[label][key] - value) > 1e-6:
                found.append(f"{name}.{label}.{key}: Rasa {rows[label][key]}, rebake {value}")
    return found
