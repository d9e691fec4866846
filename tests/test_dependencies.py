"""What the code imports is what pyproject.toml asks for: no more, and nothing that another package happens to bring."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from rebake.registry.lookup import COMPONENTS, POLICIES
from support.paths import ROOT
from support.source import modules, nodes

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
INSTALLED = packages_distributions()
# transformers imports the first for the tokenizers of some models, and fsspec the others for the URLs of clouds.
BROUGHT = {"sentencepiece", "adlfs", "gcsfs", "s3fs"}
STORES = {
    "fsspec_store.py": "s3",
    "oci_store.py": "oci",
}  # module of a store -> one of the extras that bring what it imports


def distributions(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requirements}


DECLARED = distributions(PROJECT["dependencies"])
EXTRAS = {extra: distributions(asked) for extra, asked in PROJECT["optional-dependencies"].items()}


def programs() -> list[Path]:
    return [*modules(), ROOT / "entrypoint"]


def imported(module: Path) -> Iterator[str]:
    """The distributions that a file imports from; one that is not installed here is named like its package."""
    for node in nodes(module):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names = [node.module]
        for package in (name.split(".")[0] for name in names):
            if package != "rebake" and package not in sys.stdlib_module_names:
                yield from {name.lower() for name in INSTALLED.get(package, [package])}


def extra_of(module: Path) -> str | None:
    """The extra that this file needs: that of HTML reports, of a store, or what the component's entry asks for."""
    if module.parent.name == "store" and module.name in STORES:
        return STORES[module.name]
    if module.parent.parts[-2:] == ("store", "oci"):
        return "oci"
    name = ".".join(module.with_suffix("").relative_to(ROOT / "src").parts) if module.suffix else ""
    if name.startswith("rebake.report.html."):
        return "report"
    for entry in (*COMPONENTS.values(), *POLICIES.values()):
        if entry.extra is not None and (entry.implementation or "").partition(":")[0] == name:
            return entry.extra.name
    return None


@pytest.mark.slow
def test_what_is_imported_is_declared() -> None:
    for module in programs():
        extra = extra_of(module)
        allowed = DECLARED | (EXTRAS[extra] if extra is not None else set())
        if module.name == "training_script.py":
            allowed |= {"rasa"}  # the user's own: its Python runs this file
        assert set(imported(module)) - allowed == set(), module


@pytest.mark.slow
def test_what_is_declared_is_imported() -> None:
    found = {distribution for module in programs() for distribution in imported(module)}
    assert found >= DECLARED
    asked = set().union(*(EXTRAS[extra] for extra in map(extra_of, programs()) if extra is not None))
    assert found >= asked - BROUGHT


def test_every_dependency_has_a_lowest_version() -> None:
    everything = [
        *PROJECT["dependencies"],
        *(one for asked in PROJECT["optional-dependencies"].values() for one in asked),
    ]
    assert [requirement for requirement in everything if ">=" not in requirement] == []


def test_the_command_line_starts_without_what_only_training_or_github_needs() -> None:
    heavy = {"git", "github", "joblib", "numpy", "requests", "scipy", "sklearn", "tenacity", "tensorflow", "pycrfsuite"}
    script = "import sys, rebake.cli.main, rebake.cli.check, rebake.cli.train; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & heavy == set()
