"""A traced function is traced once, and its graph goes when the function does."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
import tensorflow as tf
from tensorflow.python.framework.func_graph import FuncGraph

from rebake.nn.layers.activations import gelu
from rebake.nn.tracing import Traced

pytestmark = pytest.mark.slow

SIGNATURE = tf.TensorSpec([None], tf.float32)


def gradient_of_gelu(x: tf.Tensor) -> tf.Tensor:
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = gelu(x)
    return tape.gradient(y, x)


def graphs() -> list[int]:
    gc.collect()
    return [id(thing) for thing in gc.get_objects() if isinstance(thing, FuncGraph)]


def test_a_graph_with_gradients_of_its_own_goes_with_its_function() -> None:
    """TensorFlow keeps such gradients for ever: a process that trained 20 networks had grown by 600 MB."""
    before = graphs()
    function = Traced(gradient_of_gelu, SIGNATURE)
    function(tf.constant([1.0, 2.0]))
    assert len(graphs()) > len(before)
    del function
    assert graphs() == before


def test_its_results_are_those_of_the_untraced_function() -> None:
    x = tf.constant([-2.0, 0.0, 0.5, 3.0])
    assert Traced(gradient_of_gelu, SIGNATURE)(x).numpy() == pytest.approx(gradient_of_gelu(x).numpy())


def test_threads_that_ask_at_a_time_trace_it_once_for_all_sizes() -> None:
    traces: list[int] = []

    def counted(x: tf.Tensor) -> tf.Tensor:
        traces.append(1)
        return 2 * x

    function = Traced(counted, SIGNATURE)
    with ThreadPoolExecutor(4) as threads:
        sums = list(threads.map(lambda size: float(tf.reduce_sum(function(tf.ones([size])))), range(1, 9)))
    assert sums == [2 * size for size in range(1, 9)]
    assert len(traces) == 1
