"""The keys at the top of an assistant's files: which are read, and what is said about others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rebake.assistant.domain.reader import DOMAIN_KEYS
from rebake.assistant.reading import did_you_mean
from rebake.assistant.yaml.values import YamlMap
from rebake.assistant.yaml.yaml12 import Document, read_text
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind, Severity
from rebake.errors import DataError

DATA_KEYS = ("nlu", "stories", "rules", "responses")


def has_key(document: Document, keys: Sequence[str]) -> bool:
    """Whether a file has one of these keys."""
    return isinstance(document.value, YamlMap) and any(key in document.value for key in keys)


def misspelt_domain(document: Document) -> Notice | None:
    """Return a notice about a file of a domain directory whose only keys are nearly those of a domain."""
    if not isinstance(document.value, YamlMap) or has_key(document, (*DOMAIN_KEYS, *DATA_KEYS)):
        return None
    for key, line in document.value.key_lines.items():
        if hint := did_you_mean(str(key), DOMAIN_KEYS):
            message = f"Skipped: the file has no key of a domain, but '{key}'.{hint}"
            return Notice(message, document.at(line), NoticeKind.SKIPPED_FILE, subject=str(key))
    return None


def unknown_codes(documents: Iterable[Document]) -> list[Notice]:
    """Report comments that silence what no finding is called."""
    known = {kind.value for kind in NoticeKind}
    return [
        Notice(_about_code(code, known), document.at(line), NoticeKind.UNKNOWN_CODE, subject=code)
        for document in documents
        for line, codes in document.silenced.items()
        for code in sorted(codes - known)
    ]


def _about_code(code: str, known: Iterable[str]) -> str:
    if not code:
        return "The comment names no code, so it silences nothing."
    return f"The comment names '{code}', which no finding is called.{did_you_mean(code, known)}"


def unknown_keys(document: Document, content: YamlMap, known: Sequence[str]) -> list[Notice]:
    """Report keys that are not read. One that is nearly a known one is misspelt: what stands below it is missing."""
    result = []
    for key, line in content.key_lines.items():
        if key in known:
            continue
        hint = did_you_mean(str(key), known)
        message = f"Unknown key '{key}'.{hint}"
        if key in DOMAIN_KEYS:
            hint, message = "", f"'{key}' is read from domain files alone; this is a data file."
        level = Severity.ERROR if hint else None
        result.append(Notice(message, document.at(line), NoticeKind.UNKNOWN_KEY, level, str(key)))
    return result


def no_data_notice(document: Document, content: YamlMap) -> Notice:
    """Report a file that is none of training data, and what it may be."""
    keys = ", ".join(f"'{key}'" for key in list(content)[:5])
    hint = next((hint for key in content if (hint := did_you_mean(str(key), DATA_KEYS))), "")
    kind = " It looks like a domain file." if any(key in content for key in DOMAIN_KEYS) else ""
    message = f"Skipped: the file contains no training data, only {keys or 'nothing'}.{hint}{kind}"
    return Notice(message, document.at(1), NoticeKind.SKIPPED_FILE)


def unreadable_notice(path: str, error: DataError, keys: Sequence[str] = DATA_KEYS) -> Notice:
    """Report a file that is not valid YAML and looks like none of the assistant's: Rasa does not read it either.

    Args:
        path: of the file.
        error: what is wrong with it.
        keys: of such files.

    Raises:
        DataError: the error, where a line begins with one of the keys, or the file is no text.
    """
    # Rasa looks for the bare key alone. In quotes or brackets rebake reads it, too, so that it does not lose it there.
    key_of_line = rf"""^[ \t{{"']*(?:{"|".join(keys)})["']?[ \t]*:"""
    if error.kind is not NoticeKind.INVALID_YAML or re.search(key_of_line, read_text(path), re.MULTILINE):
        raise error
    what = "training data" if keys == DATA_KEYS else "a domain"
    message = f"Skipped: no line begins with a key of {what}, such as '{keys[0]}:'. {error.message}"
    return Notice(message, error.location, NoticeKind.SKIPPED_FILE)
