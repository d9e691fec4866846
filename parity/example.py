"""A model of examples/cafe that Rasa 3.6.21 trained must parse and decide in rebake as it did in Rasa.

The model and Rasa's answers are in parity/reference/cafe, so this needs neither Rasa nor ../shared. Compared are
intents, entities, rankings and confidences of every training example and of odd texts, and the probabilities of each
policy and the ensemble's choice at every prediction point of the stories and rules, as written and with one intent
swapped. `python -m parity make-reference` records them again.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from parity import rebake_answers
from parity.compare import compare
from parity.report import report
from parity.scoring import read_rows

REFERENCE_CAFE = Path(__file__).parent / "reference" / "cafe"
CONFIG, MODEL, PARSES, DECISIONS = "config.yml", "model.tar.gz", "parse.jsonl", "core.jsonl"


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, nargs="?", default=REFERENCE_CAFE, help="a reference made elsewhere")


def run(given: Namespace) -> int:
    rasa = recorded(given.directory)
    found = differences(given.directory / MODEL, rasa)
    return report(f"{len(rasa['parses'])} texts, {len(rasa['decisions'])} decisions", found)


def recorded(directory: Path) -> dict[str, Any]:
    """Return Rasa's answers in the form that ``parity.compare.compare`` takes."""
    parses, decisions = read_rows(directory / PARSES), read_rows(directory / DECISIONS)
    return {
        "texts": [row["text"] for row in parses],
        "parses": [row["parse"] for row in parses],
        "points": [{key: value for key, value in row.items() if key != "decision"} for row in decisions],
        "decisions": [row["decision"] for row in decisions],
    }


def differences(archive: Path, rasa: dict[str, Any]) -> list[str]:
    """Ask rebake what Rasa was asked, and compare."""
    return compare(rasa, rebake_answers.answer(archive, rasa["texts"], rasa["points"]))
