"""Compare what Rasa and rebake answer: numbers within a tolerance, everything else exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TOLERANCE = 1e-4


def near(one: float, other: float, tolerance: float = TOLERANCE) -> bool:
    return abs(one - other) <= tolerance


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_differences(where: str, rasa: Any, rebake: Any, tolerance: float = TOLERANCE) -> list[str]:
    """Numbers may differ by the tolerance, nothing else may; a ranking has its own comparison."""
    if is_number(rasa) and is_number(rebake):
        return [] if near(rasa, rebake, tolerance) else [f"{where}: Rasa {rasa}, rebake {rebake}"]
    if isinstance(rasa, Mapping) and isinstance(rebake, Mapping):
        found = []
        for key in sorted({*rasa, *rebake}):
            if key not in rasa or key not in rebake:
                found.append(f"{where}.{key}: only {'Rasa' if key in rasa else 'rebake'} has it")
            elif key.endswith("ranking"):
                found += ranking_differences(f"{where}.{key}", rasa[key] or (), rebake[key] or (), tolerance)
            else:
                found += value_differences(f"{where}.{key}", rasa[key], rebake[key], tolerance)
        return found
    if isinstance(rasa, list | tuple) and isinstance(rebake, list | tuple):
        if len(rasa) != len(rebake):
            return [f"{where}: Rasa has {len(rasa)} of them, rebake {len(rebake)}: {rasa!r} and {rebake!r}"]
        return [
            difference
            for place, (one, other) in enumerate(zip(rasa, rebake, strict=True))
            for difference in value_differences(f"{where}[{place}]", one, other, tolerance)
        ]
    return [] if type(rasa) is type(rebake) and rasa == rebake else [f"{where}: Rasa {rasa!r}, rebake {rebake!r}"]


def confidences(ranking: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {str(entry.get("name", entry.get("intent_response_key"))): entry["confidence"] for entry in ranking}


def ranking_differences(
    where: str, rasa: Sequence[Mapping[str, Any]], rebake: Sequence[Mapping[str, Any]], tolerance: float = TOLERANCE
) -> list[str]:
    """Equal length, every confidence near, and sorted; names may swap places only where their numbers are near."""
    if len(rasa) != len(rebake):
        return [f"{where}: Rasa ranks {len(rasa)}, rebake {len(rebake)}"]
    one, other = confidences(rasa), confidences(rebake)
    found = numbers_differences(where, one, other, tolerance)
    for place, (mine, theirs) in enumerate(zip(one, other, strict=True)):
        if mine != theirs and not near(one[mine], one.get(theirs, 0.0), tolerance):
            found.append(f"{where}[{place}]: Rasa {mine}, rebake {theirs}")
    return found


def numbers_differences(
    where: str, rasa: Mapping[str, float], rebake: Mapping[str, float], tolerance: float = TOLERANCE
) -> list[str]:
    """Both by name, a name that is missing counting as 0 (both sides leave out what is as good as 0)."""
    return [
        f"{where}.{name}: Rasa {rasa.get(name, 0.0)}, rebake {rebake.get(name, 0.0)}"
        for name in sorted({*rasa, *rebake})
        if not near(rasa.get(name, 0.0), rebake.get(name, 0.0), tolerance)
    ]


def decision_differences(where: str, rasa: Mapping[str, Any], rebake: Mapping[str, Any]) -> list[str]:
    found = value_differences(
        where,
        {key: rasa[key] for key in ("policy", "action", "confidence")},
        {key: rebake[key] for key in ("policy", "action", "confidence")},
    )
    if sorted(rasa["policies"]) != sorted(rebake["policies"]):
        return [*found, f"{where}: Rasa asks {sorted(rasa['policies'])}, rebake {sorted(rebake['policies'])}"]
    for node in sorted(rasa["policies"]):
        found += numbers_differences(f"{where}.{node}", rasa["policies"][node], rebake["policies"][node])
    return found


def spelled(events: Sequence[Mapping[str, Any]]) -> str:
    return " ".join(str(event.get("name") or event.get("intent") or event.get("text")) for event in events)


def compare(rasa: Mapping[str, Any], rebake: Mapping[str, Any]) -> list[str]:
    """Return every difference between two answers of the shape that parity.rasa_side.archives returns.

    Each names the text or the dialogue where it was found.
    """
    found = []
    for key in ("texts", "points"):
        if rasa[key] != rebake[key]:
            return [f"the two sides were not asked the same {key}"]
    pairs = {"parses": ("texts", value_differences), "decisions": ("points", decision_differences)}
    for kind, (asked, differences) in pairs.items():
        if not len(rasa[asked]) == len(rasa[kind]) == len(rebake[kind]):
            return [f"{len(rasa[asked])} {asked} but {len(rasa[kind])} {kind} of Rasa, {len(rebake[kind])} of rebake"]
        for question, one, other in zip(rasa[asked], rasa[kind], rebake[kind], strict=True):
            where = repr(question) if kind == "parses" else f"after {spelled(question['events'])!r}"
            found += differences(where[:300], one, other)
    return found


def compare_parses(texts: Sequence[str], rasa: Sequence[Any], rebake: Sequence[Any]) -> list[str]:
    """As :func:`compare`, of parses alone."""
    empty: dict[str, Any] = {"texts": texts, "points": [], "decisions": []}
    return compare({**empty, "parses": rasa}, {**empty, "parses": rebake})
