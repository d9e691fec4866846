"""What makes parsing fast must not change what is parsed."""

import pytest

import rebake
from rebake.nlu import pipeline
from rebake.nn.diet.model import UNTRACED
from support.shared import need

pytestmark = [pytest.mark.slow, pytest.mark.shared]

TEXTS = ["hello", "i forgot my password", "", "can you open a ticket for anna@example.com please?"]


def test_a_model_answers_the_same_once_its_network_is_traced() -> None:
    with rebake.load_model(need("reference/helpdesk") / "model.tar.gz") as model:
        rounds = [[model.parse(text) for text in TEXTS] for _ in range(UNTRACED + 1)]
        together = model.parse_all(TEXTS)
    for answers in [*rounds[1:], together]:
        for first, later in zip(rounds[0], answers, strict=True):
            assert later["intent"]["name"] == first["intent"]["name"]
            assert later["intent"]["confidence"] == pytest.approx(first["intent"]["confidence"], abs=1e-5)
            entities, again = (
                [(entity["entity"], entity["start"], entity["end"]) for entity in answer["entities"]]
                for answer in (first, later)
            )
            assert again == entities


def test_a_model_that_is_first_asked_by_several_threads_answers_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [f"{text} {number}" for number in range(80) for text in TEXTS]
    with rebake.load_model(need("reference/helpdesk") / "model.tar.gz") as model:
        monkeypatch.setattr(pipeline, "processors", lambda: 3)
        together = model.parse_all(asked)
        monkeypatch.setattr(pipeline, "processors", lambda: 1)
        for first, later in zip(together, model.parse_all(asked), strict=True):
            assert later["text"] == first["text"]
            assert later["intent"]["name"] == first["intent"]["name"]
            assert later["intent"]["confidence"] == pytest.approx(first["intent"]["confidence"], abs=1e-5)
            assert [e["value"] for e in later["entities"]] == [e["value"] for e in first["entities"]]
