"""DIETClassifier's options, checked and brought into the form that the network takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from rebake.nlu.diet.checks import check_diet_options
from rebake.nlu.entity_tags import SplitByComma

if TYPE_CHECKING:
    from rebake.nn.diet.network import DietConfig
    from rebake.nn.training.batching import Batching
    from rebake.nn.training.evaluation import EvaluationSettings
    from rebake.nn.training.fit import FitSettings

DEFAULT_TRANSFORMER_SIZE = 256  # what Rasa takes where the option gives none


@dataclass(frozen=True)
class DietOptions:
    """The options that the component itself reads; the network's are built on demand, since they need TensorFlow."""

    options: Mapping[str, Any]
    node: str

    @staticmethod
    def checked(options: Mapping[str, Any], node: str) -> DietOptions:
        """Refuse what cannot be trained; see :func:`check_diet_options`."""
        result = DietOptions(options, node)
        check_diet_options(options, node, transformer_units=result.transformer_units)
        return result

    @property
    def intents(self) -> bool:
        return bool(self.options["intent_classification"])

    @property
    def entities(self) -> bool:
        return bool(self.options["entity_recognition"])

    @property
    def bilou(self) -> bool:
        return bool(self.options["BILOU_flag"])

    @property
    def featurizers(self) -> list[str]:
        return list(self.options["featurizers"] or [])

    @property
    def split_by_comma(self) -> SplitByComma:
        return SplitByComma.from_option(self.options["split_entities_by_comma"])

    @property
    def epochs(self) -> int:
        return int(self.options["epochs"])

    @property
    def learning_rate(self) -> float:
        return float(self.options["learning_rate"])

    @property
    def seed(self) -> int | None:
        seed = self.options["random_seed"]
        return None if seed is None else int(seed)

    @property
    def loss(self) -> Literal["cross_entropy", "margin"]:
        return cast('Literal["cross_entropy", "margin"]', self.options["loss_type"])

    @property
    def similarity(self) -> Literal["inner", "cosine"]:
        kind = self.options["similarity_type"]
        if kind == "auto":
            return "cosine" if self.loss == "margin" else "inner"
        return cast('Literal["inner", "cosine"]', kind)

    @property
    def ranking_length(self) -> int:
        return int(self.options["ranking_length"])

    @property
    def renormalize(self) -> bool:
        return bool(self.options["renormalize_confidences"]) and self.softmax

    @property
    def softmax(self) -> bool:
        """Whether confidences are probabilities; else they are the similarities themselves."""
        return self.options["model_confidence"] == "softmax" and self.loss != "margin"

    @property
    def transformer_units(self) -> int:
        size = self.options["transformer_size"]
        return DEFAULT_TRANSFORMER_SIZE if size is None or size < 1 else int(size)

    def batching(self) -> Batching:
        from rebake.nn.training.batching import Batching

        size = self.options["batch_size"]
        return Batching(
            sizes=size if isinstance(size, int) else [int(value) for value in size],
            epochs=self.epochs,
            strategy=self.options["batch_strategy"],
            drop_small_last=bool(self.options["drop_small_last_batch"]),
        )

    def fit_settings(self, name: str, seed: int) -> FitSettings:
        """For a network shown as ``name``; ``seed`` counts where there is no random_seed."""
        from rebake.nn.training.fit import FitSettings

        return FitSettings(name, self.epochs, self.learning_rate, seed if self.seed is None else self.seed)

    def evaluation(self, seed: int) -> EvaluationSettings:
        """What is held out, kept and logged; ``seed`` counts where there is no random_seed."""
        from rebake.nn.training.evaluation import EvaluationSettings

        options = self.options
        every = int(options["evaluate_every_number_of_epochs"])
        return EvaluationSettings(
            examples=int(options["evaluate_on_number_of_examples"]),
            every=self.epochs if every == -1 else every,
            keep_best=bool(options["checkpoint_model"]),
            seed=seed if self.seed is None else self.seed,
            log_directory=options["tensorboard_log_directory"] or None,
            log_level=options["tensorboard_log_level"],
        )

    def network(self) -> DietConfig:
        """The network's configuration."""
        from rebake.nn.diet.network import DietConfig
        from rebake.nn.layers.losses import DotProductLoss

        options = self.options
        return DietConfig(
            text=self._combine("text"),
            label=self._combine("label"),
            hidden_text=list(options["hidden_layers_sizes"]["text"]),
            hidden_label=list(options["hidden_layers_sizes"]["label"]),
            transformer=self._transformer(),
            embedding_units=int(options["embedding_dimension"]),
            loss=DotProductLoss(
                negatives=int(options["number_of_negative_examples"]),
                loss=self.loss,
                similarity=self.similarity,
                constrain=bool(options["constrain_similarities"]),
                scale=bool(options["scale_loss"]),
                mu_pos=float(options["maximum_positive_similarity"]),
                mu_neg=float(options["maximum_negative_similarity"]),
                use_max_sim_neg=bool(options["use_maximum_negative_similarity"]),
                neg_lambda=float(options["negative_margin_scale"]),
            ),
            softmax=self.softmax,
            masked_language_model=bool(options["use_masked_language_model"]),
        )

    def _combine(self, attribute: str) -> Any:
        from rebake.nn.layers.feature_combining import CombineConfig

        options = self.options
        return CombineConfig(
            dense_units=int(options["dense_dimension"][attribute]),
            concat_units=int(options["concat_dimension"][attribute]),
            rate=float(options["drop_rate"]),
            sparse_dropout=bool(options["use_sparse_input_dropout"]),
            dense_dropout=bool(options["use_dense_input_dropout"]),
            density=float(options["connection_density"]),
            l2=float(options["regularization_constant"]),
        )

    def _transformer(self) -> Any:
        from rebake.nn.layers.transformer_config import TransformerConfig

        options = self.options
        layers = int(options["number_of_transformer_layers"])
        if layers <= 0:
            return None
        return TransformerConfig(
            units=self.transformer_units,
            layers=layers,
            heads=int(options["number_of_attention_heads"]),
            rate=float(options["drop_rate"]),
            attention_rate=float(options["drop_rate_attention"]),
            density=float(options["connection_density"]),
            l2=float(options["regularization_constant"]),
            unidirectional=bool(options["unidirectional_encoder"]),
            relative_keys=bool(options["use_key_relative_attention"]),
            relative_values=bool(options["use_value_relative_attention"]),
            max_relative_position=int(options["max_relative_position"]),
        )
