"""NLU trained by several processes on loopback: losses, steps a second, and what the exchange of gradients costs.

    python -m benchmarks workers RESULT.json --project DIR [--workers 1 2 4] [--batch 256] [--epochs N] [--drop-rate F]
                                             [--every N]

Each process has one core to itself, as long as there are enough, so that two of them have twice the processor of one.
All train with the same batches. "alone" is one process that trains with a batch of the size of one worker's share: what
a step of N workers takes longer than that is the price of the exchange. Times are of all epochs but the first, in which
the network is traced. ``cpu_ms`` is the processor time of the chief for a step: on a machine that is busy with other
things, or has fewer cores than there are workers, it says more than the clock. ``sent`` counts what goes over loopback,
so once for each worker that sends it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.processes import machine

CHILD = "import sys; from benchmarks.workers import train; train(sys.argv[1], int(sys.argv[2]))"
PORT = 23450


class Losses:
    """A progress that notes when each epoch of the network ended, and with which loss."""

    def __init__(self) -> None:
        self.epochs: list[tuple[float, float]] = []
        self.sent: list[int] = []
        self.cpu: list[float] = []

    @contextmanager
    def task(self, name: str, total: int, unit: str = "epoch") -> Iterator[Losses]:  # noqa: ARG002
        yield self

    def advance(self, steps: int = 1, **figures: float) -> None:
        if steps and "loss" in figures:
            self.epochs.append((time.monotonic(), figures["loss"]))
            self.sent.append(_sent_over_loopback())
            self.cpu.append(time.process_time())


def _sent_over_loopback() -> int:
    [line] = [line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:")]
    return int(line.split(":")[1].split()[8])


def train(out: str, every: int) -> None:
    """Train the assistant of the working directory as one of the workers; the chief prints what it noted."""
    from rebake.assistant.importer import load_assistant
    from rebake.base.notices import Notices
    from rebake.build.build import build
    from rebake.build.plan import make_plan
    from rebake.build.request import Request
    from rebake.build.workers.setting import workers_of
    from rebake.build.workers.workers import assist

    workers = workers_of(os.environ)
    assistant = load_assistant("config.yml", None, ["data"])
    assistant = replace(assistant, nlu=replace(assistant.nlu, examples=assistant.nlu.examples[::every]))
    request = Request(assistant, parts=frozenset({"nlu"}), output=Path(out))
    plan, losses = make_plan(request), Losses()
    if workers is not None and not workers.is_chief:
        assist(plan, workers, losses, Notices())
        return
    result = build(plan, progress=losses, workers=workers)
    if workers is not None:
        workers.finish(str(result.model))
    print(
        json.dumps({"epochs": losses.epochs, "sent": losses.sent, "cpu": losses.cpu, "metrics": dict(result.metrics)})
    )


def measured(project: Path, count: int, work: Path, every: int) -> dict[str, Any]:
    """Train with so many workers, each on its own core if there are so many."""
    addresses = [f"127.0.0.1:{PORT + number}" for number in range(count)]
    processes = []
    for number in range(count):
        task = {"type": "worker", "index": number}
        environment = {**os.environ, "REBAKE_CACHE_GIB": "0"}
        environment |= {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})} if count > 1 else {}
        core = number % (os.cpu_count() or 1)
        processes.append(
            subprocess.Popen(
                ["taskset", "-c", str(core), sys.executable, "-c", CHILD, str(work / f"models{number}"), str(every)],
                cwd=project,
                env={**environment, "PYTHONPATH": str(Path(__file__).parent.parent)},
                stdout=subprocess.PIPE if number == 0 else subprocess.DEVNULL,
            )
        )
    output, _ = processes[0].communicate()
    if any(process.wait() for process in processes):
        raise SystemExit(f"A training with {count} workers failed.")
    found: dict[str, Any] = json.loads(output.decode().splitlines()[-1])
    return found


def steps_per_epoch(examples: int, batch: int) -> int:
    return -(-examples // batch)


def copied(project: Path, target: Path, given: Namespace, batch: int) -> int:
    """Copy a project with the options that count here; the number of its examples."""
    from rebake.assistant.importer import load_assistant

    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(project, target, ignore=shutil.ignore_patterns("models", "test", ".*"))
    config = yaml.safe_load((target / "config.yml").read_text(encoding="utf-8"))
    options = {"epochs": given.epochs, "batch_size": batch, "batch_strategy": "sequence", "random_seed": 1}
    if given.drop_rate is not None:
        dropout = {"use_sparse_input_dropout": given.drop_rate > 0, "use_dense_input_dropout": given.drop_rate > 0}
        options |= {"drop_rate": given.drop_rate, "drop_rate_attention": given.drop_rate, **dropout}
    for component in config["pipeline"]:
        if component["name"] == "DIETClassifier":
            component.update(options)
    (target / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return len(load_assistant(str(target / "config.yml"), None, [str(target / "data")]).nlu.examples[:: given.every])


def summary(found: dict[str, Any], steps: int) -> dict[str, Any]:
    """Losses by epoch, and time and traffic of a step."""
    (began, _), (ended, _) = found["epochs"][0], found["epochs"][-1]
    counted = steps * (len(found["epochs"]) - 1)
    return {
        "losses": [round(loss, 4) for _, loss in found["epochs"]],
        "step_ms": round(1000 * (ended - began) / counted, 1),
        "cpu_ms": round(1000 * (found["cpu"][-1] - found["cpu"][0]) / counted, 1),
        "sent_mb_per_step": round((found["sent"][-1] - found["sent"][0]) / counted / 1e6, 2),
        "intents": next((v for k, v in found["metrics"].items() if k.endswith("intent_accuracy")), None),
        "entities": next((v for k, v in found["metrics"].items() if k.endswith("entity_f1")), None),
    }


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("result", type=Path)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--batch", type=int, default=256, help="of all workers together")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="train with every Nth example (default: 1)")
    parser.add_argument("--drop-rate", type=float, help="of all dropout (default: the project's)")


def run(given: Namespace) -> int:
    result: dict[str, Any] = {"machine": machine(), "batch": given.batch, "workers": {}}
    with tempfile.TemporaryDirectory(prefix="rebake-workers-") as name:
        work, project = Path(name), Path(name, "project")
        for count in given.workers:
            examples = copied(given.project, project, given, given.batch)
            steps = steps_per_epoch(examples, given.batch)
            found = summary(measured(project, count, work, given.every), steps)
            if count > 1:
                copied(given.project, project, given, given.batch // count)
                steps = steps_per_epoch(examples, given.batch // count)
                alone = summary(measured(project, 1, work, given.every), steps)
                found["alone"] = {name: alone[name] for name in ("step_ms", "cpu_ms")}
            found["examples_per_second"] = round(1000 * given.batch / found["step_ms"])
            result["workers"][count] = found
            print(count, json.dumps(found), flush=True)
    given.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0
