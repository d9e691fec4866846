"""The pipeline: node ids, training into directories, reuse of components, parse results."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from threading import Barrier, current_thread, main_thread
from time import sleep

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rebake.nlu.pipeline as pipeline_module
from rebake import load_model
from rebake.assistant.model import Assistant
from rebake.base.interpreter_lock import interpreter_released
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, ModelError, UnsupportedError
from rebake.model_training import train_nlu
from rebake.nlu.classifiers.keyword_intent_classifier import KeywordIntentClassifier
from rebake.nlu.message import Message
from rebake.nlu.pipeline import PipelineTraining, load_pipeline, train_pipeline
from rebake.registry.node import pipeline_nodes
from rebake.validation.assistant import check_assistant
from support.assistant_files import load, write

CONFIG = """\
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: rasa.nlu.featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer
  - name: CountVectorsFeaturizer
  - name: KeywordIntentClassifier
  - name: RegexEntityExtractor
  - name: EntitySynonymMapper
"""
NLU = """\
version: "3.1"
nlu:
  - intent: greet
    examples: |
      - hello
  - intent: travel
    examples: |
      - fly to [NYC](city:New York)
      - fly to [Rome](city)
  - regex: city
    examples: |
      - \\b(NYC|Rome)\\b
"""
RETRIEVAL = (
    NLU
    + """\
  - intent: faq/refund
    examples: |
      - my money back
"""
)


def project(tmp_path: Path, config: str = CONFIG, nlu: str = NLU) -> Assistant:
    return load(write(tmp_path / "project", {"config.yml": config, "data/nlu.yml": nlu}))


def train(assistant: Assistant, directory: Path, earlier: Path | None = None, *again: str) -> PipelineTraining:
    """Train; the nodes in ``earlier`` are reused, except for the nodes ``again``."""
    check_assistant(assistant, frozenset({"nlu"}), to_train=True)
    directory.mkdir()

    def reuse(node: str) -> Path | None:
        found = None if earlier is None or node in again else earlier / f"train_{node}"
        return found if found is not None and found.is_dir() else None

    return train_pipeline(assistant.config.pipeline, assistant, TrainingContext(language="en"), directory, reuse)


def files(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


REGEX = "rasa.nlu.featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer1"


def test_nodes_are_named_by_the_name_as_written_and_its_position(tmp_path: Path) -> None:
    nodes = pipeline_nodes(project(tmp_path).config)
    assert [node.id for node in nodes][:3] == ["WhitespaceTokenizer0", REGEX, "CountVectorsFeaturizer2"]


def test_what_learns_has_a_directory_and_what_learned_nothing_has_none(tmp_path: Path) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    assert set(files(tmp_path / "model")) == {
        f"train_{REGEX}/patterns.json",
        "train_CountVectorsFeaturizer2/vocabularies.json",
        "train_CountVectorsFeaturizer2/oov_words.json",
        "train_KeywordIntentClassifier3/KeywordIntentClassifier.json",
        "train_RegexEntityExtractor4/regex.json",
        "train_EntitySynonymMapper5/synonyms.json",
    }
    assert len(training.trained) == 5
    nothing = train(project(tmp_path / "b", nlu=NLU.partition("  - intent: travel")[0]), tmp_path / "nothing")
    assert not (tmp_path / "nothing" / "train_EntitySynonymMapper5").exists()
    assert load_pipeline(nothing.nodes, tmp_path / "nothing").parse("hello")["intent"]["name"] == "greet"


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    train(project(tmp_path), tmp_path / "one")
    train(project(tmp_path), tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_components_that_are_offered_are_copied_and_the_rest_is_trained_from_them(tmp_path: Path) -> None:
    assistant = project(tmp_path)
    train(assistant, tmp_path / "one")
    marked = tmp_path / "one" / f"train_{REGEX}" / "patterns.json"
    marked.write_text('[{"name": "from before", "pattern": "x"}]', encoding="utf-8")
    second = train(assistant, tmp_path / "two", tmp_path / "one", "KeywordIntentClassifier3")
    assert second.trained == ("KeywordIntentClassifier3",)
    assert REGEX not in second.trained
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_a_parse_result_has_rasas_keys_in_rasas_order(tmp_path: Path) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    result = pipeline.parse("  go from NYC ")
    assert list(result) == ["text", "intent", "entities", "text_tokens"]
    assert result == {
        "text": "go from NYC",
        "intent": {"name": None, "confidence": 0.0},
        "entities": [
            {
                "entity": "city",
                "start": 8,
                "end": 11,
                "value": "New York",
                "extractor": "RegexEntityExtractor",
                "processors": ["EntitySynonymMapper"],
            }
        ],
        "text_tokens": [[0, 2], [3, 7], [8, 11]],
    }
    assert list(pipeline.parse('/greet{"city": "Oslo"}')) == ["text", "intent", "entities", "intent_ranking"]


def test_an_archive_of_a_diet_classifier_that_had_nothing_to_learn_is_read(tmp_path: Path) -> None:
    pipeline = "language: en\npipeline:\n  - name: WhitespaceTokenizer\n  - name: CountVectorsFeaturizer\n"
    diet = "  - {name: DIETClassifier, intent_classification: false}\n"
    data = 'version: "3.1"\nnlu:\n  - intent: a\n    examples: |\n      - hello\n      - hi\n'
    write(tmp_path, {"config.yml": pipeline + diet, "nlu.yml": data})
    model = train_nlu(str(tmp_path / "config.yml"), str(tmp_path / "nlu.yml"), str(tmp_path / "models"))
    assert model is not None
    result = load_model(model).parse("hello")
    assert (result["intent"], result["entities"]) == ({"name": None, "confidence": 0.0}, [])


@pytest.mark.slow
@pytest.mark.parametrize("processors", [1, 2])
def test_many_texts_come_back_in_order_as_if_each_were_parsed_alone(
    processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    asked = ["fly " * (i % 5) + ("to NYC" if i % 3 else "hello") + f" {i}" for i in range(400)]
    monkeypatch.setattr(pipeline_module, "processors", lambda: processors)
    assert pipeline.parse_all(asked) == [pipeline.parse(text) for text in asked]
    assert pipeline.parse_all([]) == []


def test_batches_take_turns_at_python_and_compute_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A component that computes outside of the interpreter has all of them there at the same time; no other two are."""
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    monkeypatch.setattr(pipeline_module, "processors", lambda: 2)
    meeting = Barrier(3)
    inside: list[object] = []

    def process(self: object, messages: Sequence[Message], *, training: bool = False) -> None:
        inside.append(messages)
        sleep(0.002)  # lets go of the interpreter, so that others would come in if they could
        assert len(inside) == 1
        inside.clear()
        with interpreter_released():
            meeting.wait(30)

    monkeypatch.setattr(KeywordIntentClassifier, "process", process)
    assert len(pipeline.parse_all(["hello there"] * 64 * 3)) == 64 * 3


