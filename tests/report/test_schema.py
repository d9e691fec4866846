"""Every kind of report is as the published JSON Schema says, and has no key that the schema does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module, resources
from typing import Any

import pytest

from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.differences.model import Clause, Difference
from rebake.errors import DataError, DataErrors
from rebake.report.json import FORMAT, render_json
from rebake.report.model import Differences, Failure, PartReport, Report
from rebake.staleness.explanation import Cause, ComponentExplanation, PartExplanation
from rebake.staleness.git.changes import Changes, FileChange
from support.paths import ROOT
from support.quality import hostile_quality

A = "a" * 64
PLACE = Location("data/nlu.yml", 3)
EXPLANATION = PartExplanation(
    "nlu",
    "stale",
    causes=(Cause("epochs 60 -> 61", PLACE),),
    components=(ComponentExplanation("DIETClassifier5", "DIETClassifier", "stale", (Cause("x"),), PLACE),),
    note="y",
)
TRAINED = Report(
    mode="train",
    parts=(
        PartReport("core", "stale", ("x",), A, "trained", None, 3.2),
        PartReport("nlu", "fresh", (), A, "reused", "nlu-x.tar.gz"),
        PartReport("nlg", "absent"),
    ),
    code=1,
    model_path="models/x.tar.gz",
    model_written=True,
    metrics={"TEDPolicy0.loss": 0.1, "TEDPolicy0.acc": float("nan")},
    seconds=1.5,
    changes=Changes((FileChange("R", "b.yml", "a.yml"),), "d" * 40, "main"),
    differences=Differences((Difference("intent", "x", (Clause("added", PLACE, lines=("y",)),)),), lambda *_: "u"),
    notices=(Notice("odd", PLACE, NoticeKind.DUPLICATE_EXAMPLE), Notice("bare")),
    commit="e" * 40,
)


def _failed() -> Report:
    errors = DataErrors()
    errors.add(DataError("wrong", location=PLACE, fix="Mend it.", kind=NoticeKind.INVALID_YAML))
    errors.add(DataError("wrong, too"))
    with pytest.raises(DataError) as caught:
        errors.finish()
    return Report(mode="check", failure=Failure.of(caught.value))


REPORTS = {
    "empty": Report(mode="check"),
    "failed": _failed(),
    "explained": Report(mode="check", parts=(PartReport("nlu", "stale", (), A, explanation=EXPLANATION),), code=2),
    "forced": Report(mode="train", code=8, forced=True),
    "trained": TRAINED,
    "compared": replace(TRAINED, quality=hostile_quality()),
    "without a base": replace(TRAINED, quality=hostile_quality(has_base=False)),
    "without a base commit": replace(TRAINED, changes=Changes((), None, "", "a shallow clone"), differences=None),
}


def schema() -> dict[str, Any]:
    content = resources.files("rebake.report").joinpath("schemas/report.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(content)
    return found


def validator(of: dict[str, Any]) -> Any:
    kind = import_module("jsonschema").Draft202012Validator  # comes with openapi-schema-validator, without types
    kind.check_schema(of)
    return kind(of)


def closed(value: Any) -> Any:
    """The schema without room for keys that it does not name."""
    if isinstance(value, list):
        return [closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: closed(item) for key, item in value.items()}
    if "properties" in value and value.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


@pytest.fixture(scope="module")
def strict() -> Any:
    return validator(closed(schema()))


@pytest.mark.parametrize("name", REPORTS)
def test_reports_are_as_the_schema_says(name: str, strict: Any) -> None:
    content = json.loads(render_json(REPORTS[name]))
    assert list(strict.iter_errors(content)) == []


def test_the_schema_refuses_what_is_no_report_and_takes_keys_of_later_versions() -> None:
    content = json.loads(render_json(REPORTS["compared"]))
    check = validator(schema())
    assert check.is_valid({**content, "new": 1})
    for wrong in (
        {**content, "format": FORMAT + 1},
        {**content, "mode": "x"},
        {**content, "code": "0"},
        {**content, "quality": {}},
        {key: value for key, value in content.items() if key != "parts"},
    ):
        assert not check.is_valid(wrong)


def names(value: Any) -> Iterator[str]:
    """The keys that a schema names, but for those of tests and differences, which test.md and diff.md explain."""
    for key, item in value.items() if isinstance(value, dict) else ():
        if key == "properties":
            yield from item
        if key not in ("test", "labelled", "annotated", "comparison", "compared", "changed", "differences"):
            yield from names(item)
    for item in value if isinstance(value, list) else ():
        yield from names(item)


def test_the_documentation_explains_every_key_of_the_schema() -> None:
    page = (ROOT / "docs" / "reference" / "report-json.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", page))
    assert set(names(schema())) - documented == set()
