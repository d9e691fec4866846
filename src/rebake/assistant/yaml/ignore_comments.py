"""Comments that silence findings: ``# rebake: ignore CODE``, or several codes with commas between them.

What follows the codes is a remark for people. Such a comment counts for its own line; alone on a line, for the next
one; behind the ``|`` or ``>`` that begins a block of text, for every line of the block, in which YAML has no comments.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

_COMMENT = re.compile(r"(?:^|\s)#\s*rebake:\s*ignore\b[ \t]*([a-z-]*(?:\s*,\s*[a-z-]+)*)")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][-+0-9]*(?:\s+#.*)?$")


def silenced_lines(text: str) -> Mapping[int, frozenset[str]]:
    """Return the codes that comments of a YAML file silence, by line; "" for a comment that names none."""
    if "rebake:" not in text:
        return {}
    codes: dict[int, set[str]] = defaultdict(set)
    above: frozenset[str] = frozenset()  # of comments that stand alone
    in_block: frozenset[str] = frozenset()
    indentation = -1  # of the line that began the block of text; -1 outside of any
    for number, line in enumerate(text.split("\n"), start=1):
        written = line.rstrip("\r")
        indent = len(written) - len(written.lstrip(" "))
        if indentation >= 0 and (not written.strip() or indent > indentation):
            codes[number] |= in_block
            continue
        indentation = -1
        found = _COMMENT.search(written)
        own = frozenset(re.split(r"\s*,\s*", found[1])) if found else frozenset()
        if written.lstrip().startswith("#"):
            codes[number] |= own  # a code that there is not is reported here
            above |= own
            continue
        if not written.strip():
            continue
        codes[number] |= own | above
        if _BLOCK.search(written):
            indentation, in_block = indent, own | above
        above = frozenset()
    return {line: frozenset(names) for line, names in codes.items() if names}
