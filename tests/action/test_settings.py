"""Inputs and outputs: action.yml, the code and the documentation say the same."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml

from rebake.action.settings import DEFAULTS, Settings
from rebake.errors import UsageError
from support.paths import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def read(**inputs: str) -> Settings:
    given = {"token": "x", **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return Settings.read(lambda name: given.get(name, ""))


def tables(document: str) -> dict[str, dict[str, str]]:
    """First column of each table -> {name: second column}, for the tables headed input and output."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for head, rows in re.findall(r"(?m)^\| (input|output) \|.*\n\| ?-.*\n((?:\|.*\n)+)", text):
        for row in rows.splitlines():
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            found.setdefault(head, {})[cells[0].strip("`")] = cells[1].strip("`")
    return found


def test_action_yml_and_the_code_have_the_same_inputs_and_defaults() -> None:
    assert list(ACTION["inputs"]) == list(DEFAULTS)
    assert {field.name.replace("_", "-") for field in fields(Settings)} == set(DEFAULTS)
    for name, declared in ACTION["inputs"].items():
        assert declared["description"]
        if name != "token":
            assert declared["default"] == DEFAULTS[name]


def test_action_yml_and_the_code_have_the_same_outputs() -> None:
    source = (ROOT / "src" / "rebake" / "action" / "announce.py").read_text(encoding="utf-8")
    block = source[source.index("outputs: dict[str, Any] = {") :]
    assert re.findall(r'^            "([a-z-]+)":', block, re.MULTILINE) == list(ACTION["outputs"])
    assert all(declared["description"] for declared in ACTION["outputs"].values())


@pytest.mark.parametrize("document", ["docs/action.md", "README.md"])
def test_the_documents_list_every_input_and_output(document: str) -> None:
    found = tables(document)
    assert set(found["input"]) == set(ACTION["inputs"])
    assert set(found["output"]) == set(ACTION["outputs"])
    for name, default in found["input"].items():
        if name != "token":
            assert default == DEFAULTS[name], f"{document}: default of {name}"


def test_the_workflow_to_copy_asks_for_the_documented_permissions() -> None:
    workflow = yaml.safe_load((ROOT / "docs" / "workflow.yml").read_text(encoding="utf-8"))
    documented = dict(re.findall(r"\| `([a-z-]+): (write)` \|", (ROOT / "docs/action.md").read_text(encoding="utf-8")))
    assert workflow["permissions"] == documented


def test_readme_shows_the_workflow_to_copy() -> None:
    workflow = (ROOT / "docs" / "workflow.yml").read_text(encoding="utf-8")
    assert workflow.split("\n", 1)[1] in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value"), [("out", "../models"), ("out", "/models"), ("working_directory", "a/../.."), ("token", "a\nb")]
)
def test_what_leads_out_of_the_workspace_or_is_no_token_is_refused_without_repeating_a_secret(
    name: str, value: str
) -> None:
    with pytest.raises(UsageError, match=name.replace("_", "-")) as caught:
        read(**{name: value})
    assert name != "token" or value not in str(caught.value)


def test_models_may_lie_beside_the_assistant_in_the_workspace() -> None:
    settings = read(working_directory="bots/a", out="../../models")
    assert (settings.working_directory, settings.out) == ("bots/a", "../../models")


def test_assistants_have_asset_names_of_their_own() -> None:
    assert read(working_directory="bots/pizza").slug == "-bots-pizza"
    assert read(working_directory="bots/日本").slug != read(working_directory="bots/中国").slug


def test_empty_inputs_have_their_defaults() -> None:
    settings = read(mode="", domain=" ")
    assert (settings.mode, settings.domain, settings.data, settings.fail_on) == (
        "train",
        ("domain.yml",),
        ("data",),
        "stale",
    )
    assert (settings.augmentation_factor, settings.threads) == (None, None)
    assert (settings.name, settings.slug) == ("", "")


def test_inputs_are_read() -> None:
    settings = read(
        data="data\n\n more ",
        augmentation_factor="0",
        threads="2",
        env="A, B\nC",
        force="True",
        fail_on="never",
        working_directory="./bots/pizza-2/",
    )
    assert settings.data == ("data", "more")
    assert (settings.augmentation_factor, settings.threads) == (0, 2)
    assert settings.env == {"A", "B", "C"}
    assert (settings.force, settings.fail_on) == (True, "never")
    assert (settings.name, settings.slug) == ("bots/pizza-2", "-bots-pizza_2d2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "build"),
        ("fail-on", "always"),
        ("comment", "yes"),
        ("threads", "0"),
        ("augmentation-factor", "-1"),
        ("store-tag", "../x"),
        ("working-directory", "/etc"),
        ("working-directory", "a/../.."),
    ],
)
def test_a_wrong_input_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"The input {name} ") as caught:
        read(**{name: value})
    assert caught.value.fix


def test_a_missing_token_is_an_error_and_a_given_one_is_not_shown() -> None:
    with pytest.raises(UsageError, match="token"):
        Settings.read(lambda name: "")
    assert "s3cret" not in repr(Settings.read(lambda name: "s3cret" if name == "token" else ""))
