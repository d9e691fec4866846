"""Every policy that Rasa 3.6.21 knows, as data: reading it imports neither TensorFlow nor the policies.

Policies without ``implementation`` can be fingerprinted and checked, but not trained here yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rebake.assistant.model import ComponentSpec
from rebake.assistant.reading import did_you_mean
from rebake.errors import DataError, UnsupportedError
from rebake.registry import policy_defaults as defaults
from rebake.registry.component_type import ComponentType

_NO_EFFECT_ON_THE_MODEL = frozenset({"tensorboard_log_directory", "tensorboard_log_level", "use_gpu"})

_ENTRIES = (
    ComponentType(
        name="MemoizationPolicy",
        rasa_class="rasa.core.policies.memoization.MemoizationPolicy",
        kind="policy",
        defaults=defaults.MEMOIZATION,
        implementation="rebake.core.memoization.memoization_policy:MemoizationPolicy",
    ),
    ComponentType(
        name="AugmentedMemoizationPolicy",
        rasa_class="rasa.core.policies.memoization.AugmentedMemoizationPolicy",
        kind="policy",
        defaults=defaults.MEMOIZATION,
        implementation="rebake.core.memoization.augmented_memoization_policy:AugmentedMemoizationPolicy",
    ),
    ComponentType(
        name="RulePolicy",
        rasa_class="rasa.core.policies.rule_policy.RulePolicy",
        kind="policy",
        defaults=defaults.RULE,
        implementation="rebake.core.rules.rule_policy:RulePolicy",
    ),
    ComponentType(
        name="TEDPolicy",
        rasa_class="rasa.core.policies.ted_policy.TEDPolicy",
        kind="policy",
        defaults=defaults.TED,
        version=3,  # 2 dealt single units out to the blocks of encoders
        implementation="rebake.core.ted.ted_policy:TEDPolicy",
        unfingerprinted=_NO_EFFECT_ON_THE_MODEL,
    ),
    ComponentType(
        name="UnexpecTEDIntentPolicy",
        rasa_class="rasa.core.policies.unexpected_intent_policy.UnexpecTEDIntentPolicy",
        kind="policy",
        defaults=defaults.UNEXPECTED_INTENT,
        version=4,  # 3 could find a turn of its own stories unlikely, by rounding
        implementation="rebake.core.ted.unexpected_intent_policy:UnexpecTEDIntentPolicy",
        unfingerprinted=_NO_EFFECT_ON_THE_MODEL,
    ),
)

POLICIES: Mapping[str, ComponentType] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
_BY_CLASS = {entry.rasa_class: entry for entry in _ENTRIES}


def policy_type(spec: ComponentSpec) -> ComponentType:
    """The registry entry of one entry of ``policies:``, named as in config.yml or by Rasa's dotted class.

    Raises:
        DataError: a name that Rasa 3.6 does not know, misspelt or of an older version.
        UnsupportedError: a policy of one's own, whose code rebake does not run.
    """
    entry = POLICIES.get(spec.name) or _BY_CLASS.get(spec.name)
    if entry is None and "." not in spec.name:
        raise DataError(
            f"policies: there is no policy '{spec.name}' in Rasa 3.6.{did_you_mean(spec.name, POLICIES)}",
            location=spec.location,
            fix=f"Use {', '.join(trainable_names())}.",
        )
    if entry is None:
        raise UnsupportedError(
            f"The policy '{spec.name}' is not one of Rasa 3.6's, and rebake runs no code of the assistant.",
            location=spec.location,
            fix=f"Remove it, or use {', '.join(trainable_names())}.",
        )
    return entry


def require_trainable(spec: ComponentSpec) -> ComponentType:
    """As :func:`policy_type`, and UnsupportedError also for a policy that rebake does not train yet."""
    entry = policy_type(spec)
    if entry.implementation is None:
        raise UnsupportedError(
            f"rebake does not train {entry.name} yet.",
            location=spec.location,
            fix=f"Remove it, or use {', '.join(trainable_names())}.",
        )
    return entry


def trainable_names() -> list[str]:
    """Names of the policies that can be trained."""
    return [entry.name for entry in _ENTRIES if entry.implementation is not None]
