"""What Rasa trained, taken out of its archive."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rebake.archive.manifest import Part
from rebake.archive.metadata import read_metadata
from rebake.archive.pack import COMPONENTS_NAME, unpack
from rebake.archive.part_sources import copy_component
from rebake.archive.rasa_graph import PartGraphs, part_graphs
from rebake.assistant.domain.names import action_names
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.assistant.model import Domain
from rebake.errors import ModelError
from rebake.registry.node import Node


def take_part(archive: Path, part: Part, nodes: Sequence[Node], domain: Domain, components: Path) -> PartGraphs:
    """Copy the directories of a part's components into ``components``; return the part's nodes.

    Args:
        archive: that Rasa wrote for this part alone.
        part: "nlu" or "core".
        nodes: the components that it must have.
        domain: of the assistant as rebake reads it, which the model will be served with.
        components: of the model.

    Raises:
        ModelError: it is not a model of these components, or Core learned another order of actions.
    """
    with unpack(archive) as directory:
        metadata = read_metadata(directory, archive=archive)
        stored = metadata.nlu if part == "nlu" else metadata.core
        found, wanted = [node.id for node in stored], [node.id for node in nodes]
        if found != wanted:
            raise ModelError(
                f"Rasa trained {', '.join(found) or 'nothing'}, where config.yml lists {', '.join(wanted)}.",
                fix="Train the model with `rasa train`, and report this.",
            )
        if part == "core" and action_names(domain_from_dict(metadata.domain)) != action_names(domain):
            raise ModelError(
                "Rasa read other actions from the domain than rebake, or in another order, so that the policies would "
                "act wrongly.",
                fix="Train the model with `rasa train`, and report this.",
            )
        for node in stored:
            if node.resource is not None:
                copy_component(directory / COMPONENTS_NAME / node.resource, components / node.resource)
        return part_graphs(metadata.raw, part)
