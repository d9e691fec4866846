"""What the parts of a build go on from where they are fine-tuned."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from rebake.archive.continued import ContinuedModel, has_network, opened
from rebake.archive.lineage import FinetunedFrom
from rebake.archive.manifest import Part
from rebake.base.continuation import FROM_SCRATCH, Continuation
from rebake.base.location import Notice
from rebake.base.notices import NoticeSink
from rebake.build.plan import Plan
from rebake.errors import FinetuningError, ModelError, RebakeError
from rebake.registry.node import Node

NAMES: Mapping[Part, str] = {"nlu": "NLU", "core": "Core"}

T = TypeVar("T")


class Continuations:
    """Finds the model that each part to be trained continues from. Use it as a context manager: the models that are
    unpacked for it go when it closes.

    Args:
        plan: its request says whether parts are fine-tuned, and from which models.
        notices: receives why a part is trained from scratch after all.
    """

    def __init__(self, plan: Plan, notices: NoticeSink) -> None:
        self._plan = plan
        self._notices = notices
        self._stack = ExitStack()
        self._opened: dict[Path, ContinuedModel] = {}
        self._found: dict[Part, tuple[ContinuedModel, Continuation]] = {}

    def prepare(self, parts: Iterable[tuple[Part, Sequence[Node]]]) -> None:
        """Find what these parts, which are about to be trained, go on from.

        Raises:
            FinetuningError: a part cannot be fine-tuned, and is not to be trained from scratch then.
            ModelError, StorageError: the model cannot be read; likewise.
        """
        if self._plan.request.finetune is None:
            return
        for part, nodes in parts:
            try:
                self._prepare(part, nodes)
            except RebakeError as error:
                self._refused(part, error, self._notices)

    def _prepare(self, part: Part, nodes: Sequence[Node]) -> None:
        finetune, assistant = self._plan.request.finetune, self._plan.request.assistant
        assert finetune is not None
        if part in self._plan.by_rasa:
            raise FinetuningError(f"{NAMES[part]} is trained by your own Rasa, not fine-tuned.", fix=FROM_SCRATCH)
        if not has_network(nodes):
            return  # nothing in it is trained in epochs, so that fine-tuning it is training it
        for archive in finetune.models:
            if archive not in self._opened:
                self._opened[archive] = self._stack.enter_context(opened(archive))
            model = self._opened[archive]
            if model.has(part):
                self._found[part] = model, model.continuation(part, nodes, assistant, finetune.epoch_fraction)
                return
        missing = f"{finetune.models[0]} has no {NAMES[part]}" if finetune.models else "there is no earlier model"
        raise FinetuningError(f"{NAMES[part]} cannot be fine-tuned: {missing}.", fix=FROM_SCRATCH)

    def train(
        self,
        part: Part,
        nodes: Sequence[Node],
        components: Path,
        notices: NoticeSink,
        train: Callable[[], T],
        go_on: Callable[[Continuation], T],
    ) -> tuple[T, bool]:
        """Fine-tune a part if it can be, else train it from scratch.

        Args:
            part: to be trained.
            nodes: of the part.
            components: ``components/`` of the model; without anything of the part in it.
            notices: of this training.
            train: trains from scratch.
            go_on: fine-tunes.

        Returns:
            What that returned, and whether it is a fine-tuning.
        """
        found = self._found.get(part)
        if found is None:
            return train(), False
        try:
            return go_on(found[1]), True
        except (FinetuningError, ModelError) as error:  # of what only the data or the weights show
            self._refused(part, error, notices)
        for node in nodes:
            shutil.rmtree(components / node.directory, ignore_errors=True)
        return train(), False

    def record(self, part: Part) -> FinetunedFrom:
        """What rebake.json says of a part that was fine-tuned."""
        model, continuation = self._found[part]
        return model.record(part, continuation.epoch_fraction)

    def _refused(self, part: Part, error: RebakeError, notices: NoticeSink) -> None:
        finetune = self._plan.request.finetune
        if finetune is None or not finetune.only_where_possible:
            raise error
        notices.add(Notice(f"{NAMES[part]} is trained from scratch. {error.message}", error.location))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
