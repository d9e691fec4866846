"""CRFEntityExtractor and scikit-learn's classifiers on dense features: as an unmodified Rasa 3.6.21, both ways.

Models that give dense features are large, so here the features are made up: every word and every text has a vector.
Each component is trained by Rasa and by rebake from the same messages, and each of the two directories is read by both:
the same ranking, entities and confidences, within 1e-4.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.compare import value_differences
from parity.rasa import ask
from parity.report import report
from parity.variants import working_directory
from rebake.assistant.model import Domain, EntitySpan, Example, NluData
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Features, Message, Token
from rebake.registry.lookup import COMPONENTS

FILLERS = ["please", "now", "the", "a", "for", "me", "one", "two", "big", "small", "to", "from", "about", "with"]
DRINKS = ["tea", "coffee", "latte", "mocha", "water", "juice"]
CITIES = ["Rome", "Oslo", "Paris", "Berlin", "Madrid"]
CASES: dict[str, tuple[str, dict[str, Any], int]] = {  # name -> component, options, how many intents
    "SVM: default options": ("SklearnIntentClassifier", {}, 4),
    "SVM: two intents": ("SklearnIntentClassifier", {"kernels": ["rbf", "linear"], "gamma": [0.1, "scale"]}, 2),
    "SVM: many intents": (
        "SklearnIntentClassifier",
        {"kernels": ["poly", "sigmoid"], "scoring_function": "accuracy"},
        12,
    ),
    "SVM: by probabilities": ("SklearnIntentClassifier", {"C": [0.5, 3], "scoring_function": "neg_log_loss"}, 3),
    "logistic regression": ("LogisticRegressionClassifier", {}, 5),
    "logistic regression: two intents, liblinear": ("LogisticRegressionClassifier", {"solver": "liblinear"}, 2),
    "logistic regression: liblinear": ("LogisticRegressionClassifier", {"solver": "liblinear", "ranking_length": 2}, 4),
    "CRF: dense features alone": ("CRFEntityExtractor", {"features": [["text_dense_features"]]}, 2),
    "CRF: dense features, without BILOU": (
        "CRFEntityExtractor",
        {"features": [["low"], ["suffix2", "text_dense_features"], ["text_dense_features"]], "BILOU_flag": False},
        2,
    ),
    "CRF: default options": ("CRFEntityExtractor", {}, 2),
}


class Maker:
    """Makes messages as JSON; equal words have nearly equal vectors."""

    def __init__(self, intents: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.intents = self.random.normal(size=(intents, 6))
        self.words: dict[str, NDArray[np.float64]] = {}

    def message(self, number: int) -> dict[str, Any]:
        intent = number % len(self.intents)
        words = [str(word) for word in self.random.choice(FILLERS, self.random.integers(1, 5))]
        entities: list[dict[str, Any]] = []
        for listed, entity in ((DRINKS, "drink"), (CITIES, "city")):
            if self.random.random() < 0.6:
                place = int(self.random.integers(0, len(words) + 1))
                words[place:place] = [
                    f"{entity}:{word}" for word in self.random.choice(listed, self.random.integers(1, 3))
                ]
        text, marked = "", []
        for word in words:
            entity, _, surface = word.rpartition(":")
            marked.append((len(text), len(text) + len(surface), entity, surface))
            text += f"{surface} "
        for start, end, entity, surface in marked:
            if entity:
                entities.append({"start": start, "end": end, "entity": entity, "value": surface})
                if entity == "city":
                    entities[-1]["role"] = "to" if start % 2 else "from"
        vectors = [self.words.setdefault(surface, self.random.normal(size=4)) for *_, surface in marked]
        return {
            "text": text.strip(),
            "intent": f"intent {intent}",
            "entities": entities,
            "sequence": [(vector + self.random.normal(size=4) / 9).astype("f4").tolist() for vector in vectors],
            "sentence": [(self.intents[intent] + self.random.normal(size=6)).astype("f4").tolist()],
        }


def made(message: dict[str, Any], *, learn: bool) -> Message:
    text, tokens, end = message["text"], [], 0
    for word in text.split():
        start = text.index(word, end)
        end = start + len(word)
        tokens.append(Token(word, start, end, word))
    spans = tuple(EntitySpan(e["start"], e["end"], e["entity"], e["value"], e.get("role")) for e in message["entities"])
    dense = Features("dense", np.array(message["sequence"], np.float32), np.array(message["sentence"], np.float32))
    return Message(
        {"text": text, "intent": message["intent"]} if learn else {"text": text},
        Example(text, message["intent"], spans) if learn else None,
        tokens={"text": tokens},
        features={"text": [dense]},
    )


def train(case: dict[str, Any]) -> None:
    entry = COMPONENTS[case["component"]]
    learner = entry.load_class()(entry.merged(case["options"]), "learner")
    messages = [made(message, learn=True) for message in case["train"]]
    learner.train(TrainingData(messages, NluData(), Domain()), TrainingContext())
    directory = Path(case["ours"]) / "train_learner"
    directory.mkdir(parents=True)
    learner.save(directory)


def said(case: dict[str, Any], side: str) -> list[dict[str, Any]]:
    entry = COMPONENTS[case["component"]]
    component = entry.load_class().load(entry.merged(case["options"]), "learner", Path(case[side]) / "train_learner")
    messages = [made(message, learn=False) for message in case["ask"]]
    component.process(messages)
    return [{"intent": m.intent, "intent_ranking": m.intent_ranking, "entities": m.entities} for m in messages]


def differences(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rasa leaves out what rebake says is empty."""
    rasa, rebake = (
        [{key: value or None for key, value in message.items()} for message in messages] for messages in (theirs, ours)
    )
    return value_differences("message", rasa, rebake)


def add_options(parser: ArgumentParser) -> None:
    """There are none."""


def run(_: Namespace) -> int:
    with working_directory(None, "learners") as work:
        cases = [prepared(number, *case, work) for number, case in enumerate(CASES.values())]
        answers = ask("learners", {"cases": cases}, work)
        wrong = 0
        for title, case, answer in zip(CASES, cases, answers, strict=True):
            for side, whose in (("theirs", "Rasa's model"), ("ours", "rebake's model")):
                own = said(case, side)
                entities = sum(len(message["entities"]) for message in own)
                what = f"{title}, {whose}: {len(own)} texts, {entities} entities"
                wrong += report(what, differences(own, answer[side]))
    return wrong


def prepared(number: int, component: str, options: dict[str, Any], intents: int, work: Path) -> dict[str, Any]:
    """Return one case of the job, which rebake has trained."""
    maker = Maker(intents, number)
    messages = [maker.message(place) for place in range(14 * intents + 40)]
    sides = {side: str(work / str(number) / side) for side in ("ours", "theirs")}
    Path(sides["theirs"]).mkdir(parents=True)
    asked = {"train": messages[:-40], "ask": messages[-40:]}
    case = {"component": component, "options": options, **asked, **sides}
    train(case)
    return case
