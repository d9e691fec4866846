"""List the comparisons with Rasa 3.6.21, or run one.

    python -m parity                   lists the suites
    python -m parity NAME [OPTIONS]    runs one; exit code 1 if rebake and Rasa differ
    python -m parity NAME --help       explains it

All suites but `example` need Rasa's environment: `scripts/rasa_env` creates it on first use, and REBAKE_RASA_ENV names
another one. Run this with the Python that has rebake (`scripts/environment --dev`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from parity.paths import SHARED
from parity.suites import SUITES


def overview() -> str:
    width = max(map(len, SUITES))
    lines = [f"  {name:{width}}  {suite.summary}" for name, suite in SUITES.items()]
    return "\n".join([(__doc__ or "").strip(), "", *lines])


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview())
        return 0
    name, *rest = arguments
    if name not in SUITES:
        print(f"There is no suite {name!r}. `python -m parity` lists them.", file=sys.stderr)
        return 64
    suite = SUITES[name]
    module = suite.load()
    parser = argparse.ArgumentParser(
        prog=f"python -m parity {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_options(parser)
    given = parser.parse_args(rest)
    if suite.needs_shared and not SHARED.is_dir():
        print(f"{SHARED} is missing. The suite {name!r} needs the assistants and references there.", file=sys.stderr)
        return 66
    differences = module.run(given)
    if differences:
        print(f"{name}: {differences} differences between Rasa 3.6.21 and rebake", file=sys.stderr)
        return 1
    if suite.compares:
        print(f"{name}: Rasa 3.6.21 and rebake agree.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
