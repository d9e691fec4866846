"""JSON that is printed."""

from __future__ import annotations

import json
from typing import Any


def dumped(content: Any) -> str:
    """Return JSON that is printed into a log: GitHub obeys ``##[`` there, and bytes of names need not be UTF-8."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.replace("##[", "##\\u005b").encode(errors="backslashreplace").decode()
