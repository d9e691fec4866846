"""rebake.json: what a model was trained from, in digests; docs/rebake-json.md describes the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Part = Literal["core", "nlu", "nlg"]
PARTS: tuple[Part, ...] = ("core", "nlu", "nlg")

MANIFEST_NAME = "rebake.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a part was trained from, so that a later check can say what changed.

    Attributes:
        kind: "example", "synonym", "regex", "lookup", "story", "rule", "intent", "entity", "slot", "form", "action",
            "response" ...
        name: what a person calls it: the intent of an example, the name of a story.
        digest: 16 hex digits over its meaning; never its text.
        file: where it stands, POSIX separators; "" where it stands nowhere.
        line: 1-based; 0 where it stands nowhere.
    """

    kind: str
    name: str
    digest: str
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PartRecord:
    """What one part was (or is to be) trained from, and how its training went.

    Attributes:
        fingerprint: 64 hex digits; equal fingerprints mean equal models.
        items: the data, sorted.
        settings: what else counts, in clear text: ``language``, ``augmentation_factor``, ``action_order`` ...
        seed: of the components without ``random_seed``; None where the part has nothing that is trained.
        trained_by: e.g. "rebake 0.1.0"; "" in a record that only fingerprints.
        reused_from: the archive or store entry that the part was carried over from; None where trained here.
        metrics: figures of its training, e.g. {"DIETClassifier5.loss": 0.2}.
    """

    fingerprint: str
    items: tuple[Item, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    trained_by: str = ""
    reused_from: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """A component or policy: ``options`` merged with the defaults; ``fingerprint`` covers all that it learns from."""

    part: Part
    name: str
    version: int
    options: Mapping[str, Any]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of rebake.json. ``components`` keeps the order of the pipeline and of the policies."""

    parts: Mapping[Part, PartRecord]
    components: Mapping[str, ComponentRecord] = field(default_factory=dict)
    tool_version: str = ""
    format: int = FORMAT
