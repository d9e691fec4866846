"""How good the model is, as Markdown: the table of figures, what the figures are made of, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from rebake.base.location import Location
from rebake.differences.model import Link
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.scores import Scores
from rebake.report.comparison.markdown import changed_lists, marked_labels
from rebake.report.comparison.words import METHOD, OUTCOMES, TITLES, chance, count, counted, signed, wrong_turn
from rebake.report.confusions import confusions
from rebake.report.escaping import code, escape
from rebake.report.figures import FailedStory, FigureRow, failed_stories, figure_rows
from rebake.report.markdown.lists import Listing, details, link
from rebake.report.quality import Quality

_MARKED = 5  # labels of a kind that changed, above the fold
_MOST = 30  # entries of a list in a comment, which is read, and sent by mail; the summary has more
_CONFUSED = 20  # pairs of labels


class QualityMarkdown:
    """A model's test for a comment (the most important figures), or as a whole for a summary."""

    def __init__(self, quality: Quality, links: Link | None, *, is_whole: bool) -> None:
        self._quality = quality
        self._is_whole = is_whole
        self._rows = figure_rows(quality)
        self._failed = Listing(failed_stories(quality), lambda failed: _failed_story(failed, links))
        self._errors = [
            (title, Listing(test.errors, lambda one: _error(one.text, one.expected, one.predicted, one.location)))
            for title, test in _label_tests(quality)
            if test.errors
        ]

    @property
    def has_base(self) -> bool:
        return self._quality.comparison is not None and not self._quality.comparison.is_empty

    def table(self) -> str:
        """The figures, against those of the base where there is one; else why there is none."""
        rows = self._rows if self._is_whole else [row for row in self._rows if row.is_telling]
        blocks = [_compared_table(rows, self._quality.base_name) if self.has_base else _table(rows), self._remark()]
        if self._quality.comparison is not None:
            blocks.append("\n".join(marked_labels(self._quality.comparison, _MARKED)))
        return "\n\n".join(block for block in blocks if block)

    def _remark(self) -> str:
        """What the table is about."""
        quality = self._quality
        facts = []
        if quality.comparison is not None and quality.comparison.is_empty:
            facts.append("The base's test has no example in common with this one, so nothing is compared.")
        elif quality.comparison is None and quality.problem is not None:
            facts.append(f"**There is no base to compare with:** {escape(quality.problem)}.")
        if self.has_base and any(row.change is not None and row.change.outcome == "noise" for row in self._rows):
            facts.append("Changes within noise may be chance (95 %).")
        if quality.is_reused:
            facts.append("The model was tested before; nothing was tested again.")
        return " ".join(facts)

    def problems(self, length: int) -> str:
        """Stories that fail, as a list; "" without any."""
        return self._failed.render(max(length, 1)) if self._failed.count else ""

    def folded(self, length: int) -> Iterator[str]:
        """Folded sections with what the figures are made of."""
        quality = self._quality
        length = length if self._is_whole else min(length, _MOST)
        if not self._is_whole and len(self._rows) > sum(row.is_telling for row in self._rows):
            table = _compared_table(self._rows, quality.base_name) if self.has_base else _table(self._rows)
            yield details("All figures", f"{table}\n\n{METHOD}" if self.has_base else table)
        if quality.comparison is not None:
            parts = [section for kind in quality.comparison.kinds for section in changed_lists(kind, length)]
            yield "\n\n".join(parts)
        for title, errors in self._errors if self._is_whole or not self.has_base else ():
            yield details(f"{title}: {count(errors.count, 'wrong prediction')}", errors.render(length))
        if self._is_whole:
            for title, test in _label_tests(quality):
                yield details(f"{title}: every label", _label_table(test.scores, length))
                yield details(f"{title}: labels that are predicted as others", _confused(test, length))
            yield from self._entity_tables(length)
            if quality.comparison is not None:
                counts = " · ".join(f"{TITLES[kind.kind]}: {counted(kind)}" for kind in quality.comparison.kinds)
                yield f"{counts}\n\n<sub>{METHOD}</sub>"

    def _entity_tables(self, length: int) -> Iterator[str]:
        nlu = self._quality.test.nlu
        for extractor in nlu.entities.extractors if nlu is not None and nlu.entities is not None else ():
            yield details(
                f"Entities of {escape(extractor.name)}, by exact span: every label",
                _label_table(extractor.spans, length),
            )


