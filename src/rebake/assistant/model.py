"""The assistant as immutable values: what the files of a Rasa project say, each item with its place.

Nothing in here reads a file; the readers beside this module build these values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rebake.base.location import Location, Notice
from rebake.base.silenced import SilencedLines


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One entry of ``pipeline:`` or ``policies:``.

    Attributes:
        options: the entry as written, without ``name``.
        location: of the entry.
        places: keys and positions that lead to a value of the options -> where it stands.
    """

    name: str
    options: Mapping[str, Any]
    location: Location
    places: Mapping[tuple[str | int, ...], Location] = field(default_factory=dict, compare=False, repr=False)

    def place(self, *path: str | int) -> Location:
        """Return the location of an option or a value inside of it, or of the entry where that is not known."""
        known = (self.places.get(path[:length]) for length in range(len(path), 0, -1))
        return next((place for place in known if place is not None), self.location)


@dataclass(frozen=True, slots=True)
class Config:
    """config.yml. ``pipeline``/``policies`` are Rasa's defaults where the file leaves them empty."""

    recipe: str
    language: str | None
    assistant_id: str | None
    pipeline: tuple[ComponentSpec, ...]
    policies: tuple[ComponentSpec, ...]
    pipeline_is_default: bool
    policies_is_default: bool
    location: Location


@dataclass(frozen=True, slots=True)
class Intent:
    """One intent; a retrieval intent is named by its base. See :func:`rebake.assistant.domain.names.used_entities`.

    ``use_entities`` is True (all) or names; ``ignore_entities`` None means that nothing was written. Here and below,
    ``properties`` is the entry as written, None for a mere name.
    """

    name: str
    use_entities: tuple[str, ...] | bool = True
    ignore_entities: tuple[str, ...] | None = None
    is_retrieval: bool = False
    properties: Mapping[str, Any] | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    name: str
    roles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    influence_conversation: bool = True
    properties: Mapping[str, Any] | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of the domain files (those that Rasa adds by itself are not here).

    ``mappings`` and ``properties`` (the whole entry) are as written; ``type`` may be a dotted class.
    """

    name: str
    type: str
    initial_value: Any = None
    influence_conversation: bool = True
    values: tuple[str, ...] = ()
    min_value: float = 0.0
    max_value: float = 1.0
    mappings: tuple[Mapping[str, Any], ...] = ()
    properties: Mapping[str, Any] | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Form:
    name: str
    required_slots: tuple[str, ...]
    ignored_intents: tuple[str, ...] = ()
    properties: Mapping[str, Any] | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """All variations of one response, each as written; ``places`` has the location of each."""

    name: str
    variations: tuple[Mapping[str, Any], ...]
    location: Location | None = None
    places: tuple[Location | None, ...] = field(default=(), compare=False, repr=False)

    def place(self, variation: int) -> Location | None:
        """Return the location of a variation."""
        return self.places[variation] if variation < len(self.places) else self.location


@dataclass(frozen=True, slots=True)
class SessionConfig:
    session_expiration_time: float = 60.0  # minutes; 0 = sessions never end
    carry_over_slots_to_new_session: bool = True


@dataclass(frozen=True)
class Domain:
    """The merged domain of all domain files and the responses of data files, in the order that Rasa gives it.

    See :mod:`rebake.assistant.domain.names` for what follows from it, above all the index order of the actions.
    """

    version: str = "3.1"
    intents: tuple[Intent, ...] = ()
    entities: tuple[Entity, ...] = ()
    slots: tuple[Slot, ...] = ()
    forms: tuple[Form, ...] = ()
    responses: tuple[Response, ...] = ()
    actions: tuple[str, ...] = ()
    actions_send_domain: tuple[str, ...] = ()
    e2e_actions: tuple[str, ...] = ()
    session_config: SessionConfig = field(default_factory=SessionConfig)
    store_entities_as_slots: bool = True
    action_locations: Mapping[str, Location] = field(default_factory=dict)
    location: Location | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class EntitySpan:
    """An annotated entity: text[start:end] (end exclusive); ``value`` differs from the text for synonyms."""

    start: int
    end: int
    entity: str
    value: str
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """One training example; ``intent`` is the full name ("faq/refund" for a retrieval intent), or None."""

    text: str
    intent: str | None
    entities: tuple[EntitySpan, ...] = ()
    metadata: Any = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Synonym:
    """``surface`` (as written in a list, or as annotated in an example) stands for ``value``."""

    surface: str
    value: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class RegexPattern:
    name: str
    pattern: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class LookupTable:
    name: str
    elements: tuple[str, ...]
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class NluData:
    """NLU training data, in file order, exact duplicates of examples removed.

    Responses of data files are in the domain. ``synonyms`` are those of lists and of annotations, later ones last.
    """

    examples: tuple[Example, ...] = ()
    synonyms: tuple[Synonym, ...] = ()
    regexes: tuple[RegexPattern, ...] = ()
    lookups: tuple[LookupTable, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.examples)


@dataclass(frozen=True, slots=True)
class StoryEntity:
    """An entity of a user step; ``value`` None where only the name was written."""

    entity: str
    value: Any = None
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class UserStep:
    """``intent:`` (with entities) or, end to end, ``user:`` text; test stories have both."""

    intent: str | None
    text: str | None = None
    entities: tuple[StoryEntity, ...] = ()
    spans: tuple[EntitySpan, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class ActionStep:
    """``action:`` by name, or ``bot:`` by text (end to end)."""

    name: str | None
    text: str | None = None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class SlotStep:
    """One slot of ``slot_was_set``; ``has_value`` is False for ``- name`` without a value."""

    name: str
    value: Any = None
    has_value: bool = True
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class LoopStep:
    """``active_loop: name``; None ends the loop."""

    name: str | None
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class CheckpointStep:
    """``checkpoint: name``, at a story's start with its slot conditions."""

    name: str
    conditions: tuple[SlotStep, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class OrStep:
    """``or:`` alternatives: user steps, or slots; each slot is a separate alternative, as in Rasa."""

    alternatives: tuple[UserStep | tuple[SlotStep, ...], ...]
    location: Location | None = None


Step = UserStep | ActionStep | SlotStep | LoopStep | CheckpointStep | OrStep


@dataclass(frozen=True, slots=True)
class Story:
    """A story or a rule (``is_rule``); ``condition`` has a rule's SlotStep and LoopStep conditions."""

    name: str
    steps: tuple[Step, ...]
    is_rule: bool = False
    condition: tuple[SlotStep | LoopStep, ...] = ()
    conversation_start: bool = False
    wait_for_user_input: bool = True
    metadata: Any = None
    location: Location | None = None

    @property
    def is_end_to_end(self) -> bool:
        """Whether a step has user text in place of an intent, or bot text in place of an action."""
        return any(
            (isinstance(step, UserStep) and step.intent is None) or (isinstance(step, ActionStep) and step.name is None)
            for step in self.steps
        )


@dataclass(frozen=True)
class Assistant:
    """A project on disk as one immutable value.

    ``files`` lists every file that was read, ``test_stories`` the stories of ``test_*`` files (never trained on),
    ``silenced`` the lines with a comment that silences findings: ``notices`` has none of those.
    """

    config: Config
    domain: Domain
    nlu: NluData
    stories: tuple[Story, ...]
    notices: tuple[Notice, ...] = ()
    files: tuple[str, ...] = ()
    test_stories: tuple[Story, ...] = ()
    silenced: SilencedLines = field(default_factory=SilencedLines)

    @property
    def is_end_to_end(self) -> bool:
        return any(story.is_end_to_end for story in self.stories)
