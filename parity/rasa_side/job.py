"""Read a job, write its answer: the frame of every module here that is run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(answer: Callable[[Any], object]) -> None:
    """Write to the second argument what ``answer`` returns for the JSON in the first."""
    question, out = map(Path, sys.argv[1:3])
    answered = answer(json.loads(question.read_text(encoding="utf-8")))
    out.write_text(json.dumps(answered, ensure_ascii=False, default=plain), encoding="utf-8")


def plain(value: Any) -> str | float:
    """Convert what JSON does not know: NumPy's float32 numbers, and paths among the defaults of options."""
    return str(value) if isinstance(value, Path) else float(value)
