"""The same training gives the same model, however many threads and processors there are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rebake.archive.manifest import Manifest, read_manifest
from support.assistants import edit
from support.paths import ROOT

pytestmark = pytest.mark.slow

ONE_PROCESSOR = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
MAIN = "import rebake.cli.main; rebake.cli.main.run()"


def trained(directory: Path, *arguments: str, first: str = "", **environment: str) -> Manifest:
    """Train in a separate process; what its rebake.json says."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
    done = subprocess.run(
        [sys.executable, "-c", first + MAIN, "train", "--force", "--quiet", *arguments],
        cwd=directory, env=inherited | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(directory / done.stdout.strip())
    assert manifest is not None
    return manifest


def weights(manifest: Manifest) -> dict[str, str]:
    """Digests of all files but metadata.json, which has the time."""
    assert manifest.files is not None
    return {name: file.sha256 for name, file in manifest.files.items() if name != "metadata.json"}


@pytest.fixture(scope="module")
def cafe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled example, which has DIETClassifier and TEDPolicy, with few epochs."""
    directory = tmp_path_factory.mktemp("threads") / "cafe"
    shutil.copytree(ROOT / "examples" / "cafe", directory)
    edit(directory / "config.yml", "epochs: 60", "epochs: 2")
    return directory


@pytest.fixture(scope="module")
def usual(cafe: Path) -> Manifest:
    return trained(cafe)


@pytest.mark.parametrize(
    "number", [pytest.param("1", marks=pytest.mark.long), "2", pytest.param("5", marks=pytest.mark.long)]
)
def test_num_threads_does_not_change_the_model(number: str, cafe: Path, usual: Manifest) -> None:
    assert weights(trained(cafe, "--num-threads", number)) == weights(usual)


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot take processors from a process")
def test_the_number_of_processors_does_not_change_the_model(cafe: Path, usual: Manifest) -> None:
    assert weights(trained(cafe, first=ONE_PROCESSOR)) == weights(usual)


@pytest.mark.long
def test_a_choice_of_ones_own_that_changes_the_model_is_recorded(cafe: Path, usual: Manifest) -> None:
    chosen = trained(cafe, TF_NUM_INTRAOP_THREADS="3")
    assert weights(chosen) != weights(usual), "this assistant shows no difference, so the other tests prove nothing"
    for part, metric in (("nlu", "DIETClassifier5.threads"), ("core", "TEDPolicy2.threads")):
        assert chosen.parts[part].metrics[metric] == 3  # type: ignore[index]
        assert metric not in usual.parts[part].metrics  # type: ignore[index]
