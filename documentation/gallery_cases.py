"""The pull requests of the gallery: what each one changes in a repository with an example assistant."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from documentation.repository import ROOT

CAFE = ROOT / "examples" / "cafe"
SHARED = ROOT.parent / "shared"
HELD_OUT = "tests/nlu.yml"
HELD_OUT_SHARE = 4  # every fourth example of an intent is held out


@dataclass(frozen=True)
class Case:
    """One pull request.

    Attributes:
        name: of its directory.
        title: of its section.
        text: what it shows.
        change: edits the assistant in a directory.
        inputs: of the action, besides those of all cases.
        is_fork: it comes from a fork, whose token may not write.
        has_texts: the page may show examples; not of data that is no part of the repository.
        shown: the part of the page on the picture; "" for its top.
        scheme: "light" or "dark".
        width: of the window in pixels.
        height: of the picture.
    """

    name: str
    title: str
    text: str
    change: Callable[[Path], None]
    inputs: Mapping[str, str] = field(default_factory=dict)
    is_fork: bool = False
    has_texts: bool = True
    shown: str = ""
    scheme: str = "light"
    width: int = 1100
    height: int = 1500


def write_cafe(directory: Path) -> None:
    """Write the example assistant, with a quarter of its examples held out for tests."""
    shutil.copytree(CAFE, directory, dirs_exist_ok=True)
    path = directory / "data" / "nlu.yml"
    kept, held_out = [], ['version: "3.1"', "", "nlu:"]
    number, is_intent = 0, False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("- "):
            is_intent, number = line.startswith("- intent:"), 0
            held_out += [line, "  examples: |"] if is_intent else []
        elif is_intent and line.startswith("    - "):
            number += 1
            if number % HELD_OUT_SHARE == 0:
                held_out.append(line)
                continue
        kept.append(line)
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    (directory / HELD_OUT).write_text("\n".join(held_out) + "\n", encoding="utf-8")


def write_hwu64(directory: Path) -> None:
    """Write the assistant of 64 intents, with a third of its examples and few epochs, so that it trains in a minute."""
    source = SHARED / "nlu" / "hwu64_k1"
    for name in ("config.yml", "domain.yml", "data/nlu.yml", "test/nlu.yml"):
        target = directory / {"test/nlu.yml": HELD_OUT}.get(name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    data = directory / "data" / "nlu.yml"
    lines = data.read_text(encoding="utf-8").splitlines()
    kept = (line for number, line in enumerate(lines) if not line.startswith("    - ") or number % 3 == 0)
    data.write_text("\n".join(kept) + "\n", encoding="utf-8")
    edit(directory / "config.yml", "epochs: 100", "epochs: 5")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path} has no {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8")


def _comment_only(assistant: Path) -> None:
    edit(assistant / "data" / "stories.yml", 'version: "3.1"', 'version: "3.1"\n# What guests do.')


def _more_examples(assistant: Path) -> None:
    edit(
        assistant / "data" / "nlu.yml",
        "    - when do you open\n",
        "    - when do you open\n    - what time do you open up\n    - how late can I come by\n",
    )


def _another_story(assistant: Path) -> None:
    with (assistant / "data" / "stories.yml").open("a", encoding="utf-8") as file:
        file.write(
            "\n- story: The guest thanks, then leaves\n  steps:\n  - intent: thank\n  - action: utter_welcome\n"
            "  - intent: goodbye\n  - action: utter_goodbye\n"
        )


def _another_wording(assistant: Path) -> None:
    path = assistant / "domain.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        re.sub(r"(utter_goodbye:\n\s+- text: ).*", r'\1"Goodbye, and see you soon!"', text), encoding="utf-8"
    )


def _misspelt_action(assistant: Path) -> None:
    edit(assistant / "data" / "stories.yml", "- action: utter_menu", "- action: utter_the_menu")


def _exchanged_labels(assistant: Path) -> None:
    """Five intents get each other's examples."""
    path = assistant / "data" / "nlu.yml"
    intents = ("greet", "thank", "change_branch", "ask_opening_hours", "goodbye")
    others = dict(zip(intents, (*intents[1:], intents[0]), strict=True))
    text = path.read_text(encoding="utf-8")
    path.write_text(
        re.sub(r"(?m)^- intent: (\w+)$", lambda found: f"- intent: {others.get(found[1], found[1])}", text),
        encoding="utf-8",
    )


def _other_answer(assistant: Path) -> None:
    edit(
        assistant / "data" / "rules.yml",
        "  - intent: ask_opening_hours\n  - action: utter_opening_hours",
        "  - intent: ask_opening_hours\n  - action: utter_menu",
    )


def _fewer_epochs(assistant: Path) -> None:
    edit(assistant / "config.yml", "epochs: 5", "epochs: 3")


ALL = {"test-nlu": HELD_OUT}
CASES = (
    Case(
        "fresh", "Nothing to train",
        "A comment was added to a file of stories. No part of the model depends on it, so nothing is trained, and the"
        " test is found in the store.",
        _comment_only,
    ),
    Case(
        "nlu-stale", "NLU is stale",
        "Two examples were added to an intent. NLU is trained, Core is taken from the store.",
        _more_examples, scheme="dark",
    ),
    Case(
        "core-stale", "Core is stale", "A story was added. Core is trained, NLU is taken from the store.",
        _another_story,
    ),
    Case("responses", "Responses alone", "A response has another wording, which needs no training.", _another_wording),
    Case(
        "errors", "An error in the data", "A story names an action that the domain does not have. Nothing is trained.",
        _misspelt_action, height=700,
    ),
    Case(
        "worse", "Worse than the base",
        "Five intents were given each other's examples. `fail-on: worse` fails the job, and the report names the"
        " intents.",
        _exchanged_labels, {"fail-on": "worse"}, height=2200,
    ),
    Case(
        "failed-story", "A failed test story",
        "A rule answers the question for the opening hours with the menu. `fail-on: stories` fails the job.",
        _other_answer, {"fail-on": "stories"}, shown="#stories", height=900,
    ),
    Case(
        "fork", "From a fork",
        "The token of a pull request from a fork may not write, so there is no comment. The job summary has the"
        " report.",
        _more_examples, is_fork=True, width=390, height=1700,
    ),
)  # fmt: skip
HWU64 = Case(
    "64-intents", "64 intents",
    "A third of the training examples, and all 1,076 test examples, of the benchmark of Liu et al. (2019, CC BY 4.0),"
    " with DIETClassifier at 5 epochs and, in the pull request, 3: far too few, but quickly trained. The data is no"
    " part of this repository, so what quotes it is left out here.",
    _fewer_epochs, has_texts=False, shown="#intents", height=3200,
)  # fmt: skip