def test_no_component_is_asked_by_two_threads_at_a_time_whoever_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    inside: list[object] = []
    most: list[int] = []

    def process(self: object, messages: Sequence[Message], *, training: bool = False) -> None:
        inside.append(messages)
        sleep(0.002)  # lets go of the interpreter, so that others would come in if they could
        most.append(len(inside))
        inside.remove(messages)

    monkeypatch.setattr(KeywordIntentClassifier, "process", process)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pipeline.parse, ["hello"] * 20))
    assert most == [1] * 20


def test_threads_have_the_context_of_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    monkeypatch.setattr(pipeline_module, "processors", lambda: 2)
    device = ContextVar("device", default="CPU")
    found: set[tuple[str, bool]] = set()

    def process(self: object, messages: Sequence[Message], *, training: bool = False) -> None:
        found.add((device.get(), current_thread() is main_thread()))

    monkeypatch.setattr(KeywordIntentClassifier, "process", process)
    device.set("GPU")
    pipeline.parse_all(["hello there"] * 64 * 3)
    assert found == {("GPU", False)}


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 3), (3, 4), (8, 4)])
def test_one_more_thread_than_processors_parses_up_to_four(
    processors: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "processors", lambda: processors)
    assert pipeline_module._threads() == threads


def test_an_error_of_one_batch_is_the_error_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    pipeline = load_pipeline(training.nodes, tmp_path / "model")
    monkeypatch.setattr(pipeline_module, "processors", lambda: 2)

    def process(self: object, messages: Sequence[Message], *, training: bool = False) -> None:
        if any(message.text == "fail" for message in messages):
            raise ModelError("broken")

    monkeypatch.setattr(KeywordIntentClassifier, "process", process)
    with pytest.raises(ModelError, match="broken"):
        pipeline.parse_all(["hello there"] * 200 + ["fail"])


@given(st.integers(0, 5000), st.integers(1, 8))
def test_batches_are_alike_and_bounded(count: int, threads: int) -> None:
    size = pipeline_module._batch_size(count, threads)
    assert 64 <= size <= 256
    if size > 64:  # no thread gets a batch more than another
        assert -(-count // size) <= threads * math.ceil(count / (256 * threads))


def test_an_option_without_meaning_is_refused_with_its_line_before_anything_is_trained(tmp_path: Path) -> None:
    assistant = project(tmp_path, CONFIG.replace("EntitySynonymMapper", "CountVectorsFeaturizer\n    analyzer: words"))
    with pytest.raises(DataError, match=r"config\.yml:9: .*analyzer"):
        train(assistant, tmp_path / "model")
    assert not files(tmp_path / "model")


def test_a_component_that_is_not_supported_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"config\.yml:8: .*ConveRTFeaturizer"):
        train(project(tmp_path, CONFIG.replace("EntitySynonymMapper", "ConveRTFeaturizer")), tmp_path / "model")
    assert not files(tmp_path / "model")


def test_a_selector_of_texts_without_a_transformer_is_refused_with_its_line_before_anything_trains(
    tmp_path: Path,
) -> None:
    config = CONFIG.replace("EntitySynonymMapper", "ResponseSelector\n    use_text_as_label: true")
    with pytest.raises(UnsupportedError, match=r"config\.yml:9: .*ResponseSelector.*use_text_as_label"):
        train(project(tmp_path, config, RETRIEVAL), tmp_path / "model")
    assert not files(tmp_path / "model")
    training = train(project(tmp_path / "b", config), tmp_path / "without")  # no example: nothing to refuse
    result = load_pipeline(training.nodes, tmp_path / "without").parse("hello")
    assert result["response_selector"]["all_retrieval_intents"] == []


def test_a_fallback_ranks_nothing_where_no_classifier_ranks(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text("nlu:\n- intent: greet\n  examples: |\n    - hi\n", encoding="utf-8")
    (tmp_path / "config.yml").write_text(
        "pipeline:\n- name: WhitespaceTokenizer\n- name: KeywordIntentClassifier\n- name: FallbackClassifier\n",
        encoding="utf-8",
    )
    archive = train_nlu(str(tmp_path / "config.yml"), str(tmp_path / "nlu.yml"), str(tmp_path / "models"))
    assert archive is not None
    with load_model(archive) as model:
        unknown = model.parse("what")
    assert unknown["intent"] == {"name": "nlu_fallback", "confidence": 0.3}
    assert "intent_ranking" not in unknown
