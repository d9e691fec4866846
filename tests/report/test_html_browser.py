"""The HTML report in Chromium: nothing is loaded or cut off, nothing complains, and a keyboard is enough to use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rebake.report.html.page import render_html
from support.quality import hostile_report

pytestmark = pytest.mark.slow
pytest.importorskip("playwright", reason="the browser is driven by playwright, of the development tools")

from support.browser import Scheme, browser, browser_path, opened  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WIDTHS = {"phone": 360, "desktop": 1280}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = browser_path()
    if path is None:
        assert "REBAKE_BROWSER" not in os.environ, "the browser that REBAKE_BROWSER names is missing"
        pytest.skip("there is no Chromium; see scripts/browser")
    with browser(path) as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(hostile_report()), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", WIDTHS)
def test_a_page_is_whole_at_every_width_in_light_and_dark(
    chromium: Browser, page: Path, tmp_path: Path, device: str, scheme: Scheme
) -> None:
    view = opened(chromium, page, width=WIDTHS[device], scheme=scheme)
    view.page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert view.complaints == []
    assert view.requests == [page.as_uri()]
    assert view.page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
    assert (tmp_path / "page.png").stat().st_size > 50_000
    red = view.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
    assert (int(red) > 128) == (scheme == "light")
    assert view.page.evaluate("window.alert.toString()").startswith("function alert() { [native")


def test_every_text_can_be_read_on_its_background(chromium: Browser, page: Path) -> None:
    """A contrast of 4.5, as WCAG 2.2 asks for."""
    for scheme in ("light", "dark"):
        found: dict[str, float] = opened(chromium, page, width=1280, scheme=scheme).page.evaluate(_CONTRASTS)
        assert found
        assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}, scheme


def test_a_table_can_be_sorted_and_searched_by_keyboard(chromium: Browser, page: Path) -> None:
    at = opened(chromium, page, width=1280).page
    at.keyboard.press("Tab")
    assert at.evaluate("document.activeElement.className") == "skip"
    head = at.locator("#t-wrong thead button", has_text="Confidence")
    head.focus()
    at.keyboard.press("Enter")
    assert _column(at, 5) == sorted(_column(at, 5))
    at.keyboard.press("Enter")
    assert at.locator("#t-wrong th[aria-sort=descending]").count() == 1
    assert _column(at, 5) == sorted(_column(at, 5), reverse=True)
    total = at.locator("#t-wrong tbody tr").count()
    at.get_by_label("Search").locator("visible=true").first.focus()
    at.locator("[data-filter=t-wrong]").fill("turned RIGHT")
    shown = at.locator("#t-wrong tbody tr:visible").count()
    assert 0 <= shown < total
    assert at.locator("#wrong .count").inner_text() == f"{shown} of {total}"


def test_without_scripts_everything_is_there(chromium: Browser, page: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    at = context.new_page()
    at.goto(page.as_uri())
    assert at.locator("#t-wrong tbody tr").count() > 20


def _column(at: Any, number: int) -> list[float]:
    cells = at.locator(f"#t-wrong tbody tr td:nth-child({number + 1})").all_inner_texts()
    return [float(text or 0) for text in cells]


_CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = rgb(getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const element of document.querySelectorAll("body *:not(script):not(svg *):not(.icon)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const a = light(rgb(getComputedStyle(element).color)), b = light(behind(element));
    const name = element.tagName + "." + element.className;
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found[name] = Math.min(found[name] ?? 99, ratio);
  }
  return found;
}"""
