"""Files of models list options in the order of the registry: models trained before stay equal byte for byte."""

from __future__ import annotations

import pytest

from rebake.registry.lookup import find

_IN_MODELS = {
    "DIETClassifier": """
        hidden_layers_sizes share_hidden_layers transformer_size number_of_transformer_layers
        number_of_attention_heads use_key_relative_attention use_value_relative_attention max_relative_position
        unidirectional_encoder batch_size batch_strategy epochs random_seed learning_rate embedding_dimension
        dense_dimension concat_dimension number_of_negative_examples similarity_type loss_type ranking_length
        maximum_positive_similarity maximum_negative_similarity use_maximum_negative_similarity scale_loss
        regularization_constant negative_margin_scale drop_rate drop_rate_attention connection_density
        use_sparse_input_dropout use_dense_input_dropout evaluate_every_number_of_epochs
        evaluate_on_number_of_examples intent_classification entity_recognition use_masked_language_model BILOU_flag
        tensorboard_log_directory tensorboard_log_level checkpoint_model featurizers split_entities_by_comma
        constrain_similarities model_confidence renormalize_confidences run_eagerly drop_small_last_batch
    """,
    "TEDPolicy": """
        encoding_dimension number_of_attention_heads use_key_relative_attention use_value_relative_attention
        max_relative_position unidirectional_encoder batch_size batch_strategy epochs random_seed learning_rate
        embedding_dimension number_of_negative_examples scale_loss regularization_constant drop_rate_dialogue
        drop_rate drop_rate_label drop_rate_attention connection_density use_sparse_input_dropout
        use_dense_input_dropout use_masked_language_model evaluate_every_number_of_epochs
        evaluate_on_number_of_examples tensorboard_log_directory tensorboard_log_level checkpoint_model featurizers
        loss_type split_entities_by_comma use_gpu hidden_layers_sizes dense_dimension concat_dimension
        transformer_size number_of_transformer_layers similarity_type ranking_length renormalize_confidences
        maximum_positive_similarity maximum_negative_similarity use_maximum_negative_similarity negative_margin_scale
        e2e_confidence_threshold entity_recognition constrain_similarities model_confidence BILOU_flag max_history
        priority
    """,
    "UnexpecTEDIntentPolicy": """
        encoding_dimension number_of_attention_heads use_key_relative_attention use_value_relative_attention
        max_relative_position unidirectional_encoder batch_size batch_strategy epochs random_seed learning_rate
        embedding_dimension number_of_negative_examples scale_loss regularization_constant drop_rate_dialogue
        drop_rate drop_rate_label drop_rate_attention connection_density use_sparse_input_dropout
        use_dense_input_dropout use_masked_language_model evaluate_every_number_of_epochs
        evaluate_on_number_of_examples tensorboard_log_directory tensorboard_log_level checkpoint_model featurizers
        loss_type split_entities_by_comma use_gpu hidden_layers_sizes dense_dimension concat_dimension
        transformer_size number_of_transformer_layers similarity_type ranking_length ignore_intents_list tolerance
        max_history entity_recognition BILOU_flag priority
    """,
}


@pytest.mark.parametrize("name", _IN_MODELS)
def test_options_stand_in_the_order_of_models_trained_before(name: str) -> None:
    entry = find(name, "policies") or find(name)
    assert entry is not None
    known = _IN_MODELS[name].split()
    assert list(entry.defaults)[: len(known)] == known


def test_a_response_selector_has_its_own_options_after_those_of_diet() -> None:
    entry = find("ResponseSelector")
    assert entry is not None
    known = [*_IN_MODELS["DIETClassifier"].split(), "retrieval_intent", "use_text_as_label"]
    assert list(entry.defaults)[: len(known)] == known
