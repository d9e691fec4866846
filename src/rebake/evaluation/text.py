"""An evaluation as plain text, for a terminal or a log."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from rebake.base.location import Location
from rebake.base.visible import one_line
from rebake.evaluation.conversations import Conversation, StoryTest, TestedUser
from rebake.evaluation.entities import ExtractorTest
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.result import Fold, ModelTest, NluTest
from rebake.evaluation.scores import Score, Scores

_MOST = 20  # wrong predictions that are shown; the files have them all
_WIDEST = 40  # characters of a label


def evaluation_text(evaluation: ModelTest) -> str:
    """Format the figures of each test, label by label, the worst first, and the first wrong predictions."""
    lines: list[str] = []
    if evaluation.nlu is not None:
        lines += _nlu(evaluation.nlu)
    if evaluation.stories is not None:
        lines += _stories(evaluation.stories)
    return "\n".join(lines).rstrip("\n")


def _nlu(test: NluTest) -> list[str]:
    lines: list[str] = []
    for title, labels in (("Intents", test.intents), ("Responses", test.responses)):
        if labels is not None:
            lines += [*_labels(title, labels), ""]
    for extractor in test.entities.extractors if test.entities is not None else ():
        lines += [*_extractor(extractor), ""]
    if test.entities is not None and not test.entities.extractors:
        lines += ["Entities: none was found.", ""]
    if not lines:
        lines += ["NLU: nothing to test: there are fewer than two intents, and no entities.", ""]
    if test.folds and (folds := _folds(test.folds)):
        lines += [*folds, ""]
    return lines


def _labels(title: str, test: LabelTest) -> list[str]:
    errors = test.errors
    right = len(test.examples) - len(errors)
    lines = [f"{title}: {right} of {len(test.examples)} right ({test.scores.accuracy:.1%})", *_table(test.scores)]
    lines += [
        f"  ! {_place(error.location)}'{one_line(error.text)}': {one_line(error.predicted or 'nothing')}"
        f" ({error.confidence:.2f}), not {one_line(error.expected)}"
        for error in errors[:_MOST]
    ]
    return lines + _more(len(errors))


def _extractor(test: ExtractorTest) -> list[str]:
    lines = [f"Entities of {one_line(test.name)}, by token", *_table(test.tokens)]
    for title, scores in (("by exact span", test.spans), ("by overlap", test.overlaps)):
        lines.append(f"  {title}: {_averages(scores.micro)}")
    return lines


def _stories(test: StoryTest) -> list[str]:
    failed = test.failed
    total = len(test.conversations)
    warned = f", {len(test.with_warnings)} with warnings" if test.with_warnings else ""
    how, what = ("end to end", "actions, intents and entities") if test.is_end_to_end else ("by intents", "actions")
    lines = [f"Stories, {how}: {total - len(failed)} of {total} right{warned}"]
    lines.append(f"  {what}: {_averages(test.scores.weighted)}")
    for conversation in failed[:_MOST]:
        lines += _failed(conversation)
    return lines + _more(len(failed))


def _failed(conversation: Conversation) -> Iterable[str]:
    yield f"  ! {_place(conversation.location)}{one_line(conversation.name)}"
    for turn in conversation.turns:
        if turn.is_right:
            continue
        if isinstance(turn, TestedUser) and turn.expected == turn.predicted:
            yield f"      {one_line(turn.text or '')}: other entities than expected"
        else:
            yield f"      {one_line(turn.predicted or 'nothing')}, not {one_line(turn.expected)}"


def _folds(folds: Sequence[Fold]) -> list[str]:
    names = sorted({name for fold in folds for name in fold.test})
    lines = [f"Weighted F1 of {len(folds)} folds: mean (standard deviation)"] if names else []
    for name in names:
        figures = []
        for title, values in (
            ("held-out", [fold.test[name] for fold in folds if name in fold.test]),
            ("training", [fold.train[name] for fold in folds if name in fold.train]),
        ):
            if values:
                figures.append(f"{title} {statistics.fmean(values):.3f} ({statistics.pstdev(values):.3f})")
        lines.append(f"  {one_line(name)}: {', '.join(figures)}")
    return lines


def _table(scores: Scores) -> list[str]:
    """One line a label, the worst first, then the averages."""
    if not scores.labels:
        return ["  There is no label to score."]
    rows = sorted(scores.labels.items(), key=lambda item: (item[1].f1, item[0]))
    named = [(one_line(name)[:_WIDEST], row) for name, row in rows]
    named += [("micro average", scores.micro), ("macro average", scores.macro), ("weighted average", scores.weighted)]
    width = max(len(name) for name, _ in named)
    head = f"  {'':{width}}  precision  recall  F1     support"
    return [head, *(f"  {name:{width}}  {_columns(row)}" for name, row in named)]


def _columns(row: Score) -> str:
    return f"{row.precision:<9.3f}  {row.recall:<6.3f}  {row.f1:<5.3f}  {row.support}"


def _averages(row: Score) -> str:
    return f"precision {row.precision:.3f}, recall {row.recall:.3f}, F1 {row.f1:.3f}"


def _place(location: Location | None) -> str:
    return f"{one_line(str(location))}: " if location is not None else ""


def _more(count: int) -> list[str]:
    return [f"  and {count - _MOST} more"] if count > _MOST else []
