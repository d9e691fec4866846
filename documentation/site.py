"""Build the site of the documentation with Sphinx."""

from __future__ import annotations

from pathlib import Path

from sphinx.cmd.build import build_main

from documentation.repository import DOCS, ROOT

SITE = ROOT / ".cache" / "site"


def build_site(output: Path = SITE, pages: Path = DOCS) -> int:
    """Build the site from scratch and return Sphinx's exit code.

    Every warning is an error: a dead link, or a page that the navigation does not have. Nothing is downloaded, and the
    same pages give the same site.
    """
    doctrees = output.parent / f"{output.name}-doctrees"
    return build_main(
        [
            "--builder=html",
            "--fresh-env",
            "--write-all",
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
            f"--conf-dir={DOCS}",
            f"--doctree-dir={doctrees}",
            str(pages),
            str(output),
        ]
    )
