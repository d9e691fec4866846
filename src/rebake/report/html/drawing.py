"""Draw Vega and Vega-Lite specifications as SVG that takes the page's colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"
ACCENT, BASE, GOOD, BAD, SURFACE = "var(--accent)", "var(--base)", "var(--good)", "var(--bad)", "var(--surface)"

_CONFIG: Mapping[str, Any] = {
    "background": None,
    "font": FONT,
    "padding": {"left": 30, "right": 14, "top": 4, "bottom": 4},  # fonts differ in width from those measured here
    "axis": {
        "labelColor": INK,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "header": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "labelFontWeight": "bold"},
    "legend": {"labelColor": INK, "titleColor": MUTED, "labelFontSize": 12, "symbolStrokeWidth": 2},
    "view": {"stroke": None},
}


def draw_chart(spec: Mapping[str, Any]) -> str:
    """Return the SVG of a Vega-Lite specification; its data must be in it."""
    from vl_convert import vegalite_to_svg

    svg: str = vegalite_to_svg({**spec, "config": _CONFIG}, vl_version="6.4", allowed_base_urls=[])
    return svg


def draw(spec: Mapping[str, Any]) -> str:
    """Return the SVG of a Vega specification; its data must be in it."""
    from vl_convert import vega_to_svg

    svg: str = vega_to_svg(dict(spec), allowed_base_urls=[])
    return svg
