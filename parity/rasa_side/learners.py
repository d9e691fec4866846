"""Train single components of Rasa on dense features, and ask them.

The job: `cases`, each {"component", "options", "train", "ask", "theirs", "ours"}: messages to
learn from and to ask about, the directory below which Rasa is to write, and the one below which rebake wrote. The
answer: for each case {"theirs": [...], "ours": [...]}: what Rasa's component says of the messages from those files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.nlu.classifiers.sklearn_intent_classifier import SklearnIntentClassifier
from rasa.nlu.extractors.crf_entity_extractor import CRFEntityExtractor
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from parity.rasa_side.job import run

COMPONENTS = {
    kind.__name__: kind for kind in (CRFEntityExtractor, LogisticRegressionClassifier, SklearnIntentClassifier)
}


def made(message: dict[str, Any], *, learn: bool) -> Message:
    data = {key: message[key] for key in (("text", "intent", "entities") if learn else ("text",))}
    text, tokens, end = message["text"], [], 0
    for word in text.split():
        start = text.index(word, end)
        end = start + len(word)
        tokens.append(Token(word, start, end))
    result = Message({**data, "text_tokens": tokens})
    for level in ("sequence", "sentence"):
        result.add_features(Features(np.array(message[level], np.float32), level, "text", "dense"))
    return result


def said(kind: Any, config: dict[str, Any], directory: str, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    context = ExecutionContext(GraphSchema({}), node_name="run_learner")
    component = kind.load(config, LocalModelStorage(Path(directory)), Resource("train_learner"), context)
    messages = [made(message, learn=False) for message in asked]
    component.process(messages)
    return [{key: message.get(key) for key in ("intent", "intent_ranking", "entities")} for message in messages]


def answer(job: dict[str, Any]) -> list[dict[str, Any]]:
    answers = []
    for case in job["cases"]:
        kind = COMPONENTS[case["component"]]
        config = {**kind.get_default_config(), **case["options"]}
        storage = LocalModelStorage(Path(case["theirs"]))
        context = ExecutionContext(GraphSchema({}), node_name="train_learner")
        learner = kind.create(config, storage, Resource("train_learner"), context)
        learner.train(TrainingData([made(message, learn=True) for message in case["train"]]))
        answers.append({side: said(kind, config, case[side], case["ask"]) for side in ("theirs", "ours")})
    return answers


if __name__ == "__main__":
    run(answer)
