"""CRFEntityExtractor: what it learns, finds, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebake.assistant.model import EntitySpan, Example, NluData, RegexPattern
from rebake.base.progress import Silent, Task
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, ModelError
from rebake.nlu.component import Component, TrainingData
from rebake.nlu.crf.model import CrfModel
from rebake.nlu.extractors.crf_entity_extractor import CRFEntityExtractor
from rebake.nlu.message import Features, Message
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import load, write
from support.building import build
from support.nlu import component, reloaded, tokenized, trained, training_on, valid_options
from support.notices import PLACE, listening, said

NAME = "CRFEntityExtractor"


def example(marked: str, **parts: dict[str, str]) -> Example:
    """ "a [tea](drink)" as an example; ``parts`` gives roles and groups by the surface: tea={"role": "first"}."""
    text, spans = "", []
    for piece in marked.split("["):
        surface, bracket, rest = piece.partition("](")
        if not bracket:
            text += piece
            continue
        entity, _, after = rest.partition(")")
        spans.append(EntitySpan(len(text), len(text) + len(surface), entity, surface, **parts.get(surface, {})))
        text += surface + after
    return Example(text, "order", tuple(spans))


DRINKS = NluData(
    (
        example("a [tea](drink) please"),
        example("one [flat white](drink) please"),
        example("a [coffee](drink) and a [green tea](drink)"),
        example("bring me a [mocha](drink) to [Berlin](city)"),
        example("two [iced black coffee](drink) please"),
        example("please bring it to [Rome](city)"),
        example("nothing at all"),
    )
)
TRIPS = NluData(
    (
        example("from [Rome](city) to [Oslo](city)", Rome={"role": "from"}, Oslo={"role": "to"}),
        example("to [Paris](city) from [Berlin](city)", Berlin={"role": "from"}, Paris={"role": "to"}),
        example("from [Oslo](city)", Oslo={"role": "from"}),
        example("to [Berlin](city) please", Berlin={"role": "to"}),
    )
)


def featurized(data: NluData) -> tuple[TrainingData, list[Component]]:
    training = training_on(data)
    featurizers = []
    for name in ("RegexFeaturizer", "CountVectorsFeaturizer"):
        featurizers.append(trained(name, training))
        featurizers[-1].process(training.messages, training=True)
    return training, featurizers


def found(extractor: Component, featurizers: list[Component], *written: str) -> list[list[dict[str, Any]]]:
    messages = tokenized(*written)
    for step in (*featurizers, extractor):
        step.process(messages)
    return [message.entities for message in messages]


@pytest.mark.parametrize("bilou", [True, False])
def test_it_finds_what_it_was_shown(bilou: bool) -> None:
    training, featurizers = featurized(DRINKS)
    extractor = trained(NAME, training, BILOU_flag=bilou)
    for message, entities in zip(
        training.messages, found(extractor, featurizers, *(m.text for m in training.messages)), strict=True
    ):
        assert message.example is not None
        expected = [(span.start, span.end, span.entity) for span in message.example.entities]
        assert [(entity["start"], entity["end"], entity["entity"]) for entity in entities] == expected
        for entity in entities:
            assert entity["extractor"] == NAME
            assert entity["value"] == message.text[entity["start"] : entity["end"]]
            assert 0.5 < entity["confidence_entity"] <= 1


def test_the_confidence_with_bilou_is_that_of_the_tag_with_any_prefix() -> None:
    (message,) = tokenized("tea")
    message.features["text"] = [Features("any", sentence=np.ones((1, 1), np.float32))]
    labels, weights = ("O", "B-x", "U-x", "U-y"), np.log([0.1, 0.3, 0.35, 0.25])
    tags, starts = np.arange(4, dtype=np.int32), np.array([0, 4], np.int32)
    extractor: Any = component(NAME)
    extractor._models = {"entity": CrfModel(labels, {"0:low:tea": 0}, starts, tags, weights, np.zeros((4, 4)))}
    extractor.process([message])
    assert [(e["entity"], e["confidence_entity"]) for e in message.entities] == [("x", pytest.approx(0.65))]


def test_roles_are_found_and_a_layer_without_annotations_has_no_model() -> None:
    training, featurizers = featurized(TRIPS)
    extractor: Any = trained(NAME, training)
    assert list(extractor._models) == ["entity", "role"]
    (entities,) = found(extractor, featurizers, "from Rome to Oslo")
    assert [(entity["value"], entity["role"]) for entity in entities] == [("Rome", "from"), ("Oslo", "to")]
    assert all(0.5 < entity["confidence_role"] <= 1 for entity in entities)


def test_commas_split_entities_where_they_should() -> None:
    data = NluData(tuple(example(f"a [{x}, {y}](drink)") for x in ("tea", "latte") for y in ("mocha", "water")))
    training, featurizers = featurized(data)
    for split, expected in ((True, 2), (False, 1), ({"drink": False}, 1), ({"food": False}, 2)):
        extractor = trained(NAME, training, split_entities_by_comma=split, BILOU_flag=False)
        (entities,) = found(extractor, featurizers, "a tea, water")
        assert len(entities) == expected, split


def test_patterns_of_the_regex_featurizer_are_seen() -> None:
    numbers = tuple(example(f"code [{number}](code) now") for number in ("12", "345", "6789"))
    others = tuple(example(f"code {word} now") for word in ("red", "blue", "green"))
    training, featurizers = featurized(NluData(numbers + others, regexes=(RegexPattern("digits", r"\d+"),)))
    window = [["pattern"]]
    (entities,) = found(trained(NAME, training, features=window), featurizers, "code 55555 now")
    assert [entity["value"] for entity in entities] == ["55555"]
    (entities,) = found(trained(NAME, training, features=[["bias"]]), featurizers, "code 55555 now")
    assert entities == []


def test_dense_features_of_the_named_featurizers_are_seen() -> None:
    training, _ = featurized(DRINKS)

    def dense(message: Message) -> Features:
        values = [[1.0, 0.1] if t.text[:1].isupper() else [-1.0, 0.1] for t in message.tokens["text"]]
        return Features("Dense0", sequence=np.array(values, np.float32))

    for message in training.messages:
        message.features["text"].append(dense(message))
    for featurizers, expected in (["Dense0"], ["Madrid"]), (["CountVectorsFeaturizer1"], []):
        extractor = trained(NAME, training, features=[["text_dense_features"]], featurizers=featurizers)
        (message,) = tokenized("bring a tea to Madrid")
        message.features["text"] = [dense(message), Features("CountVectorsFeaturizer1", sentence=np.ones((1, 1), "f4"))]
        extractor.process([message])
        assert [entity["value"] for entity in message.entities] == expected


def test_a_message_without_features_is_passed_over() -> None:
    training, featurizers = featurized(DRINKS)
    extractor = trained(NAME, training)
    assert found(extractor, [], "a tea please") == [[]]
    assert found(extractor, featurizers, "a tea please") != [[]]


def test_examples_without_an_intent_are_not_learned_from() -> None:
    without = tuple(Example(e.text, None, e.entities) for e in DRINKS.examples)
    extractor: Any = trained(NAME, featurized(NluData(without))[0])
    assert not extractor._models


def test_its_model_is_written_twice_the_same_and_read_without_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, featurizers = featurized(TRIPS)
    extractor = trained(NAME, training)
    monkeypatch.setattr(CRFEntityExtractor, "_fit", None)
    loaded = reloaded(extractor, NAME, tmp_path / "a")
    again = tmp_path / "b"
    again.mkdir()
    extractor.save(again)
    names = {file.name for file in again.iterdir()}
    assert names == {"crf_dataset.json", "crf_order.json", "crf_models.json", "crf_models.safetensors"}
    assert all((again / name).read_bytes() == (tmp_path / "a" / name).read_bytes() for name in names)
    text = "to Rome from nowhere"
    assert found(loaded, featurizers, text) == found(extractor, featurizers, text) != [[]]


def test_without_our_files_or_with_other_options_it_is_trained_from_the_dataset(tmp_path: Path) -> None:
    training, featurizers = featurized(TRIPS)
    extractor = trained(NAME, training)
    reloaded(extractor, NAME, tmp_path)
    text = "to Rome from nowhere"
    other = reloaded(trained(NAME, training, L2_c=5), NAME, tmp_path / "other", L2_c=5)
    changed: Any = type(extractor).load({**_options(), "L2_c": 5}, "CRF1", tmp_path)
    assert found(changed, featurizers, text) == found(other, featurizers, text) != found(extractor, featurizers, text)
    for name in ("crf_models.json", "crf_models.safetensors"):
        (tmp_path / name).unlink()
    rasas: Any = type(extractor).load(_options(), "CRF1", tmp_path)
    assert found(rasas, featurizers, text) == found(extractor, featurizers, text)


def _options() -> dict[str, Any]:
    return valid_options(NAME)


def test_broken_files_are_refused(tmp_path: Path) -> None:
    reloaded(trained(NAME, featurized(TRIPS)[0]), NAME, tmp_path)
    content = json.loads((tmp_path / "crf_models.json").read_text())
    content["models"]["entity"]["labels"].append("one too many")
    (tmp_path / "crf_models.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="do not fit"):
        CRFEntityExtractor.load(_options(), "CRF1", tmp_path)
    (tmp_path / "crf_models.json").unlink()
    (tmp_path / "crf_order.json").write_text('["entity", "colour"]')
    with pytest.raises(ModelError, match="not as Rasa writes it"):
        CRFEntityExtractor.load(_options(), "CRF1", tmp_path)


def test_its_iterations_are_reported() -> None:
    tasks: list[tuple[str, int, str]] = []
    advanced: list[int] = []

    class Counted(Silent):
        @contextmanager
        def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Task]:
            tasks.append((name, total, unit))
            yield Counting()

    class Counting:
        def advance(self, steps: int = 1, **figures: float) -> None:
            advanced.append(steps)

    component(NAME, max_iterations=7).train(featurized(TRIPS)[0], TrainingContext(progress=Counted()))
    assert tasks == [("CRFEntityExtractor", 14, "iteration")]  # of entities and of roles
    assert sum(advanced) == 14


def test_without_annotations_or_features_it_stays_untrained_and_says_so(tmp_path: Path) -> None:
    context, notices = listening()
    plain = trained(NAME, featurized(NluData((Example("hello", "greet"),)))[0], context)
    assert "no example has an annotated entity" in said(notices)
    featureless = trained(NAME, training_on(DRINKS), context)
    assert "no featurizer in front of it gives features" in said(notices)
    assert [notice.location for notice in notices] == [PLACE, PLACE]
    for number, extractor in enumerate((plain, featureless)):
        loaded = reloaded(extractor, NAME, tmp_path / str(number))
        assert not list((tmp_path / str(number)).iterdir())
        assert found(loaded, [], "a tea") == [[]]


def test_an_entity_that_is_no_whole_word_is_outside_with_bilou() -> None:
    data = NluData((*DRINKS.examples, example("[tea](drink)s for two")))
    for bilou, tags in ((True, ["O", "O", "O"]), (False, ["drink", "O", "O"])):
        extractor: Any = trained(NAME, featurized(data)[0], BILOU_flag=bilou)
        assert [token.tags["entity"] for token in extractor._dataset[-1]] == tags


def test_a_regularisation_that_leaves_no_weight_is_reported() -> None:
    context, notices = listening()
    trained(NAME, featurized(DRINKS)[0], context, L1_c=1000.0)
    assert "L1_c left no weight for tags of the entity" in said(notices)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": [["low"], ["low"]]}, "has 2 lists"),
        ({"features": [["lower"]]}, "no feature 'lower'"),
        ({"features": ["low"]}, "not a list of lists"),
        ({"L1_c": -1}, "L1_c of CRFEntityExtractor is .*-1"),
        ({"max_iterations": -1}, "max_iterations of CRFEntityExtractor is .*-1"),
    ],
)
def test_options_that_cannot_be_trained_with_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        component(NAME, **options)


PROJECT = {
    "config.yml": "recipe: default.v1\nassistant_id: a\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n"
    "- name: RegexFeaturizer\n- name: CRFEntityExtractor\n  features: [[low, pattern]]\n",
    "domain.yml": 'version: "3.1"\nintents: [order]\nentities: [drink]\n',
    "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: order\n  examples: |\n'
    "    - a [tea](drink)\n    - the [latte](drink)\n"
    "- regex: drink\n  examples: |\n    - tea\n",
}


def test_parts_of_speech_need_spacy_and_are_refused_before_training(tmp_path: Path) -> None:
    config = PROJECT["config.yml"].replace("[[low, pattern]]", "[[low, pos2]]")
    with pytest.raises(DataError, match=r"config\.yml:8.*\(pos2\).*SpacyTokenizer"):
        build(load(write(tmp_path, {**PROJECT, "config.yml": config})), output=tmp_path / "models")


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("data/nlu.yml", "    - tea\n", "    - tea|latte\n", True),
        ("data/nlu.yml", "the [latte](drink)", "the [latte](food)", True),
        ("data/nlu.yml", "the [latte]", "this [latte]", True),
        ("data/nlu.yml", "intent: order", "intent: buy", True),
        ("config.yml", "[[low, pattern]]", "[[low, upper, pattern]]", True),
        ("config.yml", "[[low, pattern]]", "[[low, pattern]]\n  L1_c: 0.2", True),
        ("config.yml", "[[low, pattern]]", "[[low, pattern]]\n  L1_c: 0.1", False),
        ("domain.yml", "[drink]", "[drink, food]", False),
    ],
)
def test_what_it_learns_from_makes_it_stale(file: str, old: str, new: str, stale: bool, tmp_path: Path) -> None:
    def of(files: dict[str, str]) -> str:
        assistant = load(write(tmp_path, files))
        made = fingerprint(assistant, parts=frozenset({"nlu"}))
        return made.components["CRFEntityExtractor2"].fingerprint

    before = of(PROJECT)
    assert old in PROJECT[file]
    assert (of({**PROJECT, file: PROJECT[file].replace(old, new)}) != before) == stale
