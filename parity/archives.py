#!/usr/bin/env python3
"""An unmodified Rasa 3.6.21 must load what rebake trains, parse as `rebake parse` and decide as `predict_next`.

    scripts/conformance                        trains moodbot, helpdesk (../shared) and the example, each as configured
    scripts/conformance --only cafe            one of them
    scripts/conformance --archive cafe=MODEL   takes an archive instead of training it

Asked are every training example and the odd texts of ../shared/reference, and every prediction point of the training
stories and rules, as written and with one intent swapped: confidences and probabilities within 1e-4, everything else
equal. `rebake parse` must print what `load_model(...).parse` returns. On the way the models' own quality is held to:
intents of the training examples right at 97 %, helpdesk's entities at an F1 of 0.95. Run it with the Python that has
rebake; scripts/rasa_env makes Rasa's own environment. Exit code 1 if anything differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

from conformance_compare import compare  # noqa: E402
from scoring import read_rows, score  # noqa: E402

PROJECTS = {
    "moodbot": SHARED / "assistants" / "moodbot",
    "helpdesk": SHARED / "assistants" / "helpdesk",
    "cafe": ROOT / "examples" / "cafe",
}
LOWEST_INTENT_ACCURACY = 0.97
LOWEST_ENTITY_F1 = {"helpdesk": 0.95}
SHOWN = 30


def rebake(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run rebake's command line with this Python."""
    command = [sys.executable, "-c", "from rebake.cli.main import run; run()", *map(str, arguments)]
    return subprocess.run(command, check=False, text=True, encoding="utf-8", **options)


def train(project: Path, out: Path) -> Path:
    began = time.monotonic()
    done = rebake(
        *("train", "--config", project / "config.yml", "--domain", project / "domain.yml"),
        *("--data", project / "data", "--out", out),
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    archives = sorted(out.glob("*.tar.gz"))
    if done.returncode or not archives:
        sys.exit(f"rebake train failed with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
    print(f"  trained by rebake in {time.monotonic() - began:.0f} s")
    return archives[-1]


def odd_texts(name: str) -> list[str]:
    """The texts that Rasa was asked for the references: of this assistant, else of travelbot."""
    kept = SHARED / "reference" / name / "parse.jsonl"
    path = kept if kept.exists() else SHARED / "reference" / "travelbot" / "parse.jsonl"
    return [row["text"] for row in read_rows(path)]


def run_side(python: str | Path, script: str, *arguments: Path) -> None:
    """Run one side's script in its environment, its talk shown only when it fails."""
    began = time.monotonic()
    command = [str(python), str(ROOT / "scripts" / script), *map(str, arguments)]
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{script} failed with exit code {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    print(f"  {script} answered in {time.monotonic() - began:.0f} s")


def command_line_differences(archive: Path, answer: dict[str, Any]) -> list[str]:
    """`rebake parse` reads texts one per line, so texts with line breaks and blank ones are left to the API."""
    asked = [
        (text, parse)
        for text, parse in zip(answer["texts"], answer["parses"], strict=True)
        if text.strip() and len(text.splitlines()) == 1
    ]
    done = rebake("parse", archive, "-", input="".join(f"{text}\n" for text, _ in asked), capture_output=True)
    printed = [json.loads(line) for line in done.stdout.split("\n") if line]
    if done.returncode or len(printed) != len(asked):
        return [f"rebake parse: {len(asked)} texts, {len(printed)} lines, exit code {done.returncode}: {done.stderr}"]
    told = [
        compare({"texts": [text], "points": [], "parses": [parse], "decisions": []},
                {"texts": [text], "points": [], "parses": [line], "decisions": []})
        for (text, parse), line in zip(asked, printed, strict=True)
    ]  # fmt: skip
    return [f"rebake parse and load_model differ: {difference}" for found in told for difference in found]


def quality(name: str, rasa: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """How right our model is on its own training examples and stories; a message where that is too little."""
    by_text = dict(zip(ours["texts"], ours["parses"], strict=True))
    gold = [{"text": text, **told} for text, told in rasa["gold"].items()]
    told = score(gold, [by_text[row["text"]] for row in gold])
    stories = [
        (point["expected"], decision)
        for point, decision in zip(ours["points"], ours["decisions"], strict=True)
        if not point["rule"] and not point["swapped"]
    ]
    right = sum(expected == decision["action"] for expected, decision in stories)
    print(
        f"  training examples: intents {told['intent_accuracy_with_fallback']:.1%}, entity F1 {told['entity_f1']:.3f}"
        f" ({told['entities']} entities); actions of the stories: {right} of {len(stories)}"
    )
    found = []
    if told["intent_accuracy_with_fallback"] < LOWEST_INTENT_ACCURACY:
        found.append(f"only {told['intent_accuracy_with_fallback']:.1%} of the training examples' intents are right")
    if told["entity_f1"] < LOWEST_ENTITY_F1.get(name, 0.0):
        found.append(f"entity F1 on the training examples is only {told['entity_f1']:.3f}")
    return found


def check(name: str, archive: Path | None, rasa_python: Path, work: Path) -> list[str]:
    """Train (unless given), ask both sides, compare."""
    project = PROJECTS[name]
    print(f"{name} ({project})", flush=True)
    archive = archive or train(project, work / "models")
    job = {
        "archive": str(archive.resolve()),
        "texts": odd_texts(name),
        "project": {
            "config": str(project / "config.yml"),
            "domain": str(project / "domain.yml"),
            "data": [str(project / "data")],
        },
    }
    (work / "job.json").write_text(json.dumps(job), encoding="utf-8")
    run_side(rasa_python, "rasa_side.py", work / "job.json", work / "rasa.json")
    run_side(sys.executable, "rebake_side.py", archive, work / "rasa.json", work / "rebake.json")
    rasa = json.loads((work / "rasa.json").read_text(encoding="utf-8"))
    ours = json.loads((work / "rebake.json").read_text(encoding="utf-8"))
    found = compare(rasa, ours) + command_line_differences(archive, ours) + quality(name, rasa, ours)
    print(f"  {len(rasa['parses'])} texts, {len(rasa['decisions'])} decisions: {len(found) or 'no'} differences")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PROJECTS, nargs="+", default=list(PROJECTS))
    parser.add_argument("--archive", action="append", default=[], metavar="NAME=PATH")
    given = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"{SHARED} is missing: the assistants and references are there.")
    archives = {name: Path(path) for name, path in (told.split("=", 1) for told in given.archive)}
    made = subprocess.run([ROOT / "scripts" / "rasa_env"], stdout=subprocess.PIPE, text=True, check=True)
    rasa_python = Path(made.stdout.strip()) / "bin" / "python"
    differences = 0
    for name in archives or given.only:
        with tempfile.TemporaryDirectory(prefix="rebake-conformance-") as work:
            found = check(name, archives.get(name), rasa_python, Path(work))
        differences += len(found)
        for difference in found[:SHOWN]:
            print(f"  ! {difference}")
        if len(found) > SHOWN:
            print(f"  ! and {len(found) - SHOWN} more")
    if differences:
        sys.exit(f"{differences} differences between Rasa 3.6.21 and rebake")
    print("Rasa 3.6.21 and rebake agree.")


if __name__ == "__main__":
    main()
