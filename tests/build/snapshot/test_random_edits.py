"""Random edits: after each, a check reports what reading everything reports."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.checked_assistant import JOINED, require_same, write_assistant, write_model

LINES = (
    "    - hello {n}", "    - a [tea](drink) {n}", "    - a [Cocoa](drink) {n}", "    - hi {n}", "    - HI {n}",
    "    - a [large]{{\"entity\": \"size\"}} one {n}", "    - the [same](drink)", "    - one [Tea](drink) {n}",
    "    - a [cocoa](drink) {n}", "    - [cha]{{\"entity\": \"drink\", \"value\": \"tea\"}} {n}",
)  # fmt: skip
STEPS = (
    "  - intent: greet", "  - action: utter_greet", "  - intent: order", "  - action: utter_order",
    "  - intent: goodbye\n  - action: utter_goodbye", "  - slot_was_set:\n    - drink: coffee",
    "  - action: utter_unused", "  - checkpoint: a", "  - checkpoint: again",
    "  - or:\n    - intent: greet\n    - intent: order",
)  # fmt: skip
NAMES = ("one", "two", "start", "leave 0", "order 1")


def mutate(folder: Path, draw: random.Random) -> None:
    """Remove, double, exchange, insert or move a line of a data file, or rename a story."""
    file = draw.choice(sorted((folder / "data").iterdir()))
    lines = file.read_text(encoding="utf-8").splitlines()
    is_nlu = "nlu" in file.name
    kind = r"    - " if is_nlu else r"  - (intent|action|checkpoint)"
    places = [place for place, line in enumerate(lines) if re.match(kind, line)]
    if not places:
        return
    place = draw.choice(places)
    new = draw.choice(LINES if is_nlu else STEPS).format(n=draw.randrange(5))
    match draw.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines[place] = new
        case 2:
            lines.insert(place, new)
        case 3:
            lines.insert(place, lines[place])
        case 4:
            other = draw.choice(places)
            lines[place], lines[other] = lines[other], lines[place]
        case 5:
            stories = [number for number, line in enumerate(lines) if line.startswith("- story:")]
            for number in draw.sample(stories, min(1, len(stories))):
                lines[number] = f"- story: {draw.choice(NAMES)}"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.slow
@given(seed=st.integers(0, 2**32))
@settings(max_examples=20)
def test_after_random_edits_a_check_reports_what_reading_everything_reports(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp = tmp_path_factory.mktemp("random")
    folder, draw = write_assistant(tmp / "bot"), random.Random(seed)
    if draw.random() < 0.5:
        (folder / "data" / "joined.yml").write_text(JOINED, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp / "cache"))
        patch.chdir(folder)
        write_model(folder)
        if draw.random() < 0.5:  # so that the model is stale when everything is read
            mutate(folder, draw)
        require_same(tmp)
        for _ in range(6):
            mutate(folder, draw)
            require_same(tmp)
