"""Ask Rasa for the sparse features of texts.

The job: `archive` (a model), or `config`, `pipeline` (the list that it stands for), `compared` (positions in it),
`domain`, `nlu` (paths of data) and `components` (a directory that gets what the components write); and `texts`. The
answer: for each text {"tokens": [[start, end]], "features": [[kind, [rows, columns], [row, ...], [column, ...],
[value, ...]]]}, and with `nlu`, as `training`, for each training message the same per attribute, as `predictions` what
was found in each text, as `failed` the nodes that Rasa could not train. Dense features and networks are left out.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import rasa.engine.recipes.default_components  # noqa: F401 (registers the components)
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.utils.common import override_defaults

from parity.rasa_side.job import run


def said(message: Message, attribute: str) -> dict[str, Any]:
    tokens = [[token.start, token.end] for token in message.get(TOKENS_NAMES[attribute], [])]
    features = []
    for one in message.features:
        if one.attribute == attribute and one.is_sparse():
            matrix = one.features.tocoo()
            entries = sorted(zip(matrix.row.tolist(), matrix.col.tolist(), map(float, matrix.data), strict=True))
            features.append([one.type, list(matrix.shape), *([entry[i] for entry in entries] for i in range(3))])
    return {"tokens": tokens, "features": features}


def featurize_with_archive(job: dict[str, Any], folder: str, texts: list[Message]) -> None:
    storage, metadata = LocalModelStorage.from_model_archive(Path(folder), Path(job["archive"]))
    for name, node in metadata.predict_schema.nodes.items():
        if node.uses.__name__.endswith(("Tokenizer", "Featurizer")) and name.startswith("run_"):
            options = override_defaults(node.uses.get_default_config(), node.config)
            context = ExecutionContext(GraphSchema({}), node_name=name)
            node.uses.load(options, storage, node.resource or Resource(name), context).process(texts)


def train_and_featurize(job: dict[str, Any], folder: str, texts: list[Message]) -> list[Message]:
    """Train everything but networks; returns the training messages."""
    storage = LocalModelStorage(Path(folder))
    importer = TrainingDataImporter.load_nlu_importer_from_config(job["config"], job["domain"], job["nlu"])
    data = importer.get_nlu_data()
    for position, entry in enumerate(job["pipeline"]):
        if position not in job["compared"]:
            continue
        name = f"{entry['name']}{position}"
        registered = DefaultV1Recipe._registered_components[entry["name"]]
        defaults = registered.clazz.get_default_config()
        options = override_defaults(defaults, {key: value for key, value in entry.items() if key != "name"})
        context = ExecutionContext(GraphSchema({}), node_name=name)
        resource = Resource(f"train_{name}")
        try:
            if registered.is_trainable:
                registered.clazz.create(options, storage, resource, context).train(data)
            loaded = registered.clazz.load(options, storage, resource, context)
            if hasattr(loaded, "process_training_data"):
                loaded.process_training_data(data)
            loaded.process(texts)
        except AttributeError:  # Rasa's CountVectorsFeaturizer where its options leave no word of an attribute
            job.setdefault("failed", []).append(name)
            shutil.rmtree(Path(folder, f"train_{name}"), ignore_errors=True)
            for message in (*data.training_examples, *texts):
                message.features = [one for one in message.features if one.origin != (options["alias"] or name)]
    shutil.copytree(folder, job["components"], dirs_exist_ok=True)
    return list(data.training_examples)


def answer(job: dict[str, Any]) -> dict[str, Any]:
    texts = [Message({TEXT: text}) for text in job["texts"]]
    answered: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        if "archive" in job:
            featurize_with_archive(job, folder, texts)
        else:
            answered["training"] = [
                {attribute: said(message, attribute) for attribute in TOKENS_NAMES if message.get(attribute)}
                for message in train_and_featurize(job, folder, texts)
            ]
        answered["predictions"] = [
            {key: message.get(key) or None for key in ("intent", "intent_ranking", "entities")} for message in texts
        ]
    answered["failed"] = job.get("failed", [])
    answered["texts"] = [said(message, TEXT) for message in texts]
    return answered


if __name__ == "__main__":
    run(answer)
