"""What `rebake test` fails on: the conditions that the options name, and what is printed of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rebake.base.visible import one_line
from rebake.errors import UsageError
from rebake.evaluation.comparison.result import ModelComparison
from rebake.evaluation.result import ModelTest
from rebake.report.gates import THRESHOLDS, Conditions, judge
from rebake.report.quality import Gate

UNMET = 1  # the exit code


def given_conditions(options: argparse.Namespace) -> Conditions:
    """Return the conditions that the options name.

    Raises:
        UsageError: one of them could never be decided.
    """
    fails_on_worse = "worse" in options.fail_on or options.fail_on_worse is not None
    if fails_on_worse and options.against is None:
        option = "--fail-on worse" if "worse" in options.fail_on else "--fail-on-worse"
        raise UsageError(f"{option} has nothing to compare with.", fix="Name a test or a model with --against.")
    if options.max_drop is not None and not fails_on_worse:
        raise UsageError("--max-drop changes nothing here.", fix="Use it with --fail-on worse.")
    least = {name: getattr(options, name.replace("-", "_")) for name in THRESHOLDS}
    drop = options.fail_on_worse if options.max_drop is None else options.max_drop
    return Conditions(
        stories="stories" in options.fail_on,
        worse=fails_on_worse,
        max_drop=drop or 0.0,
        least={name: value for name, value in least.items() if value is not None},
    )


def judged(options: argparse.Namespace, test: ModelTest, comparison: ModelComparison | None) -> tuple[Gate, ...]:
    """Judge a test by the conditions of the options."""
    gates = judge(given_conditions(options), test, comparison)
    if options.fail_on_prediction_errors and "stories" not in options.fail_on and test.stories is not None:
        gates = (*judge(Conditions(stories=True), test, None), *gates)
    return gates


def exit_code(gates: Sequence[Gate]) -> int:
    """Return 1 if a condition is not met, and name those on stderr."""
    unmet = [gate for gate in gates if not gate.is_met]
    for gate in unmet:
        print(f"{gate.name}: {one_line(gate.message)}", file=sys.stderr)
    return UNMET if unmet else 0
