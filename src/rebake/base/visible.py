"""Characters that a reader would not see, made visible."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """Replace each control character, and each that changes the direction of text, with a replacement character."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)


def harmless(line: str) -> str:
    """Return a line without what moves a terminal's cursor, and without ``##[error]``, which GitHub obeys in a log.

    It obeys ``::error::`` as well, but only at the start of a line, where callers never put what others have written.
    """
    return visible(line.expandtabs()).replace("##[", "## [")


def one_line(text: str) -> str:
    """Return text from the assistant's files as one line, which is :func:`harmless`."""
    return harmless(" ".join(text.split()))
