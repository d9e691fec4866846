"""Text from the assistant's files as GitHub Markdown that says just that text."""

from __future__ import annotations

import re

from rebake.base.visible import visible

MAX_TEXT = 300  # characters of one clause or name
_MAX_READ = 4 * MAX_TEXT  # characters that are looked at for them, since several blanks count as one
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,;'\"/%={}?\u0080-\U0010ffff]")
# What reads as punctuation and is none of Markdown's: a mail shows the comment's source, which should be readable too.
_PUNCTUATION = re.compile(
    r"""
    (?<=[A-Za-z0-9])[._-](?=[A-Za-z0-9])            # data_1.tar-gz
    | (?<=[A-Za-z'")])[.!](?=[ '")]|$)              # the end of a sentence; after a digit it could number a list
    | (?:(?<=\D\d)|(?<=\D\d\d)|(?<=\D\d{3}))\.(?=[ ]|$) # "0.386." at an end, where what numbers a list begins the text
    | (?<=[A-Za-z0-9'")]):(?!/)                     # "file.yml:7: wrong", but no "http://"
    | (?<=\S[ ])(?:->|-|\+|>=?)(?=[ ]\S)              # "5 -> 8" within a line, where it can be no list
    | (?<!^)(?<![\[\]\d])[()]                       # not at the start, where "1)" numbers a list
    """,
    re.VERBOSE,
)
_PLAIN_CODE = re.compile(r"[A-Za-z0-9._/:…-]{1,300}")
_REFERENCE = re.compile(r"(?i)\b(gh)-(?=\d)")


def escape(text: str) -> str:
    """Text from the assistant's files as text and nothing else: no Markdown, no HTML, no mention, no issue reference.

    GitHub looks for mentions and references in the rendered text, so those are broken by an invisible character.
    """
    line = " ".join(text[:_MAX_READ].split())
    whole = len(line) <= MAX_TEXT and len(text) <= _MAX_READ
    shown = visible(line if whole else f"{line[: MAX_TEXT - 1]}…")
    kept = {place for match in _PUNCTUATION.finditer(shown) for place in range(*match.span())}
    kept -= {match.end() - 1 for match in re.finditer(r"(?i)\bwww\.", shown)}
    escaped = _SPECIAL.sub(lambda match: match[0] if match.start() in kept else _entity(match[0]), shown)
    return _REFERENCE.sub("\\1-\u200b", escaped)


def _entity(character: str) -> str:
    return f"&#{ord(character)};" + ("\u200b" if character in "@#" else "")


def code(text: str) -> str:
    """A name or path in a code font, escaped; where it can be, in the form that is readable in a mail, too."""
    return f"`{text}`" if _PLAIN_CODE.fullmatch(text) else f"<code>{escape(text)}</code>"
