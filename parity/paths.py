"""Where the data of the comparisons is: in this checkout, and in ``../shared`` beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CAFE = ROOT / "examples" / "cafe"
SHARED = ROOT.parent / "shared"
ASSISTANTS = SHARED / "assistants"
REFERENCE = SHARED / "reference"


def shared_assistants() -> list[Path]:
    """Return the project directories of the assistants in ``../shared``."""
    return sorted(path.parent for path in ASSISTANTS.glob("*/config.yml"))


def reference_names() -> list[str]:
    """Return the names of the assistants that have an archive trained by Rasa in ``../shared``."""
    return sorted(path.parent.name for path in REFERENCE.glob("*/model.tar.gz"))
