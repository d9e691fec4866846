"""Let Rasa 3.6.21 train examples/cafe with small networks, and record what it answers: the data of `example`.

    python -m parity make-reference [DIRECTORY]

Writes config.yml (the example's own, with the options below), model.tar.gz, parse.jsonl and core.jsonl; by default to
parity/reference/cafe, which is committed and stays under 3 MB. Run it again after changes to the example, or to record
more.
"""

from __future__ import annotations

import json
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from parity.example import CONFIG, DECISIONS, MODEL, PARSES, REFERENCE_CAFE
from parity.paths import CAFE
from parity.rasa import ask
from parity.variants import working_directory

# Small enough to commit, trained long enough to find entities and to be sure of most actions.
SMALL: dict[str, dict[str, Any]] = {
    "CountVectorsFeaturizer": {"max_ngram": 3},
    "DIETClassifier": {
        "epochs": 30, "learning_rate": 0.005, "random_seed": 7, "run_eagerly": True, "transformer_size": 32,
        "number_of_transformer_layers": 1, "dense_dimension": {"text": 32, "label": 16},
    },
    "TEDPolicy": {
        "epochs": 30, "learning_rate": 0.005, "random_seed": 7, "transformer_size": {"dialogue": 32},
        "number_of_attention_heads": 2, "encoding_dimension": 16,
    },
}  # fmt: skip
ODD_TEXTS = (
    "", " ", "?!", "😀", "zxqv qqq", "HELLO", "a LARGE flat white,please", "one large mocha and two small teas to go",
    "line\nbreak", "from the station to the harbour branch", "order number 12345", "日本語 coffee", "İstanbul Straße ﬁ",
    '/greet{"size": "large"}', "/order", "and " * 60 + "tea",
)  # fmt: skip
LIMIT = 3_000_000


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, nargs="?", default=REFERENCE_CAFE)


def run(given: Namespace) -> int:
    given.directory.mkdir(parents=True, exist_ok=True)
    with working_directory(None, "reference") as work:
        config = work / CONFIG
        config.write_text(small_config(), encoding="utf-8")
        files = {"config": str(config), "domain": str(CAFE / "domain.yml"), "data": [str(CAFE / "data")]}
        answer = ask("reference", {"project": files, "archive": str(work / MODEL), "texts": ODD_TEXTS}, work)
        for name in (CONFIG, MODEL):
            shutil.copyfile(work / name, given.directory / name)
    pairs = zip(answer["texts"], answer["parses"], strict=True)
    write_rows(given.directory / PARSES, [{"text": text, "parse": parse} for text, parse in pairs])
    points = zip(answer["points"], answer["decisions"], strict=True)
    write_rows(given.directory / DECISIONS, [{**point, "decision": decision} for point, decision in points])
    size = sum(file.stat().st_size for file in given.directory.iterdir())
    print(f"{given.directory}: {len(answer['texts'])} texts, {len(answer['points'])} decisions, {size / 1e6:.2f} MB")
    if size > LIMIT:
        raise SystemExit(f"That is more than the {LIMIT / 1e6:.0f} MB that should be committed.")
    return 0


def small_config() -> str:
    """Return the example's configuration with the options of SMALL."""
    config = yaml.safe_load((CAFE / "config.yml").read_text(encoding="utf-8"))
    for entry in (*config["pipeline"], *config["policies"]):
        if entry.get("analyzer") or entry["name"] != "CountVectorsFeaturizer":
            entry.update(SMALL.get(entry["name"], {}))
    return str(yaml.safe_dump(config, sort_keys=False))


def write_rows(path: Path, rows: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
