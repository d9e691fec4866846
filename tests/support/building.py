"""Plans and builds of an assistant in one call, as the front doors of rebake make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rebake.assistant.model import Assistant
from rebake.build import build as building
from rebake.build.build import BuildResult
from rebake.build.plan import Baseline, make_plan
from rebake.build.request import Request
from rebake.staleness.verdict import Verdict


def build(
    assistant: Assistant,
    *,
    old: Path | None = None,
    sources: Sequence[Path] = (),
    single_parts: Path | None = None,
    **request: Any,
) -> BuildResult:
    """Build what is asked for; ``request`` are fields of a Request."""
    plan = make_plan(Request(assistant, **request), Baseline.of_model(old))
    return building.build(plan, sources, single_parts=single_parts)


def verdict_on(assistant: Assistant, *, old: Path | None, **request: Any) -> Verdict:
    """What of a model is stale, and why."""
    return make_plan(Request(assistant, to_train=False, **request), Baseline.of_model(old)).verdict
