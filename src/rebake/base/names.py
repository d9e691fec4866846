"""The names of components, as people know them."""

from __future__ import annotations


def named(node: str) -> str:
    """Return the name in config.yml of the component that Rasa's graph calls, for example, ``DIETClassifier3``."""
    return node.rstrip("0123456789")
