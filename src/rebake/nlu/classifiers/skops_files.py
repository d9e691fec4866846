"""Estimators in the file format of the library skops, as Rasa 3.6 keeps those of scikit-learn 1.1.3.

A ``.skops`` file is a zip of ``schema.json``, a tree of nodes with one per attribute, and an ``.npy`` file per array.
Nothing is ever built from it: only attributes that are JSON values, arrays of plain numbers or texts, and tuples of
these are read, all others are passed over. What is written has only types that skops trusts by default.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np

from rebake.errors import RETRAIN, ModelError

SKLEARN_VERSION = "1.1.3"  # that Rasa 3.6.21 brings; another one would make it warn
_SKOPS_VERSION, _PROTOCOL = "0.9.0", 1
_SCHEMA = "schema.json"


def write_skops(file: Path, module: str, name: str, attributes: Mapping[str, Any]) -> None:
    """Write an estimator.

    Args:
        file: to be written.
        module, name: of the class, e.g. ``sklearn.svm._classes`` and ``SVC``.
        attributes: its parameters and what it learned: JSON values, tuples of these, and arrays.
    """
    ids = count(1)
    with ZipFile(file, "w") as archive:
        content = {
            key: _node(value, archive, ids)
            for key, value in {**attributes, "_sklearn_version": SKLEARN_VERSION}.items()
        }
        types = [{**_typed("str", "TypeNode"), "__id__": next(ids)} for _ in content]
        key_types = {**_typed("list", "ListNode"), "content": types, "__id__": next(ids)}
        state = {**_typed("dict", "DictNode"), "content": content, "key_types": key_types, "__id__": next(ids)}
        schema = {
            "__class__": name,
            "__module__": module,
            "__loader__": "ObjectNode",
            "content": state,
            "__id__": next(ids),
            "protocol": _PROTOCOL,
            "_skops_version": _SKOPS_VERSION,
        }
        archive.writestr(ZipInfo(_SCHEMA), json.dumps(schema, indent=2))


def _node(value: Any, archive: ZipFile, ids: Iterator[int]) -> dict[str, Any]:
    """Give every node its own id: skops takes nodes with the same id for one object."""
    number = next(ids)
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.save(buffer, value, allow_pickle=False)
        archive.writestr(ZipInfo(f"{number}.npy"), buffer.getvalue())
        return {**_typed("ndarray", "NdArrayNode", "numpy"), "type": "numpy", "file": f"{number}.npy", "__id__": number}
    if isinstance(value, tuple):
        content = [_node(item, archive, ids) for item in value]
        return {**_typed("tuple", "TupleNode"), "content": content, "__id__": number}
    return {**_typed("str", "JsonNode"), "content": json.dumps(value), "is_json": True, "__id__": number}


def _typed(name: str, loader: str, module: str = "builtins") -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader}


def read_skops(file: Path, name: str) -> dict[str, Any]:
    """Read the attributes of an estimator of this class name, e.g. ``SVC``, that are plain values.

    Raises:
        ModelError: the file is missing, broken, or contains something else.
    """
    try:
        with ZipFile(file) as archive:
            schema = json.loads(archive.read(_SCHEMA))
            if schema["__class__"] != name or not str(schema["__module__"]).startswith("sklearn."):
                raise ValueError(f"it contains {schema['__module__']}.{schema['__class__']}, not {name}")
            nodes = schema["content"]["content"]
            read = {key: _value(node, archive) for key, node in nodes.items()}
    except (OSError, BadZipFile, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelError(
            f"{file.parent.name}/{file.name} of the model cannot be read ({error}).",
            fix=RETRAIN,
        ) from error
    return {key: value for key, value in read.items() if value is not _UNREAD}


_UNREAD = object()


def _value(node: Mapping[str, Any], archive: ZipFile) -> Any:
    match node["__loader__"]:
        case "JsonNode":
            return json.loads(node["content"])
        case "NdArrayNode" if node["type"] == "numpy":
            return np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)
        case "TupleNode":
            items = tuple(_value(item, archive) for item in node["content"])
            return _UNREAD if any(item is _UNREAD for item in items) else items
        case _:
            return _UNREAD
