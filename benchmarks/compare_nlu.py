"""NLU of Rasa 3.6.21 and of rebake on one project: the cost of training, how right the models are, how fast they parse.

    python -m benchmarks compare_nlu RESULT.json --project DIR --test FILES --epochs 2 --seeds 1 2 3

Both train the project's own configuration with these epochs and this random_seed in each component that has them.

- train: `rasa train nlu` and `rebake train nlu`, cold, as whole processes, in turns.
- test: `rasa test nlu` judges the archives of both: rebake's runs in Rasa.
- speed: `parse_speed` and `rasa_parse_speed`, all test texts one at a time, and with rebake at once.

Archives stay in WORK/<side>-<seed>/models (one that lies there is taken for what it is), and what the result file has
is not measured again unless --again says so; so one side can be kept while the other is measured again:
`--only rebake --again`, or `--steps speed --again`.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.processes import machine, run_measured, train
from parity.paths import ROOT
from parity.rasa import environment
from rebake.assistant.importer import load_assistant

SIDES = ("rasa", "rebake")
BENCHMARK = {"rasa": "rasa_parse_speed", "rebake": "parse_speed"}
STEPS = ("train", "test", "speed")
Row = tuple[str, str, int, bool]  # what, its place in a run, digits, whether Rasa's divided by rebake's says something
ROWS: list[Row] = [
    ("training, s", "train.seconds", 1, True),
    ("training, CPU s", "train.cpu_seconds", 1, True),
    ("training, peak memory, MB", "train.peak_megabytes", 0, True),
    ("archive, MB", "train.archive_megabytes", 1, True),
    ("intent accuracy", "test.intent_accuracy", 4, False),
    ("intent F1, weighted", "test.intent_f1", 4, False),
    ("entity F1, micro", "test.entity_f1", 4, False),
    ("loading and first message, s", "speed.load_seconds", 1, True),
    ("one message at a time, ms", "speed.one_at_a_time.milliseconds", 2, True),
    ("one at a time, messages/s", "speed.one_at_a_time.messages_per_second", 1, False),
    ("all at once, messages/s", "speed.all_at_once.messages_per_second", 1, False),
]


def write_config(project: Path, out: Path, epochs: int | None, seed: int) -> None:
    """The project's configuration with the epochs and the seed in every component that is trained by epochs."""
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    for component in config["pipeline"]:
        if component["name"] in ("DIETClassifier", "ResponseSelector"):
            component["random_seed"] = seed
            if epochs is not None:
                component["epochs"] = epochs
    out.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


