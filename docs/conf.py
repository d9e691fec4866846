"""Sphinx's configuration of the documentation's site: build it with ``python -m documentation site``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from documentation.repository import WEB  # noqa: E402
from rebake import __version__  # noqa: E402

project = "rebake"
author = "The rebake authors"
version = release = __version__
copyright = author  # no year: the same pages give the same site

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "documentation.sphinx_extension"]
exclude_patterns = ["_build", "gallery/*/*"]  # comments and summaries are for GitHub's view
myst_heading_anchors = 6  # the anchors that GitHub gives to headings

napoleon_use_ivar = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
smartquotes = False  # they would change options and code
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "rebake"
html_static_path = []
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": WEB,
    "source_branch": "main",
    "source_directory": "docs/",
    "footer_icons": [],
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
