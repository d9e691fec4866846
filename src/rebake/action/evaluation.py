"""The test of a run's model and of its base: found in the store, or run and kept there.

Whatever the store does, the model is published: what cannot be read is tested again, and what cannot be kept is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rebake.action.base import BaseAssistant
from rebake.action.services import Services
from rebake.action.settings import Settings
from rebake.action.test_data import GivenTests
from rebake.action.tested_parts import TRAINED_PARTS, parts_in_store, parts_of, stored_part
from rebake.archive.manifest import Part
from rebake.assistant.model import Assistant
from rebake.base.location import Notice
from rebake.base.notices import Notices
from rebake.build.plan import Plan, make_plan
from rebake.build.request import Request
from rebake.errors import ModelError, RebakeError, StorageError
from rebake.evaluation.comparison.result import ModelComparison
from rebake.evaluation.confusions import confused_intents
from rebake.evaluation.data import EvaluationData
from rebake.evaluation.kept import Kind, evaluation_keys, is_repeatable, located
from rebake.evaluation.nlu.cross_validation import CrossValidation, cross_validate
from rebake.evaluation.result import ModelTest
from rebake.model import load_model
from rebake.report.gates import THRESHOLDS, Conditions, judge
from rebake.report.model import PART_NAMES
from rebake.report.quality import Quality
from rebake.store.evaluations import Evaluations

HEAD = "this model"

Note = Callable[[Notice], None]


class RunEvaluation:
    """The tests of one run, in its order: before training, and with the model."""

    def __init__(
        self, settings: Settings, services: Services, plan: Plan, given: GivenTests, base: BaseAssistant, note: Note
    ) -> None:
        self._settings = settings
        self._services = services
        self._assistant = plan.request.assistant
        self._accepts_finetuned = plan.request.accept_finetuned
        self._data = given.data
        self._silenced = (self._assistant.silenced, given.silenced)
        self._conditions = _conditions(settings)
        self._base = base
        self._note = note
        self._noted: set[str] = set()
        self._evaluations = Evaluations(services.store)
        self._parts = {part: record.fingerprint for part, record in plan.fingerprints.parts.items()}
        self._keys = self._keys_of(self._parts)
        self._new: set[str] = set()  # keys of what this run tested, and has not kept yet
        self._tested = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to test."""
        return bool(self._keys)

    def cross_validate(self) -> None:
        """Run the cross-validation, unless it is kept.

        Before training: its processes can only be started while TensorFlow is not imported.

        Raises:
            DataError, UnsupportedError: mistakes in the assistant's files, or too few examples.
        """
        key, folds = self._keys.get("cross-validation"), self._settings.cross_validation
        if key is None or folds is None or self._find(key) is not None:
            return
        self._services.store.close()  # the question was asked on a connection, and this may fork
        notices = Notices()
        try:
            nlu = cross_validate(CrossValidation(self._assistant, folds), self._services.progress, notices)
        finally:
            self._say(notices)
        self._add(key, ModelTest(HEAD, nlu))

    def of_model(self, model: Path, scratch: Path) -> Quality:
        """Test a model on what is not kept, and the base likewise.

        Args:
            model: of this run.
            scratch: for temporary files.

        Raises:
            DataError, ModelError: the model cannot be tested.
        """
        self._keys |= self._of_parts(parts_of(model))  # a fine-tuned part is not the one that the plan asks for
        missing = self._missing(self._keys)
        if missing:
            self._test(model, self._assistant, self._keys, missing)
        is_reused = not self._tested
        base, problem = self._base_test(model, scratch)
        return self._quality(base, problem, is_reused=is_reused, is_whole=True)

    def of_kept(self, scratch: Path) -> Quality | None:
        """Return what is kept of the tests of this model, and of its base; None where nothing is.

        ``scratch`` is for temporary files.
        """
        self._keys |= self._in_store(self._parts, scratch)
        missing = self._missing(self._keys)
        if missing and self._conditions != Conditions():
            self._note_once(
                "Not all tests of this model are kept, so conditions on the others are not judged. A run in mode train "
                "of this commit tests it, and keeps what it finds."
            )
        if missing == self._keys.keys():
            return None
        base, problem = self._base_test(None, scratch)
        return self._quality(base, problem, is_reused=True, is_whole=False)

    def keep(self, directory: Path) -> None:
        """Keep what was tested; ``directory`` receives files that must stay until the store is finished."""
        new, self._new = sorted(self._new), set()
        for key in new:
            try:
                self._evaluations.keep(key, directory)
            except StorageError as error:
                self._note_once(f"The test of the model could not be kept. {error}")
                return

    def _keys_of(self, parts: Mapping[Part, str]) -> dict[Kind, str]:
        return evaluation_keys(parts, self._data, self._settings.cross_validation, CrossValidation.seed)

    def _of_parts(self, parts: Mapping[Part, str]) -> dict[Kind, str]:
        """The keys of tests of a model's own parts; a cross-validation is none."""
        return {kind: key for kind, key in self._keys_of(parts).items() if kind != "cross-validation"}

    def _in_store(self, parts: Mapping[Part, str], scratch: Path) -> dict[Kind, str]:
        """The keys of tests of a model of which only the fingerprints are known, and what the store has."""
        if not self._accepts_finetuned:
            return self._of_parts(parts)
        try:
            return self._of_parts(parts_in_store(self._services.store, parts, scratch))
        except (ModelError, StorageError) as error:
            self._note_once(f"Tests of fine-tuned parts cannot be looked up. {error}")
            return self._of_parts(parts)

    def _find(self, key: str) -> ModelTest | None:
        try:
            return self._evaluations.find(key)
        except StorageError as error:
            self._note_once(f"Earlier tests of models cannot be read. {error}")
            return None

    def _missing(self, keys: Mapping[Kind, str]) -> set[Kind]:
        return {kind for kind, key in keys.items() if self._find(key) is None}

    def _add(self, key: str, test: ModelTest, *, is_kept: bool = True) -> None:
        self._evaluations.remember(key, test)
        self._tested = True
        if is_kept:
            self._new.add(key)

    def _test(
        self, model: Path, assistant: Assistant | None, keys: Mapping[Kind, str], kinds: Collection[Kind]
    ) -> None:
        """Test a model, of which a cross-validation is no test; ``assistant`` is the model's, None for the head's."""
        data = EvaluationData(
            self._data.examples if "nlu" in kinds else None,
            self._data.stories if "stories" in kinds else None,
            self._data.end_to_end,
        )
        notices = Notices()
        try:
            from rebake.evaluation.evaluate import evaluate  # a check has nothing installed that trains or tests

            with load_model(model) as loaded:
                test = evaluate(loaded, data, self._services.progress, notices, HEAD)
        finally:
            self._say(notices)
        if "nlu" in kinds:
            self._add(keys["nlu"], replace(test, stories=None))
        if "stories" in kinds:
            is_kept = not data.end_to_end or is_repeatable(assistant or self._assistant)
            self._add(keys["stories"], replace(test, nlu=None), is_kept=is_kept)

    def _base_test(self, model: Path | None, scratch: Path) -> tuple[ModelTest | None, str | None]:
        """The test of the base, and why there is none or why it lacks something, a clause."""
        base = self._base
        if base.parts is None:
            return None, base.problem
        keys = {kind: key for kind, key in self._keys_of(base.parts).items() if kind in self._keys}
        if base.assistant is None:  # nothing differs, so its model is this one, fine-tuned or not
            keys = self._keys
        elif model is None:
            found_keys = self._in_store(base.parts, scratch)
            keys |= {kind: key for kind, key in found_keys.items() if kind in keys}
        problem = None
        missing = self._missing(keys)
        if "cross-validation" in missing:
            problem = f"no cross-validation of {base.name} is kept"
        if missing - {"cross-validation"}:
            if model is None:
                problem = f"no test of {base.name} on this test data is kept"
            else:
                try:
                    directory = self._assembled(base, model, scratch)
                    found_keys = self._of_parts(parts_of(directory))
                    keys |= {kind: key for kind, key in found_keys.items() if kind in keys}
                    if left := self._missing(keys) - {"cross-validation"}:
                        self._test(directory, base.assistant, keys, left)
                except RebakeError as error:
                    problem = error.message.rstrip(".")
        found = {kind: test for kind, key in keys.items() if (test := self._find(key)) is not None}
        if not found:
            return None, problem or f"{base.name} has nothing that is tested"
        return self._joined(found, base.name or ""), problem

    def _assembled(self, base: BaseAssistant, model: Path, scratch: Path) -> Path:
        """Put the base's model together from the parts in the store, and from those that the head has as well.

        Returns:
            the unpacked model.

        Raises:
            RebakeError: a part is not in the store, or cannot be fetched.
        """
        parts, assistant = base.parts, base.assistant
        assert parts is not None
        assert assistant is not None, "an assistant without changes has the head's tests"
        store = self._services.store
        sources = [model.resolve()]
        for part in TRAINED_PARTS:
            wanted = parts.get(part)
            if wanted is None or wanted == self._parts.get(part):
                continue
            stored = stored_part(store, part, wanted, accept_finetuned=self._accepts_finetuned)
            if stored is None:
                raise ModelError(f"the {PART_NAMES[part]} of {base.name} is not in the store")
            sources.append(store.fetch(stored, scratch))
        directory = scratch / "base-model"
        with base.entered():
            request = Request(
                assistant,
                output=scratch,
                augmentation_factor=self._settings.augmentation_factor,
                accept_finetuned=self._accepts_finetuned,
            )
            plan = make_plan(request)
        from rebake.build.build import build_into  # as above

        build_into(plan, directory, sources, notices=Notices())
        return directory

    def _joined(self, tests: Mapping[Kind, ModelTest], subject: str) -> ModelTest:
        nlu = next((test.nlu for test in tests.values() if test.nlu is not None), None)
        stories = next((test.stories for test in tests.values() if test.stories is not None), None)
        examples = self._data.examples or self._assistant.nlu.examples  # a cross-validation has those of the training
        return located(ModelTest(subject, nlu, stories), replace(self._data, examples=examples))

    def _quality(self, base: ModelTest | None, problem: str | None, *, is_reused: bool, is_whole: bool) -> Quality:
        found = {kind: test for kind, key in self._keys.items() if (test := self._find(key)) is not None}
        test = self._joined(found, HEAD)
        self._say(confused_intents(test))
        comparison = None if base is None else _compared(base, test)
        if comparison is None:
            problem = problem or "the tests have no example in common"
        elif problem is not None:
            self._note_once(f"Not all tests are compared with the base: {problem}.")
            problem = None
        gates = judge(self._conditions, test, comparison, problem, is_whole=is_whole)
        return Quality(test, is_reused, comparison, self._base.name, problem, gates)

    def _say(self, notices: Iterable[Notice]) -> None:
        """Note what no comment silences."""
        for silenced in self._silenced:
            notices = silenced.without(notices)
        for notice in notices:
            self._note(notice)

    def _note_once(self, message: str) -> None:
        if message not in self._noted:
            self._noted.add(message)
            self._note(Notice(message))


def _conditions(settings: Settings) -> Conditions:
    least = {name: getattr(settings, name.replace("-", "_")) for name in THRESHOLDS}
    return Conditions(
        "stories" in settings.fail_on,
        "worse" in settings.fail_on,
        settings.max_drop,
        {name: value for name, value in least.items() if value is not None},
    )


def _compared(base: ModelTest, head: ModelTest) -> ModelComparison | None:
    from rebake.evaluation.comparison.compare import compare_tests  # SciPy, which a run without a base does not need

    comparison = compare_tests(base, head)
    return None if comparison.is_empty else comparison
