"""The verdict in the form of Rasa 2.8's ``rasa train --dry-run``: a bit code and fixed sentences."""

from __future__ import annotations

from rebake.archive.manifest import PARTS, Part
from rebake.staleness.verdict import CODE_FORCED, CODES, Verdict

CODE_CORE_NEEDS_TO_BE_RETRAINED = CODES["core"]
CODE_NLU_NEEDS_TO_BE_RETRAINED = CODES["nlu"]
CODE_NLG_NEEDS_TO_BE_RETRAINED = CODES["nlg"]
CODE_FORCED_TRAINING = CODE_FORCED

FORCED = "The training was forced."
FRESH = "No training required."
SENTENCES: dict[Part, str] = {
    "core": "Core model should be retrained.",
    "nlu": "NLU model should be retrained.",
    "nlg": "Responses in the domain should be updated.",
}


class FingerprintComparisonResult:
    """What differs between the newest model and the assistant: part of the public API, with Rasa 2.8's methods.

    The ``should_*`` methods are for callers that train by themselves; here the verdict says what to train.

    Args:
        nlu: the NLU part is stale.
        core: the Core part is stale.
        nlg: the responses are stale.
        force_training: training was asked for whatever differs.
    """

    def __init__(self, nlu: bool = True, core: bool = True, nlg: bool = True, force_training: bool = False) -> None:
        self.nlu = nlu
        self.core = core
        self.nlg = nlg
        self.force_training = force_training

    def is_training_required(self) -> bool:
        """Whether anything is to be done at all."""
        return self.nlu or self.core or self.nlg or self.force_training

    def should_retrain_core(self) -> bool:
        return self.force_training or self.core

    def should_retrain_nlg(self) -> bool:
        """True with Core, too: what Core is trained with brings its responses along."""
        return self.should_retrain_core() or self.nlg

    def should_retrain_nlu(self) -> bool:
        return self.force_training or self.nlu


def comparison_of(verdict: Verdict) -> FingerprintComparisonResult:
    """A verdict as the public API's comparison result."""
    stale = verdict.stale_parts
    return FingerprintComparisonResult(
        nlu="nlu" in stale, core="core" in stale, nlg="nlg" in stale, force_training=verdict.forced
    )


def dry_run_result(fingerprint_comparison: FingerprintComparisonResult) -> tuple[int, list[str]]:
    """The exit code and the sentences that Rasa 2.8 gives.

    The code is 8 where training is forced, else the sum of 1 (Core), 2 (NLU) and 4 (responses).
    """
    if fingerprint_comparison.force_training:
        return CODE_FORCED_TRAINING, [FORCED]
    stale = {
        "core": fingerprint_comparison.core,
        "nlu": fingerprint_comparison.nlu,
        "nlg": fingerprint_comparison.nlg,
    }
    parts = [part for part in PARTS if stale[part]]
    return sum(CODES[part] for part in parts), [SENTENCES[part] for part in parts] or [FRESH]
