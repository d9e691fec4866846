"""Assistants with custom classes: Rasa trains the part that has them (`rebake train --rasa`), rebake the other one.

    python -m parity own_classes                   both assistants, and one that has MITIE
    python -m parity own_classes --only nlu_class  one of them

Each archive is loaded by an unmodified Rasa 3.6.21 with the assistant's modules on its path, and its answers to every
training example, to odd texts and at every prediction point of the stories must be those of a model that `rasa train`
made of the same assistant; all of its components are deterministic. Then a change of a module that the class imports
must make its part stale, and no other. Rasa's refusal of MITIE, which is not installed, must come out as one message.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parity.command_lines.rasa_command import Rasa
from parity.compare import compare
from parity.paths import CAFE
from parity.rasa import ask_at_once, environment
from parity.report import report
from parity.variants import add_keep, working_directory

DATA = Path(__file__).parent / "data"
IMPORTED = {  # assistant -> a module that its class imports, and the bit of the part that depends on it
    "nlu_class": ("components/splitting.py", 2),
    "core_class": ("components/counting.py", 1),
}
ODD_TEXTS = ["HELLO", "tea - latte", "ice-cold-lemonade, please", "?!", "a flat white", "see-you"]
FOREIGN = "mitie"


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--only", choices=[*IMPORTED, FOREIGN], nargs="+", default=[*IMPORTED, FOREIGN])
    add_keep(parser)


def run(given: Namespace) -> int:
    """Return how many differences there are."""
    wrong = 0
    for name in given.only:
        with working_directory(given.keep and given.keep / name, "own-classes") as work:
            began = time.monotonic()
            found = refusal_differences(work) if name == FOREIGN else differences(name, work)
            wrong += report(f"{name}, {time.monotonic() - began:.0f} s", found)
    return wrong


def differences(name: str, work: Path) -> list[str]:
    """Train on both sides and compare; then change a module."""
    project = work / "project"
    shutil.copytree(DATA / name, project, ignore=shutil.ignore_patterns("__pycache__"))
    ours = trained(project)
    Rasa(environment(), project).run("train", "--out", "by-rasa", "--fixed-model-name", "plain")
    theirs, mixed = answers(project, [project / "by-rasa" / "plain.tar.gz", ours], work)
    return [*compare(theirs, mixed), *staleness_differences(project, *IMPORTED[name])]


def rebake(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run rebake with Rasa's environment in the project's directory."""
    command = [sys.executable, "-m", "rebake", *arguments, "--rasa", str(environment())]
    return subprocess.run(
        command, cwd=project, check=False, text=True, encoding="utf-8", capture_output=True, stdin=subprocess.DEVNULL
    )


def trained(project: Path) -> Path:
    began = time.monotonic()
    done = rebake(project, "train")
    if done.returncode:
        raise SystemExit(f"rebake train --rasa failed with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    print(f"  trained by rebake and Rasa in {time.monotonic() - began:.0f} s", flush=True)
    return project / done.stdout.strip()


def answers(project: Path, archives: Sequence[Path], work: Path) -> list[Any]:
    """What Rasa answers with each model; the assistant's modules are on its path."""
    files = {"config": str(project / "config.yml"), "domain": str(project / "domain.yml")}
    asked = {"texts": ODD_TEXTS, "project": {**files, "data": [str(project / "data")]}}
    jobs = [{"archive": str(archive), **asked} for archive in archives]
    return ask_at_once("archives", jobs, work, {"PYTHONPATH": str(project)})


def staleness_differences(project: Path, module: str, bit: int) -> list[str]:
    """A model is fresh, and no longer when a comment is added to a module that its class imports."""
    found = []
    fresh = rebake(project, "check")
    if fresh.returncode != 0:
        found.append(f"a check after training: exit code {fresh.returncode}\n{fresh.stdout}{fresh.stderr}")
    file = project / module
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    stale = rebake(project, "check")
    if stale.returncode != bit or f"module {module} changed" not in stale.stdout:
        found.append(f"{module} changed: exit code {stale.returncode}\n{stale.stdout}{stale.stderr}")
    return found


def refusal_differences(work: Path) -> list[str]:
    """Rasa itself refuses MITIE where that is not installed; rebake says so in one line, and leaves no model."""
    project = work / "project"
    shutil.copytree(CAFE, project)
    config = "language: en\nassistant_id: mitie\npipeline:\n- name: MitieNLP\n- name: MitieTokenizer\npolicies: []\n"
    (project / "config.yml").write_text(config, encoding="utf-8")
    done = rebake(project, "train")
    messages = [line for line in done.stderr.splitlines() if line.startswith("rebake: ")]
    is_told = len(messages) == 1 and "Rasa 3.6.21 cannot train NLU" in messages[0] and "mitie" in messages[0]
    if done.returncode == 65 and is_told and not (project / "models").exists():
        print(f"  {messages[0]}")
        return []
    return [f"exit code {done.returncode}\n{done.stderr[-2000:]}"]
