"""Which tags are releases of the assistant, and which of them are prereleases."""

from __future__ import annotations

import re

from rebake.errors import UsageError

# v1, 1.2, v1.2.3, v1.2.3-rc.1, v1.2.3+build.5; not "nightly" or "2024-05-01"
VERSION_LIKE = r"v?\d+(\.\d+(\.\d+)?(-[0-9A-Za-z.-]+)?)?(\+[0-9A-Za-z.-]+)?"

_PRERELEASE = re.compile(r"(^|[^0-9.])\d+\.\d+(\.\d+)?-[0-9A-Za-z.-]+(\+[0-9A-Za-z.-]+)?")


def read_pattern(value: str) -> re.Pattern[str]:
    """The input tag-pattern. Raises UsageError."""
    try:
        return re.compile(value)
    except re.error as error:
        raise UsageError(
            f"The input tag-pattern is {value!r}, which is not a valid regular expression ({error}).",
            fix="Write one that matches whole tags, such as 'v.*'.",
        ) from None


def is_prerelease(tag: str) -> bool:
    """Whether the version at the end of a tag has a SemVer pre-release part, as bot-v2.0.0-rc.1 has."""
    match = _PRERELEASE.search(tag)
    return match is not None and match.end() == len(tag)
