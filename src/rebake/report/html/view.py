"""What the page shows, as plain values for the template: rows of tables, figures, and charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rebake.base.location import Location
from rebake.base.notice_kinds import Severity
from rebake.base.notices import shown as shown_notices
from rebake.differences.model import Difference, Link
from rebake.evaluation.comparison.result import KindComparison, LabelChange, TestedKind
from rebake.evaluation.labels import LabelTest
from rebake.evaluation.scores import Scores
from rebake.report.comparison.words import OUTCOMES, TITLES, signed, wrong_turn
from rebake.report.component_names import figure_names
from rebake.report.confusions import Confusion, confusions
from rebake.report.figures import FailedStory, FigureRow, failed_stories, figure_rows, figure_title
from rebake.report.gates import unmet_gates
from rebake.report.html.charts import LabelRow, confidence_chart, confusion_chart, f1_chart, history_chart
from rebake.report.html.story_graph import story_graph
from rebake.report.html.wrong import WrongRow, wrong_rows
from rebake.report.markdown.parts import duration, short_source
from rebake.report.model import PART_NAMES, Report
from rebake.report.quality import PastQuality, Quality
from rebake.report.standing import Standing, standing_of
from rebake.report.story_paths import paths_of_test
from rebake.report.text import origin_text

MOST_ROWS = 2_000  # of a table; the JSON report has them all
_MOST_STEPS = 150  # of the stories that are drawn
_CHART_LABELS = 150  # whose F1 is drawn; the table has them all


@dataclass(frozen=True, slots=True)
class Card:
    """One figure, large."""

    title: str
    value: str
    base: str
    change: str
    outcome: str
    words: str
    tested_on: str


@dataclass(frozen=True, slots=True)
class LabelSection:
    """Everything about one kind of label."""

    key: str
    title: str
    rows: Sequence[LabelRow]
    has_base: bool
    f1: Markup | None
    matrix: Markup | None
    confused: Sequence[Confusion]
    confidence: Markup | None


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text with the place that it is about, and the place's address."""

    text: str
    place: str
    url: str | None
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the model."""

    name: str
    state: str
    now: str
    reasons: Sequence[str]


class View:
    """The page's content; each property is what one part of the template needs."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.quality = report.quality
        self._link = report.differences.link if report.differences is not None else None

    @property
    def standing(self) -> Standing:
        return standing_of(self.report)

    @property
    def duration(self) -> str:
        return duration(self.report.seconds) if self.report.seconds is not None else ""

    @property
    def saved(self) -> str:
        return duration(self.report.saved_seconds) if self.report.saved_seconds is not None else ""

    @property
    def cards(self) -> list[Card]:
        rows = figure_rows(self.quality) if self.quality is not None else []
        return [_card(row) for row in rows if row.is_telling]

    @property
    def figures(self) -> list[Card]:
        return [_card(row) for row in figure_rows(self.quality)] if self.quality is not None else []

    @property
    def problems(self) -> list[PlacedText]:
        found = [PlacedText(f"{gate.name}: {gate.message}", "", None, True) for gate in unmet_gates(self.report)]
        failure = self.report.failure
        for one in (failure, *failure.others) if failure is not None else ():
            text = f"{one.message} {one.fix or ''}".strip()
            found.append(self._placed(text, one.location, is_bad=True))
        errors = (notice for notice in self.report.notices if notice.severity is Severity.ERROR)
        found += [self._placed(notice.message, notice.location, is_bad=True) for notice in errors]
        return found

    @property
    def warnings(self) -> list[PlacedText]:
        return [
            self._placed(notice.message, notice.location)
            for notice in shown_notices(self.report.notices)
            if notice.severity is not Severity.ERROR
        ]

    @property
    def label_sections(self) -> list[LabelSection]:
        return list(_label_sections(self.quality)) if self.quality is not None else []

    @property
    def wrong(self) -> list[WrongRow]:
        return wrong_rows(self.quality, self._link) if self.quality is not None else []

    @property
    def failed_stories(self) -> list[tuple[PlacedText, str]]:
        found = failed_stories(self.quality) if self.quality is not None else []
        return [(self._story(failed), wrong_turn(failed.story)) for failed in found]

    def _story(self, failed: FailedStory) -> PlacedText:
        story = failed.story
        return self._placed(f"{story.name} {failed.text}", story.location, is_bad=failed.is_new is not False)

    @property
    def story_chart(self) -> tuple[Markup, int] | None:
        """The graph, and how many stories it leaves out."""
        test = self.quality.test.stories if self.quality is not None else None
        if test is None or not test.conversations:
            return None
        paths = paths_of_test(test, _MOST_STEPS)
        return (Markup(story_graph(paths)), paths.left_out) if paths.start.next else None  # noqa: S704

    @property
    def history_chart(self) -> Markup | None:
        quality = self.quality
        if quality is None or not quality.history:
            return None
        rows = [row for row in figure_rows(quality) if row.is_telling]
        now = {_key(row): row.head for row in rows}
        titles = {_key(row): row.title for row in rows}
        for past in quality.history:
            titles |= {name: figure_title(name) for name in past.figures if name not in titles}
        this = PastQuality(self.report.commit or "", "", "this model", now)
        svg = history_chart((*quality.history, this), titles)
        return Markup(svg) if svg is not None else None  # noqa: S704

    @property
    def differences(self) -> list[tuple[str, list[tuple[PlacedText, Sequence[str]]]]]:
        found = self.report.differences
        return [self._difference(one) for one in found.found[:MOST_ROWS]] if found is not None else []

    def _difference(self, difference: Difference) -> tuple[str, list[tuple[PlacedText, Sequence[str]]]]:
        clauses: list[tuple[PlacedText, Sequence[str]]] = []
        for clause in difference.clauses:
            url = _address(self._link, clause.location, is_base=clause.side == "base")
            place = str(clause.location) if clause.location is not None else ""
            clauses.append((PlacedText(clause.text, place, url), clause.lines))
        return difference.subject, clauses

    @property
    def parts(self) -> list[PartRow]:
        return [
            PartRow(PART_NAMES[one.part], one.state, short_source(origin_text(one)), one.reasons)
            for one in self.report.parts
        ]

    @property
    def training_figures(self) -> list[tuple[str, str]]:
        names = figure_names(self.report.metrics)
        return [(names[key], f"{value:.4g}") for key, value in sorted(self.report.metrics.items())]

    def _placed(self, text: str, location: Location | None, *, is_bad: bool = False) -> PlacedText:
        place = str(location) if location is not None else ""
        return PlacedText(text, place, _address(self._link, location), is_bad)


