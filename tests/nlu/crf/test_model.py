"""What the conditional random field sees of tokens, and its probabilities."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rebake.nlu.crf.features import CrfToken, Window
from rebake.nlu.crf.model import CrfModel
from rebake.nlu.crf.training import CrfSettings, train_crf


def test_the_window_names_attributes_as_rasa_names_them() -> None:
    tokens = [CrfToken("Two", pattern={"number": False}), CrfToken("TEAS", "NOUN", {"number": True}, (0.5, -2.0))]
    window = [["low", "title"], ["bias", "suffix2", "pattern", "upper", "digit"], ["pos2", "text_dense_features"]]
    assert Window(window).attributes(tokens, with_entity=False) == [
        {
            **{"BOS": 1, "0:bias:bias": 1, "0:suffix2:wo": 1, "0:pattern:number": 0, "0:upper": 0, "0:digit": 0},
            **{"1:pos2:NO": 1, "1:text_dense_features:text_dense_features:0": 0.5},
            "1:text_dense_features:text_dense_features:1": -2,
        },
        {
            **{"-1:low:two": 1, "-1:title": 1, "0:bias:bias": 1, "0:suffix2:AS": 1, "0:pattern:number": 1},
            **{"0:upper": 1, "0:digit": 0, "EOS": 1},
        },
    ]


def test_roles_and_groups_see_the_entities_around() -> None:
    tokens = [CrfToken("a", tags={"entity": "O"}), CrfToken("b", tags={"entity": "U-city"})]
    rows = Window([["low"], ["low"], []]).attributes(tokens, with_entity=True)
    assert rows[0] == {"BOS": 1, "0:low:a": 1, "0:entity:O": 1, "1:entity:U-city": 1}
    assert rows[1] == {"-1:low:a": 1, "-1:entity:O": 1, "0:low:b": 1, "0:entity:U-city": 1, "EOS": 1}


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 99))
def test_marginals_are_sums_over_all_tag_sequences(count: int, lengths: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    weights, transitions = random.normal(size=(2, count)) * 3, random.normal(size=(count, count)) * 3
    tags = np.tile(np.arange(count, dtype=np.int32), 2)
    starts = np.array([0, count, 2 * count], np.int32)
    model = CrfModel(tuple("abc"[:count]), {"x": 0, "y": 1}, starts, tags, weights.ravel(), transitions)
    sentences = [[{"x": float(random.normal()), "y": 1.0, "unknown": 1.0} for _ in range(n)] for n in lengths]
    for sentence, marginals in zip(sentences, model.marginals(sentences), strict=True):
        scores = [row["x"] * weights[0] + row["y"] * weights[1] for row in sentence]
        expected = np.zeros((len(sentence), count))
        for path in np.ndindex(*[count] * len(sentence)):
            total = sum(scores[t][tag] for t, tag in enumerate(path))
            total += sum(transitions[a, b] for a, b in pairwise(path))
            for t, tag in enumerate(path):
                expected[t, tag] += np.exp(total)
        np.testing.assert_allclose(marginals, expected / expected.sum(axis=1, keepdims=True), atol=1e-12)


def test_marginals_are_those_of_crfsuite(tmp_path: Path) -> None:
    import pycrfsuite

    sentences = [
        ([{"w:a": 1.0, "flag": 0.0}, {"w:b": 1.0, "flag": 1.0}, {"w:c": 0.5}], ["O", "B-x", "L-x"]),
        ([{"w:b": 1.0, "flag": 1.0}, {"w:ü☕": 1.0}], ["U-x", "O"]),
        ([{"w:a": 1.0}], ["O"]),
    ]
    trainer = pycrfsuite.Trainer(
        "lbfgs", {"c1": 0.1, "c2": 0.1, "max_iterations": 50, "feature.possible_transitions": True}, verbose=False
    )
    for attributes, tags in sentences:
        trainer.append(attributes, tags)
    trainer.train(str(tmp_path / "model"))
    tagger = pycrfsuite.Tagger()
    tagger.open(str(tmp_path / "model"))
    model = train_crf(sentences, CrfSettings(0.1, 0.1, 50))
    assert list(model.labels) == tagger.labels()
    unseen = [{"w:c": 1.0}, {"w:ü☕": 1.0, "flag": 1.0}, {"w:new": 1.0}]
    for attributes, marginals in zip(
        [s for s, _ in sentences] + [unseen], model.marginals([*(s for s, _ in sentences), unseen]), strict=True
    ):
        tagger.set(attributes)
        expected = [[tagger.marginal(tag, t) for tag in model.labels] for t in range(len(attributes))]
        np.testing.assert_allclose(marginals, expected, atol=1e-9)
