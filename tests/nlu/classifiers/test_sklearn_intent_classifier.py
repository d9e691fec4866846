"""SklearnIntentClassifier: what it learns from dense features, says, writes and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rebake.assistant.model import Domain, NluData
from rebake.errors import DataError, ModelError
from rebake.nlu.classifiers.skops_files import read_skops, write_skops
from rebake.nlu.classifiers.support_vector_machine import SupportVectorModel, _learned
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Features, Message
from rebake.staleness.fingerprints import fingerprint
from support.assistant_files import load, write
from support.building import build
from support.interpreter_lock import interpreter_is_free
from support.nlu import component, reloaded, trained
from support.notices import PLACE, listening

pytestmark = pytest.mark.slow  # importing scikit-learn takes a second and a half

NAME = "SklearnIntentClassifier"


def examples(classes: int, each: int = 8, width: int = 5) -> tuple[NDArray[np.float32], list[int]]:
    """Points around one centre a class."""
    random = np.random.default_rng(1)
    centres = random.normal(size=(classes, width)) * 2
    numbers = [number for _ in range(each) for number in range(classes)]
    return (centres[numbers] + random.normal(size=(len(numbers), width))).astype(np.float32), numbers


def messages(vectors: NDArray[np.float32], numbers: list[int] | None = None) -> list[Message]:
    made = []
    for place, vector in enumerate(vectors):
        label = {} if numbers is None else {"intent": f"intent{numbers[place]}"}
        features = [Features("Dense0", sentence=vector[None])]
        made.append(Message({"text": f"text {place}", **label}, features={"text": features}))
    return made


def training(classes: int, **shape: int) -> TrainingData:
    return TrainingData(messages(*examples(classes, **shape)), NluData(), Domain())


def said(classifier: Any, vectors: NDArray[np.float32]) -> list[Message]:
    asked = messages(vectors)
    classifier.process(asked)
    return asked


def svc(classes: int, kernel: str) -> tuple[Any, NDArray[np.float32]]:
    """scikit-learn's own machine, and points to ask it about."""
    from sklearn.svm import SVC

    vectors, numbers = examples(classes)
    machine = SVC(C=2, probability=True, class_weight="balanced", kernel=kernel, gamma=0.1, random_state=1)
    return machine.fit(vectors, numbers), np.random.default_rng(2).normal(size=(50, 5)).astype(np.float32) * 3


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "sigmoid"])
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_the_probabilities_are_those_of_scikit_learn(classes: int, kernel: str) -> None:
    machine, asked = svc(classes, kernel)
    found = _learned(machine).probabilities(asked.astype(np.float64))
    np.testing.assert_allclose(found, machine.predict_proba(asked), atol=1e-9)


@pytest.mark.parametrize("classes", [2, 4])
def test_it_learns_its_examples_and_ranks_all_intents(classes: int) -> None:
    data = training(classes)
    classifier = trained(NAME, data)
    vectors, numbers = examples(classes)
    answers = said(classifier, vectors)
    right = [m.intent is not None and m.intent["name"] == f"intent{n}" for m, n in zip(answers, numbers, strict=True)]
    assert np.mean(right) > 0.9
    for message in answers:
        confidences = [entry["confidence"] for entry in message.intent_ranking]
        assert message.intent == message.intent_ranking[0]
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1)


def test_other_texts_are_parsed_while_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = trained(NAME, training(2))
    free = interpreter_is_free(monkeypatch, SupportVectorModel, "_pairwise", lambda: said(classifier, examples(2)[0]))
    assert free == [True]


def test_the_ranking_has_ten_intents_at_most() -> None:
    classifier = trained(NAME, training(12, each=3))
    (message,) = said(classifier, examples(1)[0][:1])
    assert len(message.intent_ranking) == 10


def test_cross_validation_chooses_among_what_is_listed() -> None:
    ring = np.random.default_rng(3).normal(size=(80, 2)).astype(np.float32)
    numbers = (np.linalg.norm(ring, axis=1) > 1.1).astype(int).tolist()  # no straight line parts these
    data = TrainingData(messages(ring, numbers), NluData(), Domain())
    for score in ("f1_weighted", "neg_log_loss"):
        classifier: Any = trained(NAME, data, C=[1], gamma=[0.5], kernels=["linear", "rbf"], scoring_function=score)
        assert classifier._model.parameters["kernel"] == "rbf"


