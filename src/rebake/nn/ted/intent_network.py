"""The network of UnexpecTEDIntentPolicy: TED's trunk (Vlasov et al. 2019), asked which intents may come next.

Shapes: B examples of a batch (windows); P right labels of an example at most; C candidates; L labels; D units of the
space where both are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from rebake.nn.layers.losses import scale_of
from rebake.nn.layers.noise import Noise
from rebake.nn.ted.dialogue_data import Dialogues
from rebake.nn.ted.model import TedModel
from rebake.nn.training.fit import LossFunction


@dataclass(frozen=True)
class MultiLabelLoss:
    """Several labels may be right: sigmoid cross-entropy of the right ones and of candidates drawn from all labels.

    Attributes:
        candidates: how many are drawn, right or wrong (number_of_negative_examples).
        scale: give what is well predicted less weight (scale_loss).
    """

    candidates: int
    scale: bool

    def __call__(
        self, inputs: tf.Tensor, labels: tf.Tensor, label_ids: tf.Tensor, all_labels: tf.Tensor, noise: Noise
    ) -> tf.Tensor:
        """The mean loss of a batch, a scalar.

        Args:
            inputs: [B, D]
            labels: [B, P, D] the right labels; anything where the id is -1.
            label_ids: int32 [B, P], -1 where an example has fewer than P labels.
            all_labels: [L, D]
            noise: where candidates are drawn.
        """
        batch, count = tf.shape(label_ids)[0], tf.shape(all_labels)[0]
        right = tf.linalg.matvec(labels, inputs)  # [B, P]
        drawn = noise.integers(tf.stack([batch, self.candidates]), count)  # [B, C]
        to_all = tf.matmul(inputs, all_labels, transpose_b=True)  # [B, L]
        is_right = tf.reduce_max(tf.one_hot(label_ids, count), axis=1)  # [B, L]; -1 has no one
        logits = tf.concat([right, tf.gather(to_all, drawn, batch_dims=1)], axis=1)
        targets = tf.concat([tf.ones_like(right), tf.gather(is_right, drawn, batch_dims=1)], axis=1)
        loss = tf.math.softplus(logits) - logits * targets  # cross entropy of sigmoids, [B, P + C]
        if self.scale:
            loss *= scale_of(-loss)
        exists = tf.concat([tf.cast(label_ids >= 0, tf.float32), tf.ones_like(drawn, tf.float32)], axis=1)
        return tf.reduce_mean(tf.reduce_sum(loss * exists, axis=1) / tf.reduce_sum(exists, axis=1))


class IntentTedModel(TedModel):
    """Answers with similarities; labels are intents, several of which may follow a window."""

    def targets(self, data: Dialogues, ids: NDArray[np.int32], windows: NDArray[np.integer]) -> dict[str, Any]:  # noqa: ARG002
        """ "ids" int32 [B, P], -1 = no more."""
        return {"ids": ids[windows]}

    def target_signature(self) -> dict[str, tf.TypeSpec]:
        """Of :meth:`targets`."""
        return {"ids": tf.TensorSpec([None, None], tf.int32)}

    def losses(self) -> LossFunction:
        """The losses of a batch, "labels" alone."""
        loss = MultiLabelLoss(self.config.loss.negatives, self.config.loss.scale)

        def losses(batch: Mapping[str, Any], noise: Noise) -> dict[str, tf.Tensor]:
            embedded, _, _ = self.network.dialogues(batch, noise)
            labels = self.network.labels(noise)
            ids = batch["ids"]
            return {"labels": loss(embedded, tf.gather(labels, tf.maximum(ids, 0)), ids, labels, noise)}

        return losses
