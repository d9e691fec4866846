"""LogisticRegressionClassifier: what it learns, says, writes and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from rebake import load_model
from rebake.archive.metadata import read_metadata
from rebake.archive.pack import unpack
from rebake.assistant.model import Example, NluData
from rebake.errors import DataError, ModelError
from rebake.nlu.classifiers.logistic_regression import LogisticRegressionModel
from rebake.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rebake.nlu.classifiers.skops_files import read_skops, write_skops
from rebake.nlu.component import Component, TrainingData
from rebake.nlu.message import Features, Message
from support.assistant_files import load, write
from support.building import build
from support.interpreter_lock import interpreter_is_free
from support.nlu import component, reloaded, texts, tokenized, trained, training_on

pytestmark = pytest.mark.slow  # importing scikit-learn takes a second and a half

NAME = "LogisticRegressionClassifier"
THREE = {
    "greet": ("hello", "hi there", "good morning", "hey"),
    "bye": ("bye", "see you later", "good night"),
    "order": ("a tea please", "I would like a coffee", "one tea to go", "tea"),
}
TWO = {"yes": ("yes", "sure", "yes please"), "no": ("no", "never", "not now please", "no no")}


def data(intents: dict[str, tuple[str, ...]]) -> NluData:
    return NluData(tuple(Example(text, intent) for intent, written in intents.items() for text in written))


def featurized(intents: dict[str, tuple[str, ...]]) -> tuple[TrainingData, Component]:
    training = training_on(data(intents))
    featurizer = trained("CountVectorsFeaturizer", training)
    featurizer.process(training.messages, training=True)
    return training, featurizer


def said(classifier: Component, featurizer: Component, *written: str) -> list[Message]:
    messages = tokenized(*written)
    featurizer.process(messages)
    classifier.process(messages)
    return messages


def by_scikit_learn(intents: dict[str, tuple[str, ...]], written: list[str], **options: Any) -> Any:
    """What scikit-learn says by itself, of features that it counted itself."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    examples = data(intents).examples
    counts = CountVectorizer(token_pattern=r"(?u)\b\w+\b")
    x = counts.fit_transform([example.text for example in examples])
    estimator = LogisticRegression(class_weight="balanced", random_state=42, tol=1e-4 / len(examples), **options)
    estimator.fit(x, [example.intent for example in examples])
    return estimator.classes_.tolist(), estimator.predict_proba(counts.transform(written))


@pytest.mark.parametrize("intents", [TWO, THREE], ids=["two", "three"])
def test_the_ranking_is_that_of_scikit_learn(intents: dict[str, tuple[str, ...]]) -> None:
    training, featurizer = featurized(intents)
    written = ["a tea", "no hello", "night please", "unknown"]
    classes, expected = by_scikit_learn(intents, written)
    for message, probabilities in zip(said(trained(NAME, training), featurizer, *written), expected, strict=True):
        found = {entry["name"]: entry["confidence"] for entry in message.intent_ranking}
        assert found == pytest.approx(dict(zip(classes, probabilities, strict=True)), abs=1e-9)
        assert [entry["confidence"] for entry in message.intent_ranking] == sorted(found.values(), reverse=True)
        assert message.intent == message.intent_ranking[0]


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "liblinear", "sag", "saga"])
def test_every_solver_learns_the_examples(solver: str) -> None:
    training, featurizer = featurized(THREE)
    classifier = trained(NAME, training, solver=solver, max_iter=200)
    for intent, written in THREE.items():
        for message in said(classifier, featurizer, *written):
            assert message.intent is not None
            assert message.intent["name"] == intent
            assert sum(entry["confidence"] for entry in message.intent_ranking) == pytest.approx(1)


def test_solvers_that_stop_early_differ_from_those_that_converge() -> None:
    training, featurizer = featurized(THREE)
    early, late = (trained(NAME, training, max_iter=count) for count in (1, 100))
    (first,), (second,) = said(early, featurizer, "tea"), said(late, featurizer, "tea")
    assert first.intent_ranking[0]["confidence"] != pytest.approx(second.intent_ranking[0]["confidence"], abs=1e-3)


def test_other_texts_are_parsed_while_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    training, featurizer = featurized(TWO)
    classifier = trained(NAME, training)
    free = interpreter_is_free(
        monkeypatch, LogisticRegressionModel, "_dot", lambda: said(classifier, featurizer, "yes")
    )
    assert free == [True]


