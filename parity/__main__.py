"""List the comparisons with Rasa 3.6.21, or run one.

    python -m parity                   lists the suites
    python -m parity NAME [OPTIONS]    runs one; exit code 1 if rebake and Rasa differ
    python -m parity NAME --help       explains it

All suites but `example` and `oracle` need Rasa's environment: `scripts/rasa_env` creates it on first use, and
REBAKE_RASA_ENV names another one. Run this with the Python that has rebake (`scripts/environment --dev`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from parity import command
from parity.paths import SHARED
from parity.suites import SUITES

NO_INPUT = 66


def main(arguments: Sequence[str]) -> int:
    os.environ["REBAKE_CACHE_GIB"] = "0"  # what is compared trains, whatever was trained before
    if not arguments or arguments[0] in ("-h", "--help"):
        print(command.overview(__doc__, {name: suite.summary for name, suite in SUITES.items()}))
        return 0
    name, *rest = arguments
    if name not in SUITES:
        print(f"There is no suite {name!r}. `python -m parity` lists them.", file=sys.stderr)
        return 64
    suite = SUITES[name]
    if suite.needs_shared and not SHARED.is_dir() and not {"-h", "--help"} & {*rest}:
        print(f"{SHARED} is missing. The suite {name!r} needs the assistants and references there.", file=sys.stderr)
        return NO_INPUT
    differences = command.run(f"python -m parity {name}", f"parity.{suite.module}", rest)
    if differences:
        print(f"{name}: {differences} differences between {' and '.join(suite.sides)}", file=sys.stderr)
        return 1
    if suite.compares:
        print(f"{name}: {' and '.join(suite.sides)} agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
