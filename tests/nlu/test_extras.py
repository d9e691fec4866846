"""SpacyNLP and what builds on it, LanguageModelFeaturizer: each test needs its extra, or that it is missing."""

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from rebake import load_model
from rebake.assistant.model import Domain, NluData
from rebake.base.sparse_rows import SparseRows
from rebake.errors import DataError, UnsupportedError
from rebake.model_training import train_nlu
from rebake.nlu import extras, spacy_nlp
from rebake.nlu.component import TrainingData
from rebake.nlu.featurizers.language_model_featurizer import LanguageModelFeaturizer
from rebake.nlu.message import Features, Message
from rebake.nlu.spacy_nlp import SpacyDocs
from rebake.nlu.text_features import stack
from rebake.registry.lookup import COMPONENTS
from support.assistant_files import write
from support.nlu import component, tokenized
from support.notices import PLACE, listening, said
from support.paths import TESTS
from support.process import python

# PyTorch, where TensorFlow has looked for a GPU before and found none.
pytestmark = pytest.mark.filterwarnings("ignore:CUDA initialization:UserWarning")
needs_spacy = pytest.mark.skipif(find_spec("spacy") is None, reason="not installed: pip install 'rebake[spacy]'")
needs_transformers = pytest.mark.skipif(
    find_spec("transformers") is None, reason="not installed: pip install 'rebake[transformers]'"
)


