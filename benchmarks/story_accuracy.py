"""Stories that are predicted right by Rasa 3.6.21 with an archive that Rasa trained and with one that rebake trained.

    python -m benchmarks story_accuracy RESULT.json [--assistants moodbot ...] [--work DIRECTORY]

`rasa test core` runs both archives on the assistant's training stories, and with `--e2e` on its test stories. Rasa's
archive is that of ../shared/reference where it was trained for tens of epochs; for the others Rasa trains the assistant
with its own epochs, less the components that need a server or downloaded weights. rebake trains the same files. What
the work directory has is kept, so remove an archive there to train it again. e2ebot learns from four stories, and what
it makes of texts that it has not seen hangs on the seed, so both train it with three seeds of TEDPolicy. Fails if
conversations or actions are less often right, on the average, with rebake's archives than with the worst of Rasa's.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.processes import machine, run_measured
from parity.paths import ASSISTANTS, REFERENCE, ROOT
from parity.rasa import environment

TRAINED_LONG = ("moodbot", "formbot", "helpdesk", "travelbot")  # by Rasa in ../shared/reference: 40 or 60 epochs
TRAINED_HERE = ("concertbot", "breakoutbot", "e2ebot")
SEEDS: dict[str, tuple[int, ...]] = {"e2ebot": (1, 2, 3)}  # of TEDPolicy
NEEDS_MORE = ("LanguageModelFeaturizer", "DucklingEntityExtractor")
FIGURES = ("conversations", "conversation_accuracy", "actions", "action_accuracy")
Figures = dict[str, Any]


def prepared(name: str, work: Path) -> Path:
    """The files that both sides train, and Rasa's archive of them where there is one already."""
    project = work / name
    if project.exists():
        return project
    reference = REFERENCE / name
    source = reference / "assistant" if name in TRAINED_LONG else ASSISTANTS / name
    begun = project.with_suffix(".begun")
    shutil.rmtree(begun, ignore_errors=True)
    shutil.copytree(source, begun, copy_function=shutil.copyfile)
    config = yaml.safe_load((begun / "config.yml").read_text(encoding="utf-8"))
    config["pipeline"] = [one for one in config["pipeline"] if one["name"] not in NEEDS_MORE]
    (begun / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    for file in (begun / "tests").glob("[!t]*.yml"):  # Rasa takes for test stories what is named so
        file.rename(file.with_name(f"test_{file.name}"))
    if name in TRAINED_LONG:
        (begun / "rasa").mkdir()
        shutil.copyfile(reference / "model.tar.gz", begun / "rasa" / "model.tar.gz")
    return begun.rename(project)


def trained(command: list[str], side: str, project: Path, seed: int | None) -> Path:
    """The archive in the directory of this side (and seed), trained if it is not there."""
    out, file = (side, "config.yml") if seed is None else (f"{side}-{seed}", f"config-{seed}.yml")
    archive = project / out / "model.tar.gz"
    if not archive.exists():
        if seed is not None:
            config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
            next(policy for policy in config["policies"] if policy["name"] == "TEDPolicy")["random_seed"] = seed
            (project / file).write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        options = ["--config", file, "--domain", "domain.yml", "--data", "data"]
        figures = run_measured([*command, "train", *options, "--out", out, "--fixed-model-name", "model"], project)
        print(f"{project.name}: {out} trained in {figures['seconds']} s", flush=True)
    return archive


def only_stories(project: Path) -> Path:
    """The files of the training data that hold stories, in a directory: `rasa test core` would test rules as well."""
    out = project / "stories"
    out.mkdir(exist_ok=True)
    for file in sorted((project / "data").glob("*.yml")):
        if "stories" in yaml.safe_load(file.read_text(encoding="utf-8")):
            shutil.copyfile(file, out / file.name)
    return out


def figures_of(rasa: list[str], project: Path, archive: Path, stories: Path, *options: str) -> Figures:
    """What `rasa test core` reports."""
    out = archive.parent / f"results-{stories.name}"
    files = ["--model", str(archive), "--stories", str(stories), "--out", str(out)]
    run_measured([*rasa, "test", "core", *files, "--no-plot", *options], project)
    report = json.loads((out / "story_report.json").read_text(encoding="utf-8"))
    conversations = report["conversation_accuracy"]
    actions = report["weighted avg"]["support"]
    figures = (conversations["total"], conversations["accuracy"], actions, report["accuracy"])
    return {key: round(figure, 4) for key, figure in zip(FIGURES, figures, strict=True)}


def mean(of_seeds: list[Figures]) -> Figures:
    """The figures of one training, or the means of several and what each had."""
    if len(of_seeds) == 1:
        return of_seeds[0]
    means = {key: round(statistics.fmean(figures[key] for figures in of_seeds), 4) for key in FIGURES}
    return {**means, "seeds": of_seeds}


def lowest(figures: Figures, key: str) -> float:
    """Of the seeds."""
    return float(min(one[key] for one in figures.get("seeds", [figures])))


def measured(name: str, rasa: list[str], work: Path) -> dict[str, dict[str, Figures]]:
    """{"stories": {"rasa": figures, "rebake": figures}, "tests": the same, where the assistant has tests}."""
    project = prepared(name, work)
    commands = {"rasa": rasa, "rebake": [sys.executable, "-m", "rebake"]}
    seeds: tuple[int | None, ...] = SEEDS.get(name, (None,))
    archives = {side: [trained(command, side, project, seed) for seed in seeds] for side, command in commands.items()}
    asked: dict[str, tuple[Path, list[str]]] = {"stories": (only_stories(project), [])}
    if (project / "tests").exists():
        asked["tests"] = (project / "tests", ["--e2e"])
    return {
        kind: {
            side: mean([figures_of(rasa, project, archive, stories, *options) for archive in trained_ones])
            for side, trained_ones in archives.items()
        }
        for kind, (stories, options) in asked.items()
    }


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    names = (*TRAINED_LONG, *TRAINED_HERE)
    parser.add_argument("--assistants", choices=names, nargs="+", default=list(names))
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "story_accuracy", help="keeps archives")


def run(given: Namespace) -> int:
    rasa = [str(environment() / "bin" / "rasa")]
    given.work.mkdir(parents=True, exist_ok=True)
    content: dict[str, Any] = {"machine": machine(), "assistants": {}}
    if given.result.exists():
        content["assistants"].update(json.loads(given.result.read_text(encoding="utf-8"))["assistants"])
    below = []
    print(
        "| assistant | | conversations | Rasa | rebake | actions | Rasa | rebake |\n|---|---|---|---|---|---|---|---|"
    )
    for name in given.assistants:
        found = measured(name, rasa, given.work)
        content["assistants"][name] = found
        given.result.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        for kind, sides in found.items():
            theirs, ours = sides["rasa"], sides["rebake"]
            cells = [name, kind]
            for total, accuracy in (FIGURES[:2], FIGURES[2:]):
                cells += [f"{theirs[total]:.0f}", f"{theirs[accuracy]:.3f}", f"{ours[accuracy]:.3f}"]
                if ours[accuracy] < lowest(theirs, accuracy):
                    below.append(f"{name}, {kind}: {accuracy} is {ours[accuracy]}, Rasa's {theirs[accuracy]}")
            print(f"| {' | '.join(cells)} |", flush=True)
    if below:
        sys.exit("\n".join(below))
    return 0
