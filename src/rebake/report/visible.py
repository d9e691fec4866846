"""Characters that a reader would not see, made visible."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """Replace each control character, and each that changes the direction of text, with a replacement character."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)
