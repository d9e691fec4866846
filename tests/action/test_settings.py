"""Inputs and outputs: action.yml, the code and the documentation say the same."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rebake.action.settings import DEFAULTS, ON_THE_HOST, Settings
from rebake.action.tags import VERSION_LIKE, is_prerelease
from rebake.errors import UsageError
from rebake.report.comment import earlier_marker, marker
from rebake.store.names import asset_slug
from support.paths import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def read(**inputs: str) -> Settings:
    given = {"token": "x", **{name.replace("_", "-"): value for name, value in inputs.items()}}
    return Settings.read(lambda name: given.get(name, ""))


def test_action_yml_and_the_code_have_the_same_inputs_and_defaults() -> None:
    assert list(ACTION["inputs"]) == [name for name in DEFAULTS if name not in ON_THE_HOST]
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


def test_the_workflow_to_copy_asks_for_the_documented_permissions() -> None:
    workflow = yaml.safe_load((ROOT / "docs" / "workflow.yml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "reference" / "action.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"\| `([a-z-]+): (write)` \| (?!only )", page))
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


ALIKE = ("bot-a", "bot_a", "bot/a", "bot.a", "bot a", "bots/a", "bots-a", "日本", "中国", "bot/_2d", "bot/-", "x" * 99)


def test_different_assistants_never_share_a_name() -> None:
    slugs = [read(working_directory=name).slug for name in ALIKE]
    assert len(set(slugs)) == len({marker(name) for name in ALIKE}) == len(ALIKE)
    for slug in slugs:
        assert re.fullmatch(r"-[A-Za-z0-9._-]+", slug), "GitHub would replace a character"
        assert len(slug) < 130


@given(st.text(), st.text())
def test_no_two_names_have_the_same_asset_name_or_marker(first: str, second: str) -> None:
    if first != second and not any(0xD800 <= ord(c) < 0xE000 for c in first + second):
        assert asset_slug(first) != asset_slug(second)
        assert {marker(first), marker(second)} != {marker(first)} or {first, second} == {"", "."}
        assert "--" not in marker(first)[4:-3]


def test_names_of_earlier_versions_stay_where_they_were_clear() -> None:
    assert (read().slug, read(working_directory="bots/pizza").slug) == ("", "-bots-pizza")
    for name in ("", "bots/pizza", "bots/pizza-2", "bot_a"):
        assert marker(name) == earlier_marker(name)


def test_the_input_name_replaces_the_directory_in_every_name() -> None:
    settings = read(working_directory="bots/pizza", name="pizza-de")
    assert (settings.name, settings.slug, settings.working_directory) == ("pizza-de", "-pizza_2dde", "bots/pizza")
    assert read(name="pizza-de").slug == settings.slug
    for wrong in ("a\nb", "\u202eabc", "x" * 101):
        with pytest.raises(UsageError, match="name"):
            read(name=wrong)


@pytest.mark.parametrize(
    ("tag", "is_release", "is_pre"),
    [
        ("v1", True, False),
        ("1.2", True, False),
        ("v1.2.3", True, False),
        ("v2.0.0-rc.1", True, True),
        ("v2.0.0-rc.1+build.5", True, True),
        ("v2.0.0+build-5", True, False),
        ("v2.0-beta", True, True),
        ("2024.05.01", True, False),
        ("nightly", False, False),
        ("2024-05-01", False, False),
        ("deploy-17", False, False),
        ("v1.2.3/x", False, False),
        ("pizza-v1.2.3", False, False),
        ("pizza-v1.2.3-rc.1", False, True),
        ("bots/pizza@1.2.3-rc.1", False, True),
    ],
)
def test_tags_that_look_like_versions_are_releases(tag: str, is_release: bool, is_pre: bool) -> None:
    assert bool(read().tag_pattern.fullmatch(tag)) == is_release
    assert is_prerelease(tag) == is_pre
    assert ACTION["inputs"]["tag-pattern"]["default"] == VERSION_LIKE


def test_decisions_that_are_left_to_the_action_are_none() -> None:
    assert (read().prerelease, read().make_latest, read().draft) == (None, None, False)
    settings = read(prerelease="true", make_latest="false", draft="true")
    assert (settings.prerelease, settings.make_latest, settings.draft) == (True, False, True)
    with pytest.raises(UsageError, match="tag-pattern"):
        read(tag_pattern="v(")


def test_empty_inputs_have_their_defaults() -> None:
    settings = read(mode="", domain=" ")
    assert (settings.mode, settings.domain, settings.data, settings.fail_on) == (
        "train",
        ("domain.yml",),
        ("data",),
        ("stale",),
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
        test_nlu="held-out.yml",
        min_intent_f1="0.85",
        working_directory="./bots/pizza-2/",
    )
    assert settings.data == ("data", "more")
    assert (settings.augmentation_factor, settings.threads) == (0, 2)
    assert settings.env == {"A", "B", "C"}
    assert (settings.force, settings.fail_on) == (True, ())
    assert (settings.test_nlu, settings.test_stories) == (("held-out.yml",), ("tests",))
    assert settings.cross_validation is None
    assert (settings.max_drop, settings.min_intent_f1, settings.min_entity_f1) == (0.0, 0.85, None)
    assert (settings.name, settings.slug) == ("bots/pizza-2", "-bots-pizza_2d2")
    assert read(fail_on="stale, worse\nwarnings,stale").fail_on == ("stale", "worse", "warnings")


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"min_intent_f1": "0.8"}, "min-intent-f1 needs a test of NLU"),
        ({"test_nlu": "a.yml", "cross_validation": "5"}, "test-nlu and cross-validation are both set"),
        ({"max_drop": "0.1"}, "max-drop changes nothing"),
    ],
)
def test_inputs_that_decide_nothing_are_refused(inputs: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named) as caught:
        read(**inputs)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "build"),
        ("fail-on", "always"),
        ("comment", "yes"),
        ("threads", "0"),
        ("finetune", "always"),
        ("epoch-fraction", "0"),
        ("fail-on", "worse, sometimes"),
        ("fail-on", "never\nworse"),
        ("max-drop", "2"),
        ("min-story-accuracy", "85%"),
        ("cross-validation", "1"),
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
