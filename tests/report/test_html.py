"""The HTML report: complete in itself, and whatever an assistant's files say is text in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rebake.base.location import Location
from rebake.errors import StorageError, UsageError
from rebake.report.html.charts import LabelRow, confidence_chart, confusion_chart, f1_chart, shown, unique
from rebake.report.html.page import render_html
from rebake.report.html.wrong import wrong_rows
from rebake.report.model import Failure, PartReport, Report
from rebake.report.story_paths import paths_of_test
from rebake.report.writing import write_report
from support.quality import HOSTILE, hostile_quality, hostile_report, labels, stories

CHECKED = Report(mode="check", parts=(PartReport("nlu", "stale", ("2 examples added",)),), code=2)


class Page(HTMLParser):
    """Collects elements, the text outside of scripts and styles, and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.svgs: list[str] = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in ("script", "style"):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.text += data


@pytest.fixture(scope="module")
def hostile() -> str:
    return render_html(hostile_report())


ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "div", "p", "span", "h1", "h2", "h3",
    "ul", "li", "nav", "main", "section", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "figure",
    "label", "input", "strong", "code", "footer", "script", "svg", "g", "rect", "path", "line", "text",
}  # fmt: skip


@pytest.mark.slow
def test_names_and_texts_of_the_assistant_are_nothing_but_text(hostile: str) -> None:
    page = Page(hostile)
    assert set(page.elements) <= ELEMENTS
    assert page.elements.count("script") == page.elements.count("style") == 1
    assert [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"] == []
    for text in HOSTILE[:6]:
        assert " ".join(text.split())[:40] in page.text.replace("\n", " ")
    assert "\u202e" not in hostile
    long = replace(CHECKED, parts=(replace(CHECKED.parts[0], reasons=("x" * 50_000,)),))
    assert f"{'x' * 1999}…</li>" in render_html(long)
    assert "alert" not in "".join(page.scripts)


@pytest.mark.slow
def test_nothing_is_loaded_and_links_go_to_the_web_alone(hostile: str) -> None:
    page = Page(hostile)
    links = [value for tag, name, value in page.attributes if (tag, name) == ("a", "href")]
    assert all(link.startswith(("https://github.com/", "#")) for link in links)
    assert len(links) > len(set(HOSTILE))
    assert [one for one in page.attributes if one[1] in ("src", "srcset", "xlink:href", "data", "action")] == []
    assert [one for one in page.attributes if one[1] == "href" and one[0] != "a"] == []
    policy = next(value for tag, name, value in page.attributes if tag == "meta" and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    for svg in page.svgs:
        for element in ElementTree.fromstring(svg).iter():
            assert element.tag.rpartition("}")[2] in {"svg", "g", "rect", "path", "line", "text"}
            assert not [name for name in element.attrib if "href" in name or name.startswith("on")]


@pytest.mark.slow
def test_the_page_has_every_section_and_an_error_of_a_run_at_its_place(hostile: str) -> None:
    for section in ("problems", "intents", "responses", "wrong", "stories", "changes", "parts", "history", "warnings"):
        assert f'<section id="{section}">' in hostile
    assert len(Page(hostile).svgs) == 9  # F1 of 3 kinds, matrix and confidence of 2, stories, history
    failed = render_html(Report("check", failure=Failure("No such action.", Location("data/s.yml", 3), "Add it.")))
    assert "data/s.yml:3" in failed
    assert "No such action. Add it." in failed


def test_without_a_test_the_page_has_the_verdict_and_no_charts() -> None:
    page = Page(render_html(CHECKED))
    assert page.svgs == []
    assert "The model is stale: NLU." in page.text
    assert "2 examples added" in page.text


@pytest.mark.slow
def test_a_page_without_a_base_says_so() -> None:
    page = Page(render_html(replace(hostile_report(), quality=hostile_quality(has_base=False))))
    assert "There is no base to compare with: the base's parts are not in the store" in page.text
    assert "Base F1" not in page.text


def test_a_page_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    page = render_html(CHECKED)
    write_report(page, tmp_path / "deep" / "report.html")
    assert (tmp_path / "deep" / "report.html").read_text(encoding="utf-8") == page
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError):
        write_report(page, tmp_path / "file" / "report.html")


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "vl_convert" else name)
    with pytest.raises(UsageError, match=r"not installed: vl_convert.") as caught:
        render_html(CHECKED)
    assert caught.value.fix == 'Install it: pip install "rebake[report]"'


@pytest.mark.slow
def test_the_matrix_leaves_out_right_labels_where_there_are_too_many_to_be_seen() -> None:
    names = tuple(f"intent_{number}" for number in range(150))
    assert confusion_chart(labels(1, names, each=2)) is None
    assert confusion_chart(labels(0, names, each=2)) is None
    few = labels(1, names[:64], each=2)
    svg = confusion_chart(few)
    assert svg is not None
    assert all(f">{name}</text>" in svg for name in names[:64])
    assert 'aria-label="intent_0: 1 of 2 predicted as intent_1"' in svg


@pytest.mark.slow
def test_charts_say_their_figures_in_words() -> None:
    rows = [LabelRow("a", 1.0, 0.5, 0.6, 10, 0.9, "worse"), LabelRow("a", 1.0, 1.0, 1.0, 3, 1.0)]
    svg = f1_chart(rows)
    assert 'aria-label="a: F1 0.900 → 0.600, ▼ worse"' in svg
    assert ">a (2)</text>" in svg
    assert 'aria-label="12 wrong with a confidence' not in confidence_chart(labels(0))
    assert "right (48)" in confidence_chart(labels(0))


def test_labels_that_look_alike_stay_apart() -> None:
    assert unique(["a", "a", "b", ""]) == ["a", "a (2)", "b", "(nothing)"]
    assert shown("x" * 80) == "x" * 59 + "…"


def test_errors_are_sorted_by_what_the_change_did() -> None:
    rows = wrong_rows(hostile_quality(), None)
    statuses = [row.status for row in rows]
    assert statuses == sorted(statuses, key=["turned wrong", "wrong", "wrong as before", "turned right"].index)
    intents = [row for row in rows if row.kind == "Intents"]
    assert {(row.status, row.before == row.expected) for row in intents} == {("turned wrong", True)}
    assert {row.status for row in rows if row.kind == "Responses"} == {"wrong as before"}
    assert {row.status for row in wrong_rows(hostile_quality(has_base=False), None)} == {"wrong"}


def test_stories_share_their_beginnings_and_a_drawing_has_room_for_the_failed_ones_first() -> None:
    test = stories(False)
    paths = paths_of_test(test, 100)
    assert [step.kind for step in paths.start.next] == ["user"]
    (said,) = paths.start.next.values()
    assert said.stories == 2
    assert [step.kind for step in said.next] == ["wrong", "action"]
    assert paths.left_out == 0
    few = paths_of_test(test, paths.nodes - 1)
    assert few.left_out == 1
    assert [step.kind for step in next(iter(few.start.next.values())).next] == ["wrong"]
