#!/usr/bin/env python3
"""CRFEntityExtractor and scikit-learn's classifiers on dense features: as an unmodified Rasa 3.6.21, both ways.

    scripts/parity_learners [--rasa PYTHON]

Models that give dense features are large, so here the features are made up: every word and every text has a vector.
Each component is trained by Rasa and by rebake from the same messages, and each of the two directories is read by both:
the same ranking, entities and confidences, within 1e-4. Exit code 1 if anything differs. Run it with the Python that
has rebake; scripts/rasa_env makes Rasa's environment, unless --rasa names its Python.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from rebake.assistant.model import Domain, EntitySpan, Example, NluData
from rebake.base.training_context import TrainingContext
from rebake.nlu.component import TrainingData
from rebake.nlu.message import Features, Message, Token
from rebake.registry.lookup import COMPONENTS

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE = 1e-4
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
        self.words: dict[str, Any] = {}

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


def differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Where two answers differ; Rasa leaves out what rebake says is empty."""
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return [] if abs(ours - theirs) <= TOLERANCE else [f"{path}: {ours} and Rasa's {theirs}"]
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return [found for key in ours for found in differences(ours[key], theirs[key], f"{path}/{key}")]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [found for i, (one, other) in pairs for found in differences(one, other, f"{path}/{i}")]
    return [] if ours == theirs or (not ours and not theirs) else [f"{path}: {ours!r} and Rasa's {theirs!r}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rasa", help="the Python of Rasa's environment")
    python = parser.parse_args().rasa
    if python is None:
        made_environment = subprocess.run([ROOT / "scripts" / "rasa_env"], check=True, capture_output=True, text=True)
        python = f"{made_environment.stdout.strip()}/bin/python"
    with tempfile.TemporaryDirectory(prefix="rebake-learners-") as name:
        work = Path(name)
        cases = []
        for number, (component, options, intents) in enumerate(CASES.values()):
            maker = Maker(intents, number)
            messages = [maker.message(place) for place in range(14 * intents + 40)]
            sides = {side: str(work / str(number) / side) for side in ("ours", "theirs")}
            Path(sides["theirs"]).mkdir(parents=True)
            cases.append(
                {"component": component, "options": options, "train": messages[:-40], "ask": messages[-40:], **sides}
            )
            train(cases[-1])
        (work / "job.json").write_text(json.dumps({"cases": cases}))
        command = [python, ROOT / "scripts" / "rasa_learners.py", work / "job.json", work / "answer.json"]
        asked = subprocess.run(command, check=False, capture_output=True, text=True)
        if asked.returncode:
            raise SystemExit(f"Rasa failed:\n{asked.stderr[-3000:]}")
        answers = json.loads((work / "answer.json").read_text())
        failed = False
        for title, case, answer in zip(CASES, cases, answers, strict=True):
            for side, whose in (("theirs", "Rasa's model"), ("ours", "rebake's model")):
                own = said(case, side)
                found = differences(own, answer[side])
                failed |= bool(found)
                entities = sum(len(message["entities"]) for message in own)
                print(f"{title}, {whose}: {len(own)} texts, {entities} entities, {len(found)} differences")
                for line in found[:5]:
                    print(f"  {line}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
