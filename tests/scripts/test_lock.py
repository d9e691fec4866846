"""The image's lock file follows pyproject.toml and names no address."""

import importlib.machinery
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.image

LOCK = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def load(path: str) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(Path(path).name, str(ROOT / path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


PROJECT = tomllib.loads(PYPROJECT)["project"]
lock = load("scripts/lock")
PINNED = {match[1].lower(): match[2] for match in re.finditer(r"^([\w.-]+)==(\S+) \\$", LOCK, flags=re.MULTILINE)}


def test_only_tensorflow_is_asked_for_by_another_name_in_the_image() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *(one for extra in lock.EXTRAS for one in extras[extra])]
    image = lock.image_requirements(PYPROJECT)
    changed = [(one, other) for one, other in zip(dict.fromkeys(asked), image, strict=True) if one != other]
    assert [other for _, other in changed] == [changed[0][0].replace("tensorflow", "tensorflow-cpu")]


def test_every_requirement_is_pinned_at_a_version_that_it_allows() -> None:
    packaging = pytest.importorskip("packaging.requirements")
    for requirement in map(packaging.Requirement, lock.image_requirements(PYPROJECT)):
        assert requirement.specifier.contains(PINNED[requirement.name.lower()]), requirement.name


def test_every_pin_has_hashes_and_nothing_has_an_address_or_cuda() -> None:
    blocks = re.split(r"\n(?=\S)", LOCK)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "://" not in LOCK
    assert not [name for name in PINNED if name.startswith("nvidia") or name == "tensorflow"]
