"""A training divided among devices: here two or three that TensorFlow makes of this machine's processor."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rebake.nn.training.replicas import LostWorkerError, Replicas
from support.process import python

pytestmark = pytest.mark.slow

TRAIN = """
import json
import numpy as np
import rebake.nn
import tensorflow as tf
from rebake.base.progress import Silent
from rebake.base.sparse_rows import SparseRows
from rebake.nlu.diet.config import diet_config
from rebake.nlu.diet.options import DietOptions
from rebake.nn.diet.model import DietModel
from rebake.nn.layers.text_data import TextData
from rebake.nn.threads import for_training
from rebake.nn.training.batching import Batching
from rebake.nn.training.fit import FitSettings
from rebake.nn.training.replicas import Replicas
from rebake.registry.lookup import find

for_training(None, warn=print)
replicas = None
if {count} > 1:
    from tensorflow.python.distribute.mirrored_strategy import MirroredStrategy
    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * {count})
    replicas = Replicas.of(MirroredStrategy([f"/cpu:{{place}}" for place in range({count})]))
rng = np.random.default_rng(0)

def sparse(rows):
    filled = rng.random((rows, 30)) < 0.1
    filled[:, 0] = True
    starts = np.concatenate([[0], np.cumsum(filled.sum(axis=1))]).astype(np.int32)
    columns = np.nonzero(filled)[1].astype(np.int32)
    return SparseRows(n_columns=30, indptr=starts, indices=columns, data=np.ones(len(columns), np.float32))

lengths = rng.integers(1, 6, 50).astype(np.int32)
tokens = int(lengths.sum())
texts = TextData(
    lengths,
    sequence_sparse=sparse(tokens),
    sentence_sparse=sparse(50),
    labels=rng.integers(0, 5, 50).astype(np.int32),
    tags={{"entity": rng.integers(0, 3, tokens).astype(np.int32)}},
)
labels = TextData(np.ones(5, np.int32), sequence_sparse=sparse(5))
options = {{"number_of_transformer_layers": 1, "transformer_size": 32, "scale_loss": True, **{options}}}
config = diet_config(DietOptions.of(find("DIETClassifier").merged(options), "DIET"))
model, figures = DietModel.train(
    config,
    texts,
    labels,
    {{"entity": 3}},
    batching=Batching(16, 3, "sequence"),
    settings=FitSettings("DIET", 3, 0.01, 1),
    progress=Silent(),
    num_threads=None,
    warn=print,
    replicas=replicas,
)
weights = np.concatenate([variable.numpy().reshape(-1) for variable in model.weights.variables.values()])
print(json.dumps({{"figures": figures, "weights": weights.tolist()}}))
"""
NO_DROPOUT = {
    "drop_rate": 0.0,
    "drop_rate_attention": 0.0,
    "use_sparse_input_dropout": False,
    "use_dense_input_dropout": False,
}
MARGIN = {"loss_type": "margin", "number_of_transformer_layers": 0, "hidden_layers_sizes": {"text": [16], "label": [8]}}


def train(count: int, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(python(TRAIN.format(count=count, options=options)).splitlines()[-1])
    return found


@pytest.mark.parametrize("options", [{}, MARGIN], ids=["cross entropy", "margin"])
def test_without_dropout_a_divided_training_gives_the_weights_of_an_undivided_one(options: dict[str, Any]) -> None:
    alone, divided = train(1, **NO_DROPOUT, **options), train(2, **NO_DROPOUT, **options)
    assert divided["figures"].pop("replicas") == 2
    assert divided["figures"] == pytest.approx(alone["figures"], rel=1e-4)
    assert np.abs(np.array(alone["weights"])).max() > 0.1
    np.testing.assert_allclose(divided["weights"], alone["weights"], atol=2e-5)


def test_with_dropout_and_hidden_tokens_the_losses_are_of_the_same_size() -> None:
    # Of random labels and a few steps, which other random numbers alone change by half; benchmarks/README.md compares
    # real trainings.
    alone, divided = train(1, use_masked_language_model=True), train(2, use_masked_language_model=True)
    for loss in ("mask", "intent"):
        assert 0.5 < divided["figures"][loss] / alone["figures"][loss] < 2


def replicas(count: int, first: int = 0, local: int = 1) -> Replicas:
    return Replicas(None, count, first, local)


def test_shares_keep_the_order_and_all_have_examples() -> None:
    batch = np.arange(10)
    shares = [replicas(4, first).shares(batch) for first in range(4)]
    assert np.concatenate([share for found, _ in shares for share in found]).tolist() == list(range(10))
    assert all(counts.tolist() == [3, 3, 2, 2] for _, counts in shares)
    both, _ = replicas(4, 2, local=2).shares(batch)
    assert [share.tolist() for share in both] == [[6, 7], [8, 9]]


def test_a_last_batch_with_too_few_examples_belongs_to_the_one_before() -> None:
    full, rest = np.arange(8), np.arange(8, 11)
    assert [batch.tolist() for batch in replicas(4).joined([full, rest])] == [list(range(11))]
    assert [len(batch) for batch in replicas(3).joined([full, rest])] == [8, 3]
    assert [len(batch) for batch in replicas(3).joined([full, full, rest[:1]])] == [8, 9]
    assert [len(batch) for batch in replicas(4).joined([rest])] == [3]


class Said:
    """What TensorFlow raises, as far as it is read."""

    def __init__(self, message: str) -> None:
        self.message = message


@pytest.mark.parametrize(
    ("message", "number", "reason"),
    [
        (
            "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy "
            "(stopped sending heartbeats):\n/job:worker/replica:0/task:2\nThe tasks have crashed.",
            2,
            "it gave no sign of life",
        ),
        (
            "Collective ops is aborted by: recvmsg:Connection reset by peer\nAdditional GRPC error information from "
            "remote target /job:worker/replica:0/task:1 while calling /tensorflow.WorkerService/RecvBuf:",
            1,
            "Connection reset by peer",
        ),
        ("Collective ops is aborted by: something", None, "TensorFlow has no connection to it"),
    ],
)
def test_what_tensorflow_says_of_a_lost_worker_is_read(message: str, number: int | None, reason: str) -> None:
    error = LostWorkerError.of(Said(message))
    assert (error.number, error.reason) == (number, reason)


def test_more_gpus_than_there_are_is_an_error_of_the_option() -> None:
    output = python(
        "from rebake.errors import UsageError\n"
        "import rebake.nn\n"
        "from rebake.nn.training.strategies import replicas_of\n"
        "try:\n"
        "    replicas_of([], 0, gpus=99, num_threads=None, warn=print, saved={}, directory=None)\n"
        "except UsageError as error:\n"
        "    print(error)"
    )
    assert output.splitlines()[-1].startswith("--gpus is 99, and TensorFlow finds ")
