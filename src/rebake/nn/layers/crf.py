"""A linear-chain CRF on top of token vectors (Lafferty et al. 2001), as Rasa 3.6 has it.

Scores: unary logits and a table of transitions; no start or end scores. The likelihood runs in probability space,
scaled to a maximum of 1 at each step, so that a step is a matrix product instead of a log-sum-exp over [B, K, K]; its
gradient is written down (the marginals of the forward-backward algorithm) instead of unrolled.

Shapes: B examples of a batch (texts); T tokens of the longest; K tags; N rows of scores that are read together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.layers.gradients import custom_gradient
from rebake.nn.layers.losses import scale_of
from rebake.nn.layers.replicas import whole
from rebake.nn.weights import Weights, glorot_uniform

TINY = 1e-30  # keeps a scaled probability from becoming an exact 0, whose logarithm would be lost
LEAST = 1e-37  # divisor where a product of these underflows: scores that far apart give no gradient instead of NaN


class Crf:
    """``crf.<name>`` of Rasa's checkpoint: a table ``transitions[K, K]``, from the row's tag to the column's."""

    def __init__(self, weights: Weights, path: str, tags: int, *, l2: float, scale_loss: bool) -> None:
        self.transitions = weights.add(f"{path}/transitions", (tags, tags), glorot_uniform, l2=l2)
        self.scale_loss = scale_loss

    def loss(self, logits: tf.Tensor, tags: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of the tag sequences, a scalar.

        Args:
            logits: [B, T, K]; what stands at padding does not matter.
            tags: int32 [B, T]
            lengths: int32 [B]
        """
        mask = tf.sequence_mask(lengths, tf.shape(logits)[1], tf.float32)
        likelihood = whole(
            sequence_score(logits, tags, mask, self.transitions) - log_partition(logits, self.transitions, mask)
        )
        loss = -likelihood
        return tf.reduce_mean(loss * scale_of(likelihood) if self.scale_loss else loss)

    def decode(
        self, logits: NDArray[np.float32], lengths: NDArray[np.integer]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Best tags and Rasa's confidences; see :func:`decode`."""
        return decode(logits, self.transitions.numpy(), lengths)


def sequence_score(logits: tf.Tensor, tags: tf.Tensor, mask: tf.Tensor, transitions: tf.Tensor) -> tf.Tensor:
    """[B]: sum of the logits and transitions along the given tags."""
    count = tf.shape(transitions)[0]
    unary = tf.reduce_sum(_pick(logits, tags) * mask, axis=1)
    pairs = tf.reshape(tags[:, :-1] * count + tags[:, 1:], [-1])
    scores = tf.reshape(_entries(tf.convert_to_tensor(transitions), pairs), tf.shape(tags[:, 1:]))
    return unary + tf.reduce_sum(scores * mask[:, 1:], axis=1)


def _pick(logits: tf.Tensor, tags: tf.Tensor) -> tf.Tensor:
    """[B, T]: of logits [B, T, K] those of the tags."""
    flat = tf.reshape(logits, [-1])
    cells = tf.range(tf.size(tags)) * tf.shape(logits)[2] + tf.reshape(tags, [-1])
    return tf.reshape(_entries(flat, cells), tf.shape(tags))


def _entries(table: tf.Tensor, cells: tf.Tensor) -> tf.Tensor:
    """[cells] entries of a table at these places in its flat form; the gradient is one sum, not a sparse update."""

    @custom_gradient
    def gather(table: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tf.math.unsorted_segment_sum(upstream, cells, tf.size(table)), tf.shape(table))

        return tf.gather(tf.reshape(table, [-1]), cells), gradient

    return gather(table)


@custom_gradient
def log_partition(
    logits: tf.Tensor, transitions: tf.Tensor, mask: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, None]]]:
    """log Σ over all tag sequences of exp(score): [B] from [B, T, K], [K, K], [B, T]; 0 for empty sequences."""
    logits = tf.convert_to_tensor(logits)
    top = tf.reduce_max(logits, axis=2)
    step_top = tf.reduce_max(transitions)
    exists = tf.transpose(mask)[:, :, None]  # [T, B, 1]
    emission = tf.transpose(tf.exp(logits - top[:, :, None]), [1, 0, 2])  # [T, B, K]
    step = tf.exp(transitions - step_top)
    steps, batch, count = tf.shape(emission)[0], tf.shape(emission)[1], tf.shape(emission)[2]

    def scaled(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        largest = tf.maximum(tf.reduce_max(x, axis=1, keepdims=True), TINY)
        return tf.maximum(x / largest, TINY), tf.math.log(largest)[:, 0]

    def forward(t: tf.Tensor, alpha: tf.Tensor, log: tf.Tensor, out: tf.TensorArray) -> tuple[tf.Tensor, ...]:
        ahead, grown = scaled(tf.matmul(alpha, step) * emission[t])
        alpha = tf.where(exists[t] > 0, ahead, alpha)
        return t + 1, alpha, log + grown * exists[t, :, 0], out.write(t, alpha)

    first, log = scaled(emission[0])
    alphas = tf.TensorArray(tf.float32, steps, element_shape=[None, None]).write(0, first)
    _, alpha, log, alphas = tf.while_loop(
        lambda t, *_: t < steps, forward, (1, first, log, alphas), parallel_iterations=1
    )
    stacked = alphas.stack()  # [T, B, K]
    lengths = tf.reduce_sum(mask, axis=1)
    constants = tf.reduce_sum(top * mask, axis=1) + step_top * tf.maximum(lengths - 1.0, 0.0)
    result = tf.where(lengths > 0, tf.math.log(tf.reduce_sum(alpha, axis=1)) + log + constants, 0.0)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, None]:
        def backward(t: tf.Tensor, beta: tf.Tensor, out: tf.TensorArray) -> tuple[tf.Tensor, ...]:
            out = out.write(t, beta)
            behind, _ = scaled(tf.matmul(beta * emission[t], step, transpose_b=True))
            return t - 1, tf.where(exists[t] > 0, behind, beta), out

        start = (steps - 1, tf.ones([batch, count]), tf.TensorArray(tf.float32, steps, element_shape=[None, None]))
        _, _, collected = tf.while_loop(lambda t, *_: t >= 0, backward, start, parallel_iterations=1)
        betas = collected.stack()  # [T, B, K]
        weight = exists * upstream[None, :, None]
        marginals = stacked * betas
        marginals /= tf.maximum(tf.reduce_sum(marginals, axis=2, keepdims=True), LEAST)
        following = betas[1:] * emission[1:]
        joint = tf.maximum(tf.reduce_sum(tf.matmul(stacked[:-1], step) * following, axis=2, keepdims=True), LEAST)
        flat_from = tf.reshape(stacked[:-1] / joint * weight[1:], [-1, count])
        expected = step * tf.matmul(flat_from, tf.reshape(following, [-1, count]), transpose_a=True)
        return tf.transpose(marginals * weight, [1, 0, 2]), expected, None

    return result, gradient


