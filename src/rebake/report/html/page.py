"""Fill the template of the page."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from rebake.base.visible import visible
from rebake.errors import UsageError
from rebake.report.model import Report

EXTRA = "report"
_LONGEST = 2_000  # characters of a text
_LIBRARIES = ("jinja2", "vl_convert")


def missing_libraries() -> list[str]:
    """The packages that pages are made with and that are not installed."""
    from importlib.util import find_spec

    return [name for name in _LIBRARIES if find_spec(name) is None]


def require_libraries() -> None:
    """Check that pages can be made, before anything else is. Raises UsageError."""
    missing = missing_libraries()
    if missing:
        raise UsageError(
            f"Packages that the HTML report needs are not installed: {', '.join(missing)}.",
            fix=f'Install it: pip install "rebake[{EXTRA}]"',
        )


def render_html(report: Report) -> str:
    """The page. Raises UsageError where the extra ``report`` is not installed."""
    require_libraries()
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    from rebake.report.html.view import MOST_ROWS, View, web_address

    environment = Environment(
        loader=PackageLoader("rebake.report.html", "template"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _asset("style.css"), _asset("script.js")
    return environment.get_template("page.html").render(
        view=View(report),
        report=report,
        style=style,
        script=script,
        policy=_policy(style, script),
        web_address=web_address,
        most=MOST_ROWS,
    )


def _policy(style: str, script: str) -> str:
    """Nothing is loaded from anywhere, and no script or style runs but those of the template."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    return (
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'".format(
            *hashes
        )
    )


def _finalize(value: Any) -> Any:
    """Characters that a reader would not see are shown, and a long text is cut; None is nothing."""
    if value is None:
        return ""
    if type(value) is not str:  # Markup is ours, and another type
        return value
    text = visible(" ".join(value[: 2 * _LONGEST].split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


@cache
def _asset(name: str) -> str:
    return resources.files("rebake.report.html").joinpath("template", name).read_text(encoding="utf-8")
