"""What the networks do to the process they run in: imports, garbage collection, threads."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
import tensorflow as tf

from rebake.nn import no_garbage_collection, threads
from rebake.nn.threads import ROWS_PER_THREAD, for_predictions
from rebake.nn.training.batching import Batching
from support.process import python

pytestmark = pytest.mark.slow


def test_the_networks_do_without_keras_and_leave_it_to_others() -> None:
    output = python(
        "import os, sys, rebake.nn\n"
        "assert 'keras' not in sys.modules and 'TF_USE_LEGACY_KERAS' not in os.environ\n"
        "import tensorflow as tf\n"
        "print(tf.keras.__version__[0], tf.keras.losses.MeanSquaredError.__name__)"
    )
    assert output.splitlines()[-1] == "3 MeanSquaredError"


def test_what_no_network_uses_is_not_imported_until_somebody_does() -> None:
    output = python(
        "import sys, rebake.nn, rebake.nn.diet.model, rebake.nn.ted.model\n"
        "assert not any(name.startswith('tensorflow.python.keras') for name in sys.modules)\n"
        "assert not any('deferred' in type(finder).__module__ for finder in sys.meta_path)\n"
        "import tensorflow as tf\n"
        "print(tf.nn.relu([-1.0, 2.0]).numpy().tolist(), tf.compat.v1.Session.__name__, tf.train.Checkpoint.__name__)"
    )
    assert output == "[0.0, 2.0] Session Checkpoint"


def test_a_choice_of_keras_is_respected() -> None:
    output = python(
        "import os, sys, rebake.nn; print('keras' in sys.modules, os.environ['TF_USE_LEGACY_KERAS'])",
        TF_USE_LEGACY_KERAS="0",
    )
    assert output == "True 0"


def test_garbage_is_collected_again_afterwards_if_it_was_before() -> None:
    assert gc.isenabled()
    with no_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_garbage_is_not_looked_for_in_tensorflow_nor_at_the_end_of_a_command() -> None:
    output = python("import gc, rebake.nn; print(gc.get_freeze_count())")
    assert int(output) > 100_000
    output = python(
        "import atexit, gc, sys, rebake.cli.main\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "sys.argv = ['rebake', 'check', '--config', 'nowhere.yml']\n"
        "try:\n    rebake.cli.main.run()\nexcept SystemExit:\n    pass"
    )
    assert output == "True"


class Training:
    """Calls ``for_training`` and keeps what it warns about."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def __call__(self, num_threads: int | None, rows: float, *, at_a_time: int = 1) -> None:
        threads.for_training(num_threads, rows, at_a_time=at_a_time, warn=self.warnings.append)


@pytest.fixture
def for_training() -> Training:
    return Training()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The thread counts set for TensorFlow on a machine of four processors, before it runs; 0 = its own default."""
    counts = {"intra": 0, "inter": 0}
    threading = tf.config.threading
    monkeypatch.setattr(threads, "processors", lambda: 4)
    monkeypatch.setattr(threads._Ours, "threads", 0)
    monkeypatch.setattr(threads._Ours, "asked", None)
    monkeypatch.setattr(threads._Ours, "for_predictions", False)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    for kind in ("intra", "inter"):

        def get(kind: str = kind) -> int:
            return counts[kind]

        def put(threads: int, kind: str = kind) -> None:
            counts[kind] = threads

        monkeypatch.setattr(threading, f"get_{kind}_op_parallelism_threads", get)
        monkeypatch.setattr(threading, f"set_{kind}_op_parallelism_threads", put)
    return counts


@pytest.fixture
def start(counts: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Starts TensorFlow: from then on it takes no other thread counts."""

    def started() -> None:
        for kind in ("intra", "inter"):

            def late(threads: int, kind: str = kind) -> None:
                if threads != counts[kind]:
                    raise RuntimeError

            monkeypatch.setattr(tf.config.threading, f"set_{kind}_op_parallelism_threads", late)

    return started


