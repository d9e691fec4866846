"""Features from the letters of a token, shared by LexicalSyntacticFeaturizer and CRFEntityExtractor."""

from __future__ import annotations

from collections.abc import Callable, Mapping

SHAPES: Mapping[str, Callable[[str], str | bool]] = {
    "title": str.istitle,
    "upper": str.isupper,
    "digit": str.isdigit,
    "prefix2": lambda text: text[:2],
    "prefix5": lambda text: text[:5],
    "suffix1": lambda text: text[-1:],
    "suffix2": lambda text: text[-2:],
    "suffix3": lambda text: text[-3:],
    "suffix5": lambda text: text[-5:],
}
