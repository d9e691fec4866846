#!/usr/bin/env python3
"""rebake's tokens, sparse features and learned files must be those of an unmodified Rasa 3.6.21.

    scripts/parity_features.py [--rasa PYTHON] [--random N] [--seed S] [NAME ...]
                                                   NAME: a folder of ../shared/reference; default all

Two checks an assistant: (1) featurizers loaded from Rasa's archive give Rasa's features for every text of parse.jsonl
and some odder ones; (2) what rebake learns from the NLU data alone is what Rasa learns: the same JSON in every file,
and the same features of every training message, labels included; this also on N random projects with random options,
where components loaded from Rasa's files must say the same as well. Exit code 1 if anything differs. Run it with the
Python that has rebake; scripts/rasa_env makes Rasa's environment, unless --rasa names its Python.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity_features_random import Made

from rebake.archive.metadata import COMPONENTS_NAME, read_metadata, resolve
from rebake.archive.pack import unpack
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

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT.parent / "shared" / "reference"
COMPARED = (
    "Tokenizer", "Featurizer", "SynonymMapper", "RegexEntityExtractor", "KeywordIntentClassifier", "FallbackClassifier",
)  # fmt: skip
ODD = [
    "", "a", "#@&", "-5", "10'000.00 €", "mail@example.com, or http://x.y/z?q=1#f", "don't   stop", "\u200d\u200c",
    "日本語 text", "ΑΣ ΟΔΟΣ", "İstanbul Straße ﬁ", "e\u0301te\u0301 naïve", "😀 hi 😀!", "a\u00a0b\u2028c",
    "1st 2 33 4-5 6.7", "_ __ a_b", "oov OOV Oov", "x" * 300, "\U0001f1e9\U0001f1ea flag", "ǅ ǆ ǄUNGLA", "٣٤ 12",
]  # fmt: skip
# Pipelines with options that the reference assistants do not use, tried on travelbot's or moodbot's data.
EXTRA: dict[str, list[dict[str, Any]]] = {
    "options-1": [
        {"name": "WhitespaceTokenizer", "intent_tokenization_flag": True, "token_pattern": r"\w+|[^\w\s]+"},
        {"name": "RegexFeaturizer", "case_sensitive": False, "use_word_boundaries": False},
        {"name": "LexicalSyntacticFeaturizer", "features": [["BOS", "suffix3"], ["low", "prefix2", "suffix1", "EOS"]]},
        {"name": "CountVectorsFeaturizer", "min_ngram": 1, "max_ngram": 2, "min_df": 2, "max_df": 0.3},
        {"name": "CountVectorsFeaturizer", "analyzer": "char", "min_ngram": 2, "max_ngram": 3,
         "strip_accents": "ascii"},
        {"name": "CountVectorsFeaturizer", "use_shared_vocab": True, "stop_words": "english", "use_lemma": False},
        {"name": "RegexEntityExtractor", "use_word_boundaries": False},
        {"name": "EntitySynonymMapper"},
    ],
    "options-2": [
        {"name": "WhitespaceTokenizer", "intent_tokenization_flag": True, "prefix_separator_symbol": "_"},
        {"name": "LexicalSyntacticFeaturizer", "features": [["title"], ["digit", "suffix5"], ["pos"],
         ["upper", "pos2"]]},
        {"name": "CountVectorsFeaturizer", "OOV_token": "OOV", "OOV_words": ["problem", "Email"], "max_df": 60},
        {"name": "CountVectorsFeaturizer", "OOV_token": "problem", "lowercase": False, "stop_words": ["the", "my"]},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 3, "max_ngram": 5, "lowercase": False,
         "strip_accents": "unicode", "min_df": 0.02},
    ],
    "options-3": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer", "min_ngram": 1, "max_ngram": 2, "max_features": 17},
        {"name": "KeywordIntentClassifier", "case_sensitive": False},
        {"name": "FallbackClassifier", "threshold": 0.7, "ambiguity_threshold": 0.2},
    ],
}  # fmt: skip


def ask_rasa(python: str, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    question, answer = folder / "job.json", folder / "answer.json"
    question.write_text(json.dumps(job), encoding="utf-8")
    command = [python, str(ROOT / "scripts" / "rasa_features.py"), str(question), str(answer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Rasa failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return found


def said(message: Message, attribute: str) -> dict[str, Any]:
    """What scripts/rasa_features.py says of a message."""
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


def differences(ours: list[Any], theirs: list[Any], names: list[str]) -> list[str]:
    if len(ours) != len(theirs):
        return [f"{len(ours)} messages here, {len(theirs)} there"]
    return [f"{name!r}: {_first(a, b)}" for name, a, b in zip(names, ours, theirs, strict=True) if a != b]


def _first(ours: Any, theirs: Any) -> str:
    """The first place where two answers differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return next(f"{key}: {_first(ours[key], theirs[key])}" for key in ours if ours[key] != theirs[key])
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return next(f"[{i}] {_first(a, b)}" for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return f"{ours} <> {theirs}"[:200]


def check_archive(name: str, python: str, folder: Path) -> list[str]:
    lines = (REFERENCE / name / "parse.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)["text"].strip() for line in lines] + ODD
    archive = REFERENCE / name / "model.tar.gz"
    theirs = ask_rasa(python, {"archive": str(archive), "texts": texts}, folder)["texts"]
    messages = [Message({"text": text}) for text in texts]
    with unpack(archive) as directory:
        nodes = resolve(read_metadata(directory).nlu, "pipeline")
        for component in featurizers(list(nodes), directory / COMPONENTS_NAME):
            component.process(messages)
    return differences([said(message, "text") for message in messages], theirs, texts)


def check_training(
    project: Path, pipeline: list[dict[str, Any]] | None, python: str, folder: Path, more: Sequence[str] = ()
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
    job = {"config": str(config), "domain": str(domain), "nlu": [str(project / "data")], "pipeline": written}
    job["compared"] = positions
    theirs = ask_rasa(python, {**job, "components": str(theirs_at), "texts": asked}, folder)
    nodes = [
        Node(f"{spec.name}{position}", spec, require(spec, "pipeline"))
        for spec, position in zip(specs, positions, strict=True)
    ]
    texts = label_texts(assistant.nlu, assistant.domain)  # whether or not a selector reads them, as Rasa has them
    training = TrainingData(training_messages(assistant.nlu, texts), assistant.nlu, assistant.domain)
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
        found.append(f"refused here: {failed}, there: {theirs['failed']}")
    return found + compare_files(ours_at, theirs_at)


def compare_files(ours: Path, theirs: Path) -> list[str]:
    names = {str(file.relative_to(top)) for top in (ours, theirs) for file in top.rglob("*.json")}
    found = []
    for name in sorted(names):
        if not (ours / name).is_file() or not (theirs / name).is_file():
            found.append(f"{name}: only {'here' if (ours / name).is_file() else 'there'}")
        elif (ours / name).read_bytes() != (theirs / name).read_bytes():
            same = json.loads((ours / name).read_bytes()) == json.loads((theirs / name).read_bytes())
            if not same:
                found.append(f"{name}: other content")
            else:
                print(f"    {name}: the same JSON in another order")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--random", type=int, metavar="N", help="default: 2, or none where NAMEs are given")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--rasa", help="Python of an environment with Rasa 3.6.21")
    arguments = parser.parse_args()
    python = arguments.rasa
    if python is None:
        ready = subprocess.run([str(ROOT / "scripts" / "rasa_env")], check=True, capture_output=True, text=True)
        python = f"{ready.stdout.strip()}/bin/python"
    names = arguments.names or [*sorted(path.parent.name for path in REFERENCE.glob("*/model.tar.gz")), *EXTRA]
    failed = False
    for name in names:
        # Rasa's KeywordIntentClassifier stops at travelbot's data: a keyword twice ambiguous is a KeyError there.
        donor = {"options-3": "moodbot"}.get(name, "travelbot") if name in EXTRA else name
        project = REFERENCE / donor / "assistant"
        for kind in ("training",) if name in EXTRA else ("training", "archive"):
            with tempfile.TemporaryDirectory() as folder:
                if kind == "archive":
                    found = check_archive(name, python, Path(folder))
                else:
                    found = check_training(project, EXTRA.get(name), python, Path(folder))
            failed |= tell(f"{name} {kind}", found)
    count = arguments.random if arguments.random is not None else (0 if arguments.names else 2)
    for seed in range(arguments.seed, arguments.seed + count):
        with tempfile.TemporaryDirectory() as folder:
            made = Made(Path(folder, "project"), seed)
            found = check_training(Path(folder, "project"), made.pipeline, python, Path(folder), made.texts)
            failed |= tell(f"random {seed}", found)
    return int(failed)


def tell(what: str, found: list[str]) -> bool:
    print(f"{what}: {len(found)} differences" if found else f"{what}: equal", flush=True)
    for line in found[:10]:
        print(f"    {line}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