@pytest.mark.parametrize(
    ("asked", "rows", "at_a_time", "expected"),
    [
        (None, ROWS_PER_THREAD - 1, 1, (1, 0)),
        (None, 1.0, 1, (1, 0)),
        (None, 1e9, 1, (4, 0)),
        (None, 1e9, 2, (2, 0)),  # two halves leave each other half of the processors
        (None, 2 * ROWS_PER_THREAD, 2, (1, 0)),
        (None, 1e9, 5, (1, 0)),
        (0, 1e9, 1, (4, 0)),
        (3, 1.0, 1, (3, 3)),
        (3, 1.0, 2, (1, 3)),
        (8, 1.0, 2, (4, 8)),
        (1, 1.0, 2, (1, 1)),
    ],
)
def test_small_steps_run_in_one_thread_unless_num_threads_says_otherwise(
    asked: int | None,
    rows: float,
    at_a_time: int,
    expected: tuple[int, int],
    counts: dict[str, int],
    for_training: Training,
) -> None:
    for_training(asked, rows, at_a_time=at_a_time)
    assert (counts["intra"], counts["inter"]) == expected


def test_predictions_share_out_no_operation(counts: dict[str, int]) -> None:
    for_predictions()
    assert counts == {"intra": 1, "inter": 0}


def test_what_somebody_chose_in_tensorflows_ways_stays(
    counts: dict[str, int], for_training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts["intra"] = 3
    for_predictions()
    for_training(None, 1e9)
    assert counts["intra"] == 3
    counts["intra"] = 0
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    for_predictions()
    for_training(None, 1e9)
    assert counts["intra"] == 0
    for_training(2, 1.0)  # but num_threads comes first
    assert counts["intra"] == 2


def test_what_loading_or_another_training_set_is_no_choice_of_anybody(
    counts: dict[str, int], for_training: Training
) -> None:
    for_predictions()
    for_training(None, 1e9)
    assert counts["intra"] == 4
    for_training(None, 1.0)
    assert counts["intra"] == 1


def test_num_threads_that_comes_too_late_warns_and_a_default_does_not(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_training(None, 1.0)
    start()
    for_training(None, 1e9)  # such as DIETClassifier after a small ResponseSelector
    for_predictions()
    assert not for_training.warnings
    for _ in ("NLU", "Core"):
        for_training(2, 1.0)
    assert for_training.warnings == ["TensorFlow runs already, so num_threads has no effect on this training."]


def test_num_threads_that_an_earlier_training_set_does_not_warn(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_training(4, 1e9, at_a_time=2)
    start()
    for_training(4, 1.0)  # such as ResponseSelector after DIETClassifier
    assert not for_training.warnings
    for_training(3, 1.0)
    assert "num_threads has no effect" in for_training.warnings[0]


def test_num_threads_that_equals_the_default_does_not_warn(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    start()
    for_training(4, 1.0)  # as many as there are, which is how TensorFlow has it by itself
    assert not for_training.warnings
    for_training(4, 1.0, at_a_time=2)
    assert "num_threads has no effect" in for_training.warnings[0]


def test_a_load_that_came_to_nothing_is_no_reason(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_predictions()  # and then the weights could not be read
    for_training(None, 1e9, at_a_time=2)
    start()
    for_training(None, 1e9)
    assert not for_training.warnings


def test_a_training_that_is_slow_since_a_model_was_loaded_says_so(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_predictions()
    start()
    for_training(None, 1.0)
    assert not for_training.warnings
    for_training(None, 1e9, at_a_time=2)
    assert "Train first or in a separate process: the training can use 2 threads." in for_training.warnings[0]


def test_the_mean_size_of_batches_follows_their_growth_and_the_number_of_examples() -> None:
    assert Batching((64, 256), epochs=100).mean_size(1000) == 160
    assert Batching((64, 256), epochs=100).mean_size(68) == 66
    assert Batching(50, epochs=1).mean_size(1000) == 50
