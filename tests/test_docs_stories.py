"""docs/reference/stories-and-domain.md lists what the code reads, and says what is refused where it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rebake.assistant.domain.reader import DOMAIN_KEYS, OTHER_DOMAIN_KEYS
from rebake.assistant.schemas.domain import MAPPING_TYPES, SLOT_TYPES
from rebake.assistant.stories.reader import STEP_KEYS
from rebake.errors import DataError
from support.core import read
from support.paths import ROOT

DOCS = (ROOT / "docs" / "reference" / "stories-and-domain.md").read_text(encoding="utf-8")
EXAMPLES = {
    "intent": "intent: greet",
    "user": "user: hello",
    "action": "action: utter_greet",
    "bot": "bot: Hello",
    "slot_was_set": "slot_was_set: [{hot: true}]",
    "active_loop": "active_loop: order_form",
    "checkpoint": "checkpoint: c",
    "or": "or: [{intent: greet}, {intent: bye}]",
}


def names(heading: str) -> list[str]:
    """First cells in code style of the table whose first column has that heading."""
    table = DOCS.split(f"| {heading} |", 1)[1].split("\n\n")[0]
    return re.findall(r"^\| `([\w]+)` \|", table, re.MULTILINE)


def test_the_docs_list_every_step_key_slot_type_mapping_and_domain_key() -> None:
    assert sorted(names("step")) == sorted(STEP_KEYS)
    assert sorted(names("slot type")) == sorted(SLOT_TYPES)
    assert sorted(names("slot mapping")) == sorted(MAPPING_TYPES)
    assert sorted(names("key")) == sorted((*DOMAIN_KEYS, *OTHER_DOMAIN_KEYS))


@pytest.mark.parametrize("key", STEP_KEYS)
@pytest.mark.parametrize("title", ["story", "rule"])
def test_steps_are_read_or_refused_as_the_docs_say(tmp_path: Path, key: str, title: str) -> None:
    in_stories, in_rules = re.findall(rf"^\| `{key}` \| (\w+) \| (\w+) \|", DOCS, re.MULTILINE)[0]
    plural = {"story": "stories", "rule": "rules"}[title]
    data = f"{plural}:\n- {title}: x\n  steps:\n  - {EXAMPLES[key]}\n  - action: utter_bye\n"
    if (in_stories if title == "story" else in_rules) == "refused":
        with pytest.raises(DataError, match="A rule cannot have"):
            read(tmp_path, data)
    else:
        assert read(tmp_path, data).stories


def test_whatever_is_not_as_in_rasa_has_its_reason() -> None:
    for row in re.findall(r"^\| .* \|$", DOCS, re.MULTILINE):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if {"different", "refused"} & set(cells):
            assert cells[-1], row
