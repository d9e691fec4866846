"""An unmodified Rasa 3.6.21 must load what rebake fine-tuned from a model of Rasa, and answer as rebake does.

    python -m parity finetuning                fine-tunes Rasa's models of moodbot (../shared) and the example, twice
    python -m parity finetuning --only cafe    one of them

Each project gets an example with words that the model does not know, and is fine-tuned for a share of its epochs; then
once more, from that model, with further words. Both models are asked as `archives` asks what it trained.
"""

from __future__ import annotations

import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path

from parity.archives import SHOWN, check, rebake
from parity.example import CONFIG, MODEL, REFERENCE_CAFE
from parity.paths import CAFE, REFERENCE
from parity.report import report
from parity.variants import working_directory
from rebake.archive.manifest import read_manifest

PROJECTS = {"moodbot": REFERENCE / "moodbot" / "assistant", "cafe": CAFE}
MODELS = {"moodbot": REFERENCE / "moodbot" / MODEL, "cafe": REFERENCE_CAFE / MODEL}
SHARE = 0.1  # of the epochs
NEW = ("gramercy, my liege", "well met fellow sojourner")


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--only", choices=PROJECTS, nargs="+", default=list(PROJECTS))


def run(given: Namespace) -> int:
    wrong = 0
    for name in given.only:
        with working_directory(None, "finetuning") as work:
            wrong += report(name, differences(name, work), SHOWN)
    return wrong


def differences(name: str, work: Path) -> list[str]:
    project = work / "project"
    shutil.copytree(PROJECTS[name], project)
    if name == "cafe":  # Rasa's model of it was trained with fewer epochs
        shutil.copy(REFERENCE_CAFE / CONFIG, project / CONFIG)
    model, found = MODELS[name], []
    for times, text in enumerate(NEW, 1):
        (project / "data" / f"more{times}.yml").write_text(
            f"nlu:\n- intent: greet\n  examples: |\n    - {text}\n", encoding="utf-8"
        )
        model = finetuned(project, model, work / f"models{times}")
        manifest = read_manifest(model)
        records = () if manifest is None else [record.finetuned for record in manifest.parts.values()]
        counted = {record.times for record in records if record is not None}
        found += [] if counted == {times} else [f"fine-tuned {times} times, and rebake.json says {counted}"]
        found += check(name, model, work)
    return found


def finetuned(project: Path, model: Path, out: Path) -> Path:
    """What rebake makes of the model and the project as it is now; every part goes on, stale or not."""
    files = ("--config", project / "config.yml", "--domain", project / "domain.yml", "--data", project / "data")
    share = ("--finetune", model, "--epoch-fraction", str(SHARE), "--force")
    done = rebake("train", *files, "--out", out, "--fixed-model-name", "model", *share)
    if done.returncode:
        raise SystemExit(f"rebake train failed with exit code {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return out / "model.tar.gz"
