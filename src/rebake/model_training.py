"""The public API for training, with the names, parameters and defaults of the module of that name in Rasa 2.8.

Only the implementation differs from Rasa 2.8: models are Rasa 3.6 archives, a part that any archive in the
output directory already has is reused, and ``file_importer`` is
:class:`rebake.assistant.importer.ProjectImporter`.

Messages go to the logger "rebake". Errors of the assistant are raised as :class:`rebake.errors.RebakeError`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

from rebake.archive.manifest import Part
from rebake.assistant.files import AnyPath, Paths
from rebake.assistant.importer import ProjectImporter
from rebake.assistant.model import Domain
from rebake.build.python_api import augmentation_of, build_model, finetune_of, log_dry_run, threads_of
from rebake.build.request import Finetune, Request
from rebake.errors import UsageError
from rebake.staleness.dry_run import (
    CODE_CORE_NEEDS_TO_BE_RETRAINED,
    CODE_FORCED_TRAINING,
    CODE_NLG_NEEDS_TO_BE_RETRAINED,
    CODE_NLU_NEEDS_TO_BE_RETRAINED,
    FingerprintComparisonResult,
    dry_run_result,
)

__all__ = [
    "CODE_CORE_NEEDS_TO_BE_RETRAINED",
    "CODE_FORCED_TRAINING",
    "CODE_NLG_NEEDS_TO_BE_RETRAINED",
    "CODE_NLU_NEEDS_TO_BE_RETRAINED",
    "FingerprintComparisonResult",
    "ProjectImporter",
    "TrainingResult",
    "dry_run_result",
    "handle_domain_if_not_exists",
    "train",
    "train_async",
    "train_core",
    "train_core_async",
    "train_nlu",
    "train_nlu_async",
]

DEFAULT_MODELS_PATH = "models"
CORE_PARTS: frozenset[Part] = frozenset({"core", "nlg"})
NLU_PARTS: frozenset[Part] = frozenset({"nlu"})

logger = logging.getLogger("rebake")

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class TrainingResult(NamedTuple):
    """What training gave.

    Attributes:
        model: path of the archive; None for a dry run, and where nothing could be trained.
        code: of a dry run: 0, or the bits 1 Core, 2 NLU, 4 responses, or 8 forced.
    """

    model: str | None = None
    code: int = 0


def _waited(function: Callable[_Parameters, Coroutine[Any, Any, _Result]]) -> Callable[_Parameters, _Result]:
    """The function that runs a coroutine function to its end: same parameters, same defaults, name without `_async`."""

    @wraps(function)
    def wait(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(function(*args, **kwargs))
        raise UsageError(
            f"{wait.__name__} waits for training, so it cannot be called while an event loop runs.",
            fix=f"Await {function.__name__} there.",
        )

    wait.__name__ = wait.__qualname__ = function.__name__.removesuffix("_async")
    call = f"{function.__name__}("
    wait.__doc__ = (function.__doc__ or "").replace(f"await {call}", f"{wait.__name__}(")
    return wait


async def train_async(
    domain: Paths | Domain,
    config: AnyPath,
    training_files: Paths,
    output: AnyPath = DEFAULT_MODELS_PATH,
    dry_run: bool = False,
    force_training: bool = False,
    fixed_model_name: str | None = None,
    persist_nlu_training_data: bool = False,
    core_additional_arguments: Mapping[str, Any] | None = None,
    nlu_additional_arguments: Mapping[str, Any] | None = None,
    model_to_finetune: AnyPath | None = None,
    finetuning_epoch_fraction: float = 1.0,
) -> TrainingResult:
    """Train the stale parts of an assistant, and write a model archive that Rasa 3.6 loads.

    Args:
        domain: domain file or directory of domain files, several of them, or a domain as ``Model.domain`` and
            ``load_assistant`` return it.
        config: the configuration, config.yml.
        training_files: files and directories with NLU data, stories and rules.
        output: directory of models, which is created if it is missing. The assistant is compared with its newest model,
            and a part that any of its models has is reused.
        dry_run: train nothing; only log what is stale, and return the code.
        force_training: train every part, stale or not.
        fixed_model_name: file name of the archive, with or without ``.tar.gz``; by default from time and content.
        persist_nlu_training_data: put the NLU training data into the archive.
        core_additional_arguments: ``augmentation_factor`` (int, default 50): number of longer stories to generate by
            concatenating others; 0 for none.
        nlu_additional_arguments: ``num_threads`` (int): number of threads; the model does not depend on it.
        model_to_finetune: archive to fine-tune the stale parts of, or a directory whose newest model is used.
        finetuning_epoch_fraction: fraction of the configured epochs for fine-tuning.

    Returns:
        The new archive, or the old one if nothing is stale; for a dry run, only the code. Without any training data,
        an error is logged and the result is empty. It is also empty in a worker that does not write the model
        (``TF_CONFIG``).

    Raises:
        rebake.errors.DataError: the assistant's files are wrong; the message names file and line.
        rebake.errors.StorageError: a file is missing, or cannot be read or written.
        rebake.errors.UsageError: an argument is wrong, or an event loop is already running.

    Example:
        >>> result = await train_async("domain.yml", "config.yml", ["data"])
        >>> result.model
        'models/20260102-030405-1a2b3c4d.tar.gz'
    """
    finetune = finetune_of(model_to_finetune, finetuning_epoch_fraction)
    importer = ProjectImporter(config, domain, training_files)
    assistant = importer.load()
    if not assistant.nlu and not assistant.stories:
        logger.error("No training data given: %s contains no stories, no rules and no NLU examples.", training_files)
        return TrainingResult()
    if assistant.domain.is_empty and not dry_run:
        return TrainingResult(await _train_without_domain(importer, output, fixed_model_name, finetune))
    request = Request(
        assistant,
        to_train=not dry_run,
        force=force_training,
        output=Path(output),
        model_name=fixed_model_name,
        follow_links=True,
        augmentation_factor=augmentation_of(core_additional_arguments, "core_additional_arguments"),
        num_threads=threads_of(nlu_additional_arguments, "nlu_additional_arguments"),
        persist_nlu_data=persist_nlu_training_data,
        finetune=finetune,
    )
    if dry_run:
        return TrainingResult(code=log_dry_run(request))
    if not assistant.stories:
        logger.warning("No stories present: only an NLU model is trained.")
    elif not assistant.nlu and not assistant.is_end_to_end:
        logger.warning("No NLU data present: only a Core model is trained.")
    return TrainingResult(await build_model(request, compare=True))


train = _waited(train_async)


async def train_core_async(
    domain: Paths | Domain,
    config: AnyPath,
    stories: AnyPath,
    output: AnyPath,
    train_path: AnyPath | None = None,
    fixed_model_name: str | None = None,
    additional_arguments: Mapping[str, Any] | None = None,
    model_to_finetune: AnyPath | None = None,
    finetuning_epoch_fraction: float = 1.0,
) -> str | None:
    """Train Core alone.

    Args:
        domain: as of :func:`train`.
        config: the configuration, config.yml.
        stories: file or directory with stories and rules.
        output: directory of models.
        train_path: train into this directory and write no archive.
        fixed_model_name: file name of the archive; otherwise its name starts with ``core-``.
        additional_arguments: ``augmentation_factor``.
        model_to_finetune: archive to fine-tune the stale parts of, or a directory whose newest model is used.
        finetuning_epoch_fraction: fraction of the configured epochs for fine-tuning.

    Returns:
        With ``train_path`` that directory, without it the archive. (Rasa's documentation says it the other way round;
        its code does this.) None, after a logged error, where the stories are end to end, the domain is empty or there
        are no stories.

    Raises:
        rebake.errors.RebakeError: see :func:`train`.

    Example:
        >>> await train_core_async("domain.yml", "config.yml", "data", "models")
        'models/core-20260102-030405-1a2b3c4d.tar.gz'
    """
    finetune = finetune_of(model_to_finetune, finetuning_epoch_fraction)
    assistant = ProjectImporter(config, domain, [stories]).load()
    if assistant.is_end_to_end:
        place = next(story.location for story in assistant.stories if story.is_end_to_end)
        logger.error("%s: this story is end to end (user or bot text): use `train`, which trains NLU as well.", place)
        return None
    if assistant.domain.is_empty:
        logger.error("Core training was skipped: the domain %s is missing or empty. Give a valid domain.", domain)
        return None
    if not assistant.stories:
        logger.error("No stories given: %s contains neither stories nor rules.", stories)
        return None
    request = Request(
        assistant,
        parts=CORE_PARTS,
        output=Path(output),
        model_name=fixed_model_name,
        follow_links=True,
        augmentation_factor=augmentation_of(additional_arguments, "additional_arguments"),
        finetune=finetune,
    )
    return await build_model(request, train_path=train_path)


train_core = _waited(train_core_async)


async def train_nlu_async(
    config: AnyPath,
    nlu_data: AnyPath,
    output: AnyPath,
    train_path: AnyPath | None = None,
    fixed_model_name: str | None = None,
    persist_nlu_training_data: bool = False,
    additional_arguments: Mapping[str, Any] | None = None,
    domain: Paths | Domain = None,
    model_to_finetune: AnyPath | None = None,
    finetuning_epoch_fraction: float = 1.0,
) -> str | None:
    """Train only NLU.

    Args:
        config: config.yml.
        nlu_data: file or directory with NLU data.
        output: directory of models.
        train_path: train into this directory and write no archive.
        fixed_model_name: file name of the archive; otherwise its name starts with ``nlu-``.
        persist_nlu_training_data: put the NLU training data into the archive.
        additional_arguments: ``num_threads``.
        domain: domain file or directory, if a component needs it.
        model_to_finetune: archive to fine-tune the stale parts of, or a directory whose newest model is used.
        finetuning_epoch_fraction: fraction of the configured epochs for fine-tuning.

    Returns:
        With ``train_path`` that directory, otherwise the archive. (Rasa's documentation says the opposite, but its code
        does this.) Without NLU examples, an error is logged and the result is None. It is also None in a worker that
        does not write the model (``TF_CONFIG``).

    Raises:
        rebake.errors.RebakeError: see :func:`train`.

    Example:
        >>> await train_nlu_async("config.yml", "data/nlu.yml", "models")
        'models/nlu-20260102-030405-1a2b3c4d.tar.gz'
    """
    finetune = finetune_of(model_to_finetune, finetuning_epoch_fraction)
    if not nlu_data:
        logger.error("No NLU data given.")
        return None
    assistant = ProjectImporter(config, domain, [nlu_data]).load()
    if not assistant.nlu:
        logger.error("%s contains no NLU examples, so no NLU model was trained.", nlu_data)
        return None
    request = Request(
        assistant,
        parts=NLU_PARTS,
        output=Path(output),
        model_name=fixed_model_name,
        follow_links=True,
        num_threads=threads_of(additional_arguments, "additional_arguments"),
        persist_nlu_data=persist_nlu_training_data,
        finetune=finetune,
    )
    return await build_model(request, train_path=train_path)


train_nlu = _waited(train_nlu_async)


async def handle_domain_if_not_exists(
    file_importer: ProjectImporter, output_path: AnyPath, fixed_model_name: str | None
) -> str | None:
    """Warn that there is no domain, train only NLU, and return the archive."""
    return await _train_without_domain(file_importer, output_path, fixed_model_name, None)


async def _train_without_domain(
    file_importer: ProjectImporter, output_path: AnyPath, fixed_model_name: str | None, finetune: Finetune | None
) -> str | None:
    logger.warning(
        "Core training was skipped because the domain is missing or empty: only an NLU model is trained. "
        "Give a valid domain to train Core as well."
    )
    assistant = file_importer.load()
    if not assistant.nlu:
        logger.error("There are no NLU examples either, so nothing was trained.")
        return None
    request = Request(
        assistant,
        parts=NLU_PARTS,
        output=Path(output_path),
        model_name=fixed_model_name,
        follow_links=True,
        finetune=finetune,
    )
    return await build_model(request)