def _label_tests(quality: Quality) -> Iterator[tuple[str, LabelTest]]:
    nlu = quality.test.nlu
    if nlu is not None and nlu.intents is not None and nlu.intents.examples:
        yield TITLES["intents"], nlu.intents
    if nlu is not None and nlu.responses is not None and nlu.responses.examples:
        yield TITLES["responses"], nlu.responses


def _compared_table(rows: list[FigureRow], base_name: str | None) -> str:
    base = escape(base_name) if base_name else "Base"
    lines = [f"| Quality | {base} | This model | Change | |", "| --- | ---: | ---: | ---: | --- |"]
    for row in rows:
        if row.change is None:
            lines.append(f"| {escape(row.title)} | not tested | {row.head:.3f} | | {row.tested_on} |")
        else:
            change = row.change
            outcome = OUTCOMES[change.outcome] + (f", {chance(change)}" if change.outcome != "same" else "")
            lines.append(f"| {escape(row.title)} | {change.base:.3f} | {row.head:.3f} | {signed(change)} | {outcome} |")
    return "\n".join(lines) if rows else ""


def _table(rows: list[FigureRow]) -> str:
    lines = ["| Quality | This model | Tested on |", "| --- | ---: | --- |"]
    lines += [f"| {escape(row.title)} | {row.head:.3f} | {row.tested_on} |" for row in rows]
    return "\n".join(lines) if rows else ""


def _failed_story(failed: FailedStory, links: Link | None) -> str:
    story = failed.story
    place = linked_place(story.location, links)
    icon = "❌" if failed.is_new in (True, None) else "⚠️"
    return f"{icon} {place}test story “{escape(story.name)}” {failed.text}: {escape(wrong_turn(story))}"


def linked_place(location: Location | None, links: Link | None) -> str:
    """A place with a link to its line at the head, and a colon; "" without a place."""
    if location is None:
        return ""
    address = links(location, "head") if links is not None else None
    shown = code(str(location))
    return f"[{shown}]({link(address)}): " if address is not None else f"{shown}: "


def _error(text: str, expected: str, predicted: str, location: Location | None) -> str:
    place = f"{code(str(location))}: " if location is not None else ""
    return f"{place}“{escape(text)}”: {escape(predicted or 'nothing')}, not {escape(expected)}"


def _label_table(scores: Scores, length: int) -> str:
    lines = ["| Label | Precision | Recall | F1 | Support |", "| --- | ---: | ---: | ---: | ---: |"]
    worst = sorted(scores.labels.items(), key=lambda item: (item[1].f1, item[0]))
    lines += [
        f"| {escape(label)} | {one.precision:.3f} | {one.recall:.3f} | {one.f1:.3f} | {one.support:,} |"
        for label, one in worst[:length]
    ]
    more = f"\n\nand {len(worst) - length:,} more" if len(worst) > length else ""
    return "\n".join(lines) + more if worst else ""


def _confused(test: LabelTest, length: int) -> str:
    found = confusions(test)
    shown = found[: min(length, _CONFUSED)]
    lines = [
        f"- {escape(expected)} is predicted as {escape(predicted or 'nothing')}: {times:,} of {support:,}"
        for expected, predicted, times, support in shown
    ]
    if len(found) > len(shown):
        lines.append(f"- and {len(found) - len(shown):,} more")
    return "\n".join(lines) if found else ""
