"""Characters that a reader would not see, made visible."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """The text with a replacement character for each control character, and for each that turns text around."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)
