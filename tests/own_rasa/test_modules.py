"""Which files are the sources of a class: what Python would run to import it, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rebake.assistant.model import ComponentSpec
from rebake.base.location import Location
from rebake.errors import DataError
from rebake.own_rasa.modules import ModuleSources, search_path
from support.assistant_files import write

PLACE = Location("config.yml", 4)


def sources(root: Path, name: str, *, packages: tuple[Path, ...] = (), more: tuple[Path, ...] = ()) -> list[str]:
    items = ModuleSources((root, *more), packages).items(ComponentSpec(name, {}, PLACE))
    return [item.name for item in items]


@pytest.mark.parametrize(
    "statement",
    [
        "import helpers.words",
        "from helpers import words",
        "from helpers.words import split",
        "from helpers.words import *",
        "import json, helpers.words as w",
        "def late():\n    from helpers import words",
        "try:\n    import helpers.words\nexcept ImportError:\n    pass",
        "if False:\n    import helpers.words.nothing",
    ],
)
def test_every_import_is_followed_wherever_it_stands(statement: str, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "tokenizer.py": f"{statement}\n",
            "helpers/__init__.py": "",
            "helpers/words.py": "import more\n",
            "helpers/unused.py": "",
            "more.py": "",
            "unused.py": "",
        },
    )
    assert sources(tmp_path, "tokenizer.T") == ["helpers/__init__.py", "helpers/words.py", "more.py", "tokenizer.py"]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("from .words import split", []),
        ("from . import words", []),
        ("from .. import shared", ["own/shared.py"]),
        ("from ..shared import x", ["own/shared.py"]),
        ("from ..other.deep import x", ["own/other/__init__.py", "own/other/deep.py"]),
        ("from ....... import x", []),
    ],
)
def test_relative_imports_are_followed(statement: str, found: list[str], tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "own/__init__.py": "",
            "own/shared.py": "",
            "own/other/__init__.py": "",
            "own/other/deep.py": "",
            "own/nlu/__init__.py": "",
            "own/nlu/words.py": "",
            "own/nlu/tokenizer.py": f"{statement}\n",
        },
    )
    package = ["own/__init__.py", "own/nlu/__init__.py", "own/nlu/tokenizer.py", "own/nlu/words.py"]
    assert sources(tmp_path, "own.nlu.tokenizer.T") == sorted({*package, *found})


def test_every_module_of_the_package_counts_imported_or_not(tmp_path: Path) -> None:
    files = {"own/tokenizer.py": "", "own/by_name.py": "", "own/sub/late.py": "", "own/.hidden/x.py": "", "else.py": ""}
    write(tmp_path, files)
    assert sources(tmp_path, "own.tokenizer.T") == ["own/by_name.py", "own/sub/late.py", "own/tokenizer.py"]


def test_a_class_in_a_package_itself_has_its_modules(tmp_path: Path) -> None:
    write(tmp_path, {"own/__init__.py": "", "own/x.py": ""})
    assert sources(tmp_path, "own.T") == ["own/__init__.py", "own/x.py"]


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "import b", "b.py": "import a"})
    assert sources(tmp_path, "a.T") == ["a.py", "b.py"]


def test_the_assistants_module_comes_before_an_installed_one(tmp_path: Path) -> None:
    write(tmp_path, {"project/own.py": "import numpy", "site/own.py": "", "site/numpy/__init__.py": ""})
    assert sources(tmp_path / "project", "own.T", packages=(tmp_path / "site",)) == ["own.py"]


def test_an_installed_package_comes_before_a_directory_that_is_none(tmp_path: Path) -> None:
    """As for Python: data/ of an assistant is no package, whatever is in it."""
    write(
        tmp_path, {"project/data/nlu.yml": "", "site/data/__init__.py": "", "site/data/t.py": "", "site/data/u.py": ""}
    )
    found = sources(tmp_path / "project", "data.t.T", packages=(tmp_path / "site",))
    assert found == ["data/__init__.py", "data/t.py", "data/u.py"]


def test_modules_below_a_python_path_are_found(tmp_path: Path) -> None:
    write(tmp_path, {"project/main.py": "import words", "lib/words.py": ""})
    places = search_path(tmp_path / "project", "../lib")
    assert sources(places[0], "main.T", more=places[1:]) == ["main.py", "words.py"]


def test_a_module_that_cannot_be_parsed_counts_without_its_imports(tmp_path: Path) -> None:
    write(tmp_path, {"own.py": "import words\ndef (", "words.py": ""})
    assert sources(tmp_path, "own.T") == ["own.py"]


def test_odd_escapes_in_a_module_are_no_warning(tmp_path: Path) -> None:
    write(tmp_path, {"own.py": "PATTERN = '\\d'\n"})
    assert sources(tmp_path, "own.T") == ["own.py"]


def test_a_module_that_is_nowhere_is_an_error_at_its_entry(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.yml:4: There is no module 'own\.tokenizer' for 'own\.tokenizer\.T'"):
        sources(tmp_path, "own.tokenizer.T")


@pytest.mark.parametrize("name", ["..own.T", "/etc/hosts.T", "helpers/own.T", ".T", "own-x.T"])
def test_what_is_no_module_is_not_looked_for(name: str, tmp_path: Path) -> None:
    write(tmp_path, {"project/__init__.py": "", "project/helpers/own.py": "", "project/own-x.py": "", "own.py": ""})
    with pytest.raises(DataError, match="There is no module"):
        sources(tmp_path / "project", name)


def digests(root: Path, name: str = "own.T") -> list[str]:
    return [item.digest for item in ModuleSources((root,), ()).items(ComponentSpec(name, {}, PLACE))]


def test_content_and_name_count_and_line_ends_do_not(tmp_path: Path) -> None:
    first = digests(write(tmp_path / "1", {"own.py": "import a, b\n", "a.py": "A = 1\n", "b.py": "B = 1\n"}))
    swapped = digests(write(tmp_path / "2", {"own.py": "import a, b\n", "a.py": "B = 1\n", "b.py": "A = 1\n"}))
    other = write(tmp_path / "3", {"own.py": "", "a.py": "A = 1\n", "b.py": "B = 1\n"})
    (other / "own.py").write_bytes(b"import a, b\r\n")
    assert digests(other) == first
    assert sorted(swapped) != sorted(first)


def test_nothing_is_imported(tmp_path: Path) -> None:
    write(tmp_path, {"own_and_new.py": "raise SystemExit('it was run')\n"})
    assert sources(tmp_path, "own_and_new.T") == ["own_and_new.py"]
    assert "own_and_new" not in sys.modules
