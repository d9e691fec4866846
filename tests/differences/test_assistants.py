"""What differs between two states of an assistant is said in the words of its domain, and nothing is left out."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from parity.oracle.changes import changes
from parity.oracle.made_assistants import made_assistants
from parity.oracle.reorderings import reorderings
from rebake.archive.manifest import PARTS
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import (
    ActionStep,
    Assistant,
    Domain,
    Example,
    NluData,
    Response,
    Slot,
    Story,
    UserStep,
)
from rebake.base.location import Location
from rebake.differences.assistants import compare_assistants
from rebake.differences.domain import domain_differences
from rebake.differences.examples import nlu_differences
from rebake.differences.stories import story_differences
from rebake.staleness.fingerprints import fingerprint
from support.paths import ROOT

CAFE = ROOT / "examples" / "cafe"


@cache
def made() -> dict[str, Assistant]:
    with TemporaryDirectory() as folder:
        return dict(made_assistants(Path(folder), random_ones=2))


def parts(assistant: Assistant) -> dict[str, str]:
    found = fingerprint(assistant, parts=frozenset(PARTS)).parts
    return {name: record.fingerprint for name, record in found.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["everything", "end to end"])
def test_whatever_makes_a_part_stale_is_a_difference(name: str) -> None:
    before = made()[name]
    stale = [(what, after) for what, after in changes(before, Random(1), 1) if parts(after) != parts(before)]
    assert len(stale) > 20
    assert [what for what, after in stale if not compare_assistants(before, after)] == []


def test_another_order_of_what_has_none_is_no_difference() -> None:
    before = made()["everything"]
    found = [
        (what, after)
        for what, after in reorderings(before, Random(1))
        if parts(after) == parts(before) and "name" not in what
    ]
    assert len(found) > 5
    differing = [(what, compare_assistants(before, after)) for what, after in found]
    assert [what for what, differences in differing if differences] == []


def clauses(tmp_path: Path, file: str, old: str, new: str) -> list[str]:
    """What the comparison says of an edit of the example assistant."""
    edited = tmp_path / "edited"
    shutil.copytree(CAFE, edited)
    text = (edited / file).read_text(encoding="utf-8")
    assert old in text
    (edited / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    before, after = (
        load_assistant(place / "config.yml", place / "domain.yml", place / "data") for place in (CAFE, edited)
    )
    return [f"{one.subject}: {clause.text}" for one in compare_assistants(before, after) for clause in one.clauses]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("config.yml", "epochs: 60\n    constrain", "epochs: 80\n    constrain", ["DIETClassifier: epochs: 60 -> 80"]),
        ("config.yml", "max_history: 5\n    epochs", "epochs", ["TEDPolicy: max_history: 5 -> null"]),
        ("config.yml", "  - name: RegexFeaturizer\n", "", ["RegexFeaturizer: removed from the pipeline"]),
        ("config.yml", "min_ngram: 1", "min_ngram: 2", ["CountVectorsFeaturizer no. 2: min_ngram: 1 -> 2"]),
        ("config.yml", "language: en", "language: de", ["config: language: en -> de"]),
        ("domain.yml", "type: text", "type: float", ["slot drink: text -> float"]),
        (
            "domain.yml",
            "[small, medium, large]",
            "[small, large, huge]",
            ["slot size: values: huge added", "slot size: values: medium removed"],
        ),
        ("domain.yml", "roles: [from, to]", "roles: [from, to, via]", ["entity branch: roles: via added"]),
        ("domain.yml", "  - cancel_order\n", "", ["intent cancel_order: removed from the domain"]),
        (
            "data/nlu.yml",
            "- hiya\n",
            "- hiya\n    - so good to see you\n",
            ['intent greet: 1 example added: "so good to see you"'],
        ),
        (
            "data/nlu.yml",
            "- a very good evening",
            "- a good evening",
            ['intent greet: 1 example changed: "a very good evening" -> "a good evening"'],
        ),
        ("data/nlu.yml", "    - hiya\n", "", ['intent greet: 1 example removed: "hiya"']),
        (
            "data/nlu.yml",
            "    - greetings\n\n- intent: goodbye\n  examples: |\n",
            "\n- intent: goodbye\n  examples: |\n    - greetings\n",
            ['intent goodbye: 1 example moved here: "greetings" from intent greet'],
        ),
        (
            "data/stories.yml",
            "  - action: utter_greet\n",
            "  - action: utter_menu\n",
            ['story "The guest says hello": step 2, utter_greet -> utter_menu'],
        ),
        (
            "data/stories.yml",
            "    - drink: latte\n  - slot",
            "    - drink: tea\n  - slot",
            ['story "An order is placed": step 2, intent order (drink: latte) -> intent order (drink: tea)'],
        ),
        (
            "data/stories.yml",
            "story: An order is placed",
            "story: One orders",
            ['story "One orders": was called "An order is placed"'],
        ),
    ],
)
def test_a_change_is_said_in_the_words_of_the_domain(
    file: str, old: str, new: str, said: list[str], tmp_path: Path
) -> None:
    found = clauses(tmp_path, file, old, new)
    assert [clause for clause in said if clause not in found] == []
    assert len(found) <= len(said) + 1  # what else follows from it


def test_places_are_those_of_the_side_that_has_the_thing(tmp_path: Path) -> None:
    for name in ("before", "after"):
        shutil.copytree(CAFE, tmp_path / name)
    nlu = tmp_path / "after" / "data" / "nlu.yml"
    lines = nlu.read_text(encoding="utf-8").splitlines(keepends=True)
    place = lines.index("    - hiya\n")
    lines[place : place + 1] = ["\n"]
    nlu.write_text("".join([*lines[:5], "    - one that is new\n", *lines[5:]]), encoding="utf-8")
    before, after = (
        load_assistant(place / "config.yml", place / "domain.yml", place / "data")
        for place in (tmp_path / "before", tmp_path / "after")
    )
    (difference,) = compare_assistants(before, after)
    assert [(clause.side, clause.location) for clause in difference.clauses] == [
        ("head", Location(str(nlu), 6)),
        ("base", Location(str(tmp_path / "before" / "data" / "nlu.yml"), place + 1)),
    ]


def test_long_bot_texts_that_differ_at_the_end_are_a_difference() -> None:
    before, after = ((Story("s", (UserStep("greet"), ActionStep(None, "word " * 40 + end))),) for end in ("yes", "no"))
    (difference,) = story_differences(before, after)
    assert len(difference.clauses) == 1


def test_what_is_written_twice_counts_twice() -> None:
    before, after = (Domain(responses=(Response("utter_x", ({"text": "a"},) * count),)) for count in (1, 2))
    assert [one.clauses[0].text for one in domain_differences(before, after)] == ['variation "a" added']
    assert [one.clauses[0].text for one in domain_differences(after, before)] == ['variation "a" removed']


def test_a_number_in_place_of_a_truth_value_is_a_difference() -> None:
    before, after = (Domain(slots=(Slot("x", "any", initial_value=value),)) for value in (False, 0))
    assert [one.clauses[0].text for one in domain_differences(before, after)] == ["initial_value: false -> 0"]


def test_texts_are_compared_with_each_other_only_as_far_as_that_is_quick() -> None:
    kinds = (("many", "text", 80), ("few", "a text", 2), ("long", "word " * 4000, 1))
    before = NluData(tuple(Example(f"{text} {n}", intent) for intent, text, count in kinds for n in range(count)))
    after = NluData(examples=tuple(replace(example, text=f"{example.text} b") for example in before.examples))
    said = {one.name: [clause.text.split(":")[0] for clause in one.clauses] for one in nlu_differences(before, after)}
    assert said == {
        "many": ["80 examples added", "80 examples removed"],
        "few": ["2 examples changed"],
        "long": ["1 example added", "1 example removed"],
    }
