"""How nn/ is written: every file explains the letters of its shapes, and none knows the options of config.yml."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebake.registry.lookup import COMPONENTS, POLICIES
from support.paths import ROOT

NN = ROOT / "src" / "rebake" / "nn"
FILES = sorted(NN.rglob("*.py"))

# `[B, T, n]`, `[4 · U]`, `int32 [B]`: sizes with commas between; words are sizes too and explain themselves.
SHAPE = re.compile(r"\[([^\[\]]+)\]")
SIZE = re.compile(r"[A-Za-z0-9_ ·+/*-]+")
LEGEND = re.compile(r"^Shapes: (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
ENTRY = re.compile(r"(?:\A|; )([A-Za-z]) ")
ANY_SHAPE = "of any shape"  # said by files whose functions do not mind


def prose(file: Path) -> Iterator[str]:
    """The docstrings and comments of a file."""
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def letters_used(texts: Iterator[str]) -> set[str]:
    """The single letters in shapes."""
    letters: set[str] = set()
    for text in texts:
        for inner in SHAPE.findall(" ".join(text.split())):
            sizes = [size.strip() for size in inner.split(",")]
            if all(SIZE.fullmatch(size) for size in sizes):
                letters |= {letter for size in sizes for letter in re.findall(r"\b[A-Za-z]\b", size)}
    return letters


def legend(file: Path) -> dict[str, str]:
    """Letter -> its meaning, from the paragraph ``Shapes: B texts; T tokens of the longest.`` of the docstring."""
    found = LEGEND.search(ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "")
    if found is None:
        return {}
    paragraph = " ".join(found.group(1).split())
    starts = list(ENTRY.finditer(paragraph))
    ends = [start.start() for start in starts[1:]] + [len(paragraph)]
    return {start.group(1): paragraph[start.end() : end] for start, end in zip(starts, ends, strict=True)}


def computes(file: Path) -> bool:
    """Whether a function of the file takes or returns tensors or arrays."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            annotations = [node.returns, *(arg.annotation for arg in (*node.args.args, *node.args.kwonlyargs))]
            if any(a is not None and re.search(r"tf\.(Sparse)?Tensor\b|NDArray", ast.unparse(a)) for a in annotations):
                return True
    return False


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(NN)))
def test_every_letter_in_a_shape_is_explained_at_the_top_of_its_file_and_no_other(file: Path) -> None:
    assert set(legend(file)) == letters_used(prose(file))


@pytest.mark.parametrize("file", [file for file in FILES if computes(file)], ids=lambda path: str(path.relative_to(NN)))
def test_files_that_compute_name_their_shapes_or_say_that_any_will_do(file: Path) -> None:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    assert legend(file) or ANY_SHAPE in " ".join(docstring.split())


def test_the_letters_of_most_shapes_mean_the_same_in_every_file() -> None:
    """The first word of their meaning is the same: B examples, N rows, H heads, U units."""
    for letter in "BNHU":
        meanings = {meaning.split()[0] for file in FILES for name, meaning in legend(file).items() if name == letter}
        assert len(meanings) == 1, f"{letter}: {meanings}"


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(NN)))
def test_no_network_looks_an_option_up(file: Path) -> None:
    networks = ("DIETClassifier", "ResponseSelector", "TEDPolicy", "UnexpecTEDIntentPolicy")
    options = {option for name in networks for option in {**COMPONENTS, **POLICIES}[name].defaults}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert options & texts == set()
