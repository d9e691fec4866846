"""A model from parts that were trained before, all of them: where one is missing, nothing is trained."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from rebake.archive.manifest import Part
from rebake.base.notices import Notices
from rebake.build.build import BuildResult, build
from rebake.build.continuations import NAMES
from rebake.build.plan import Plan
from rebake.build.store_verdict import StoreVerdict, verdict_of_store
from rebake.errors import StorageError
from rebake.store.protocol import Store


def assemble(
    plan: Plan,
    store: Store | None,
    scratch: Path,
    *,
    parts: Collection[Part],
    name: str,
    here: Sequence[Path] = (),
    notices: Notices | None = None,
) -> BuildResult:
    """Write the model of an assistant with parts of a store.

    Args:
        plan: its request is to reuse only.
        store: that the parts are in; None where all are in archives here.
        scratch: a directory for their archives.
        parts: those that the store must have.
        name: of the assistant's state, for a message: "main".
        here: archives that have the other parts.
        notices: as for :func:`rebake.build.build.build`.

    Raises:
        StorageError: the store cannot be read, or lacks a part; or the model cannot be written.
        ModelError: a part of the store is damaged, or not signed as it has to be.
    """
    archives = []
    if store is not None:
        verdict = verdict_of_store(plan, store)
        lacking = [part for part in parts if part not in verdict.stored]
        if lacking:
            raise verdict.error or _lacks(store, verdict, lacking, name)
        archives = [store.fetch(verdict.stored[part], scratch) for part in parts]
    return build(plan, [*archives, *here], notices=notices)


def _lacks(store: Store, verdict: StoreVerdict, parts: Sequence[Part], name: str) -> StorageError:
    wanted = {part.part: part.fingerprint for part in verdict.parts}
    refusals = [store.refusal(part, wanted[part] or "") for part in parts]
    names = " and ".join(NAMES[part] for part in parts)
    why = next((f": {refusal}" for refusal in refusals if refusal is not None), "")
    return StorageError(
        f"{store.label} does not have {names} of {name}{why}.",
        fix="Let CI train it, or train it with `rebake train`.",
    )
