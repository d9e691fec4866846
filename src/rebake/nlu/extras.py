"""Libraries that only some components need: rebake installs them as extras, and says so where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from rebake.errors import UnsupportedError
from rebake.registry.entry import Entry


def require_extra(entry: Entry) -> None:
    """Raise UnsupportedError, with the command that installs them, unless all modules of an extra are installed.

    They are looked for, not imported: that takes seconds, and happens only where something is to be trained or parsed.
    """
    if entry.extra is None:
        return
    missing = [module for module in entry.extra.modules if find_spec(module) is None]
    if missing:
        raise UnsupportedError(
            f"pipeline: {entry.name} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed.",
            fix=f"Install it with: pip install 'rebake[{entry.extra.name}]'",
        )
