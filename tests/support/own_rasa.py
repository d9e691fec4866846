"""A stand-in for the user's own Rasa: an environment with its metadata, whose Python keeps to the protocol.

docs of the protocol: src/rebake/own_rasa/training_script.py. The stand-in's interpreter does not run that script, but
what a test says (``behaviour``), with ``job`` and ``answer(...)`` at hand; the archives that it hands out are prepared
here as Rasa writes them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from rebake.archive.manifest import Part
from rebake.archive.metadata import build_metadata, write_metadata
from rebake.archive.pack import pack
from rebake.assistant.model import Assistant
from rebake.own_rasa.environment import OwnRasa, RasaEnvironment, find_environment
from rebake.registry.node import pipeline_nodes, policy_nodes

PYTHON = """\
#!{python}
import json, os, shutil, sys, time
from pathlib import Path
here = Path(__file__).resolve().parent.parent
job = json.loads(Path(sys.argv[2]).read_text())
def answer(**content):
    Path(sys.argv[3]).write_text(json.dumps(content))
def train():
    model = Path(job["output"]) / (job["part"] + ".tar.gz")
    shutil.copy(here / (job["part"] + ".tar.gz"), model)
    answer(model=str(model))
with open(here / "jobs", "a") as jobs:
    print(json.dumps({{"job": job, "cwd": os.getcwd(), "environment": dict(os.environ)}}), file=jobs)
exec((here / "behaviour.py").read_text())
"""


def write_environment(directory: Path, *, version: str = "3.6.21", behaviour: str = "train()") -> Path:
    """Write the environment; ``behaviour`` is what its Python does with a job."""
    metadata = directory / "lib" / "python3.10" / "site-packages" / f"rasa-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Metadata-Version: 2.1\nName: rasa\nVersion: {version}\n")
    (directory / "bin").mkdir()
    for name in ("python", "rasa"):
        (directory / "bin" / name).write_text(PYTHON.format(python=sys.executable))
        (directory / "bin" / name).chmod(0o755)
    (directory / "behaviour.py").write_text(behaviour)
    return directory


def own_rasa(environment: Path, env: Iterable[str] = ()) -> OwnRasa:
    """As the command line makes it, for the usual files of an assistant in the working directory."""
    found: RasaEnvironment = find_environment(environment)
    return OwnRasa(found, "config.yml", "domain.yml", ("data",), frozenset(env))


def prepare_model(environment: Path, part: Part, assistant: Assistant, files: Mapping[str, bytes]) -> None:
    """Write the archive of a part that the environment's Rasa "trains".

    ``files`` are those that the components wrote, by their paths below ``components/``. A custom class counts as one
    that is trained.
    """
    nlu = pipeline_nodes(assistant.config, by_rasa=True) if part == "nlu" else ()
    core = policy_nodes(assistant.config, by_rasa=True) if part == "core" else ()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        components = directory / "components"
        components.mkdir()
        for name, content in files.items():
            (components / name).parent.mkdir(parents=True, exist_ok=True)
            (components / name).write_bytes(content)
        write_metadata(build_metadata(assistant, nlu=nlu, core=core, components=components), directory)
        pack(directory, environment / f"{part}.tar.gz")
