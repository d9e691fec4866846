"""A model that is to be fine-tuned: whether it fits an assistant, by Rasa's rules, and what each part continues from.

Rasa 3.6.21 compares three hashes: of the configuration without epochs, of the domain without texts, and of the labels
in the data. Here each part is compared by itself, and value by value, so that the refusal names what changed: the
configuration and, for Core, the domain. The labels of NLU are compared by the components that learned them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rebake.archive.finetuning import MAY_CHANGE, pruned_domain
from rebake.archive.integrity import Inspection, describe, inspect_model
from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import Part
from rebake.archive.metadata import RASA_VERSION, Metadata, StoredNode, read_metadata, resolve
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.assistant.model import Assistant
from rebake.base.continuation import EPOCHS, FROM_SCRATCH, Continuation, changes
from rebake.base.names import named
from rebake.errors import FinetuningError, RebakeError
from rebake.registry.node import Node

_PART_NAMES: Mapping[Part, str] = {"nlu": "NLU", "core": "Core", "nlg": "responses"}


def has_network(nodes: Sequence[Node]) -> bool:
    """Whether a part contains anything that is trained in epochs; fine-tuning any other is training it."""
    return any(EPOCHS in node.type.options for node in nodes)


@dataclass(frozen=True)
class ContinuedModel:
    """An unpacked model to fine-tune.

    Attributes:
        archive: where it is from.
        directory: that it was unpacked into.
        metadata: what its metadata.json says.
        found: which of its files are whole, and its rebake.json, which models of Rasa do not have.
    """

    archive: Path
    directory: Path
    metadata: Metadata
    found: Inspection

    def has(self, part: Part) -> bool:
        """Whether it has the part."""
        return bool(self._stored(part))

    def continuation(
        self, part: Part, nodes: Sequence[Node], assistant: Assistant, epoch_fraction: float
    ) -> Continuation:
        """What the part of an assistant continues from.

        Raises:
            FinetuningError: the part cannot be fine-tuned; the message says why.
        """
        self._require_version()
        damages = describe(self.found.of_part(part))
        if damages:
            raise self._refusal(f"it is damaged: {'; '.join(damages)}", part)
        if assistant.is_end_to_end or self.metadata.end_to_end:  # Core would be stored as if NLU were not fine-tuned
            raise self._refusal(
                "stories are end to end, and new words change what policies read, whose layers cannot grow", part
            )
        self._require_nodes(part, nodes)
        if part == "nlu" and self.metadata.language != assistant.config.language:
            raise self._refusal(
                f"its language is {self.metadata.language}, and that of the configuration is "
                f"{assistant.config.language}",
                part,
            )
        if part == "core":
            self._require_domain(assistant)
        components = self.directory / COMPONENTS_NAME
        return Continuation(
            {
                node.id: components / (stored.resource or f"train_{stored.id}")
                for stored, node in zip(self._stored(part), nodes, strict=True)
            },
            epoch_fraction,
        )

    def record(self, part: Part, epoch_fraction: float) -> FinetunedFrom:
        """What rebake.json says of the part once it is fine-tuned."""
        manifest = self.found.manifest
        known = manifest.parts.get(part) if manifest is not None else None
        earlier = known.finetuned.times if known is not None and known.finetuned is not None else 0
        return FinetunedFrom(self.archive.name, earlier + 1, epoch_fraction)

    def _stored(self, part: Part) -> tuple[StoredNode, ...]:
        return self.metadata.nlu if part == "nlu" else self.metadata.core

    def _require_version(self) -> None:
        version = str(self.metadata.raw.get("rasa_open_source_version"))
        numbers = tuple(int(number) if number.isdecimal() else 0 for number in version.split("."))
        if numbers < tuple(map(int, RASA_VERSION.split("."))):
            raise FinetuningError(
                f"{self.archive} is a model of Rasa {version}; the oldest that can be fine-tuned is {RASA_VERSION}.",
                fix=FROM_SCRATCH,
            )

    def _require_nodes(self, part: Part, nodes: Sequence[Node]) -> None:
        """The same components with the same options, epochs aside."""
        try:
            known = resolve(self._stored(part), "pipeline" if part == "nlu" else "policies")
        except RebakeError as error:
            raise self._refusal(error.message.rstrip("."), part) from error
        then, now = ([node.type.name for node in side] for side in (known, nodes))
        if then != now:
            raise self._refusal(f"it consists of {', '.join(then)}, and in config.yml of {', '.join(now)}", part)
        for old, new in zip(known, nodes, strict=True):
            before, today = _options(old), _options(new)
            for option in sorted(before.keys() | today.keys()):
                if before.get(option) != today.get(option):
                    raise FinetuningError(
                        f"{named(new.id)} cannot be fine-tuned from {self.archive}: {option} was "
                        f"{_shown(before.get(option))} and is {_shown(today.get(option))}. Only epochs may change.",
                        location=new.spec.place(option) if option in new.spec.options else new.spec.location,
                        fix="Restore the option, or train from scratch, without --finetune.",
                    )

    def _require_domain(self, assistant: Assistant) -> None:
        """The same domain, texts of responses aside."""
        before = pruned_domain(domain_from_dict(self.metadata.domain))
        today = pruned_domain(assistant.domain)
        changed = [key for key in sorted(before.keys() | today.keys()) if before.get(key) != today.get(key)]
        if "responses" in changed and "actions" in changed:
            changed.remove("actions")  # the names of responses are among those of actions
        if changed:
            raise self._refusal(
                f"the domain's {', '.join(changed)} changed{_names(before.get(changed[0]), today.get(changed[0]))}",
                part="core",
            )

    def _refusal(self, why: str, part: Part) -> FinetuningError:
        message = f"{_PART_NAMES[part]} cannot be fine-tuned from {self.archive}: {why}."
        return FinetuningError(message, fix=FROM_SCRATCH)


@contextmanager
def opened(archive: Path) -> Iterator[ContinuedModel]:
    """Unpack a model of rebake or of Rasa 3.6.21 for as long as it is fine-tuned.

    Raises:
        ModelError, StorageError: it cannot be read.
    """
    with unpack(archive) as directory:
        yield ContinuedModel(archive, directory, read_metadata(directory, archive=archive), inspect_model(directory))


def _options(node: Node) -> dict[str, Any]:
    """Merged with the defaults, as JSON gives them back, without what may change or changes nothing."""
    merged = node.type.merged(node.spec.options)
    unread = {name for name, option in node.type.options.items() if not option.changes_model}
    kept = {name: value for name, value in merged.items() if name not in unread and name not in MAY_CHANGE}
    plain: dict[str, Any] = json.loads(json.dumps(kept, default=lambda value: sorted(value, key=str)))
    return {name: bool(value) if value in (0, 1) and _is_flag(node, name) else value for name, value in plain.items()}


def _is_flag(node: Node, option: str) -> bool:
    return isinstance(node.type.defaults.get(option), bool)


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _names(before: Any, today: Any) -> str:
    """Which names of a section are new or gone."""
    if not (isinstance(before, list | dict) and isinstance(today, list | dict)):
        return ""
    old, new = (
        frozenset(next(iter(item)) if isinstance(item, dict) else str(item) for item in side)
        for side in (before, today)
    )
    found = changes(old, new)
    return f" ({found})" if found else ""
