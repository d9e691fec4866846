"""An unmodified Rasa 3.6.21 must load what rebake trains, parse as `rebake parse` and decide as `predict_next`.

    python -m parity archives                        trains moodbot, helpdesk (../shared) and the example, as configured
    python -m parity archives --only cafe            one of them
    python -m parity archives --archive cafe=MODEL   takes an archive instead of training it

Asked are every training example and the odd texts of ../shared/reference, and every prediction point of the training
stories and rules, as written and with one intent swapped: confidences and probabilities within 1e-4, everything else
equal. `rebake parse` must print what `load_model(...).parse` returns. The quality of the models is checked as well:
97 % of the training examples' intents right, and helpdesk's entities at an F1 of 0.95.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parity import rebake_answers
from parity.compare import compare, compare_parses
from parity.paths import ASSISTANTS, CAFE, REFERENCE
from parity.rasa import ask
from parity.report import report
from parity.scoring import read_rows, score
from parity.variants import working_directory

PROJECTS = {"moodbot": ASSISTANTS / "moodbot", "helpdesk": ASSISTANTS / "helpdesk", "cafe": CAFE}
LOWEST_INTENT_ACCURACY = 0.97
LOWEST_ENTITY_F1 = {"helpdesk": 0.95}
SHOWN = 30


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--only", choices=PROJECTS, nargs="+", default=list(PROJECTS))
    parser.add_argument("--archive", action="append", default=[], metavar="NAME=PATH")


def run(given: Namespace) -> int:
    archives = {name: Path(path) for name, path in (pair.split("=", 1) for pair in given.archive)}
    wrong = 0
    for name in archives or given.only:
        with working_directory(None, "archives") as work:
            wrong += report(name, check(name, archives.get(name), work), SHOWN)
    return wrong


def rebake(*arguments: str | Path, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run rebake's command line with this Python."""
    command = [sys.executable, "-m", "rebake", *map(str, arguments)]
    given: Mapping[str, Any] = {"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}
    return subprocess.run(command, check=False, text=True, encoding="utf-8", capture_output=True, **given)


def train(project: Path, out: Path) -> Path:
    began = time.monotonic()
    files = ("--config", project / "config.yml", "--domain", project / "domain.yml", "--data", project / "data")
    done = rebake("train", *files, "--out", out)
    archives = sorted(out.glob("*.tar.gz"))
    if done.returncode or not archives:
        raise SystemExit(f"rebake train failed with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
    print(f"  trained by rebake in {time.monotonic() - began:.0f} s")
    return archives[-1]


def odd_texts(name: str) -> list[str]:
    """The texts that Rasa was asked for the references: of this assistant, else of travelbot."""
    kept = REFERENCE / name / "parse.jsonl"
    path = kept if kept.exists() else REFERENCE / "travelbot" / "parse.jsonl"
    return [row["text"] for row in read_rows(path)]


def command_line_differences(archive: Path, answer: dict[str, Any]) -> list[str]:
    """`rebake parse` reads texts one per line, so texts with line breaks and blank ones are left to the API."""
    asked = [
        (text, parse)
        for text, parse in zip(answer["texts"], answer["parses"], strict=True)
        if text.strip() and len(text.splitlines()) == 1
    ]
    done = rebake("parse", "--format", "json", "--model", archive, typed="".join(f"{text}\n" for text, _ in asked))
    printed = [json.loads(line) for line in done.stdout.split("\n") if line]
    if done.returncode or len(printed) != len(asked):
        return [f"rebake parse: {len(asked)} texts, {len(printed)} lines, exit code {done.returncode}: {done.stderr}"]
    found = compare_parses([text for text, _ in asked], [parse for _, parse in asked], printed)
    return [f"rebake parse and load_model differ: {difference}" for difference in found]


def quality(name: str, rasa: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """How right our model is on its own training examples and stories; a message where that is too little."""
    by_text = dict(zip(ours["texts"], ours["parses"], strict=True))
    gold = [{"text": text, **scores} for text, scores in rasa["gold"].items()]
    scores = score(gold, [by_text[row["text"]] for row in gold])
    stories = [
        (point["expected"], decision)
        for point, decision in zip(ours["points"], ours["decisions"], strict=True)
        if not point["rule"] and not point["swapped"]
    ]
    right = sum(expected == decision["action"] for expected, decision in stories)
    print(
        f"  training examples: intents {scores['intent_accuracy_with_fallback']:.1%},"
        f" entity F1 {scores['entity_f1']:.3f}"
        f" ({scores['entities']} entities); actions of the stories: {right} of {len(stories)}"
    )
    found = []
    if scores["intent_accuracy_with_fallback"] < LOWEST_INTENT_ACCURACY:
        found.append(f"only {scores['intent_accuracy_with_fallback']:.1%} of the training examples' intents are right")
    if scores["entity_f1"] < LOWEST_ENTITY_F1.get(name, 0.0):
        found.append(f"entity F1 on the training examples is only {scores['entity_f1']:.3f}")
    return found


def check(name: str, archive: Path | None, work: Path) -> list[str]:
    """Train (unless an archive is given), ask both sides, compare."""
    project = PROJECTS[name]
    print(f"{name} ({project})", flush=True)
    archive = (archive or train(project, work / "models")).resolve()
    files = {"config": str(project / "config.yml"), "domain": str(project / "domain.yml")}
    job = {
        "archive": str(archive),
        "texts": odd_texts(name),
        "project": {**files, "data": [str(project / "data")]},
    }
    began = time.monotonic()
    rasa = ask("archives", job, work)
    print(
        f"  Rasa answered in {time.monotonic() - began:.0f} s: {len(rasa['texts'])} texts, {len(rasa['points'])} points"
    )
    ours = rebake_answers.answer(archive, rasa["texts"], rasa["points"])
    return compare(rasa, ours) + command_line_differences(archive, ours) + quality(name, rasa, ours)
