"""The test data that the inputs name, read before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rebake.action.settings import DEFAULTS, Settings
from rebake.archive.manifest import Part
from rebake.assistant.files import data_files
from rebake.assistant.importer import load_assistant
from rebake.assistant.model import Assistant, Domain, Example
from rebake.assistant.stories.reader import is_test_file
from rebake.base.location import Location, Notice
from rebake.base.notices import Notices
from rebake.base.silenced import SilencedLines
from rebake.core.stories.generator import training_trackers
from rebake.errors import DataError, StorageError, UsageError
from rebake.evaluation.data import EvaluationData
from rebake.validation.tests_and_training import check_test_data

DEFAULT_STORIES = DEFAULTS["test-stories"]


@dataclass(frozen=True)
class GivenTests:
    """What the model of a run is tested on.

    Attributes:
        data: the examples and stories.
        silenced: the lines of their files with a comment that silences findings.
        notices: what deserves attention in these files.
    """

    data: EvaluationData = field(default_factory=EvaluationData)
    silenced: SilencedLines = field(default_factory=SilencedLines)
    notices: tuple[Notice, ...] = ()


def read_test_data(
    settings: Settings, parts: Collection[Part], assistant: Assistant, by_rasa: frozenset[Part] = frozenset()
) -> GivenTests:
    """Read the test data.

    Args:
        settings: the inputs.
        parts: that the model is going to have.
        assistant: that is tested; the stories must fit its domain, and the examples should not be those it learns.
        by_rasa: the parts that the user's own Rasa trains; they have classes that cannot be loaded here.

    Raises:
        DataError: a file says something wrong, is missing, or contains no test data.
        UsageError: a condition of the workflow is on a test that there is none of.
    """
    found = GivenTests()
    untested = _untested(parts, by_rasa)
    if settings.test_nlu:
        found = _with_examples(found, settings, untested, assistant.nlu.examples)
    paths = _story_paths(settings)
    if paths:
        found = _with_stories(found, settings, paths, untested, assistant.domain)
    _require_use(settings, found.data, untested)
    return found


def _untested(parts: Collection[Part], by_rasa: frozenset[Part]) -> Mapping[Part, str]:
    """The parts that cannot be tested, and why: clauses."""
    names: Mapping[Part, str] = {"core": "Core", "nlu": "NLU"}
    return {
        part: f"your own Rasa trains {name}" if part in by_rasa else f"the assistant has no {name}"
        for part, name in names.items()
        if part not in parts or part in by_rasa
    }


def _with_examples(
    found: GivenTests, settings: Settings, untested: Mapping[Part, str], learned: Sequence[Example]
) -> GivenTests:
    read = _read(settings.test_nlu, "test-nlu", settings)
    place = Location(settings.test_nlu[0], 1)
    if not any((example.intent or "").strip() for example in read.nlu.examples):
        raise DataError(
            "There are no NLU examples with an intent.", location=place, fix="Name others in the input test-nlu."
        )
    if "nlu" in untested:
        return _and(found, read, Notice(f"The NLU examples are not tested: {untested['nlu']}.", place))
    examples = read.nlu.examples
    too_easy = read.silenced.without(check_test_data(learned, examples, ()))
    return _and(replace(found, data=replace(found.data, examples=examples)), read, *too_easy)


def _with_stories(
    found: GivenTests, settings: Settings, paths: tuple[str, ...], untested: Mapping[Part, str], domain: Domain
) -> GivenTests:
    read = _read(paths, "test-stories", settings)
    end_to_end = bool(read.test_stories)
    stories = [story for story in read.test_stories or read.stories if not story.is_rule]
    place = Location(paths[0], 1)
    if not stories:
        if _is_default(settings):
            return _and(found, read)
        raise DataError("There are no test stories.", location=place, fix="Name others in the input test-stories.")
    if "core" in untested or (end_to_end and "nlu" in untested):
        return _and(found, read, Notice(f"The test stories are not tested: {' and '.join(untested.values())}.", place))
    training_trackers(stories, domain, 0, notices=Notices(), are_tests=end_to_end)  # finds what cannot be tested
    return _and(replace(found, data=replace(found.data, stories=stories, end_to_end=end_to_end)), read)


def _and(found: GivenTests, read: Assistant, *notices: Notice) -> GivenTests:
    silenced: Mapping[str, Mapping[int, frozenset[str]]] = {**found.silenced.codes, **read.silenced.codes}
    return replace(found, silenced=SilencedLines(silenced), notices=(*found.notices, *read.notices, *notices))


def _story_paths(settings: Settings) -> tuple[str, ...]:
    """Those that the input names; of the default's directory the test stories alone, as anything may be in it."""
    if not _is_default(settings):
        return settings.test_stories
    if not Path(DEFAULT_STORIES).is_dir():
        return ()
    ignored: list[Notice] = []
    return tuple(path for path in data_files(DEFAULT_STORIES, ignored) if is_test_file(path))


def _is_default(settings: Settings) -> bool:
    return settings.test_stories == (DEFAULT_STORIES,)


def _read(paths: tuple[str, ...], name: str, settings: Settings) -> Assistant:
    try:
        return load_assistant(None, None, paths, env=settings.env)
    except StorageError as error:
        message = f"The input {name} names a path that cannot be read. {error.message}"
        raise DataError(message, location=error.location, fix=error.fix) from None


def _require_use(settings: Settings, data: EvaluationData, untested: Mapping[Part, str]) -> None:
    """Refuse conditions that nothing decides, so that nobody relies on them."""
    if data.stories is None:
        wanted = ["fail-on: stories"] if "stories" in settings.fail_on else []
        wanted += ["min-story-accuracy"] if settings.min_story_accuracy is not None else []
        if wanted:
            raise UsageError(
                f"The input {wanted[0]} needs test stories, and none are tested.",
                fix="Name their files in the input test-stories.",
            )
    names = ("min-intent-f1", "min-entity-f1", "min-response-f1")
    least = [name for name in names if getattr(settings, name.replace("-", "_")) is not None]
    if least and "nlu" in untested:
        raise UsageError(f"The input {least[0]} needs a test of NLU, but {untested['nlu']}.", fix="Leave it out.")
    is_cross_validated = settings.cross_validation is not None and "nlu" not in untested
    if "worse" in settings.fail_on and data == EvaluationData() and not is_cross_validated:
        raise UsageError(
            "The input fail-on: worse needs tests, and nothing is tested.",
            fix="Set the input test-nlu, test-stories or cross-validation.",
        )
