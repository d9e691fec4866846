"""Every policy that Rasa 3.6.21 knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rebake.registry.entry import Constraint, Entry
from rebake.registry.networks import (
    CONFIDENCE,
    CONFIDENCE_CONSTRAINTS,
    LOSS,
    MARGIN_SCALE,
    SIMILARITY,
    SIZES,
    SPLIT_BY_COMMA,
    attention_options,
    dropout_options,
    evaluation_options,
    loss_options,
    margin_options,
    record_options,
    training_options,
)
from rebake.registry.options import (
    Flag,
    ListOf,
    Number,
    Option,
    Refused,
    Text,
    WholeNumber,
    drop_rate,
    names,
    per_attribute,
    share,
)
from rebake.registry.tracker_featurizers import (
    FULL_DIALOGUE,
    INTENT_MAX_HISTORY,
    INTENT_TOKENIZER,
    MAX_HISTORY,
    SINGLE_STATE,
    TrackerFeaturizers,
    short_name,
    single,
)

_MAX_HISTORY = WholeNumber(least=1, default=None)
_NO_FEATURIZER = Refused(
    "is refused: rebake compares the last max_history states only.",
    "Remove the option featurizer; max_history says how far the policy looks back.",
    nullable=True,
)
_TEXTS = ("text", "action_text", "label_action_text")
_STATES = ("intent", "action_name", "label_action_name", "entities", "slots", "active_loop")

_MEMOIZATION: Mapping[str, Option] = {
    "enable_feature_string_compression": Flag(default=True),  # keys of the lookup are compressed and base64 encoded
    "use_nlu_confidence_as_score": Flag(default=False),  # score 1.0, or the confidence of the intent
    "priority": WholeNumber(default=3),
    "max_history": _MAX_HISTORY,  # number of states in a key; null: the whole conversation
    "featurizer": _NO_FEATURIZER,
}

_RULE: Mapping[str, Option] = {
    "priority": WholeNumber(default=4),
    "core_fallback_threshold": share(0.3),
    "core_fallback_action_name": Text(default="action_default_fallback", nullable=True),
    "enable_fallback_prediction": Flag(default=True),
    "restrict_rules": Flag(default=True),  # at most one user message in a rule
    "check_for_contradictions": Flag(default=True),
    "use_nlu_confidence_as_score": Flag(default=False),
    "featurizer": _NO_FEATURIZER,
}


def _transformer(
    hidden: tuple[str, ...], dense: Mapping[str, int], encoders: tuple[str, ...], loss: Option
) -> dict[str, Option]:
    """What TEDPolicy and UnexpecTEDIntentPolicy have in common.

    Without end-to-end stories the options of text encoders, entity tagging and ``e2e_confidence_threshold`` have
    nothing to act on.
    """
    of_encoders = (*encoders, "dialogue")
    layers = per_attribute(WholeNumber, dict.fromkeys(of_encoders, 1))
    sizes = per_attribute(WholeNumber, dict.fromkeys(of_encoders, 128))
    hidden_sizes: dict[str, list[int]] = {text: [] for text in hidden}
    return {
        "encoding_dimension": WholeNumber(least=1, default=50),
        **attention_options(WholeNumber(least=1, default=5)),
        **training_options(epochs=1),
        "number_of_negative_examples": WholeNumber(least=1, default=20),
        **loss_options(scale_loss=True, regularization=0.001),
        "drop_rate_dialogue": drop_rate(0.1),
        "drop_rate": drop_rate(0.0),
        "drop_rate_label": drop_rate(0.0),
        **dropout_options(attention=0.0, density=0.2, sparse=True, dense=True),
        "use_masked_language_model": Flag(default=False),
        **evaluation_options(WholeNumber(least=0, default=0)),
        **record_options(),
        "featurizers": Refused(
            "leaves no features of slots, loops and entities to train on.",
            "Remove the option.",
            default=[],
            nullable=True,
        ),
        "loss_type": loss,
        "split_entities_by_comma": SPLIT_BY_COMMA,
        "use_gpu": Flag(default=True, changes_model=False, acts=False),
        "hidden_layers_sizes": per_attribute(ListOf, hidden_sizes, item=SIZES.item, what=SIZES.what),
        "dense_dimension": per_attribute(WholeNumber, dense, least=1),
        "concat_dimension": per_attribute(WholeNumber, dict.fromkeys(hidden, 128)),
        "transformer_size": sizes,
        "number_of_transformer_layers": layers,
    }


_TED: Mapping[str, Option] = {
    **_transformer(_TEXTS, {**dict.fromkeys(_TEXTS, 128), **dict.fromkeys(_STATES, 20)}, _TEXTS, LOSS),
    "similarity_type": SIMILARITY,
    "ranking_length": WholeNumber(least=0, default=0),
    "renormalize_confidences": Flag(default=False),
    **margin_options(negative=-0.2),
    "negative_margin_scale": MARGIN_SCALE,
    "e2e_confidence_threshold": Number(default=0.5),
    "entity_recognition": Flag(default=True),
    "constrain_similarities": Flag(default=False),
    "model_confidence": CONFIDENCE,
    "BILOU_flag": Flag(default=True),
    "max_history": _MAX_HISTORY,
    "priority": WholeNumber(default=1),
    "featurizer": TrackerFeaturizers((MAX_HISTORY, FULL_DIALOGUE), SINGLE_STATE, (SINGLE_STATE,), nullable=True),
}

# The policy knows one loss and one similarity, and tags no entities, whatever their options say.
_UNEXPECTED_INTENT: Mapping[str, Option] = {
    **_transformer(
        ("text",),
        {
            "text": 128,
            **dict.fromkeys(("intent", "action_name", "entities", "slots", "active_loop", "label_intent"), 20),
        },
        ("text",),
        Text(default="cross_entropy", nullable=True),
    ),
    "similarity_type": Text(default="inner", nullable=True),
    "ranking_length": WholeNumber(least=0, default=10),
    "ignore_intents_list": names(default=[]),
    "tolerance": share(0.0),
    "max_history": _MAX_HISTORY,
    "entity_recognition": Flag(default=False),
    "BILOU_flag": Flag(default=False),
    "priority": WholeNumber(default=2),
    "featurizer": TrackerFeaturizers(
        (INTENT_MAX_HISTORY,), INTENT_TOKENIZER, (SINGLE_STATE, INTENT_TOKENIZER), nullable=True
    ),
}


def _layers(options: Mapping[str, Any]) -> int:
    return int(options["number_of_transformer_layers"]["dialogue"])


def _has_uneven_heads(options: Mapping[str, Any]) -> bool:
    size = options["transformer_size"]["dialogue"]
    return _layers(options) > 0 and bool(size < 1 or size % options["number_of_attention_heads"])


_NETWORK = (
    Constraint(
        ("number_of_transformer_layers",),
        lambda options: _layers(options) < 0,
        "number_of_transformer_layers is {number_of_transformer_layers[dialogue]} for dialogue.",
        "It must be 0 or more.",
    ),
    Constraint(
        ("transformer_size", "number_of_attention_heads"),
        _has_uneven_heads,
        "transformer_size is {transformer_size[dialogue]} for dialogue, and not a multiple of the "
        "{number_of_attention_heads} attention heads.",
        "It must be a positive multiple of number_of_attention_heads.",
    ),
)


def _holds_out_dialogues(options: Mapping[str, Any]) -> bool:
    chosen = single(options.get("featurizer"))
    is_whole = chosen is not None and short_name(chosen) == FULL_DIALOGUE
    return is_whole and options["evaluate_on_number_of_examples"] > 0


_WHOLE_DIALOGUES = Constraint(
    ("evaluate_on_number_of_examples", "featurizer"),
    _holds_out_dialogues,
    "whole dialogues cannot be held out by their actions (evaluate_on_number_of_examples).",
    "Set it to 0, or use the MaxHistoryTrackerFeaturizer.",
)

ENTRIES = (
    Entry(
        name="MemoizationPolicy",
        rasa_class="rasa.core.policies.memoization.MemoizationPolicy",
        kind="policy",
        options=_MEMOIZATION,
        implementation="rebake.core.memoization.memoization_policy:MemoizationPolicy",
    ),
    Entry(
        name="AugmentedMemoizationPolicy",
        rasa_class="rasa.core.policies.memoization.AugmentedMemoizationPolicy",
        kind="policy",
        options=_MEMOIZATION,
        implementation="rebake.core.memoization.augmented_memoization_policy:AugmentedMemoizationPolicy",
    ),
    Entry(
        name="RulePolicy",
        rasa_class="rasa.core.policies.rule_policy.RulePolicy",
        kind="policy",
        options=_RULE,
        implementation="rebake.core.rules.rule_policy:RulePolicy",
        learns_from_rules=True,
    ),
    Entry(
        name="TEDPolicy",
        rasa_class="rasa.core.policies.ted_policy.TEDPolicy",
        kind="policy",
        options=_TED,
        constraints=(*_NETWORK, *CONFIDENCE_CONSTRAINTS, _WHOLE_DIALOGUES),
        version=3,  # 2 dealt single units out to the blocks of encoders
        implementation="rebake.core.ted.ted_policy:TEDPolicy",
        reads_texts=True,
    ),
    Entry(
        name="UnexpecTEDIntentPolicy",
        rasa_class="rasa.core.policies.unexpected_intent_policy.UnexpecTEDIntentPolicy",
        kind="policy",
        options=_UNEXPECTED_INTENT,
        constraints=_NETWORK,
        version=4,  # 3 could find a turn of the stories it learned unlikely, by rounding
        implementation="rebake.core.ted.unexpected_intent_policy:UnexpecTEDIntentPolicy",
        learns_intents=True,
        reads_texts=True,
    ),
)
