"""List the benchmarks, or run one. README.md beside this file says what they measured.

    python -m benchmarks                   lists them
    python -m benchmarks NAME [OPTIONS]    runs one
    python -m benchmarks NAME --help       explains it

Run this with the Python that has rebake (`scripts/environment --dev`). What runs in Rasa is started with the Python of
Rasa's environment, which `scripts/rasa_env` creates on first use.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from parity import command
from parity.rasa import rasa_python


@dataclass(frozen=True)
class Benchmark:
    """One entry of the list."""

    module: str
    summary: str
    in_rasa: bool = False  # run by Rasa's Python


BENCHMARKS = {
    "folds": Benchmark("folds", "cut an assistant's NLU data into folds"),
    "rasa_nlu_folds": Benchmark("rasa_side.nlu_folds", "cross-validated NLU accuracy of Rasa", in_rasa=True),
    "rebake_nlu_folds": Benchmark("rebake_nlu_folds", "cross-validated NLU accuracy of rebake on the same folds"),
    "rasa_ted": Benchmark("rasa_side.ted", "accuracy of Rasa's TEDPolicy, asked alone", in_rasa=True),
    "rebake_ted": Benchmark("rebake_ted", "accuracy of rebake's TEDPolicy, asked alone"),
    "rasa_confidence": Benchmark("rasa_side.confidence", "how confident Rasa is of intents", in_rasa=True),
    "confidence": Benchmark("confidence", "how confident rebake is of intents, beside Rasa"),
    "compare_nlu": Benchmark("compare_nlu", "NLU of both on one project: training, quality, speed"),
    "compare_training": Benchmark("compare_training", "time and memory of `rasa train` and `rebake train`"),
    "cross_validation": Benchmark("cross_validation", "time and memory of a cross-validation by both"),
    "parse_speed": Benchmark("parse_speed", "how fast rebake parses with an archive"),
    "rasa_parse_speed": Benchmark("parse_speed", "how fast Rasa parses with an archive", in_rasa=True),
    "nlu_quality": Benchmark("nlu_quality", "accuracy of rebake's NLU on test data"),
    "finetuning": Benchmark("finetuning", "fine-tuning against training from scratch: accuracy and time"),
    "story_accuracy": Benchmark("story_accuracy", "`rasa test core` on archives of both"),
    "check_speed": Benchmark("check_speed", "how fast an assistant is checked, and how that grows with its examples"),
    "check_scale": Benchmark("check_scale", "how `rebake check` grows up to 200,000 examples, and a second check"),
    "core_scale": Benchmark("core_scale", "how training Core without networks grows with the stories"),
    "sparse_rows": Benchmark("sparse_rows", "rebake's rows of sparse features against scipy.sparse"),
    "workers": Benchmark("workers", "NLU trained by 1, 2 and 4 processes on loopback: losses, speed, traffic"),
    "training_choices": Benchmark("training_choices", "what rebake's departures from Rasa's training of DIET gain"),
}


def main(arguments: Sequence[str]) -> int:
    os.environ["REBAKE_CACHE_GIB"] = "0"  # what is measured trains, whatever was trained before
    if not arguments or arguments[0] in ("-h", "--help"):
        print(command.overview(__doc__, {name: benchmark.summary for name, benchmark in BENCHMARKS.items()}))
        return 0
    name, *rest = arguments
    if name not in BENCHMARKS:
        print(f"There is no benchmark {name!r}. `python -m benchmarks` lists them.", file=sys.stderr)
        return 64
    benchmark = BENCHMARKS[name]
    if benchmark.in_rasa and find_spec("rasa") is None:
        return subprocess.run([rasa_python(), "-m", "benchmarks", name, *rest], check=False).returncode
    return command.run(f"python -m benchmarks {name}", f"benchmarks.{benchmark.module}", rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
