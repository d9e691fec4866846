"""What rebake's two departures from Rasa's training of DIET cost or gain.

    python -m benchmarks training_choices PROJECT TEST --epochs 12 --seeds 1 2 3 [--part 5] [--ways ...]

Rasa adds the gradient of the L2 term only where the gradient of the loss is positive, rebake does so in the first
epochs. Rasa ends with the weights of the last epoch, rebake, unless the training is short, with the mean of those of
the last fifth of the epochs. The other ways exist here alone: they stand in for rebake's constants while this script
trains.
"""

from __future__ import annotations

import random
import re
import tempfile
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

import yaml

import rebake
from benchmarks.nlu_quality import vars_of
from parity.scoring import score
from rebake.assistant.importer import load_assistant
from rebake.model_training import train_nlu
from rebake.nn.diet import model as diet_model

ALWAYS = 10**9


@dataclass(frozen=True)
class Way:
    """How DIET is trained.

    Attributes:
        conditional_epochs: for how many epochs L2 has Rasa's condition.
        averaged: the share of the epochs whose weights are averaged.
        averaged_after: how many steps that takes.
    """

    conditional_epochs: int = diet_model.CONDITIONAL_EPOCHS
    averaged: float = diet_model.AVERAGED
    averaged_after: int = diet_model.AVERAGED_AFTER

    def use(self) -> None:
        """Train this way from now on."""
        diet_model.CONDITIONAL_EPOCHS = self.conditional_epochs
        diet_model.AVERAGED = self.averaged
        diet_model.AVERAGED_AFTER = self.averaged_after


WAYS = {
    "as rebake": Way(),
    "as Rasa": Way(ALWAYS, 0.0),
    "last weights": Way(averaged=0.0),
    "always the mean": Way(averaged_after=0),
    "Rasa's L2": Way(ALWAYS),
    "L2 everywhere, last weights": Way(0, 0.0),
}


def part_of(project: Path, share: int, out: Path) -> Path:
    """The project's training data, or a copy with one in ``share`` examples of each intent."""
    if share == 1:
        return project / "data"
    content = yaml.safe_load((project / "data" / "nlu.yml").read_text(encoding="utf-8"))
    shuffled = random.Random(5)
    for item in content["nlu"]:
        if "intent" in item:
            lines = item["examples"].splitlines(keepends=True)
            shuffled.shuffle(lines)
            item["examples"] = "".join(lines[::share])
    out.mkdir()
    (out / "nlu.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return out


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("project", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--part", type=int, default=1, help="train on one in so many examples of each intent")
    parser.add_argument("--ways", choices=list(WAYS), nargs="+", default=list(WAYS))


def run(given: Namespace) -> int:
    files = str(given.project / "config.yml"), str(given.project / "domain.yml")
    examples = load_assistant(*files, str(given.test)).nlu.examples
    gold = [{"intent": e.intent, "entities": [vars_of(entity) for entity in e.entities]} for e in examples]
    for seed in given.seeds:
        for name in given.ways:
            WAYS[name].use()
            with tempfile.TemporaryDirectory(prefix="rebake-choices-") as work:
                config = Path(work) / "config.yml"
                text = re.sub(r"epochs: \d+", f"epochs: {given.epochs}", Path(files[0]).read_text(encoding="utf-8"))
                config.write_text(re.sub(r"random_seed: \d+", f"random_seed: {seed}", text), encoding="utf-8")
                data = part_of(given.project, given.part, Path(work) / "data")
                model = rebake.load_model(str(train_nlu(str(config), str(data), work)))
                found = score(gold, model.parse_all([example.text for example in examples]))
            entities = f"{found['entity_f1']:.3f} (overlapping {found['entity_f1_overlapping']:.3f})"
            summary = f"intents {found['intent_accuracy']:.3f}, entities {entities}"
            print(f"seed {seed}, {name}: {summary}", flush=True)
    return 0
