"""What the workers of a training must have in common."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from rebake.base.version import __version__
from rebake.base.visible import one_line
from rebake.build.plan import Plan

_TRAINED_ON = "data and pipeline"


def details_of(plan: Plan) -> dict[str, str]:
    """What must be the same for all workers."""
    wanted = plan.fingerprints.parts.get("nlu")
    return {
        _TRAINED_ON: "none" if wanted is None else wanted.fingerprint,
        "end-to-end stories": str(plan.is_end_to_end),
        "rebake": __version__,
        "TensorFlow": version("tensorflow"),
        "NumPy": version("numpy"),
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }


def differences(here: Mapping[str, str], there: Mapping[str, Any]) -> str:
    """What is not the same, for a message; empty where everything is."""
    return ", ".join(
        "other data or another pipeline"
        if name == _TRAINED_ON
        else f"{name} {one_line(str(there.get(name)))} instead of {value}"
        for name, value in here.items()
        if there.get(name) != value
    )
