"""What the assistant asks for against what the newest model was trained from: the verdict, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rebake.archive import integrity
from rebake.archive.manifest import PARTS, ComponentRecord, Manifest, Part
from rebake.staleness.fingerprints import Fingerprints
from rebake.staleness.reasons import reasons
from rebake.staleness.verdict import PartVerdict, Verdict

NO_MODEL = "there is no model yet"
_NAMES: dict[Part, str] = {"core": "Core model", "nlu": "NLU model", "nlg": "responses"}
_DATA: dict[Part, str] = {"core": "stories or rules", "nlu": "NLU data", "nlg": "responses"}


def compare(
    new: Fingerprints,
    old: Manifest | None,
    *,
    model: str | None = None,
    problem: str | None = None,
    damages: Sequence[integrity.Damage] = (),
    force: bool = False,
    accept_finetuned: bool = True,
) -> Verdict:
    """The verdict on every part that was asked for.

    Args:
        new: fingerprints of the assistant.
        old: manifest of the newest model; None where there is none.
        model: name of the newest model, where it has no manifest: then every part is stale.
        problem: why the newest model could not be read: then every part is unknown, which counts as stale.
        damages: of the newest model: the parts that they affect are unknown.
        force: train whatever the verdicts are.
        accept_finetuned: whether a fine-tuned part can be fresh.
    """
    verdicts = [_verdict(part, new, old, model, problem) for part in PARTS if part in new.asked]
    if not accept_finetuned:
        verdicts = [_from_scratch(verdict) for verdict in verdicts]
    return Verdict(tuple(_doubted(verdict, damages) for verdict in verdicts), force)


def _verdict(
    part: Part, new: Fingerprints, old: Manifest | None, model: str | None, problem: str | None
) -> PartVerdict:
    wanted, found = new.parts.get(part), old.parts.get(part) if old is not None else None
    if wanted is None:
        if found is None:
            return PartVerdict(part, "absent")
        reason = f"the assistant has no {_DATA[part]} any more, but the model was trained on some"
        return PartVerdict(part, "stale", (reason,))
    if problem is not None:
        return PartVerdict(part, "unknown", (problem,), wanted.fingerprint)
    if old is None:
        why = [NO_MODEL if model is None else f"{model} has no rebake.json, so it is unknown what it was trained from"]
    elif found is None:
        why = [f"the model has no {_NAMES[part]}"]
    elif found.fingerprint != wanted.fingerprint:
        why = reasons(wanted, found, _of(part, new.components), _of(part, old.components))
    else:
        return PartVerdict(part, "fresh", (), wanted.fingerprint, found.finetuned)
    return PartVerdict(part, "stale", tuple(why), wanted.fingerprint)


def _from_scratch(verdict: PartVerdict) -> PartVerdict:
    """The verdict where only training from scratch counts."""
    if verdict.finetuned is None:
        return verdict
    reason = f"it was {verdict.finetuned}, and not trained from scratch"
    return replace(verdict, state="stale", reasons=(reason,), finetuned=None)


def _doubted(verdict: PartVerdict, damages: Sequence[integrity.Damage]) -> PartVerdict:
    """The verdict on a part of which the model may have damaged files; what else changed since stays in the reasons."""
    affecting = [damage for damage in damages if verdict.part in damage.parts]
    if not affecting or verdict.fingerprint is None:
        return verdict
    return replace(verdict, state="unknown", reasons=(*integrity.reasons(affecting), *verdict.reasons))


def _of(part: Part, components: Mapping[str, ComponentRecord]) -> dict[str, ComponentRecord]:
    return {node: record for node, record in components.items() if record.part == part}
