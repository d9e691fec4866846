"""rebake's tokens, sparse features and learned files must be those of an unmodified Rasa 3.6.21.

    python -m parity features [--random N] [--seed S] [NAME ...]

NAME is a folder of ../shared/reference, or a pipeline of parity/features/pipelines.py; the default is all of them.

Two checks per assistant: (1) featurizers loaded from Rasa's archive give Rasa's features for every text of parse.jsonl
and some odder ones; (2) what rebake learns from the NLU data alone is what Rasa learns: the same JSON in every file,
and the same features of every training message, labels included. The second also on N random projects with random
options, where components loaded from Rasa's files must say the same as well.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity.compare import value_differences
from parity.features.pipelines import EXTRA
from parity.features.random_project import Made
from parity.paths import REFERENCE, reference_names
from parity.rasa import ask
from parity.report import report
from parity.variants import working_directory
from rebake.archive.metadata import read_metadata, resolve
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.assistant.importer import load_assistant
from rebake.base.sparse_rows import SparseRows
from rebake.base.training_context import TrainingContext
from rebake.errors import DataError
from rebake.nlu.component import Component, TrainingData
from rebake.nlu.message import Message
from rebake.nlu.training_messages import training_messages
from rebake.registry.lookup import require
from rebake.registry.node import Node
from rebake.registry.response_texts import label_texts

COMPARED = (
    "Tokenizer", "Featurizer", "SynonymMapper", "RegexEntityExtractor", "KeywordIntentClassifier", "FallbackClassifier",
)  # fmt: skip
ODD = [
    "", "a", "#@&", "-5", "10'000.00 €", "mail@example.com, or http://x.y/z?q=1#f", "don't   stop", "\u200d\u200c",
    "日本語 text", "ΑΣ ΟΔΟΣ", "İstanbul Straße ﬁ", "e\u0301te\u0301 naïve", "😀 hi 😀!", "a\u00a0b\u2028c",
    "1st 2 33 4-5 6.7", "_ __ a_b", "oov OOV Oov", "x" * 300, "\U0001f1e9\U0001f1ea flag", "ǅ ǆ ǄUNGLA", "٣٤ 12",
]  # fmt: skip


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--random", type=int, metavar="N", help="random projects; default: 2, or none with NAMEs")
    parser.add_argument("--seed", type=int, default=1, metavar="S")


def run(given: Namespace) -> int:
    wrong = 0
    for name in given.names or [*reference_names(), *EXTRA]:
        # Rasa's KeywordIntentClassifier stops at travelbot's data: a keyword twice ambiguous is a KeyError there.
        donor = {"options-3": "moodbot"}.get(name, "travelbot") if name in EXTRA else name
        with working_directory(None, "features") as work:
            found = check_training(REFERENCE / donor / "assistant", EXTRA.get(name), work)
            wrong += report(f"{name}, trained", found)
        if name not in EXTRA:
            with working_directory(None, "features") as work:
                wrong += report(f"{name}, Rasa's archive", check_archive(name, work))
    count = given.random if given.random is not None else (0 if given.names else 2)
    for seed in range(given.seed, given.seed + count):
        with working_directory(None, "features") as work:
            made = Made(work / "project", seed)
            wrong += report(f"random {seed}", check_training(work / "project", made.pipeline, work, made.texts))
    return wrong


def said(message: Message, attribute: str) -> dict[str, Any]:
    """Return what parity.rasa_side.features says of a message."""
    features = []
    for one in message.features.get(attribute, []):
        for kind, matrix in (("sequence", one.sequence), ("sentence", one.sentence)):
            if isinstance(matrix, SparseRows):
                shape = [matrix.n_rows, matrix.n_columns]
                features.append(
                    [kind, shape, matrix.row_indices().tolist(), matrix.indices.tolist(), matrix.data.tolist()]
                )
    tokens = [[token.start, token.end] for token in message.tokens.get(attribute, [])]
    return {"tokens": tokens, "features": features}


def predicted(message: Message) -> dict[str, Any]:
    ranking, entities = message.intent_ranking or None, message.entities or None
    return {"intent": message.intent, "intent_ranking": ranking, "entities": entities}


def featurizers(nodes: list[Node], components: Path) -> list[Component]:
    found = []
    for node in nodes:
        if node.type.kind in ("tokenizer", "featurizer"):
            directory = components / node.directory
            options = node.type.merged(node.spec.options)
            loaded: Component = node.type.load_class().load(options, node.id, directory if directory.is_dir() else None)
            found.append(loaded)
    return found


def differences(ours: Sequence[Any], theirs: Sequence[Any], names: Sequence[str]) -> list[str]:
    """Return the first difference of each message whose two sides are not equal."""
    if len(ours) != len(theirs):
        return [f"{len(ours)} messages of rebake, {len(theirs)} of Rasa"]
    return [
        (value_differences(repr(name), b, a, tolerance=0) or [f"{name!r}: rebake {a}, Rasa {b}"])[0][:300]
        for name, a, b in zip(names, ours, theirs, strict=True)
        if a != b
    ]


def check_archive(name: str, folder: Path) -> list[str]:
    lines = (REFERENCE / name / "parse.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"].strip() for line in lines] + ODD
    archive = REFERENCE / name / "model.tar.gz"
    theirs = ask("features", {"archive": str(archive), "texts": texts}, folder)["texts"]
    messages = [Message({"text": text}) for text in texts]
    with unpack(archive) as directory:
        nodes = resolve(read_metadata(directory).nlu, "pipeline")
        for component in featurizers(list(nodes), directory / COMPONENTS_NAME):
            component.process(messages)
    return differences([said(message, "text") for message in messages], theirs, texts)


def check_training(
    project: Path, pipeline: list[dict[str, Any]] | None, folder: Path, more: Sequence[str] = ()
) -> list[str]:
    asked = [*ODD, *more]
    config = project / "config.yml"
    if pipeline is not None:
        config = folder / "config.yml"
        config.write_text(json.dumps({"language": "en", "pipeline": pipeline}), encoding="utf-8")
    domain = project / "domain.yml"
    assistant = load_assistant(config, domain, project / "data")
    specs = [spec for spec in assistant.config.pipeline if spec.name.endswith(COMPARED)]
    if all(spec.name != "KeywordIntentClassifier" for spec in specs):  # there is no intent that could fall back
        specs = [spec for spec in specs if spec.name != "FallbackClassifier"]
    positions = [i for i, spec in enumerate(assistant.config.pipeline) if spec in specs]
    theirs_at, ours_at = folder / "rasa", folder / "rebake"
    ours_at.mkdir()
    written = [{"name": spec.name, **spec.options} for spec in assistant.config.pipeline]
    job: dict[str, Any] = {
        "config": str(config),
        "domain": str(domain),
        "nlu": [str(project / "data")],
        "pipeline": written,
    }
    job["compared"] = positions
    theirs = ask("features", {**job, "components": str(theirs_at), "texts": asked}, folder)
    nodes = [
        Node(f"{spec.name}{position}", spec, require(spec, "pipeline"))
        for spec, position in zip(specs, positions, strict=True)
    ]
    texts = label_texts(assistant.nlu, assistant.domain)  # whether or not a selector reads them, as Rasa has them
    training = TrainingData(training_messages(assistant.nlu.examples, texts), assistant.nlu, assistant.domain)
    odd, reloaded = ([Message({"text": text}) for text in asked] for _ in range(2))
    failed: list[str] = []
    for node in nodes:
        component = node.type.load_class()(node.type.merged(node.spec.options), node.id)
        try:
            component.train(training, TrainingContext())
        except DataError:
            failed.append(node.id)
            continue
        if node.resource:
            (ours_at / node.directory).mkdir()
            component.save(ours_at / node.directory)
        if node.type.kind in ("tokenizer", "featurizer"):
            component.process(training.messages, training=True)
        component.process(odd)
        there = theirs_at / node.directory
        options = node.type.merged(node.spec.options)
        node.type.load_class().load(options, node.id, there if there.is_dir() else None).process(reloaded)
    ours = [{name: said(message, name) for name in message.attributes} for message in training.messages]
    found = differences(ours, theirs["training"], [message.text for message in training.messages])
    for messages in (odd, reloaded):
        found += differences([said(message, "text") for message in messages], theirs["texts"], asked)
        found += differences([predicted(message) for message in messages], theirs["predictions"], asked)
    if failed != theirs["failed"]:
        found.append(f"refused by rebake: {failed}, by Rasa: {theirs['failed']}")
    return found + compare_files(ours_at, theirs_at)


def compare_files(ours: Path, theirs: Path) -> list[str]:
    names = {str(file.relative_to(top)) for top in (ours, theirs) for file in top.rglob("*.json")}
    found = []
    for name in sorted(names):
        if not (ours / name).is_file() or not (theirs / name).is_file():
            found.append(f"{name}: only {'rebake' if (ours / name).is_file() else 'Rasa'} has it")
        elif (ours / name).read_bytes() != (theirs / name).read_bytes():
            same = json.loads((ours / name).read_bytes()) == json.loads((theirs / name).read_bytes())
            if not same:
                found.append(f"{name}: other content")
            else:
                print(f"    {name}: the same JSON in another order")
    return found
