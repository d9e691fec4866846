"""The registry of NLU components, and the checks of a pipeline."""

import subprocess
import sys
from typing import Any

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.errors import DataError, UnsupportedError
from rebake.registry.lookup import COMPONENTS, require, require_trainable, supported_names
from rebake.validation.pipeline import check_pipeline


def spec(name: str, line: int = 1, **options: Any) -> ComponentSpec:
    return ComponentSpec(name, options, Location("config.yml", line))


def test_every_implementation_can_be_imported() -> None:
    for entry in COMPONENTS.values():
        if entry.implementation is not None:
            assert entry.load_class().__name__ == entry.name


def test_the_registry_and_the_components_load_without_tensorflow() -> None:
    code = (
        "import sys; from rebake.nlu import pipeline; from rebake.registry import lookup as registry;"
        "[e.load_class() for e in registry.COMPONENTS.values() if e.implementation];"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_dotted_name_of_rasas_class_is_the_same_component() -> None:
    for entry in COMPONENTS.values():
        assert require(spec(entry.rasa_class), "pipeline") is entry


def test_a_custom_component_is_refused_by_name_with_its_line_and_what_is_supported() -> None:
    with pytest.raises(UnsupportedError) as raised:
        require(spec("mybot.nlu.Speller", 7), "pipeline")
    assert str(raised.value).startswith("config.yml:7: ")
    assert "mybot.nlu.Speller" in str(raised.value)
    assert "DIETClassifier" in str(raised.value)


def test_a_misspelt_component_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(DataError, match="Did you mean 'DIETClassifier'"):
        require(spec("DietClassifier"), "pipeline")


@pytest.mark.parametrize(
    ("name", "reason", "instead"),
    [
        ("MitieNLP", "no release since", "SpacyNLP"),
        ("MitieTokenizer", "no release since", "WhitespaceTokenizer"),
        ("MitieFeaturizer", "no release since", "CountVectorsFeaturizer"),
        ("MitieIntentClassifier", "no release since", "DIETClassifier"),
        ("MitieEntityExtractor", "no release since", "CRFEntityExtractor"),
        ("ConveRTFeaturizer", "withdrawn the weights", "LanguageModelFeaturizer"),
    ],
)
def test_a_refusal_says_why_and_what_to_use_instead(name: str, reason: str, instead: str) -> None:
    refused = spec(name, 4)
    assert require(refused, "pipeline").name == name
    with pytest.raises(UnsupportedError, match=rf"^config\.yml:4: .*{name} is not supported: .*{reason}.*{instead}"):
        require_trainable(refused, "pipeline")
    assert name not in supported_names("pipeline")
    # nobody is sent to put a refused component's refused provider in front of it
    assert check_pipeline([spec("WhitespaceTokenizer"), refused] if "Tokenizer" not in name else [refused], "en") == []


def test_options_are_merged_one_level_deep_as_rasa_does() -> None:
    entry = COMPONENTS["DIETClassifier"]
    merged = entry.merged({"dense_dimension": {"text": 64}, "epochs": 3})
    assert merged["dense_dimension"] == {"text": 64, "label": 20}
    assert entry.merged({})["dense_dimension"] == {"text": 128, "label": 20}


def test_a_good_pipeline_has_no_notices() -> None:
    assert (
        check_pipeline([spec("WhitespaceTokenizer"), spec("CountVectorsFeaturizer"), spec("DIETClassifier")], "en")
        == []
    )


def test_an_option_that_nothing_reads_is_noticed_with_what_was_meant() -> None:
    [notice] = check_pipeline([spec("WhitespaceTokenizer", 3, token_patern="x")], "en")
    assert str(notice).startswith("config.yml:3: ")
    assert "Did you mean 'token_pattern'" in str(notice)


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ([spec("CountVectorsFeaturizer", 2)], r"config\.yml:2: .*needs a tokenizer before it"),
        ([spec("WhitespaceTokenizer"), spec("DIETClassifier", 3)], r"config\.yml:3: .*needs a featurizer before it"),
        ([spec("FallbackClassifier", 2)], "needs an intent classifier before it"),
        ([spec("SpacyTokenizer", 2)], "needs SpacyNLP before it. Put SpacyNLP above SpacyTokenizer"),
        ([spec("WhitespaceTokenizer"), spec("JiebaTokenizer", 5)], r"config\.yml:5: .*second tokenizer"),
        (
            [
                spec("WhitespaceTokenizer"),
                spec("CountVectorsFeaturizer", alias="words"),
                spec("RegexFeaturizer", 9, alias="words"),
            ],
            r"config\.yml:9: .*same alias 'words'",
        ),
    ],
)
def test_a_wrong_order_is_refused_with_the_line(pipeline: list[ComponentSpec], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_pipeline(pipeline, "en")


@pytest.mark.parametrize(("tokenizer", "language"), [("WhitespaceTokenizer", "zh"), ("JiebaTokenizer", "en")])
def test_a_language_that_a_tokenizer_cannot_split_is_refused(tokenizer: str, language: str) -> None:
    with pytest.raises(DataError, match=f"language {language!r}"):
        check_pipeline([spec(tokenizer)], language)
    assert check_pipeline([spec("JiebaTokenizer")], None) == []
