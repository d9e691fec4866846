"""What a part's fingerprint says of who trains it: nothing where rebake does, whose components have versions.

Where the user's own Rasa does, the fingerprint covers its version and the sources of the assistant's classes. Order
counts there, too: nothing is known of what the assistant's classes make of it.
"""

from __future__ import annotations

from typing import Any

from rebake.archive.manifest import Item, Part
from rebake.assistant.model import Assistant
from rebake.own_rasa.modules import KIND
from rebake.own_rasa.training_plan import OwnTraining
from rebake.staleness.meaning import digest, example_meaning, story_meaning

TRAINER, ORDER = "rasa", "order"  # settings of a part
MODULE = KIND  # of items
SOURCES = "sources"  # an input of a component


class PartTrainer:
    """Who trains a part.

    Args:
        own: what the user's own Rasa is to train.
        part: the part.
        assistant: as it was read.

    Attributes:
        is_rasa: whether the user's own Rasa trains it.
        items: the sources of the assistant's classes in it.
        settings: what the part's record says of it.
        packages: the directories that Rasa's packages are in; None: rebake trains it, with those of its environment.
    """

    def __init__(self, own: OwnTraining, part: Part, assistant: Assistant) -> None:
        self.is_rasa = part in own.parts
        self.items: tuple[Item, ...] = ()
        self.settings: dict[str, Any] = {}
        self.packages = own.packages if self.is_rasa else None
        if self.is_rasa:
            self.items = own.items(assistant.config.pipeline if part == "nlu" else assistant.config.policies)
            order = _nlu_order(assistant) if part == "nlu" else _core_order(assistant)
            self.settings = {TRAINER: own.version, ORDER: digest(order)}

    @property
    def inputs(self) -> dict[str, Any]:
        """What goes into the fingerprint of each component: one that Rasa trained is never taken for one of rebake's.

        The sources of all classes are in each, since Rasa trains the part as a whole.
        """
        return {**self.settings, SOURCES: [item.digest for item in self.items]} if self.is_rasa else {}


def _nlu_order(assistant: Assistant) -> list[Any]:
    data = assistant.nlu
    return [
        [example_meaning(example) for example in data.examples],
        [[synonym.surface, synonym.value] for synonym in data.synonyms],
        [[regex.name, regex.pattern] for regex in data.regexes],
        [[table.name, table.elements] for table in data.lookups],
    ]


def _core_order(assistant: Assistant) -> list[Any]:
    domain = assistant.domain
    named = (domain.intents, domain.entities, domain.slots, domain.forms)
    return [
        [[story.name, story_meaning(story)] for story in assistant.stories],
        [[thing.name for thing in things] for things in named],
    ]
