"""The pipeline: node ids, training into directories, reuse of components, parse results."""

from pathlib import Path

import pytest

from rebake import load_model
from rebake.assistant.model import Assistant
from rebake.errors import DataError, UnsupportedError
from rebake.model_training import train_nlu
from rebake.nlu.component import TrainingContext
from rebake.nlu.pipeline import PipelineTraining, load_pipeline, pipeline_nodes, train_pipeline
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
    """Train; what ``earlier`` holds is reused, except for the nodes ``again``."""
    directory.mkdir()

    def reuse(node: str) -> Path | None:
        found = None if earlier is None or node in again else earlier / f"train_{node}"
        return found if found is not None and found.is_dir() else None

    return train_pipeline(assistant.config.pipeline, assistant, TrainingContext(language="en"), directory, reuse)


def files(directory: Path) -> dict[str, bytes]:
    return {str(file.relative_to(directory)): file.read_bytes() for file in directory.rglob("*") if file.is_file()}


REGEX = "rasa.nlu.featurizers.sparse_featurizer.regex_featurizer.RegexFeaturizer1"


def test_nodes_are_named_by_the_name_as_written_and_its_position(tmp_path: Path) -> None:
    nodes = pipeline_nodes(project(tmp_path))
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
    assert REGEX in second.reused
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


def test_many_texts_come_back_in_order(tmp_path: Path) -> None:
    training = train(project(tmp_path), tmp_path / "model")
    asked = [f"hello {i}" for i in range(1100)]
    parsed = load_pipeline(training.nodes, tmp_path / "model").parse_all(asked)
    assert [result["text"] for result in parsed] == asked


def test_an_option_without_meaning_is_refused_with_its_line_before_anything_is_trained(tmp_path: Path) -> None:
    assistant = project(tmp_path, CONFIG.replace("EntitySynonymMapper", "CountVectorsFeaturizer\n    analyzer: words"))
    with pytest.raises(DataError, match=r"config\.yml:8: analyzer"):
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
    with pytest.raises(UnsupportedError, match=r"config\.yml:8: .*ResponseSelector.*use_text_as_label"):
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
