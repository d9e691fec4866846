"""Libraries that only some components need: rebake installs them as extras, and says so where one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from rebake.errors import UnsupportedError


def require_extra(component: str, extra: str, *modules: str) -> None:
    """Raise UnsupportedError, with the command that installs them, unless all modules of an extra are installed.

    They are looked for, not imported: that takes seconds, and happens only where something is to be trained or parsed.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise UnsupportedError(
            f"pipeline: {component} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not "
            "installed.",
            fix=f"Install it with: pip install 'rebake[{extra}]'",
        )
