"""Compare what a verdict promises with what training gives."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parity.oracle.recorded_training import Trained, train
from rebake.archive.manifest import PARTS, ComponentRecord
from rebake.assistant.model import Assistant
from rebake.errors import RebakeError
from rebake.registry.lookup import find
from rebake.staleness.fingerprints import Fingerprints, fingerprint


@dataclass(frozen=True)
class Judged:
    """One mutation.

    Attributes:
        trained: whether the mutated assistant can be trained at all.
        fresh: components that would be reused.
        stale: components that would be trained again.
        false_fresh: those of ``fresh`` that training would have made otherwise: never to happen.
        false_stale: those of ``stale`` that training makes as they were: time lost.
    """

    trained: bool = True
    fresh: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    false_fresh: list[str] = field(default_factory=list)
    false_stale: list[str] = field(default_factory=list)


class Oracle:
    """Knows what the unmutated assistant was trained to, and judges mutations of it.

    Args:
        assistant: a valid one.
        for_real: train learners too, and compare their weights.

    Raises:
        RebakeError: the assistant cannot be trained.
    """

    def __init__(self, assistant: Assistant, *, for_real: bool = False) -> None:
        self._for_real = for_real
        self.trained = self._train(assistant)
        self.fingerprints = _fingerprints(assistant)

    def _train(self, assistant: Assistant) -> Trained:
        with tempfile.TemporaryDirectory(prefix="rebake-oracle-") as work:
            return train(assistant, Path(work), for_real=self._for_real)

    def reads_order(self, node: str) -> bool:
        """Return whether the order of examples counts for a component: the first one that matches wins."""
        entry = find(self.fingerprints.components[node].name)
        return entry is not None and "keywords" in entry.reads

    def judge(self, mutated: Assistant) -> Judged:
        """Train a mutated assistant and compare."""
        try:
            again = self._train(mutated)
        except RebakeError:  # a mutation need not make sense
            return Judged(trained=False)
        judged = Judged()
        known = _by_fingerprint(self.fingerprints.components)
        for node, record in _fingerprints(mutated).components.items():
            reused = known.get((record.part, record.fingerprint))
            before, now = self.trained.get(reused or node), again.get(node)
            if reused is not None:
                judged.fresh.append(node)
                judged.false_fresh.extend([node] if before != now else [])
            elif now is not None or before is not None:
                judged.stale.append(node)
                judged.false_stale.extend([node] if before == now else [])
        return judged


def _fingerprints(assistant: Assistant) -> Fingerprints:
    return fingerprint(assistant, parts=frozenset(PARTS))


def _by_fingerprint(components: Mapping[str, ComponentRecord]) -> dict[tuple[str, str], str]:
    return {(record.part, record.fingerprint): node for node, record in components.items()}
