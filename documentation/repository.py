"""Where the repository is, on disk and on the web."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
WEB = "https://github.com/rebake/rebake"


def web_address(path: Path) -> str:
    """The page on GitHub of a file or directory of the repository, as of the default branch."""
    kind = "tree" if path.is_dir() else "blob"
    return f"{WEB}/{kind}/main/{path.relative_to(ROOT).as_posix()}"
