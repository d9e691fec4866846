"""What the networks do to the process they run in: imports, garbage collection, threads."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
import tensorflow as tf

from rebake.base.garbage_collection import no_garbage_collection
from rebake.nn import threads
from rebake.nn.threads import for_predictions
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

    def __call__(self, num_threads: int | None) -> int | None:
        return threads.for_training(num_threads, warn=self.warnings.append)


@pytest.fixture
def for_training() -> Training:
    return Training()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The thread counts set for TensorFlow on a machine of four processors, before it runs; 0 = its own default."""
    counts = {"intra": 0, "inter": 0}
    threading = tf.config.threading
    monkeypatch.setattr(threads, "processors", lambda: 4)
    monkeypatch.setattr(threads._Ours, "asked", None)
    monkeypatch.setattr(threads._Ours, "warned", False)
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


@pytest.mark.parametrize(("asked", "side_by_side"), [(None, 0), (0, 0), (1, 1), (3, 3), (64, 64)])
def test_no_operation_is_shared_out_whatever_num_threads_says(
    asked: int | None, side_by_side: int, counts: dict[str, int], for_training: Training
) -> None:
    assert for_training(asked) is None
    assert counts == {"intra": 1, "inter": side_by_side}
    assert not for_training.warnings


def test_predictions_share_out_no_operation(counts: dict[str, int]) -> None:
    for_predictions()
    assert counts == {"intra": 1, "inter": 0}


def test_what_somebody_chose_in_tensorflows_ways_stays_and_is_said_once(
    counts: dict[str, int], for_training: Training
) -> None:
    counts["intra"] = 3
    for_predictions()
    assert [for_training(None), for_training(None)] == [3, 3]
    assert counts["intra"] == 3
    (warning,) = for_training.warnings
    assert "3 threads share each operation" in warning


def test_the_environments_choice_stays_unless_num_threads_is_given(
    counts: dict[str, int], for_training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    for_predictions()
    assert for_training(None) == 2
    assert counts["intra"] == 0
    assert "TF_NUM_INTRAOP_THREADS" in for_training.warnings[0]
    assert for_training(2) is None
    assert counts == {"intra": 1, "inter": 2}


def test_one_thread_is_no_other_choice(
    counts: dict[str, int], for_training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    assert for_training(None) is None
    assert not for_training.warnings


def test_where_tensorflow_runs_already_with_more_threads_the_training_says_so(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    start()
    assert for_training(None) == 4  # all processors, which is how TensorFlow has it by itself
    assert "train before anything else uses TensorFlow" in for_training.warnings[0]


def test_num_threads_that_comes_too_late_warns_once(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_training(None)
    start()
    for_predictions()
    for_training(None)
    assert not for_training.warnings
    for _ in ("NLU", "Core"):
        assert for_training(2) is None
    assert for_training.warnings == ["TensorFlow runs already, so num_threads has no effect on this training."]


@pytest.mark.parametrize("asked", [3, 4])
def test_num_threads_that_is_in_force_already_does_not_warn(
    asked: int, counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_training(3 if asked == 3 else None)  # without num_threads as many as there are processors: four
    start()
    for_training(asked)
    assert not for_training.warnings


def test_a_loaded_model_changes_nothing_for_a_training_after_it(
    counts: dict[str, int], start: Callable[[], None], for_training: Training
) -> None:
    for_predictions()
    start()
    assert for_training(None) is None
    assert not for_training.warnings
