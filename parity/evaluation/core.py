"""`rasa test core` and `rebake test core` must write the same numbers and the same stories.

    python -m parity test_core                      the models that --help lists as default
    python -m parity test_core --only all           every model that Rasa trained, and one of rebake for each
    python -m parity test_core --only moodbot-rasa  one of them

Each model is tested twice: on the assistant's test stories, end to end, and on its training stories, by intents (their
file has the rules as well, which neither side tests). In the copies of both that are tested, every sixth action and
every fifth intent is exchanged for another, so that there are failed stories. Compared are the report, and of each file
the stories with what was predicted.
"""

from __future__ import annotations

import json
import re
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from parity.compare import value_differences
from parity.evaluation.archives import TestedModel, add_models, models
from parity.rasa import ask
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake import load_model
from rebake.assistant.importer import load_assistant
from rebake.base.notices import Notices
from rebake.base.progress import Silent
from rebake.evaluation.rasa_files import ResultFiles
from rebake.evaluation.stories.run import evaluate_stories

DEFAULT = ("travelbot-rasa", "helpdesk-rebake")
TOLERANCE = 1e-5


def add_options(parser: ArgumentParser) -> None:
    add_models(parser, DEFAULT)
    add_keep(parser)


def run(given: Namespace) -> int:
    wrong = 0
    with working_directory(given.keep, "test-core") as work:
        chosen = [(model, kind) for model in models(given.only, work) for kind in stories_of(model, work)]
        began = time.monotonic()
        tests = [
            {
                "archive": str(model.archive), "stories": str(file), "end_to_end": is_test(file),
                "out": str(work / f"{model.name}-{file.stem}-rasa"),
            }
            for model, file in chosen
        ]  # fmt: skip
        answers = ask("test_results", {"tests": tests}, work)["tests"]
        print(f"  Rasa tested {len(tests)} files in {time.monotonic() - began:.0f} s", flush=True)
        for (model, file), rasa in zip(chosen, answers, strict=True):
            wrong += report(f"{model.name}, {file.name}", compared(model, file, rasa, work), shown=30)
    return wrong


def is_test(file: Path) -> bool:
    return file.name.startswith("test_")


def stories_of(model: TestedModel, work: Path) -> Iterator[Path]:
    """Write the stories of all files of each kind into one file, some of their steps exchanged."""
    directory = work / f"{model.name}-stories"
    directory.mkdir()
    for kind, source in (("test_stories", "tests"), ("training_stories", "data")):
        content: dict[str, Any] = {"version": "3.1"}
        for file in sorted((model.project / source).rglob("*.y*ml")):
            read = yaml.safe_load(file.read_text(encoding="utf-8"))
            for key in ("stories", "rules"):
                content.setdefault(key, []).extend(read.get(key) or ())
        kept = {key: value for key, value in content.items() if value}
        if len(kept) > 1:
            exchange(kept)
            path = directory / f"{kind}.yml"
            path.write_text(yaml.safe_dump(kept, sort_keys=False, allow_unicode=True), encoding="utf-8")
            yield path


def exchange(content: Mapping[str, Any]) -> None:
    """Exchange some actions and intents for others of the same file."""
    steps = [step for key in ("stories", "rules") for story in content.get(key, ()) for step in story["steps"]]
    for key, every in (("action", 6), ("intent", 5)):
        found = [step for step in steps if key in step]
        names = list(dict.fromkeys(step[key] for step in found))
        for step in found[every - 1 :: every] or found[-1:]:
            step[key] = names[(names.index(step[key]) + 1) % len(names)]


def compared(model: TestedModel, file: Path, rasa: Mapping[str, Any], work: Path) -> list[str]:
    assistant = load_assistant(None, None, [file])
    out = work / f"{model.name}-{file.stem}-rebake"
    with load_model(model.archive) as loaded:
        began = time.monotonic()
        test = evaluate_stories(
            loaded.core, loaded if is_test(file) else None, loaded.domain,
            assistant.test_stories if is_test(file) else assistant.stories, Silent(), Notices(),
        )  # fmt: skip
        seconds = time.monotonic() - began
    ResultFiles(out, successes=True).write_stories(test)
    counts = rasa["story_report.json"]["conversation_accuracy"]
    print(f"  {model.name}: rebake tested {file.name} in {seconds:.1f} s; Rasa: {counts}", flush=True)
    if counts["correct"] == counts["total"]:
        return ["no story fails in Rasa, so this compares little"]
    # TEDPolicy_report.json is about entities that the policy finds in texts of end-to-end stories
    names = {name for name in rasa if not name.startswith("TEDPolicy")}
    ours = {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}
    if names != ours.keys():
        return [f"Rasa writes {sorted(names)}, rebake {sorted(ours)}"]
    found = value_differences(
        "story_report", rasa["story_report.json"], json.loads(ours["story_report.json"]), TOLERANCE
    )
    for name in sorted(names - {"story_report.json"}):
        found += value_differences(name, stories(rasa[name]), stories(ours[name]))
    return found


def stories(text: str) -> list[Any]:
    """Stories by name, in which each comment about a prediction is a part of its line."""
    commented = re.sub(r"^(.*?) +# (predicted: .*)$", _quoted, text, flags=re.MULTILINE)
    content = yaml.safe_load(commented) or {}
    found = [(story["story"], story["steps"]) for story in content.get("stories", ())]
    return sorted(found, key=lambda pair: json.dumps(pair, sort_keys=True))


def _quoted(match: re.Match[str]) -> str:
    before, comment = match.groups()
    key, value = before.rsplit(": ", 1)
    return f"{key}: {json.dumps(f'{yaml.safe_load(value)} # {comment}')}"
