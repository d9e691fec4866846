"""A network's function as a TensorFlow graph, which goes when the network goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.ops import gradient_registry

from rebake.base.garbage_collection import no_garbage_collection


class Traced:
    """A function of tensors, traced when it is first called.

    Args:
        function: without Python control flow over tensors; reading its source for some would take longer than tracing.
        signature: tf.TensorSpec structures of its arguments, with None for every size that changes, so that it is
            traced once.
    """

    def __init__(self, function: Callable[..., Any], *signature: Any) -> None:
        # A partial makes a separate function per network; otherwise TensorFlow warns of retracing at the fifth network.
        self._function = tf.function(partial(function), input_signature=signature, autograph=False)
        self._is_traced = False
        self._tracing = Lock()

    def __call__(self, *arguments: Any) -> Any:
        if not self._is_traced:
            with self._tracing:  # threads may ask at a time
                if not self._is_traced:
                    self._trace()
        return self._function(*arguments)

    def _trace(self) -> None:
        with no_garbage_collection():
            graph = self._function.get_concrete_function().graph
        _release(graph)
        self._is_traced = True


def _release(graph: tf.Graph) -> None:
    """Take a graph's own gradients out of TensorFlow's registry, which would keep each of them, and so the graph, for
    ever: 30 MB for every network that a process trains. Once the graph is traced, nothing looks them up."""
    for operation in graph.get_operations():
        if operation.type == "IdentityN":  # what a custom gradient's results pass through
            name = operation.get_attr("_gradient_op_type")
            gradient_registry._registry.pop(name.decode() if isinstance(name, bytes) else name, None)
