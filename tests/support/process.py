"""Python in a separate process: for what a process does once, such as imports and the start of TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys


def python(code: str, **environment: str) -> str:
    """What the code prints; an assertion fails with its stderr if it fails. Nobody chose TensorFlow's threads there."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TF_NUM_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def threads_after_loading(component: str, options: object, node: str, directory: object) -> str:
    """How many threads share out an operation, as TensorFlow says, where nothing was done but to load a component.

    Args:
        component: ``module:class``
    """
    module, _, name = component.partition(":")
    return python(
        f"import pathlib, {module}\n"
        f"{module}.{name}.load({options!r}, {node!r}, pathlib.Path({str(directory)!r}))\n"
        "import tensorflow as tf\n"
        "tf.zeros(1)\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())",
        TF_CPP_MIN_LOG_LEVEL="3",
    )
