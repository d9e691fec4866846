"""Names of components for people: ``DIETClassifier``, not ``DIETClassifier5``, the name of its node in Rasa's graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rebake.base.progress import format_figures

_NODE = re.compile(r"(.*?)(\d+)")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def component_names(nodes: Iterable[str]) -> dict[str, str]:
    """Node -> name of the component; where several are of one class, in the order of the pipeline: "second X"."""
    of_class: dict[str, list[tuple[int, str]]] = {}
    for node in dict.fromkeys(nodes):
        match = _NODE.fullmatch(node)
        name, number = (match[1], int(match[2])) if match is not None else (node, 0)
        of_class.setdefault(name, []).append((number, node))
    names: dict[str, str] = {}
    for name, found in of_class.items():
        for place, (_, node) in enumerate(sorted(found)):
            names[node] = name if len(found) == 1 else f"{_ordinal(place)} {name}"
    return names


def figure_names(metrics: Iterable[str]) -> dict[str, str]:
    """The same for figures of the training: "DIETClassifier5.loss" -> "DIETClassifier: loss"."""
    keys = list(metrics)
    names = component_names(key.partition(".")[0] for key in keys)
    split = {key: key.partition(".") for key in keys}
    return {key: f"{names[node]}: {figure}" if figure else names[node] for key, (node, _, figure) in split.items()}


def learned(metrics: Mapping[str, float]) -> dict[str, str]:
    """Name of a component -> how well it learned, in words; of the figures "DIETClassifier5.intent_accuracy" ...

    Figures that say nothing of that, such as the number of threads, are left out.
    """
    names = component_names(key.partition(".")[0] for key in metrics)
    of_node: dict[str, dict[str, float]] = {}
    for key, value in metrics.items():
        node, _, figure = key.partition(".")
        if figure != "threads":
            of_node.setdefault(node, {})[figure] = value
    return {names[node]: format_figures(figures) for node, figures in of_node.items()}


def _ordinal(place: int) -> str:
    return _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"
