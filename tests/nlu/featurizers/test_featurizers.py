"""Sparse featurizers: what they count, what they write, and that both are Rasa's."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.archive.pack import unpack
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Domain, Example, LookupTable, NluData, RegexPattern, Response
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError, ModelError
from rebake.nlu.component import TrainingData
from rebake.nlu.featurizers import count_vectors_featurizer
from rebake.nlu.featurizers.frequency_order import most_frequent
from rebake.nlu.featurizers.ngrams import NgramCounter
from rebake.nlu.featurizers.vocabulary import learn_vocabulary
from rebake.registry.lookup import COMPONENTS
from support.nlu import component, features, reloaded, rows, texts, tokenized, trained, training_on
from support.notices import PLACE, listening
from support.shared import need

CHARACTERS = {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}


def saved(featurizer: Any, directory: Path) -> dict[str, Any]:
    featurizer.save(directory)
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in directory.iterdir()}


# CountVectorsFeaturizer


def test_columns_are_alphabetical_ranks_and_rows_are_counts(tmp_path: Path) -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("the Cat", "a cat")))
    assert saved(featurizer, tmp_path)["vocabularies.json"]["text"] == {"the": 2, "cat": 1, "a": 0}
    [found] = features(featurizer, "Cat the cat dog")
    assert rows(found.sequence) == [{1: 1.0}, {2: 1.0}, {1: 1.0}, {}]
    assert rows(found.sentence) == [{1: 2.0, 2: 1.0}]
    assert found.origin == "run_CountVectorsFeaturizer1"


def test_numbers_are_one_word_but_not_within_words() -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("12 3rd 4-5")))
    assert [list(row) for row in rows(features(featurizer, "99 3rd 7-8")[0].sequence)] == [[1], [0], [1]]


def test_labels_are_counted_whole_and_have_no_sentence_features(tmp_path: Path) -> None:
    data = NluData((Example("hi", "Say_Hi"), Example("what is it", "faq/what_is")))
    domain = Domain(
        responses=(Response("utter_faq/what_is", ({"text": "first"}, {"text": "Second one"}, {"image": "x"})),)
    )
    training = training_on(data, domain)
    featurizer = trained("CountVectorsFeaturizer", training)
    vocabularies = saved(featurizer, tmp_path)["vocabularies.json"]
    assert vocabularies == {
        "text": {"hi": 0, "what": 3, "is": 1, "it": 2},
        "intent": {"say_hi": 1, "faq": 0},
        "response": {"second": 1, "one": 0},
        "action_name": None,
        "action_text": None,
        "intent_response_key": {"faq": 0, "what_is": 1},
    }
    featurizer.process(training.messages, training=True)
    [intent] = training.messages[0].features["intent"]
    assert rows(intent.sequence) == [{1: 1.0}]
    assert intent.sentence is None
    assert "intent_response_key" not in training.messages[0].features


def test_letter_ngrams_count_short_words_once_and_know_no_labels(tmp_path: Path) -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("a", intent="x")), **CHARACTERS)
    assert saved(featurizer, tmp_path)["vocabularies.json"] == {
        "text": {" ": 0, "a": 3, " a": 1, "a ": 4, " a ": 2},
        "response": None,
        "action_text": None,
    }


def test_a_shared_vocabulary_is_one_flat_table(tmp_path: Path) -> None:
    training = training_on(texts("hi", intent="greet"))
    featurizer = trained("CountVectorsFeaturizer", training, use_shared_vocab=True)
    assert saved(featurizer, tmp_path)["vocabularies.json"] == {"hi": 1, "greet": 0}
    loaded = reloaded(featurizer, "CountVectorsFeaturizer", tmp_path, use_shared_vocab=True)
    assert rows(features(loaded, "greet")[0].sequence) == [{0: 1.0}]


def test_unknown_words_become_the_oov_token_where_it_was_trained() -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("hi oov")), OOV_token="OOV")
    assert rows(features(featurizer, "Hi stranger oov")[0].sentence) == [{0: 1.0, 1: 2.0}]


def test_oov_words_train_the_oov_token_and_are_stored(tmp_path: Path) -> None:
    options = {"OOV_token": "oov", "OOV_words": ["Bob"]}
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("hi bob")), **options)
    files = saved(featurizer, tmp_path)
    assert files["vocabularies.json"]["text"] == {"hi": 0, "oov": 1}
    assert files["oov_words.json"] == ["bob"]
    loaded = reloaded(featurizer, "CountVectorsFeaturizer", tmp_path, **options)
    assert rows(features(loaded, "hi jane")[0].sentence) == [{0: 1.0, 1: 1.0}]


def test_oov_words_without_a_token_are_reported_in_training_and_not_with_each_load(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context, notices = listening()
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("hi bob")), context, OOV_words=["bob"])
    [notice] = notices
    assert "OOV_words are given without OOV_token" in notice.message
    assert notice.location == PLACE
    featurizer.save(tmp_path)
    caplog.clear()
    reloaded(featurizer, "CountVectorsFeaturizer", tmp_path, OOV_words=["bob"])
    assert caplog.text == ""


def test_no_text_at_all_means_no_files_and_no_features(tmp_path: Path) -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("")))
    assert saved(featurizer, tmp_path) == {}
    assert features(featurizer, "hi") == []


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("!!!", {}),
        ("a b", {"max_features": 0}),
        ("a b", {"min_df": 2}),
        ("a b", {"stop_words": ["a", "b"]}),
        ("a b", {"min_df": 2, "use_shared_vocab": True}),
        ("a b", {"min_ngram": 3, "max_ngram": 3}),
    ],
)
def test_options_that_leave_no_word_are_refused_as_rasas_training_fails(text: str, options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="nothing to count"):
        trained("CountVectorsFeaturizer", training_on(texts(text)), **options)


def test_which_of_many_equally_frequent_words_stay_is_as_numpy_1_23_sorts_them() -> None:
    counts = [2, 7, 1, 1, 1, 1, 609, 4, 8, 6, 1, 743, 1, 2, 1, 1, 1]
    assert most_frequent(counts) == [11, 6, 8, 1, 9, 7, 13, 0, 15, 4, 10, 3, 12, 2, 14, 5, 16]  # said by numpy 1.23.5


@given(st.lists(st.integers(1, 4), max_size=400))
def test_the_most_frequent_come_first_and_all_stay(counts: list[int]) -> None:
    order = most_frequent(counts)
    assert sorted(order) == list(range(len(counts)))
    assert [counts[index] for index in order] == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"analyzer": "chars"}, "analyzer"),
        ({"min_ngram": 3, "max_ngram": 2}, "min_ngram 3 and max_ngram 2"),
        ({"strip_accents": "all"}, "strip_accents"),
        ({"stop_words": "german"}, "stop_words"),
        ({"OOV_words": "bob", "OOV_token": "oov"}, "OOV_words"),
    ],
)
def test_options_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        component("CountVectorsFeaturizer", **options)


def test_a_vocabulary_with_a_hole_is_refused(tmp_path: Path) -> None:
    featurizer = trained("CountVectorsFeaturizer", training_on(texts("one two three")))
    featurizer.save(tmp_path)
    file = tmp_path / "vocabularies.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"two": 2', '"two": 5'), encoding="utf-8")
    with pytest.raises(ModelError, match="incomplete"):
        COMPONENTS["CountVectorsFeaturizer"].load_class().load(
            COMPONENTS["CountVectorsFeaturizer"].merged({}), "x", tmp_path
        )


@pytest.mark.parametrize(
    ("counter", "text", "expected"),
    [
        (NgramCounter("word", 1, 2), "The big cat", ["the", "big", "cat", "the big", "big cat"]),
        (NgramCounter("word", 2, 3, stop_words={"big"}), "the big cat sat", ["the cat", "cat sat", "the cat sat"]),
        (NgramCounter("char", 2, 3), "a  b", ["a ", " b", "a b"]),
        (NgramCounter("char_wb", 3, 5), "ab c", [" ab", "ab ", " ab ", " c "]),
        (NgramCounter("word", 1, 1, lowercase=False, strip_accents="ascii"), "Été 日x", ["Ete", "x"]),
        (NgramCounter("word", 1, 1, strip_accents="unicode"), "Été 日x", ["ete", "日x"]),
    ],
)
def test_ngrams(counter: NgramCounter, text: str, expected: list[str]) -> None:
    assert counter(text) == expected


def test_document_frequencies_limit_the_vocabulary() -> None:
    documents = [["a b"], ["a c"], ["a b"], []]
    assert learn_vocabulary(documents, str.split, min_df=2) == {"a": 0, "b": 1}
    assert learn_vocabulary(documents, str.split, max_df=2) == {"b": 0, "c": 1}
    assert learn_vocabulary(documents, str.split, max_df=0.5) == {"b": 0, "c": 1}
    assert learn_vocabulary(documents, str.split, max_features=1) == {"a": 0}


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), st.sampled_from(["word", "char_wb"]))
def test_counts_of_additive_ngrams_of_tokens_add_up_to_those_of_the_text(words: list[str], analyzer: Any) -> None:
    counter = NgramCounter(analyzer, 1, 1 if analyzer == "word" else 3)
    assert counter.is_additive
    assert sorted(counter(" ".join(words))) == sorted(ngram for word in words for ngram in counter(word))


# RegexFeaturizer

PATTERNS = NluData(
    examples=(Example("to Rome", "go"),),
    regexes=(RegexPattern("zip", r"\b\d{5}\b"), RegexPattern("flight", "[A-Z]{2}[0-9]+")),
    lookups=(LookupTable("city", ("Rome", "New York", "C++")),),
)


def test_patterns_are_regexes_by_name_then_lookup_tables(tmp_path: Path) -> None:
    featurizer = trained("RegexFeaturizer", training_on(PATTERNS))
    assert saved(featurizer, tmp_path)["patterns.json"] == [
        {"name": "flight", "pattern": "[A-Z]{2}[0-9]+"},
        {"name": "zip", "pattern": r"\b\d{5}\b"},
        {"name": "city", "pattern": r"(\bRome\b|\bNew\ York\b|\bC\+\+\b)"},
    ]


def test_tokens_that_overlap_a_match_are_marked(tmp_path: Path) -> None:
    featurizer = reloaded(trained("RegexFeaturizer", training_on(PATTERNS)), "RegexFeaturizer", tmp_path)
    [message] = tokenized("LH1 to New York 12345")
    featurizer.process([message])
    [found] = message.features["text"]
    assert [list(row) for row in rows(found.sequence)] == [[0], [], [2], [2], [1]]
    assert [list(row) for row in rows(found.sentence)] == [[0, 1, 2]]
    assert message.tokens["text"][2].data["pattern"] == {"flight": False, "zip": False, "city": True}


def test_without_patterns_or_text_there_are_no_features(tmp_path: Path) -> None:
    assert features(trained("RegexFeaturizer", training_on(texts("hi"))), "hi") == []
    assert features(trained("RegexFeaturizer", training_on(PATTERNS)), "") == []
    nothing = trained("RegexFeaturizer", training_on(PATTERNS), use_regexes=False, use_lookup_tables=False)
    assert saved(nothing, tmp_path) == {"patterns.json": []}


def test_case_and_word_boundaries_are_options() -> None:
    options = {"case_sensitive": False, "use_word_boundaries": False}
    featurizer = trained("RegexFeaturizer", training_on(PATTERNS), **options)
    assert [list(row) for row in rows(features(featurizer, "romeo c++")[0].sequence)] == [[2], [2]]


def test_a_broken_regex_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="regex 'bad'"):
        trained("RegexFeaturizer", training_on(NluData(regexes=(RegexPattern("bad", "("),))))


# LexicalSyntacticFeaturizer


def test_shapes_of_the_neighbours_are_one_hot(tmp_path: Path) -> None:
    options = {"features": [["low"], ["BOS", "suffix2"]]}
    featurizer = trained("LexicalSyntacticFeaturizer", training_on(texts("Go now")), **options)
    assert saved(featurizer, tmp_path)["feature_to_idx_dict.json"] == {
        "0###low": {"False": 0},
        "1###BOS": {"False": 1, "True": 2},
        "1###suffix2": {"Go": 3, "ow": 4},
    }
    loaded = reloaded(featurizer, "LexicalSyntacticFeaturizer", tmp_path, **options)
    [found] = features(loaded, "Go low fly")
    assert [list(row) for row in rows(found.sequence)] == [[2, 3], [0, 1, 4], [1]]
    assert found.sentence is None


@pytest.mark.parametrize("window", ["low", ["low"], [["lower"]]])
def test_a_window_of_unknown_features_is_refused(window: Any) -> None:
    with pytest.raises(DataError, match="features"):
        component("LexicalSyntacticFeaturizer", features=window)


# All of them

FEATURIZERS: list[tuple[str, dict[str, Any]]] = [
    ("RegexFeaturizer", {"case_sensitive": False}),
    ("LexicalSyntacticFeaturizer", {"features": [["suffix3", "EOS"], ["low", "digit"], ["prefix2"], ["title"]]}),
    ("CountVectorsFeaturizer", {"OOV_token": "oov", "OOV_words": ["to"]}),
    ("CountVectorsFeaturizer", {"max_ngram": 2, "strip_accents": "unicode"}),
    ("CountVectorsFeaturizer", CHARACTERS),
    ("CountVectorsFeaturizer", {"analyzer": "char", "max_ngram": 3, "strip_accents": "ascii"}),
]


@settings(max_examples=25, deadline=None)
@given(written=st.lists(st.text(), min_size=1, max_size=4), asked=st.text())
def test_any_text_can_be_learned_and_featurized_and_loading_changes_nothing(
    written: list[str], asked: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    examples = tuple(Example(text, "go") for text in ["to Rome", *written])
    data = NluData(examples, (), PATTERNS.regexes, PATTERNS.lookups)
    for name, options in FEATURIZERS:
        training = training_on(data)
        featurizer = trained(name, training, **options)
        featurizer.process(training.messages, training=True)
        loaded = reloaded(featurizer, name, tmp_path_factory.mktemp("saved"), **options)
        [message] = tokenized(asked)
        featurizer.process([message])
        for found, again in zip(message.features.get("text", []), features(loaded, asked), strict=True):
            for one, other in ((found.sequence, again.sequence), (found.sentence, again.sentence)):
                assert rows(one) == rows(other) if one is not None else other is None
            assert isinstance(found.sequence, SparseRows)
            assert found.sequence.n_rows == len(message.tokens["text"])
            for row in rows(found.sequence):
                assert list(row) == sorted(row)
                assert all(0 <= column < found.sequence.n_columns for column in row)


def test_words_that_were_counted_before_are_counted_again_after_another_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    featurizer: Any = trained("CountVectorsFeaturizer", training_on(texts("a green tea")))
    monkeypatch.setattr(count_vectors_featurizer, "_CACHE_SIZE", 2)
    for _ in range(2):  # counted, then remembered as far as there is room
        assert [list(row) for row in rows(features(featurizer, "tea green a")[0].sequence)] == [[2], [1], [0]]
    assert sum(map(len, featurizer._known.values())) == 2
    featurizer.train(training_on(texts("some tea")), TrainingContext())
    assert [list(row) for row in rows(features(featurizer, "tea green a")[0].sequence)] == [[1], [], []]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.data())
def test_parts_of_a_matrix_are_stacked_in_any_order(counts: list[int], data: st.DataObject) -> None:
    """In their own order without copying."""
    matrix = SparseRows.from_rows([[row % 3] for row in range(sum(counts))], 3)
    parts = matrix.split(counts)
    order = data.draw(st.permutations(range(len(parts))))
    start, end = sorted((data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(1, len(parts)))))
    for places in (order, range(len(parts)), range(start, max(end, start + 1))):
        stacked = SparseRows.vstack([parts[place] for place in places])
        assert rows(stacked) == [row for place in places for row in rows(parts[place])]
    assert SparseRows.vstack(parts) is matrix


@given(st.lists(st.lists(st.dictionaries(st.integers(0, 5), st.integers(1, 3), max_size=4), max_size=4), max_size=5))
def test_groups_of_rows_split_and_add_up(groups: list[list[dict[int, int]]]) -> None:
    counts = [len(group) for group in groups]
    entries = [sorted(row.items()) for group in groups for row in group]
    matrix = SparseRows.from_entries(
        [(np.array([c for c, _ in row], np.int32), np.array([n for _, n in row], np.float32)) for row in entries], 6
    )
    parts = matrix.split(counts)
    assert [part.n_rows for part in parts] == counts  # known before anything is cut out
    assert not any(hasattr(part, "shape") for part in parts)
    assert [rows(part) for part in parts] == groups
    sums = matrix.sum_groups(counts)
    assert np.array_equal(sums.to_dense(), np.array([part.to_dense().sum(axis=0) for part in parts]).reshape(-1, 6))


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ["helpdesk", "travelbot", "breakoutbot"])
def test_what_is_learned_is_what_rasa_wrote(name: str, tmp_path: Path) -> None:
    """Label vocabularies differ: Rasa's archives were trained together with stories, whose actions count there."""
    project = need(f"reference/{name}")
    assistant = load_assistant(
        project / "assistant/config.yml", project / "assistant/domain.yml", project / "assistant/data"
    )
    training: TrainingData = training_on(assistant.nlu, assistant.domain)
    compared = 0
    with unpack(project / "model.tar.gz") as archive:
        for position, spec in enumerate(assistant.config.pipeline):
            directory = archive / "components" / f"train_{spec.name}{position}"
            if not spec.name.endswith(("Featurizer", "SynonymMapper", "RegexEntityExtractor")):
                continue
            made = tmp_path / directory.name
            made.mkdir()
            ours = saved(trained(spec.name, training, **spec.options), made)
            theirs = {file.name: json.loads(file.read_text(encoding="utf-8")) for file in directory.glob("*")}
            for vocabularies in (ours.get("vocabularies.json"), theirs.get("vocabularies.json")):
                for attribute in ("intent", "action_name"):
                    (vocabularies or {}).pop(attribute, None)
            assert ours == theirs, directory.name
            compared += len(ours)
    assert compared >= 6
