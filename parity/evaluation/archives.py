"""The models that the suites test: archives that Rasa trained, and archives that rebake trains for a few epochs."""

from __future__ import annotations

import shutil
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from parity.paths import REFERENCE, reference_names
from rebake.model_training import train

EPOCHS = 15
BY_RASA, BY_REBAKE = "rasa", "rebake"


@dataclass(frozen=True)
class TestedModel:
    """A model, and the assistant that it was trained from.

    Attributes:
        name: of the assistant, and who trained the model: ``travelbot-rasa``.
        project: the assistant's directory.
    """

    name: str
    archive: Path
    project: Path


def add_models(parser: ArgumentParser, default: Sequence[str]) -> None:
    choices = [f"{name}-{trainer}" for name in reference_names() for trainer in (BY_RASA, BY_REBAKE)]
    parser.add_argument(
        "--only", nargs="+", default=list(default), metavar="MODEL",
        help=f"of {', '.join(choices)} (default: {' '.join(default)}); all: every one",
    )  # fmt: skip


def models(names: Sequence[str], work: Path) -> Iterator[TestedModel]:
    """Yield the named models; what rebake trains goes to ``work``."""
    if "all" in names:
        names = [f"{name}-{trainer}" for name in reference_names() for trainer in (BY_RASA, BY_REBAKE)]
    for full in names:
        name, _, trainer = full.rpartition("-")
        if name not in reference_names() or trainer not in (BY_RASA, BY_REBAKE):
            sys.exit(f"There is no model {full!r}; --help lists them.")
        project = REFERENCE / name / "assistant"
        archive = project.parent / "model.tar.gz" if trainer == BY_RASA else _trained(project, work / full)
        yield TestedModel(full, archive, project)


def _trained(project: Path, work: Path) -> Path:
    shutil.copytree(project, work, copy_function=shutil.copyfile)
    config = yaml.safe_load((work / "config.yml").read_text(encoding="utf-8"))
    for entry in (*config["pipeline"], *config["policies"]):
        if "epochs" in entry:
            entry["epochs"] = min(EPOCHS, entry["epochs"])
    (work / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    began = time.monotonic()
    result = train(
        domain=str(work / "domain.yml"), config=str(work / "config.yml"), training_files=[str(work / "data")],
        output=str(work / "models"), fixed_model_name="ours",
    )  # fmt: skip
    print(f"  {project.parent.name} trained by rebake in {time.monotonic() - began:.0f} s", flush=True)
    return Path(result.model or sys.exit("rebake trained nothing"))