class Bench:
    """A project, its test data, and the directory where the archives are."""

    def __init__(self, project: Path, test: Path, epochs: int | None, work: Path) -> None:
        self.project, self.test, self.epochs, self.work = project.resolve(), test.resolve(), epochs, work.resolve()
        self.rasa = environment()

    def place(self, side: str, seed: int) -> Path:
        return self.work / f"{side}-{seed}"

    def archive(self, side: str, seed: int) -> Path:
        found = sorted((self.place(side, seed) / "models").glob("*.tar.gz"))
        if not found:
            sys.exit(f"There is no archive in {self.place(side, seed) / 'models'}: train it first (--steps train).")
        return found[-1]

    def measure(self, step: str, side: str, seed: int) -> dict[str, Any]:
        if step == "train":
            return self._train(side, seed)
        return self._test(side, seed) if step == "test" else self._speed(side, seed)

    def _train(self, side: str, seed: int) -> dict[str, Any]:
        place = self.place(side, seed)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        write_config(self.project, place / "config.yml", self.epochs, seed)
        files = ["--config", "config.yml", "--domain", str(self.project / "domain.yml"), "--out", "models"]
        data = str(self.project / "data")
        if side == "rasa":
            return train([str(self.rasa / "bin" / "rasa"), "train", "nlu", *files, "--nlu", data], place)
        return train([sys.executable, "-m", "rebake", "train", "nlu", *files, "--data", data], place)

    def _test(self, side: str, seed: int) -> dict[str, Any]:
        place, out = self.place(side, seed), self.place(side, seed) / "tested"
        shutil.rmtree(out, ignore_errors=True)
        files = ["--model", str(self.archive(side, seed)), "--nlu", str(self.test), "--out", str(out)]
        quiet = ["--domain", str(self.project / "domain.yml"), "--no-plot", "--no-errors", "--no-warnings"]
        run_measured([str(self.rasa / "bin" / "rasa"), "test", "nlu", *files, *quiet], place)
        return quality(out)

    def _speed(self, side: str, seed: int) -> dict[str, Any]:
        place = self.place(side, seed)
        python = str(self.rasa / "bin" / "python") if side == "rasa" else sys.executable
        assistant = load_assistant(None, self.project / "domain.yml", self.test)
        texts = [example.text for example in assistant.nlu.examples]
        (place / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        files = [str(self.archive(side, seed)), str(place / "texts.json"), str(place / "speed.json")]
        used = run_measured([python, "-m", "benchmarks", BENCHMARK[side], *files], ROOT)
        results = json.loads((place / "speed.json").read_text(encoding="utf-8"))
        return {**results, "peak_megabytes": used["peak_megabytes"], "load_before": used["load_before"]}


def quality(directory: Path) -> dict[str, float]:
    """What Rasa's reports say: of intents accuracy and F1 (mean weighted by examples), of entities F1 of all labels
    taken together (micro), without the label for no entity."""
    intents = json.loads((directory / "intent_report.json").read_text(encoding="utf-8"))
    results = {"intent_accuracy": intents["accuracy"], "intent_f1": intents["weighted avg"]["f1-score"]}
    for path in sorted(directory.glob("*_report.json")):
        if path.name not in ("intent_report.json", "response_selection_report.json"):
            entities = json.loads(path.read_text(encoding="utf-8"))
            results["entity_f1"] = entities["micro avg"]["f1-score"]
    return results


def figure(runs: dict[str, Any], path: str) -> float | None:
    """The mean over seeds of how right models are, the median of everything else; None where nothing was measured."""
    values = []
    for one in runs.values():
        value: Any = one
        for key in path.split("."):
            value = value.get(key) if value is not None else None
        if value is not None:
            values.append(value)
    if not values:
        return None
    return statistics.fmean(values) if path.startswith("test.") else statistics.median(values)


def table(results: dict[str, Any]) -> list[str]:
    """Markdown of the figures of both and their ratios."""
    lines = ["| what | Rasa 3.6.21 | rebake | Rasa / rebake |", "|---|---|---|---|"]
    for what, path, digits, is_cost in ROWS:
        rasa, mine = (figure(results["runs"][side], path) for side in SIDES)
        ratio = f"{rasa / mine:.1f}" if is_cost and rasa and mine else ""
        cells = ["" if value is None else f"{value:.{digits}f}" for value in (rasa, mine)]
        lines.append(f"| {what} | {cells[0]} | {cells[1]} | {ratio} |")
    rasa, mine = (
        figure(results["runs"][side], f"speed.{way}.messages_per_second")
        for side, way in (("rasa", "one_at_a_time"), ("rebake", "all_at_once"))
    )
    if rasa and mine:
        lines.append(f"\nrebake parses a test file {mine / rasa:.0f} times as fast as Rasa.")
    return lines


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("--project", type=Path, required=True, help="has config.yml, domain.yml and data")
    parser.add_argument("--test", type=Path, required=True, help="NLU data to test on")
    parser.add_argument("--epochs", type=int, help="default: the project's own")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", choices=SIDES)
    parser.add_argument("--steps", choices=STEPS, nargs="+", default=STEPS)
    parser.add_argument("--again", action="store_true", help="measure also what the result file has")
    parser.add_argument("--work", type=Path, help="where the archives are (default: .cache/compare_nlu/PROJECT-EPOCHS)")


def run(given: Namespace) -> int:
    epochs = "own" if given.epochs is None else str(given.epochs)
    work = given.work or ROOT / ".cache" / "compare_nlu" / f"{given.project.resolve().name}-{epochs}"
    bench = Bench(given.project, given.test, given.epochs, work)
    results: dict[str, Any] = {"runs": {side: {} for side in SIDES}}
    if given.result.exists():
        results = json.loads(given.result.read_text(encoding="utf-8"))
    results |= {
        "machine": machine(),
        "project": bench.project.name,
        "epochs": given.epochs,
        "command": ["-m", "benchmarks", *sys.argv[1:]],
    }
    for step in STEPS:
        for seed in given.seeds:
            for side in SIDES if given.only is None else (given.only,):
                measured = results["runs"][side].setdefault(str(seed), {})
                if step not in given.steps or (step in measured and not given.again):
                    continue
                print(f"{step} {side}, seed {seed} (load {os.getloadavg()[0]:.1f})", file=sys.stderr, flush=True)
                measured[step] = bench.measure(step, side, seed)
                given.result.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print("\n".join(table(results)))
    return 0