def test_the_ranking_is_as_long_as_asked() -> None:
    training, featurizer = featurized(THREE)
    for length, expected in ((2, 2), (0, 3), (10, 3)):
        (message,) = said(trained(NAME, training, ranking_length=length), featurizer, "tea")
        assert len(message.intent_ranking) == expected


def test_dense_features_stand_behind_the_sparse_ones() -> None:
    training, featurizer = featurized(TWO)
    for message in training.messages:
        vector = np.array([[1.0, 0.0] if message.attributes["intent"] == "yes" else [0.0, 1.0]], np.float32)
        message.features["text"].insert(0, Features("Dense0", sentence=vector))
    classifier = trained(NAME, training)
    for values, intent in (([[5.0, 0.0]], "yes"), ([[0.0, 5.0]], "no")):
        (message,) = tokenized("unheard of")
        featurizer.process([message])
        message.features["text"].append(Features("Dense0", sentence=np.array(values, np.float32)))
        classifier.process([message])
        assert message.intent is not None
        assert message.intent["name"] == intent


def test_a_message_without_features_has_no_intent() -> None:
    training, _ = featurized(TWO)
    message = Message({"text": "hello"})
    trained(NAME, training).process([message])
    assert message.intent == {"name": None, "confidence": 0.0}
    assert message.intent_ranking == []


@pytest.mark.parametrize(("intents", "solver"), [(TWO, "lbfgs"), (THREE, "lbfgs"), (THREE, "liblinear")])
def test_it_says_the_same_after_saving_and_loading(
    intents: dict[str, tuple[str, ...]], solver: str, tmp_path: Path
) -> None:
    training, featurizer = featurized(intents)
    classifier = trained(NAME, training, solver=solver)
    loaded = reloaded(classifier, NAME, tmp_path / "train_X3", solver=solver)
    (before,), (after,) = said(classifier, featurizer, "please"), said(loaded, featurizer, "please")
    assert after.intent_ranking == before.intent_ranking


def test_the_file_has_the_attributes_of_scikit_learn_1_1_3_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        directory = tmp_path / name / "train_LogisticRegressionClassifier2"
        directory.mkdir(parents=True)
        trained(NAME, featurized(THREE)[0]).save(directory)
        files.append(directory / "train_LogisticRegressionClassifier2.skops")
    assert files[0].read_bytes() == files[1].read_bytes()
    written = read_skops(files[0], "LogisticRegression")
    assert list(written) == [  # what __dict__ of the estimator contains there, as Rasa's own files show
        *("penalty", "dual", "tol", "C", "fit_intercept", "intercept_scaling", "class_weight", "random_state"),
        *("solver", "max_iter", "multi_class", "verbose", "warm_start", "n_jobs", "l1_ratio"),
        *("n_features_in_", "classes_", "n_iter_", "coef_", "intercept_", "_sklearn_version"),
    ]
    assert written["multi_class"] == "auto"
    assert written["classes_"].tolist() == ["bye", "greet", "order"]
    with ZipFile(files[0]) as archive:
        schema = json.loads(archive.read("schema.json"))
    assert (schema["__module__"], schema["__class__"]) == ("sklearn.linear_model._logistic", "LogisticRegression")
    nodes = list(schema["content"]["content"].values()) + schema["content"]["key_types"]["content"]
    assert len({node["__id__"] for node in nodes}) == len(nodes)  # skops takes two nodes of one id for one object


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "newton"}, "solver of .*newton"),
        ({"max_iter": 0}, "max_iter of .*0"),
        ({"tol": 0}, "tol of .*0"),
        ({"random_state": -1}, "random_state of .*-1"),
    ],
)
def test_options_that_cannot_be_trained_with_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        component(NAME, **options)


def test_one_intent_is_refused_since_rasa_could_not_serve_the_model() -> None:
    with pytest.raises(DataError, match="two intents or more"):
        trained(NAME, featurized({"yes": ("yes", "sure")})[0])


