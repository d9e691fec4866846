"""Feature arrays: Rasa's own files survive reading and writing, and broken ones are refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from rebake.archive.feature_arrays import (
    Group,
    SparseMatrix,
    dimensions,
    nested,
    read_feature_arrays,
    write_feature_arrays,
)
from rebake.errors import ModelError
from support.shared import need

ARCHIVES = ["moodbot", "helpdesk", "travelbot", "formbot", "breakoutbot", "concertbot", "e2ebot"]


def extract_feature_arrays(archive: Path, target: Path) -> list[tuple[Path, str]]:
    """The directory and name of every X.st with a list as X_metadata.json (fake_features has another format)."""
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.name.endswith((".st", "_metadata.json"))]
        tar.extractall(target, members, filter="data")
    return [
        (path.parent, path.name.removesuffix("_metadata.json"))
        for path in sorted(target.rglob("*_metadata.json"))
        if isinstance(json.loads(path.read_text()), list)
    ]


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.parametrize("name", ARCHIVES)
def test_files_of_rasa_are_written_back_with_equal_tensors_and_metadata(name: str, tmp_path: Path) -> None:
    files = extract_feature_arrays(need(f"reference/{name}/model.tar.gz"), tmp_path / "rasa")
    assert files
    for index, (directory, stem) in enumerate(files):
        own = tmp_path / str(index)
        own.mkdir()
        write_feature_arrays(own, stem, read_feature_arrays(directory, stem))
        metadata = f"{stem}_metadata.json"
        assert json.loads((own / metadata).read_text()) == json.loads((directory / metadata).read_text())
        rasa, ours = load_file(directory / f"{stem}.st"), load_file(own / f"{stem}.st")
        assert rasa.keys() == ours.keys()
        for key, tensor in rasa.items():
            assert ours[key].dtype == tensor.dtype
            assert np.array_equal(ours[key], tensor)


def example() -> dict[str, dict[str, list[Any]]]:
    sparse = SparseMatrix(np.array([1, 2]), np.array([0, 1], np.int32), np.array([3, 0], np.int32), (2, 5))
    return {
        "label": {"ids": [nested(np.array([[3]]))]},
        "text": {"mask": [nested(np.ones((1, 2, 1), np.float32))], "sentence": [Group((sparse,))]},
    }


def test_nested_numbers_become_lists_and_dimensions_follow_the_nesting(tmp_path: Path) -> None:
    data = example()
    write_feature_arrays(tmp_path, "x", data)
    read = read_feature_arrays(tmp_path, "x")
    assert read["label"]["ids"] == [Group(([3],))]
    assert read["text"]["mask"] == [Group((Group(([1.0], [1.0])),))]
    assert [dimensions(data[a][k][0]) for a, k in [("label", "ids"), ("text", "mask"), ("text", "sentence")]] == [
        2,
        3,
        3,
    ]


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_feature_arrays(tmp_path, "x", example())
    write_feature_arrays(tmp_path, "y", example())
    assert (tmp_path / "x.st").read_bytes() == (tmp_path / "y.st").read_bytes()


@pytest.mark.parametrize("damage", ["truncate", "remove", "metadata", "other key"])
def test_broken_files_are_a_model_error(damage: str, tmp_path: Path) -> None:
    write_feature_arrays(tmp_path, "x", example())
    tensors, metadata = tmp_path / "x.st", tmp_path / "x_metadata.json"
    if damage == "truncate":
        tensors.write_bytes(tensors.read_bytes()[:-8])
    elif damage == "remove":
        tensors.unlink()
    elif damage == "metadata":
        metadata.write_text("[{")
    else:
        metadata.write_text(metadata.read_text().replace("component_label", "component_lapel"))
    with pytest.raises(ModelError, match=r"x\.st"):
        read_feature_arrays(tmp_path, "x")