@pytest.mark.parametrize(
    ("name", "extra"), [("SpacyNLP", "spacy"), ("LanguageModelFeaturizer", "transformers"), ("JiebaTokenizer", "jieba")]
)
def test_without_its_library_a_component_says_what_to_install(
    name: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    with pytest.raises(UnsupportedError, match=rf"{name} needs .*pip install 'rebake\[{extra}\]'"):
        extras.require_extra(COMPONENTS[name])


def test_a_language_model_without_vectors_is_reported_in_training_and_not_again_with_each_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    doc = SimpleNamespace(vocab=SimpleNamespace(vectors_length=0))
    messages = [Message({"text": "hi"}, spacy=SpacyDocs(None, {"text": doc})) for _ in range(2)]
    context, notices = listening()
    featurizer = component("SpacyFeaturizer")
    featurizer.train(TrainingData(messages, NluData(), Domain()), context)
    featurizer.process(messages, training=True)
    assert (
        said(notices)
        == f"{PLACE}: SpacyFeaturizer: the language model of SpacyNLP has no word vectors, so it adds nothing."
    )
    assert not caplog.records
    loaded = component("SpacyFeaturizer")
    loaded.process(messages)
    assert len(caplog.records) == 1


def test_what_spacy_warns_about_is_reported_at_the_component(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy_nlp, "_load", lambda model: (None, ["[W095] Another version."]))
    context, notices = listening()
    component("SpacyNLP", model="en").train(TrainingData([], NluData(), Domain()), context)
    assert said(notices) == f"{PLACE}: SpacyNLP: [W095] Another version."


@pytest.fixture
def spacy_model(tmp_path: Path) -> str:
    import spacy

    nlp = spacy.blank("en")
    nlp.vocab.set_vector("hi", np.array([1, -2], np.float32))
    nlp.vocab.set_vector("rome", np.array([3, 4], np.float32))
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Rome"}])
    nlp.to_disk(tmp_path / "model")
    return str(tmp_path / "model")


@needs_spacy
@pytest.mark.parametrize(("pooling", "expected"), [("mean", [2, 1]), ("max", [3, 4])])
def test_spacy_gives_lowercased_tokens_vectors_their_pool_and_entities(
    spacy_model: str, pooling: str, expected: list[float]
) -> None:
    message = Message({"text": "Hi  to Rome"})
    component("SpacyNLP", model=spacy_model).process([message])
    component("SpacyTokenizer").process([message])
    component("SpacyFeaturizer", pooling=pooling).process([message])
    component("SpacyEntityExtractor").process([message])
    assert [(t.text, t.start, t.end) for t in message.tokens["text"]] == [("hi", 0, 2), ("to", 4, 6), ("rome", 7, 11)]
    [features] = message.features["text"]
    assert isinstance(features.sequence, np.ndarray)
    assert features.sequence.tolist() == [[1, -2], [0, 0], [3, 4]]
    assert isinstance(features.sentence, np.ndarray)
    assert features.sentence.tolist() == [expected]
    [entity] = message.entities
    assert (entity["entity"], entity["value"], entity["start"], entity["confidence"]) == ("GPE", "Rome", 7, None)


@needs_spacy
@pytest.mark.parametrize("model", [None, "no_such_model"])
def test_a_model_of_spacys_that_is_not_there_is_reported_with_a_fix(model: str | None) -> None:
    with pytest.raises(DataError, match=r"SpacyNLP.* model"):
        component("SpacyNLP", model=model)


@pytest.mark.slow
def test_a_text_without_the_dense_features_that_a_network_knows_has_zeros() -> None:
    from rebake.nn.layers.text_data import Widths

    words = SparseRows(2, np.array([0, 1], np.int32), np.array([0], np.int32), np.array([1.0], np.float32))
    message = Message({"text": ""})
    message.features["text"] = [Features("words", sequence=words, sentence=words)]
    widened = stack([message], "text", ()).widened(Widths(3, 4, 2, 5))
    assert widened.sequence_sparse is not None
    assert widened.sequence_sparse.n_columns == 3
    assert widened.sequence_dense is not None
    assert widened.sequence_dense.tolist() == [[0, 0, 0, 0]]
    assert widened.sentence_dense is not None
    assert widened.sentence_dense.shape == (1, 5)


@needs_transformers
def test_weights_that_are_not_on_the_machine_are_reported_with_a_fix(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"model_weights: .*hf download"):
        component("LanguageModelFeaturizer", model_weights=str(tmp_path))
    with pytest.raises(DataError, match="model_name: 'bart' is not known"):
        component("LanguageModelFeaturizer", model_name="bart")


@pytest.fixture
def bert(tmp_path: Path) -> str:
    """Run in a separate process: this one may have TensorFlow already, after which triton must not be imported."""
    vocabulary = [*(f"[unused{i}]" for i in range(100)), "[UNK]", "[CLS]", "[SEP]", "[PAD]", "hi", "ro", "##me"]
    place = tmp_path / "bert"
    place.mkdir()
    (place / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    python(
        "import transformers\n"
        f"config = transformers.BertConfig(vocab_size={len(vocabulary)}, hidden_size=8, num_hidden_layers=1, "
        "num_attention_heads=2, intermediate_size=8)\n"
        f"transformers.BertModel(config).save_pretrained({str(place)!r})"
    )
    return str(place)


@needs_transformers
def test_pytorch_may_come_after_tensorflow(bert: str) -> None:
    """As where Core decides before a first text is parsed. It says something where triton is installed, which PyTorch
    brings along for GPUs: its import ended such a process."""
    output = python(
        "import rebake.nn\n"
        "from support.nlu import component, tokenized\n"
        f"featurizer = component('LanguageModelFeaturizer', model_weights={bert!r})\n"
        "messages = tokenized('hi rome')\n"
        "featurizer.process(messages)\n"
        "print(messages[0].features['text'][0].sequence.shape)",
        PYTHONPATH=str(TESTS),
    )
    assert output.splitlines()[-1] == "(2, 8)"


@needs_transformers
def test_a_token_has_the_mean_of_its_pieces_and_a_text_the_first_state(bert: str) -> None:
    featurizer = component("LanguageModelFeaturizer", model_weights=bert)
    messages = tokenized("hi rome", "hi")
    featurizer.process(messages)
    assert isinstance(featurizer, LanguageModelFeaturizer)
    [hidden] = featurizer._run([[101, 104, 105, 106, 102]])
    [features] = messages[0].features["text"]
    assert isinstance(features.sequence, np.ndarray)
    assert isinstance(features.sentence, np.ndarray)
    np.testing.assert_allclose(features.sequence, [hidden[1], hidden[2:4].mean(axis=0)], atol=1e-5)
    np.testing.assert_allclose(features.sentence, hidden[:1], atol=1e-5)


@needs_spacy
@needs_transformers
def test_many_texts_in_several_threads_are_parsed_as_in_one(
    spacy_model: str, bert: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = (
        "language: en\npipeline:\n"
        f"- {{name: SpacyNLP, model: {spacy_model}}}\n- name: SpacyTokenizer\n- name: SpacyFeaturizer\n"
        f"- {{name: LanguageModelFeaturizer, model_weights: {bert}}}\n"
        "- name: LogisticRegressionClassifier\n- name: SpacyEntityExtractor\n"
    )
    nlu = 'version: "3.1"\nnlu:\n- intent: a\n  examples: |\n    - hi\n- intent: b\n  examples: |\n    - rome\n'
    write(tmp_path / "project", {"config.yml": config, "nlu.yml": nlu})
    archive = train_nlu(str(tmp_path / "project/config.yml"), str(tmp_path / "project/nlu.yml"), str(tmp_path))
    assert archive is not None
    texts = [" ".join(["hi", "to", "Rome"][i % 3 :] * (1 + i % 4)) for i in range(200)]
    parsed = []
    with load_model(archive) as model:
        for processors in (1, 2):
            monkeypatch.setattr("rebake.nlu.pipeline.processors", lambda processors=processors: processors)
            parsed.append(model.parse_all(texts))
    assert sum(len(parse["entities"]) for parse in parsed[0]) > 200
    for one, several in zip(*parsed, strict=True):
        assert [(e["entity"], e["start"]) for e in several["entities"]] == [
            (e["entity"], e["start"]) for e in one["entities"]
        ]
        assert several["intent"]["name"] == one["intent"]["name"]
        assert several["intent"]["confidence"] == pytest.approx(one["intent"]["confidence"], abs=1e-5)