def test_features_of_tokens_alone_are_refused_with_the_way_out() -> None:
    training = training_on(texts("hello", intent="greet"))
    training.messages += training_on(texts("bye", intent="bye")).messages
    trained("LexicalSyntacticFeaturizer", training).process(training.messages, training=True)
    with pytest.raises(DataError, match=r"features of whole texts.*CountVectorsFeaturizer"):
        trained(NAME, training)


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    directory = tmp_path / "train_X3"
    directory.mkdir()
    file = directory / "train_X3.skops"
    load_class = component(NAME).load
    options = {"solver": "lbfgs", "max_iter": 1, "tol": 1.0, "random_state": 1, "ranking_length": 10}
    with pytest.raises(ModelError, match="lacks the files"):
        load_class(options, "X3", None)
    file.write_bytes(b"no zip")
    with pytest.raises(ModelError, match=r"X3\.skops of the model cannot be read"):
        load_class(options, "X3", directory)
    write_skops(file, "sklearn.svm._classes", "SVC", {})
    with pytest.raises(ModelError, match=r"contains sklearn\.svm\._classes\.SVC"):
        load_class(options, "X3", directory)
    write_skops(file, "sklearn.linear_model._logistic", "LogisticRegression", {"classes_": np.array(["a", "b"])})
    with pytest.raises(ModelError, match="no whole model"):
        load_class(options, "X3", directory)


def test_a_pickled_array_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "train_X3.skops"
    write_skops(file, "sklearn.linear_model._logistic", "LogisticRegression", {"coef_": np.zeros(1)})
    with ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with ZipFile(file, "w") as archive:
        for name, content in parts.items():
            if name.endswith(".npy"):
                with archive.open(name, "w") as out:
                    np.save(out, np.array([object()]), allow_pickle=True)
            else:
                archive.writestr(name, content)
    with pytest.raises(ModelError, match="allow_pickle"):
        read_skops(file, "LogisticRegression")


def test_a_null_random_state_stands_for_the_seed_of_the_model(tmp_path: Path) -> None:
    answers = []
    for place, written in enumerate(("null", "42", "7")):
        config = f"{PROJECT['config.yml']}  solver: saga\n  max_iter: 3\n  random_state: {written}\n"
        result = build(
            load(write(tmp_path / str(place), {**PROJECT, "config.yml": config})), output=tmp_path / "models"
        )
        with load_model(result.model) as model:
            answers.append(model.parse("hi you")["intent_ranking"])
    assert answers[0] == answers[1] != answers[2]


PROJECT = {
    "config.yml": "recipe: default.v1\nassistant_id: a\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n"
    "- name: CountVectorsFeaturizer\n- name: LogisticRegressionClassifier\n",
    "domain.yml": 'version: "3.1"\nintents: [greet, bye]\n',
    "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hello\n    - hi\n'
    "- intent: bye\n  examples: |\n    - bye\n    - see you\n",
}


@pytest.mark.parametrize(
    ("old", "new", "whole_part"),
    [
        (NAME, "rasa.nlu.classifiers.logistic_regression_classifier.LogisticRegressionClassifier", True),
        (f"- name: {NAME}\n", f"- name: EntitySynonymMapper\n- name: {NAME}\n", False),
    ],
)
def test_a_reused_model_bears_the_name_under_which_rasa_looks_for_it(
    old: str, new: str, whole_part: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(load(write(tmp_path, PROJECT)), output=tmp_path / "models")
    monkeypatch.delattr(LogisticRegressionClassifier, "train")
    config = PROJECT["config.yml"].replace(old, new)
    second = build(load(write(tmp_path, {"config.yml": config})), output=tmp_path / "new", sources=[first.model])
    assert ("nlu" in second.reused) == whole_part
    with unpack(second.model) as directory:
        (node,) = [n for n in read_metadata(directory, archive=second.model).nlu if NAME in n.id]
        files = [file.name for file in (directory / "components" / f"train_{node.id}").iterdir()]
    assert files == [f"train_{node.id}.skops"]
    with load_model(first.model) as before, load_model(second.model) as after:
        assert after.parse("hi you")["intent_ranking"] == before.parse("hi you")["intent_ranking"]


def test_parsing_imports_none_of_the_libraries_that_training_needs(tmp_path: Path) -> None:
    config = f"{PROJECT['config.yml']}- name: CRFEntityExtractor\n"
    data = PROJECT["data/nlu.yml"].replace("- hello", "- hello [Bob](name)")
    project = write(tmp_path, {**PROJECT, "config.yml": config, "data/nlu.yml": data})
    model = build(load(project), output=tmp_path / "models").model
    code = (
        "import sys; from rebake import load_model; found = load_model(sys.argv[1]).parse('hello Bob'); "
        "print(found['intent']['name'], [entity['value'] for entity in found['entities']], "
        "sorted({'sklearn', 'scipy', 'pycrfsuite', 'tensorflow'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code, str(model)], check=True, capture_output=True, text=True)
    assert said.stdout == "greet ['Bob'] []\n"
