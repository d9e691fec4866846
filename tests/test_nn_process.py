"""What the networks do to the process they run in: imports, garbage collection, threads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import pytest
import tensorflow as tf

from rebake.nn import no_garbage_collection
from rebake.nn.batching import Batching
from rebake.nn.training import ROWS_PER_THREAD, configure


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_networks_do_without_keras_and_leave_it_to_others() -> None:
    told = python(
        "import os, sys, rebake.nn\n"
        "assert 'keras' not in sys.modules and 'TF_USE_LEGACY_KERAS' not in os.environ\n"
        "import tensorflow as tf\n"
        "print(tf.keras.__version__[0], tf.keras.losses.MeanSquaredError.__name__)"
    )
    assert told.splitlines()[-1] == "3 MeanSquaredError"


def test_what_no_network_uses_is_not_imported_until_somebody_does() -> None:
    told = python(
        "import sys, rebake.nn, rebake.nn.diet_model, rebake.nn.ted_model\n"
        "assert not any(name.startswith('tensorflow.python.keras') for name in sys.modules)\n"
        "assert not any('deferred' in type(finder).__module__ for finder in sys.meta_path)\n"
        "import tensorflow as tf\n"
        "print(tf.nn.relu([-1.0, 2.0]).numpy().tolist(), tf.compat.v1.Session.__name__, tf.train.Checkpoint.__name__)"
    )
    assert told == "[0.0, 2.0] Session Checkpoint"


def test_a_choice_of_keras_is_respected() -> None:
    told = python(
        "import os, sys, rebake.nn; print('keras' in sys.modules, os.environ['TF_USE_LEGACY_KERAS'])",
        TF_USE_LEGACY_KERAS="0",
    )
    assert told == "True 0"


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
    told = python("import gc, rebake.nn; print(gc.get_freeze_count())")
    assert int(told) > 100_000
    told = python(
        "import atexit, gc, sys, rebake.cli\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "sys.argv = ['rebake', 'check', '--config', 'nowhere.yml']\n"
        "try:\n    rebake.cli.run()\nexcept SystemExit:\n    pass"
    )
    assert told == "True"


@pytest.mark.parametrize(
    ("threads", "rows", "expected"),
    [
        (None, ROWS_PER_THREAD - 1, (1, 0)),
        (None, 1.0, (1, 0)),
        (None, 1e9, (0, 0)),  # as TensorFlow has it: one thread per processor
        (3, 1.0, (3, 3)),
    ],
)
def test_small_steps_run_in_one_thread_unless_told_otherwise(
    threads: int | None, rows: float, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"intra": 0, "inter": 0}
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", lambda n: told.update(intra=n))
    monkeypatch.setattr(tf.config.threading, "set_inter_op_parallelism_threads", lambda n: told.update(inter=n))
    configure(threads, rows)
    assert (told["intra"], told["inter"]) == expected


def test_a_wish_for_threads_that_comes_too_late_is_told_and_a_guess_of_ours_is_not(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: int) -> None:
        raise RuntimeError

    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", late)
    configure(None, 1.0)
    assert not caplog.records
    configure(2, 1.0)
    assert "num_threads has no effect" in caplog.text


def test_the_mean_size_of_batches_follows_their_growth_and_the_number_of_examples() -> None:
    assert Batching([64, 256], epochs=100).mean_size(1000) == 160
    assert Batching([64, 256], epochs=100).mean_size(68) == 66
    assert Batching(50, epochs=1).mean_size(1000) == 50
