"""The command lines of an unmodified Rasa 3.6.21 must take what rebake trains, and answer as rebake does.

    python -m parity cli_nlu               trains examples/cafe for a few epochs
    python -m parity cli_nlu --keep DIR    leaves archives, reports and logs there

`rasa test nlu` must report what scoring rebake's parses gives (its JSON reports, label by label),
`rasa run --enable-api` must answer POST /model/parse as rebake parses, and `rasa train nlu --finetune` must go on from
an NLU model.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from parity.command_lines.rasa_command import Rasa, answered, wait_for_model
from parity.command_lines.reports import entity_report, intent_report, report_differences
from parity.compare import compare_parses
from parity.paths import CAFE
from parity.rasa import environment
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake import load_model
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant
from rebake.model_training import train, train_nlu

EPOCHS = {"DIETClassifier": 25, "TEDPolicy": 20}
ODD = ["", " ", "?!", "😀", "zxqv qqq", '/greet{"size": "large"}', "TWO LARGE FLAT WHITES,please", "line\nbreak"]


def prepared(project: Path) -> Path:
    """A copy of the example with few epochs, and the archive that rebake trains from it."""
    shutil.copytree(CAFE, project)
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    for entry in (*config["pipeline"], *config["policies"]):
        if entry["name"] in EPOCHS:
            entry["epochs"] = EPOCHS[entry["name"]]
        if entry["name"] == "DIETClassifier":  # spares Rasa the tracing of its graph and changes no number
            entry["run_eagerly"] = True
    (project / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    began = time.monotonic()
    result = train(
        domain=str(project / "domain.yml"), config=str(project / "config.yml"), training_files=[str(project / "data")],
        output=str(project / "models"), fixed_model_name="ours",
    )  # fmt: skip
    print(f"  trained by rebake in {time.monotonic() - began:.0f} s", flush=True)
    return Path(result.model or sys.exit("rebake trained nothing"))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def tested(rasa: Rasa, archive: Path, assistant: Assistant) -> list[str]:
    """The reports of `rasa test nlu` on the training examples, beside those of our own parses."""
    rasa.run("test", "nlu", "--model", str(archive), "--nlu", "data/nlu.yml", "--out", "results", "--no-plot")
    examples = list(assistant.nlu.examples)
    with load_model(archive) as model:
        parses = model.parse_all([example.text for example in examples])
    intents = intent_report([example.intent or "" for example in examples], parses)
    gold = [[asdict(entity) for entity in example.entities] for example in examples]
    entities = entity_report(gold, parses, "DIETClassifier")
    print(
        f"  rasa test nlu: {len(examples)} examples, {len(intents) - 3} intents and {len(entities) - 3} entity types;"
        f" F1 {intents['weighted avg']['f1-score']:.3f} and {entities['weighted avg']['f1-score']:.3f}"
    )
    results = rasa.project / "results"
    return [
        *report_differences("intent_report", read_json(results / "intent_report.json"), intents),
        *report_differences("DIETClassifier_report", read_json(results / "DIETClassifier_report.json"), entities),
    ]


def serve(rasa: Rasa, archive: Path, assistant: Assistant) -> list[str]:
    """POST /model/parse beside our own parses."""
    texts = [*dict.fromkeys(example.text for example in assistant.nlu.examples[::4]), *ODD]
    began = time.monotonic()
    with rasa.server(archive) as url:
        wait_for_model(url)
        rasas = [answered(f"{url}/model/parse", {"text": text}) for text in texts]
    with load_model(archive) as model:
        ours = model.parse_all(texts)
    print(f"  rasa run --enable-api: {len(texts)} texts parsed, {time.monotonic() - began:.0f} s")
    return compare_parses(texts, rasas, ours)


def finetune(rasa: Rasa, assistant: Assistant) -> list[str]:
    """`rasa train nlu --finetune` goes on from an NLU model: what it writes knows as many examples as before.

    Not from a model with Core, see docs/reference/components.md.
    """
    project = rasa.project
    ours = train_nlu(str(project / "config.yml"), str(project / "data" / "nlu.yml"), str(project / "nlu"))
    rasa.run(
        "train", "nlu", "--finetune", str(ours), "--epoch-fraction", "0.2", "--nlu", "data/nlu.yml",
        "--out", "finetuned", "--fixed-model-name", "more",
    )  # fmt: skip
    finetuned = project / "finetuned" / "more.tar.gz"
    if not finetuned.exists():
        return ["rasa train nlu --finetune wrote no model"]
    texts = [example.text for example in assistant.nlu.examples]
    right = []
    for path in (ours, finetuned):
        with load_model(str(path)) as model:
            names = [parse["intent"]["name"] for parse in model.parse_all(texts)]
        right.append(sum(name == example.intent for name, example in zip(names, assistant.nlu.examples, strict=True)))
    print(f"  rasa train nlu --finetune: intents right before {right[0]}, after {right[1]} of {len(texts)}")
    lost = right[0] - right[1] > len(texts) // 50
    return [f"fine-tuning unlearned: {right[0]} right before, {right[1]} after"] if lost else []


def add_options(parser: ArgumentParser) -> None:
    add_keep(parser)


def run(given: Namespace) -> int:
    with working_directory(given.keep, "cli-nlu") as work:
        project = work / "cafe"
        archive = prepared(project)
        assistant = load_assistant(project / "config.yml", [project / "domain.yml"], [project / "data"])
        rasa = Rasa(environment(), project)
        found = tested(rasa, archive, assistant)
        found += serve(rasa, archive, assistant)
        found += finetune(rasa, assistant)
    return report("Rasa's commands with examples/cafe", found, shown=30)
