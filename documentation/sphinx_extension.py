"""What Sphinx has to know to read pages that are written for GitHub's Markdown view first.

- docs/index.md has no directives: the navigation follows from its lists of links (``navigation.py``).
- A relative link to a file outside docs/ leads to the file on GitHub. A link to a file that is not there is a warning,
  and warnings are errors.
- ``<!-- autodoc: MODULE: NAME, NAME -->`` is replaced by the reference of these names, made of their docstrings.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes

from documentation.navigation import with_navigation
from documentation.repository import ROOT, web_address

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_AUTODOC = re.compile(r"^<!-- autodoc: ([\w.]+): ([\w, ]+) -->$", re.MULTILINE)
_AUTOMODULE = r"""```{eval-rst}
.. automodule:: \1
   :members: \2
   :member-order: bysource
```"""


def _read_source(_app: Sphinx, page: str, source: list[str]) -> None:
    if page == "index":
        source[0] = with_navigation(source[0])
    source[0] = _AUTODOC.sub(_AUTOMODULE, source[0])


def _link_to_github(app: Sphinx, page: nodes.document) -> None:
    """Replace links to files and directories of the repository that are no pages of the site."""
    for link in [*page.findall(addnodes.download_reference), *page.findall(addnodes.pending_xref)]:
        if link.get("reftype") != "myst":
            continue
        target, _, anchor = link["reftarget"].partition("#")
        if link["refdomain"] == "doc":  # a page, by its path in docs/ or its absolute path, without the suffix
            if target in app.env.found_docs:
                continue
            target, anchor = str(Path(app.srcdir) / f"{target}.md"), link["reftargetid"]
        path = _in_repository(app.env, link["refdoc"], target)
        if path is not None:
            address = web_address(path) + (f"#{anchor}" if anchor else "")
            link.replace_self(nodes.reference("", "", *link.children, refuri=address, internal=False))


def _in_repository(env: BuildEnvironment, page: str, target: str) -> Path | None:
    """The file or directory that a page links to, if there is one in the repository."""
    if not target:
        return None
    path = (Path(env.doc2path(page)).parent / target).resolve()
    return path if path.exists() and path.is_relative_to(ROOT) and path != ROOT else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _read_source)
    app.connect("doctree-read", _link_to_github, priority=100)  # before Sphinx collects files to download
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
