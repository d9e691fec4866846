"""The source of rebake, parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from support.paths import ROOT

SOURCE = ROOT / "src" / "rebake"


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(SOURCE.rglob("*.py")))


@cache
def nodes(module: Path) -> tuple[ast.AST, ...]:
    """What the code of a file consists of."""
    return tuple(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
