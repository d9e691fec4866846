"""The lock files of the images follow pyproject.toml and name no address."""

import re
import tomllib

import pytest

from support.paths import ROOT
from support.scripts import load_script

pytestmark = pytest.mark.image

LOCK = (ROOT / "requirements-image.lock").read_text(encoding="utf-8")
CHECK_LOCK = (ROOT / "requirements-check.lock").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

lock = load_script("scripts/lock")


def pins(text: str) -> dict[str, str]:
    return {match[1].lower(): match[2] for match in re.finditer(r"(?m)^([\w.-]+)==(\S+)(?: ;.*)? \\$", text)}


PINNED = pins(LOCK)


def test_only_tensorflow_is_asked_for_by_another_name_in_the_image_and_on_amd64_alone() -> None:
    project = tomllib.loads(PYPROJECT)["project"]
    extras = project["optional-dependencies"]
    asked = [*dict.fromkeys((*project["dependencies"], *(one for extra in lock.EXTRAS for one in extras[extra])))]
    image = lock.image_requirements(PYPROJECT)
    [tensorflow] = [one for one in asked if one.startswith("tensorflow")]
    assert [one for one in image if one not in asked] == [
        f"{tensorflow.replace('tensorflow', 'tensorflow-cpu')} ; {lock.ON_AMD64}",
        f"{tensorflow} ; {lock.ELSEWHERE}",
    ]
    assert [one for one in asked if one not in image] == [tensorflow]


@pytest.mark.parametrize(
    ("requirements", "text"),
    [(lock.image_requirements(PYPROJECT), LOCK), (lock.check_requirements(PYPROJECT), CHECK_LOCK)],
    ids=["image", "check"],
)
def test_every_requirement_is_pinned_at_a_version_that_it_allows(requirements: list[str], text: str) -> None:
    packaging = pytest.importorskip("packaging.requirements")
    pinned = pins(text)
    for requirement in map(packaging.Requirement, requirements):
        assert requirement.specifier.contains(pinned[requirement.name.lower()]), requirement.name


def test_what_both_images_have_is_of_one_version() -> None:
    assert {name: PINNED[name] for name in pins(CHECK_LOCK)} == pins(CHECK_LOCK)


@pytest.mark.parametrize("text", [LOCK, CHECK_LOCK], ids=["image", "check"])
def test_every_pin_has_hashes_and_nothing_has_an_address_or_cuda(text: str) -> None:
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert "://" not in text
    assert not [name for name in pins(text) if name.startswith("nvidia")]
    assert all(lock.ELSEWHERE in block for block in blocks if block.startswith("tensorflow=="))