def decode(
    logits: NDArray[np.float32], transitions: NDArray[np.float32], lengths: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Viterbi decoding with the confidences of Rasa 3.6.

    The confidence of a token is its largest share, after softmax over the tags of the token before, that an entry of
    the *next* token's column has. Which column is a slip in Rasa: the decoded tag's for the last token but one, and for
    all earlier ones the next token's confidence cut to an integer, so nearly always column 0. Servers show these
    numbers, so they are reproduced.

    Args:
        logits: [B, T, K]
        transitions: [K, K]
        lengths: [B]

    Returns:
        int32 [B, T] tags and float32 [B, T] confidences, both 0 at padding.
    """
    scores = _forward(logits, transitions, lengths)
    into = np.ascontiguousarray(transitions.T)  # [to, from]
    batch, time, _ = logits.shape
    tags = np.zeros((batch, time), np.int32)
    confidences = np.zeros((batch, time), np.float32)
    rows = np.flatnonzero(lengths)
    ends = lengths[rows] - 1
    tags[rows, ends] = scores[rows, ends].argmax(axis=1)
    confidences[rows, ends] = _share_of_best(scores[rows, ends])
    columns = np.zeros(batch, np.int32)
    columns[rows] = tags[rows, ends]
    for t in range(time - 1, 0, -1):
        rows = np.flatnonzero(lengths > t)
        before = scores[rows, t - 1]
        tags[rows, t - 1] = (before + into[tags[rows, t]]).argmax(axis=1)
        confidences[rows, t - 1] = _share_of_best(before + into[columns[rows]])
        columns[rows] = confidences[rows, t - 1].astype(np.int32)
    return tags, confidences


def _forward(
    logits: NDArray[np.float32], transitions: NDArray[np.float32], lengths: NDArray[np.integer]
) -> NDArray[np.float32]:
    """[B, T, K]: the score of the best sequence of tags that ends with each tag; undefined at padding.

    A tag is passed over as the one before where even the highest transition would not lift it above what the best tag
    gets by the lowest: most texts leave a handful of 217. That drops nothing, since rounded sums keep their order.
    """
    scores = logits.copy()
    highest, lowest = transitions.max(), transitions.min()
    for t in range(1, logits.shape[1]):
        rows = np.flatnonzero(lengths > t)
        before = scores[rows, t - 1]
        behind = before + highest < before.max(axis=1, keepdims=True) + lowest
        places, tags = np.nonzero(~behind)
        starts = np.flatnonzero(np.diff(places, prepend=-1))  # every text has one, its best tag
        reached = np.maximum.reduceat(before[places, tags][:, None] + transitions[tags], starts, axis=0)
        scores[rows, t] += reached
    return scores


def _share_of_best(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """[N] from [N, K]: the largest entry of each row's softmax."""
    shares: NDArray[np.float32] = 1.0 / np.exp(scores - scores.max(axis=1, keepdims=True)).sum(axis=1)
    return shares
