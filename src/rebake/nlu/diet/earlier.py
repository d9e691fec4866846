"""The earlier training of DIETClassifier or ResponseSelector that a fine-tuning continues from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rebake.base.continuation import FROM_SCRATCH, require_labels
from rebake.base.names import named
from rebake.errors import FinetuningError
from rebake.nlu.diet.files import DietFiles, NestedArrays, decode_features
from rebake.nlu.entity_tags import TagSpec
from rebake.nlu.message import TEXT
from rebake.nlu.text_features import Stacked, text_data

if TYPE_CHECKING:
    from rebake.nn.diet.model import EarlierDiet


@dataclass(frozen=True)
class EarlierTraining:
    """What it left; see :class:`rebake.nlu.diet.files.DietFiles`.

    Attributes:
        node: the component that goes on.
        checkpoint: prefix of the weights.
        files: what is beside them.
    """

    node: str
    checkpoint: Path
    files: DietFiles

    @classmethod
    def read(cls, node: str, directory: Path, name: str) -> EarlierTraining:
        """Read the files of a component that Rasa calls ``name``. Raises ModelError."""
        return cls(node, directory / f"{name}.tf_model", DietFiles.read(directory, name))

    def require_labels(self, names: Sequence[str], what: str) -> None:
        """Raise FinetuningError unless the labels, "intents" or "responses", are the same."""
        known = self.files.labels
        require_labels(
            f"{what} of {named(self.node)}",
            tuple(names),
            known,
            old=frozenset(known),
            new=frozenset(names),
        )

    def require_tags(self, specs: Sequence[TagSpec]) -> None:
        """Raise FinetuningError unless the entities, with roles and groups, are the same."""
        known = self.files.tag_specs
        require_labels(
            f"entities, roles or groups of {named(self.node)}",
            tuple(specs),
            known,
            old=frozenset(tag for spec in known for tag in spec.tags),
            new=frozenset(tag for spec in specs for tag in spec.tags),
        )

    def network(self, features: Stacked) -> EarlierDiet:
        """Its weights, for texts with these features.

        Raises:
            FinetuningError: another featurizer gives features than did, or one gives fewer.
        """
        from rebake.nn.diet.model import EarlierDiet
        from rebake.nn.training.checkpoints import Growth

        before = self.files.sparse_sizes.get(TEXT, {})
        growth = {}
        for level, sizes in features.sparse_sizes.items():
            known = [int(size) for size in before.get(level, [])]
            if len(known) != len(sizes) or any(new < old for old, new in zip(known, sizes, strict=True)):
                raise self._other_features(f"{_list(sizes)} sparse features ({level}), the model has {_list(known)}")
            if sizes:
                growth[level] = Growth(tuple(known), tuple(sizes))
        now, then = text_data(features).widths, _stored_widths(self.files.data_example)
        if (now.sequence_dense, now.sentence_dense) != then:
            raise self._other_features(
                f"{now.sequence_dense} and {now.sentence_dense} dense features of tokens and texts, the model has "
                f"{then[0]} and {then[1]}"
            )
        return EarlierDiet(self.checkpoint, growth)

    def _other_features(self, which: str) -> FinetuningError:
        return FinetuningError(
            f"{named(self.node)} cannot continue from the model to fine-tune: its featurizers give {which}.",
            fix=FROM_SCRATCH,
        )


def untrained(node: str) -> FinetuningError:
    """The model to fine-tune has nothing to go on from."""
    return FinetuningError(f"{named(node)} is untrained in the model to fine-tune.", fix=FROM_SCRATCH)


def _list(sizes: Sequence[int]) -> str:
    return " + ".join(map(str, sizes)) or "none"


def _stored_widths(example: NestedArrays) -> tuple[int, int]:
    """How many dense features of tokens and of whole texts the example has."""
    widths = text_data(decode_features(example[TEXT])).widths
    return widths.sequence_dense, widths.sentence_dense
