"""Training of a :class:`CrfModel` by CRFsuite, with just the settings that Rasa gives it.

Okazaki 2007, CRFsuite; its file format is that of ``crf1d_model.c``: a header, the weights, and two hash tables (CQDB)
with the names of tags and attributes. The file is read here once, right after CRFsuite wrote it, and never stored.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rebake.archive.scratch import temporary_directory
from rebake.nlu.crf.features import Attributes
from rebake.nlu.crf.model import CrfModel

_STATE, _TRANSITION = 0, 1
_FEATURE = np.dtype([("type", "<u4"), ("source", "<u4"), ("target", "<u4"), ("weight", "<f8")])


@dataclass(frozen=True)
class CrfSettings:
    """L1_c and L2_c weigh the regularisation terms; max_iterations of L-BFGS, 0 = until it converges."""

    l1: float
    l2: float
    max_iterations: int


def train_crf(
    sentences: Iterable[tuple[Sequence[Attributes], Sequence[str]]],
    settings: CrfSettings,
    on_iteration: Callable[[], None] = lambda: None,
) -> CrfModel:
    """Train on attributes and tags per token; deterministic, and the same from the same sentences in the same order."""
    import pycrfsuite

    class Trainer(pycrfsuite.BaseTrainer):  # type: ignore[misc]
        def message(self, line: str) -> None:
            """CRFsuite's log."""
            if line.startswith("***** Iteration #"):
                on_iteration()

    trainer = Trainer(
        "lbfgs",
        {
            "c1": settings.l1,
            "c2": settings.l2,
            "max_iterations": settings.max_iterations,
            "feature.possible_transitions": True,  # tags that never follow each other get a weight as well
        },
        verbose=False,
    )
    for attributes, tags in sentences:
        trainer.append(attributes, tags)
    with temporary_directory() as directory:
        file = Path(directory) / "model.crfsuite"
        trainer.train(str(file))
        return _read(file.read_bytes())


def _read(content: bytes) -> CrfModel:
    if content[:4] != b"lCRF" or content[8:12] != b"FOMC":
        raise ValueError("CRFsuite wrote a file of an unknown format")
    features_at, labels_at, attributes_at = struct.unpack_from("<3I", content, 28)
    n_features = struct.unpack_from("<I", content, features_at + 8)[0]
    features = np.frombuffer(content, _FEATURE, n_features, features_at + 12)
    labels, attributes = _names(content, labels_at), _names(content, attributes_at)
    transitions = np.zeros((len(labels), len(labels)))
    between = features[features["type"] == _TRANSITION]
    transitions[between["source"], between["target"]] = between["weight"]
    states = features[features["type"] == _STATE]
    states = states[np.lexsort((states["target"], states["source"]))]
    starts = np.zeros(len(attributes) + 1, np.int32)
    np.cumsum(np.bincount(states["source"], minlength=len(attributes)), out=starts[1:])
    tensors = {"starts": starts, "tags": states["target"], "weights": states["weight"], "transitions": transitions}
    return CrfModel.from_parts(labels, attributes, tensors)


def _names(content: bytes, table: int) -> list[str]:
    """The names of a hash table, by id: its header says where the array is that leads from ids to names."""
    size, offset = struct.unpack_from("<2I", content, table + 16)
    names = []
    for place in struct.unpack_from(f"<{size}I", content, table + offset):
        length = struct.unpack_from("<I", content, table + place + 4)[0]
        names.append(content[table + place + 8 : table + place + 8 + length - 1].decode("utf-8"))
    return names