def test_two_trainings_write_the_same_bytes_whatever_the_threads(tmp_path: Path) -> None:
    written = []
    for number in (1, 2):
        directory = tmp_path / str(number)
        directory.mkdir()
        trained(NAME, training(3), num_threads=number).save(directory)
        written.append({file.name: file.read_bytes() for file in directory.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"SklearnIntentClassifier_classifier.skops", "SklearnIntentClassifier_encoder.json"}


@pytest.mark.parametrize("classes", [2, 3])
def test_it_says_the_same_after_saving_and_loading(classes: int, tmp_path: Path) -> None:
    classifier = trained(NAME, training(classes))
    asked = np.random.default_rng(5).normal(size=(6, 5)).astype(np.float32)
    loaded = reloaded(classifier, NAME, tmp_path / "train_X3")
    assert [m.intent_ranking for m in said(loaded, asked)] == [m.intent_ranking for m in said(classifier, asked)]


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@pytest.mark.parametrize("classes", [2, 3])
def test_the_file_has_the_attributes_of_scikit_learn_1_1_3(classes: int, tmp_path: Path) -> None:
    """Scikit-learn's later releases differ from that one by ``_effective_probability`` alone."""
    machine, _ = svc(classes, "linear")
    classifier: Any = component(NAME)
    classifier._model, classifier._intents = _learned(machine), tuple("abc"[:classes])
    classifier.save(tmp_path)
    written = read_skops(tmp_path / "SklearnIntentClassifier_classifier.skops", "SVC")
    expected = {name: value for name, value in vars(machine).items() if name != "_effective_probability"}
    assert set(written) == {*expected, "_sklearn_version"}
    for name, value in expected.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(written[name], value, strict=True)
        else:
            assert written[name] == value, name


def test_without_dense_features_a_message_has_no_intent() -> None:
    classifier = trained(NAME, training(2))
    message = Message({"text": "hello"})
    classifier.process([message])
    assert (message.intent, message.intent_ranking) == ({"name": None, "confidence": 0.0}, [])


def test_one_intent_leaves_it_untrained_and_without_files(tmp_path: Path) -> None:
    context, notices = listening()
    classifier = trained(NAME, training(1), context)
    [notice] = notices
    assert "two intents or more" in notice.message
    assert notice.location == PLACE
    loaded = reloaded(classifier, NAME, tmp_path / "empty")
    assert not list((tmp_path / "empty").iterdir())
    (message,) = said(loaded, examples(1)[0][:1])
    assert message.intent == {"name": None, "confidence": 0.0}


def test_intents_of_one_example_each_are_refused_with_the_reason() -> None:
    with pytest.raises(DataError, match=r"cannot be trained on this data.*two examples"):
        trained(NAME, training(3, each=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": []}, "option C of .* is empty"),
        ({"C": 1}, "option C of .*\\(1\\)"),
        ({"C": [0]}, "C of .* has the entry a number \\(0\\)"),
        ({"gamma": ["big"]}, "gamma of .* has the entry .*big"),
        ({"kernels": ["precomputed"]}, "kernels of .* has the entry .*precomputed"),
        ({"scoring_function": "r2"}, "scoring_function of .*r2"),
        ({"num_threads": 0}, "num_threads of .*0"),
    ],
)
def test_options_that_cannot_be_trained_with_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        component(NAME, **options)


def test_a_pipeline_without_dense_features_is_refused_before_training_with_line_and_fix(tmp_path: Path) -> None:
    files = {
        "config.yml": "recipe: default.v1\nassistant_id: a\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n"
        "- name: CountVectorsFeaturizer\n- name: SklearnIntentClassifier\n",
        "domain.yml": 'version: "3.1"\nintents: [a, b]\n',
        "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - x\n'
        "- intent: b\n  examples: |\n    - y\n",
    }
    with pytest.raises(DataError, match=r"config\.yml:7.*needs a featurizer of dense features.*Put") as raised:
        build(load(write(tmp_path, files)), output=tmp_path / "models")
    assert raised.value.fix is not None
    assert not (tmp_path / "models").exists()


def test_files_that_are_no_model_are_refused(tmp_path: Path) -> None:
    classifier = trained(NAME, training(2))
    classifier.save(tmp_path)
    file = tmp_path / "SklearnIntentClassifier_classifier.skops"
    attributes = read_skops(file, "SVC")
    names = tmp_path / "SklearnIntentClassifier_encoder.json"
    options = {"C": [1], "gamma": [1], "kernels": ["rbf"], "max_cross_validation_folds": 5}
    options |= {"scoring_function": "accuracy", "num_threads": 1}
    names.write_text('["a", "b", "c"]')
    with pytest.raises(ModelError, match="do not fit each other"):
        type(classifier).load(options, "X3", tmp_path)
    names.write_text('["a", "b"]')
    write_skops(file, "sklearn.svm._classes", "SVC", {**attributes, "_probA": np.zeros(7)})
    with pytest.raises(ModelError, match="no whole model"):
        type(classifier).load(options, "X3", tmp_path)


def test_other_features_than_in_training_are_refused() -> None:
    classifier = trained(NAME, training(2))
    with pytest.raises(ModelError, match="other features"):
        said(classifier, np.zeros((1, 4), np.float32))


@pytest.mark.parametrize(
    ("counts", "parameters"),
    [
        ([1, 1], {"kernel": "linear", "degree": 3, "coef0": 0.0}),
        ([4, -1], {"kernel": "linear", "degree": 3, "coef0": 0.0}),
        ([1, 2], {"kernel": "cosine", "degree": 3, "coef0": 0.0}),
        ([1, 2], {"kernel": "poly", "degree": "3", "coef0": 0.0}),
    ],
)
def test_a_machine_of_unfitting_parts_cannot_be_made(counts: list[int], parameters: dict[str, Any]) -> None:
    def made(counts: list[int], parameters: dict[str, Any]) -> SupportVectorModel:
        ones = np.ones(1)
        support, iterations = np.zeros(3, np.int32), np.zeros(1, np.int32)
        arrays = (np.array(counts, np.int32), np.ones((1, 3)), ones, ones, ones, np.ones(2), iterations)
        return SupportVectorModel(parameters, 0.1, np.ones((3, 2)), support, *arrays, n_examples=4)

    assert made([1, 2], {"kernel": "poly", "degree": 3, "coef0": 0.0}).probabilities(np.ones((1, 2))).shape == (1, 2)
    with pytest.raises(ValueError, match="do not fit"):
        made(counts, parameters)


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("C: [1, 2]", "C: [1]", True),
        ("C: [1, 2]", "C: [1, 2]\n  num_threads: 4", False),
        ("C: [1, 2]", "C: [1, 2]\n  kernels: [linear]", False),  # the default
        ("intent: a", "intent: c", True),
        ("- x", "- z", True),
    ],
)
def test_what_it_learns_from_makes_it_stale(old: str, new: str, stale: bool, tmp_path: Path) -> None:
    files = {
        "config.yml": "recipe: default.v1\nassistant_id: a\nlanguage: en\npipeline:\n- name: WhitespaceTokenizer\n"
        "- name: LanguageModelFeaturizer\n- name: SklearnIntentClassifier\n  C: [1, 2]\n",
        "data/nlu.yml": 'version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - x\n'
        "- intent: b\n  examples: |\n    - y\n",
    }

    def of(directory: Path, changed: dict[str, str]) -> str:
        assistant = load(write(directory, changed))
        made = fingerprint(assistant, parts=frozenset({"nlu"}))
        return made.components["SklearnIntentClassifier2"].fingerprint

    changed = {name: text.replace(old, new) for name, text in files.items()}
    assert changed != files
    assert (of(tmp_path / "new", changed) != of(tmp_path / "old", files)) == stale