def web_address(url: str | None) -> str | None:
    """An address that a link may have: no script's."""
    return url if url is not None and url.startswith(("https://", "http://")) else None


def _address(link: Link | None, location: Location | None, *, is_base: bool = False) -> str | None:
    if link is None or location is None:
        return None
    return web_address(link(location, "base" if is_base else "head"))


def _card(row: FigureRow) -> Card:
    value = f"{row.head:.3f}"
    if row.change is None:
        return Card(row.title, value, "", "", "", "", row.tested_on)
    change = row.change
    return Card(
        row.title, value, f"{change.base:.3f}", signed(change), change.outcome, OUTCOMES[change.outcome], row.tested_on
    )


def _label_sections(quality: Quality) -> Iterator[LabelSection]:
    nlu = quality.test.nlu
    if nlu is None:
        return
    tests: tuple[tuple[TestedKind, LabelTest | None], ...] = (("intents", nlu.intents), ("responses", nlu.responses))
    for kind, test in tests:
        if test is not None and test.examples:
            matrix = confusion_chart(test)
            yield _section(
                kind, TITLES[kind], test.scores, _compared(quality, kind),
                matrix=Markup(matrix) if matrix is not None else None,  # noqa: S704
                confused=confusions(test)[:MOST_ROWS],
                confidence=Markup(confidence_chart(test)),  # noqa: S704
            )  # fmt: skip
    extractors = nlu.entities.extractors if nlu.entities is not None else ()
    for number, extractor in enumerate(extractors):
        compared = _compared(quality, "entities") if len(extractors) == 1 else None
        name = "Entities" if len(extractors) == 1 else f"Entities of {extractor.name}"
        if extractor.spans.labels:
            yield _section(f"entities{number}", name, extractor.spans, compared)


def _section(
    key: str,
    title: str,
    scores: Scores,
    compared: KindComparison | None,
    *,
    matrix: Markup | None = None,
    confused: Sequence[Confusion] = (),
    confidence: Markup | None = None,
) -> LabelSection:
    changes = {change.label: change for change in compared.labels} if compared is not None else {}
    has_base = compared is not None and bool(compared.metrics)
    rows = [_label_row(label, scores, changes.get(label), has_base=has_base) for label in scores.labels]
    rows.sort(key=lambda row: ((row.f1 - row.base) if row.base is not None else 0, row.f1, row.label))
    f1 = Markup(f1_chart(rows[:_CHART_LABELS]))  # noqa: S704
    return LabelSection(key, title, rows, has_base, f1, matrix, confused, confidence)


def _label_row(label: str, scores: Scores, change: LabelChange | None, *, has_base: bool) -> LabelRow:
    """A label without a change has the same F1 in the base: a comparison lists those alone whose F1 changed."""
    one = scores.labels[label]
    if change is not None:
        figure = change.figure
        return LabelRow(label, one.precision, one.recall, figure.head, one.support, figure.base, figure.outcome)
    return LabelRow(label, one.precision, one.recall, one.f1, one.support, one.f1 if has_base else None)


def _compared(quality: Quality, kind: TestedKind) -> KindComparison | None:
    kinds = quality.comparison.kinds if quality.comparison is not None else ()
    return next((one for one in kinds if one.kind == kind and one.compared), None)


def _key(row: FigureRow) -> str:
    return f"{row.kind}.{row.metric}" + (f".{row.extractor}" if row.extractor is not None else "")
