"""A typed face of TensorFlow's decorators, for functions of tensors of any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, cast

import tensorflow as tf

Parameters = ParamSpec("Parameters")


def custom_gradient(
    function: Callable[Parameters, tuple[tf.Tensor, Callable[[tf.Tensor], Any]]],
) -> Callable[Parameters, tf.Tensor]:
    """``tf.custom_gradient``: the function returns its result and the function from upstream to input gradients."""
    return cast("Callable[Parameters, tf.Tensor]", tf.custom_gradient(function))
