"""What Rasa's condition on regularisation costs or gains: DIET with it, as rebake trains, and without.

    .venv/bin/python benchmarks/rebake_l2.py PROJECT TEST --epochs 12 --seeds 1 2 3

Rasa adds the gradient of the L2 term only where the gradient of the loss is positive. The option without it exists here
alone: it stands in for rebake's own function while this script trains.
"""

import argparse
import re
import tempfile
from pathlib import Path

import tensorflow as tf
from scoring import score

import rebake
from rebake.assistant.importer import load_assistant
from rebake.model_training import train_nlu
from rebake.nn import training


def everywhere(gradient: tf.Tensor, variable: tf.Variable, l2: float | None) -> tf.Tensor:
    gradient = tf.convert_to_tensor(gradient)
    return gradient if l2 is None else gradient + 2.0 * l2 * variable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    given = parser.parse_args()
    files = str(given.project / "config.yml"), str(given.project / "domain.yml")
    examples = load_assistant(*files, str(given.test)).nlu.examples
    gold = [{"intent": e.intent, "entities": [vars_of(entity) for entity in e.entities]} for e in examples]
    ways = {"where the gradient is positive": training.with_l2, "everywhere": everywhere}
    for seed in given.seeds:
        for name, way in ways.items():
            training.with_l2 = way
            with tempfile.TemporaryDirectory(prefix="rebake-l2-") as work:
                config = Path(work) / "config.yml"
                text = re.sub(r"epochs: \d+", f"epochs: {given.epochs}", Path(files[0]).read_text(encoding="utf-8"))
                config.write_text(re.sub(r"random_seed: \d+", f"random_seed: {seed}", text), encoding="utf-8")
                model = rebake.load_model(str(train_nlu(str(config), str(given.project / "data"), work)))
                found = score(gold, model.parse_all([example.text for example in examples]))
            print(f"seed {seed}, {name}: intents {found['intent_accuracy']:.3f}, entities {found['entity_f1']:.3f}")


def vars_of(entity: object) -> dict[str, object]:
    return {name: getattr(entity, name) for name in ("start", "end", "entity", "role", "group")}


if __name__ == "__main__":
    main()
