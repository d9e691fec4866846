"""Is what rebake calls fresh really what training again would give? Neither Rasa nor an optimiser takes part.

    python -m parity oracle [--each N] [--random COUNT] [--seed S] [--real] [NAME ...]

Assistants are mutated in one thing each, and trained again with every learner replaced by a digest of all that it is
given (parity/oracle/recorded_training.py). A component whose fingerprint is one of before must have the files of
before: one that does not is "falsely fresh", and counts as a difference. Reordered assistants must be fresh as a whole.
Components that turn stale though training gives the same are counted, with the changes that they follow: time lost.

NAME is "everything", "end to end" (parity/oracle/made_assistants.py), "cafe" or an assistant in ../shared; the default
is all of them and COUNT random ones. With --real, learners are trained and their weights compared, on "everything".
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from random import Random

from parity.oracle.changes import changes
from parity.oracle.made_assistants import made_assistants
from parity.oracle.reorderings import reorderings
from parity.oracle.verdicts import Oracle
from parity.paths import CAFE, shared_assistants
from parity.report import report
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, ComponentSpec
from rebake.registry.lookup import require

_COLUMNS = ("mutations", "untrainable", "fresh", "stale", "falsely stale")


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--each", type=int, default=2, metavar="N", help="mutations of every kind (default: 2)")
    parser.add_argument("--random", type=int, default=20, metavar="COUNT", help="random assistants (default: 20)")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--real", action="store_true", help="train learners, on the assistant 'everything'")


def run(given: Namespace) -> int:
    wrong = 0
    lost: Counter[tuple[str, str]] = Counter()
    names = ["everything"] if given.real else given.names
    print(_row("assistant", _COLUMNS), flush=True)
    with tempfile.TemporaryDirectory(prefix="rebake-oracle-") as work:
        for name, assistant in assistants(Path(work), 0 if names else given.random, given.seed):
            if not names or name in names:
                wrong += check(name, assistant, Random(given.seed), given.each, lost, for_real=given.real)
    print("\nfalsely stale, by what was changed:")
    for (change, component), count in lost.most_common(40):
        print(f"  {count:5} {component:28} {change}")
    return wrong


def assistants(work: Path, random_ones: int, seed: int) -> Iterator[tuple[str, Assistant]]:
    """Yield all assistants with their names; those in ../shared are left out where it is missing."""
    yield from made_assistants(work, random_ones, seed)
    for project in (CAFE, *shared_assistants()):
        assistant = load_assistant(project / "config.yml", project / "domain.yml", project / "data")
        pipeline = tuple(spec for spec in assistant.config.pipeline if _is_installed(spec))
        yield project.name, replace(assistant, config=replace(assistant.config, pipeline=pipeline))


def _is_installed(spec: ComponentSpec) -> bool:
    extra = require(spec, "pipeline").extra
    return extra is None or all(find_spec(module) for module in extra.modules)


def check(
    name: str,
    assistant: Assistant,
    random: Random,
    each: int,
    lost: Counter[tuple[str, str]],
    *,
    for_real: bool = False,
) -> int:
    """Judge the mutations of one assistant, print a row of the table, and return how many verdicts are wrong."""
    oracle = Oracle(assistant, for_real=for_real)
    found: list[str] = []
    counts: Counter[str] = Counter()
    for what, mutated in reorderings(assistant, random):
        judged = oracle.judge(mutated)
        counts.update(mutations=1, fresh=len(judged.fresh), stale=len(judged.stale))
        found += [f"reordered: {what}: {node} is falsely fresh" for node in judged.false_fresh]
        found += [f"reordered: {what}: {node} is stale" for node in judged.stale if not oracle.reads_order(node)]
    for what, mutated in changes(assistant, random, each):
        judged = oracle.judge(mutated)
        counts.update(mutations=1, untrainable=not judged.trained)
        counts.update(
            {"fresh": len(judged.fresh), "stale": len(judged.stale), "falsely stale": len(judged.false_stale)}
        )
        lost.update((what, node.rstrip("0123456789")) for node in judged.false_stale)
        found += [f"{what}: {node} is falsely fresh" for node in judged.false_fresh]
    print(_row(name, [str(counts[column]) for column in _COLUMNS]), flush=True)
    return report(name, found) if found else 0


def _row(name: str, cells: Sequence[str]) -> str:
    return f"{name:16}" + "".join(f"{cell:>14}" for cell in cells)
