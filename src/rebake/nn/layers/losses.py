"""The dot-product loss of DIET and TED (StarSpace, Wu et al. 2018, "StarSpace: Embed All The Things!", section 3).

Each input and each label is a vector; the loss raises the similarity of an input with its label above those with
sampled negatives. Rasa gathers a table of negatives per example. Here negatives are counted instead: a matrix says how
often example b drew candidate c, which weighs the same exponentials at a fraction of the memory.

Shapes: B examples of a batch; C candidates for negatives; L labels; D units of the space where both are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from rebake.nn.layers.noise import Noise

NEVER = -1e9


@dataclass(frozen=True)
class DotProductLoss:
    """Names of Rasa's options in brackets.

    Attributes:
        negatives: how many wrong labels an example is compared with, and how many other inputs, sampled with
            replacement; more make the gradient steadier and a step slower (number_of_negative_examples).
        loss: "cross_entropy" of the right label among the sampled ones, whose similarities become probabilities; or
            "margin", which asks no more of them than to be on the right side of two bounds (loss_type).
        similarity: "inner" product, unbounded as cross entropy needs it, or "cosine", between -1 and 1 as the bounds of
            the margin loss are (similarity_type).
        constrain: add a sigmoid loss on every similarity, which keeps them near 0 and so comparable between models
            (constrain_similarities).
        scale: give examples that are predicted with more than 0.5 less weight (scale_loss).
        mu_pos: margin loss: similarity that a right pair is to have at least (maximum_positive_similarity).
        mu_neg: margin loss: similarity that a wrong pair is to have at most is its negative
            (maximum_negative_similarity).
        use_max_sim_neg: margin loss: of the wrong labels only the most similar counts
            (use_maximum_negative_similarity).
        neg_lambda: margin loss: weight of the pairs of two inputs or two labels (negative_margin_scale).
    """

    negatives: int
    loss: Literal["cross_entropy", "margin"] = "cross_entropy"
    similarity: Literal["inner", "cosine"] = "inner"
    constrain: bool = False
    scale: bool = False
    mu_pos: float = 0.8
    mu_neg: float = -0.4
    use_max_sim_neg: bool = True
    neg_lambda: float = 0.8

    def __call__(
        self,
        inputs: tf.Tensor,
        labels: tf.Tensor,
        label_ids: tf.Tensor,
        all_labels: tf.Tensor,
        noise: Noise,
        *,
        candidate_ids: tf.Tensor | None = None,
        weights: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """The mean loss of a batch, a scalar.

        Args:
            inputs: [B, D] embedded inputs.
            labels: [B, D] embedded right labels.
            label_ids: int32 [B], ids of the right labels.
            all_labels: [L, D] embedded candidates for negative labels.
            noise: where negatives are drawn.
            candidate_ids: int32 [L], ids of ``all_labels``; 0..L-1 if None.
            weights: [B] of the examples in the mean, summing to B; all 1 if None.
        """
        if self.similarity == "cosine":
            inputs, labels, all_labels = (tf.math.l2_normalize(x, axis=-1) for x in (inputs, labels, all_labels))
        if candidate_ids is None:
            candidate_ids = tf.range(tf.shape(all_labels)[0])
        ids = tf.cast(label_ids, tf.int32)
        positive = tf.reduce_sum(inputs * labels, axis=-1)  # [B]
        with_labels = self._draw(ids, tf.cast(candidate_ids, tf.int32), noise)  # [B, L]
        with_inputs = self._draw(ids, ids, noise)  # [B, B]
        groups = Similarities(
            positive,
            (tf.matmul(inputs, all_labels, transpose_b=True), with_labels),
            (tf.matmul(labels, all_labels, transpose_b=True), with_labels),
            (tf.matmul(inputs, inputs, transpose_b=True), with_inputs),
            (tf.matmul(labels, inputs, transpose_b=True), with_inputs),
        )
        loss = self._margin(groups) if self.loss == "margin" else self._cross_entropy(groups)
        if weights is not None:
            loss *= weights
        return tf.reduce_mean(loss)

    def _draw(self, ids: tf.Tensor, candidate_ids: tf.Tensor, noise: Noise) -> tf.Tensor:
        """float [B, C]: how often each candidate was drawn; 0 where it has the example's own label."""
        batch, candidates = tf.shape(ids)[0], tf.shape(candidate_ids)[0]
        drawn = noise.integers(tf.stack([batch, self.negatives]), candidates)
        cells = tf.reshape(drawn + tf.range(batch)[:, None] * candidates, [-1])
        counts = tf.math.unsorted_segment_sum(tf.ones_like(cells, tf.float32), cells, batch * candidates)
        different = tf.cast(ids[:, None] != candidate_ids[None, :], tf.float32)
        return tf.reshape(counts, [batch, candidates]) * different

    def _cross_entropy(self, groups: Similarities) -> tf.Tensor:
        """[B]"""
        competing = [groups.il, groups.li] if self.constrain else [groups.il, groups.li, groups.ii, groups.ll]
        logits = [groups.positive[:, None]]
        logits += [tf.where(count > 0, sim + tf.math.log(tf.maximum(count, 1.0)), NEVER) for sim, count in competing]
        loss = tf.reduce_logsumexp(tf.concat(logits, axis=1), axis=1) - groups.positive
        if self.constrain:
            total = tf.math.softplus(-groups.positive)
            for similarity, count in (groups.il, groups.ll, groups.ii, groups.li):
                total += tf.reduce_sum(count * tf.math.softplus(similarity), axis=1)
            loss += total / (1.0 + 4.0 * self.negatives)
        return loss * scale_of(-loss) if self.scale else loss

    def _margin(self, groups: Similarities) -> tf.Tensor:
        """[B]"""
        loss = _above_zero(self.mu_pos - groups.positive)
        if self.use_max_sim_neg:
            loss += self._above_margin(groups.il)
        else:
            similarity, count = groups.il
            loss += tf.reduce_sum(count * _above_zero(self.mu_neg + similarity), axis=1)
        for group in (groups.ll, groups.ii, groups.li):
            loss += self.neg_lambda * self._above_margin(group)
        return loss

    def _above_margin(self, group: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        similarity, count = group
        return _above_zero(self.mu_neg + tf.reduce_max(tf.where(count > 0, similarity, NEVER), axis=1))


@dataclass(frozen=True)
class Similarities:
    """Similarity of the right pair [B], and per group those with all candidates and how often each was drawn.

    First letter: the anchor, second: the negative; i input, l label.
    """

    positive: tf.Tensor
    il: tuple[tf.Tensor, tf.Tensor]
    ll: tuple[tf.Tensor, tf.Tensor]
    ii: tuple[tf.Tensor, tf.Tensor]
    li: tuple[tf.Tensor, tf.Tensor]


def _above_zero(x: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.Relu(features=x)


def scale_of(log_likelihood: tf.Tensor) -> tf.Tensor:
    """Weights ((1 - p) / 0.5)^4 of examples predicted with probability p, once any p is above 0.5; else all 1."""
    p = tf.exp(log_likelihood)
    scale = tf.square(tf.square((1.0 - p) / 0.5))
    return tf.stop_gradient(tf.where(tf.reduce_max(p) > 0.5, scale, tf.ones_like(p)))


def similarities(inputs: tf.Tensor, all_labels: tf.Tensor, kind: str) -> tf.Tensor:
    """[B, D], [L, D] -> [B, L], for prediction."""
    if kind == "cosine":
        inputs, all_labels = tf.math.l2_normalize(inputs, axis=-1), tf.math.l2_normalize(all_labels, axis=-1)
    return tf.matmul(inputs, all_labels, transpose_b=True)
