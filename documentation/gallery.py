"""The gallery: reports of real runs of the action, as comment, as job summary and as a picture of the HTML page.

Each case is a pull request in a repository of its own, made with git; the action runs on it as on GitHub, against the
double of GitHub's API that the tests have. Nothing in the pages is written by hand.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from documentation.gallery_cases import ALL, CASES, HWU64, SHARED, Case, write_cafe, write_hwu64
from documentation.repository import DOCS, ROOT
from documentation.screenshots import section

GALLERY = DOCS / "gallery"
FOLDED = re.compile(r"<details>.*?</details>\n*", re.DOTALL)


def write_gallery(names: Sequence[str] = (), place: Path | None = None) -> list[str]:
    """Run the cases of these names, or all of them, and write their pages; returns the names of those written.

    Args:
        names: of cases.
        place: directory for the repositories and the jobs' workspaces; by default a temporary one.
    """
    sys.path.insert(0, str(ROOT / "tests"))  # the doubles of GitHub and of a runner
    written = []
    with tempfile.TemporaryDirectory(prefix="rebake-gallery-") as temporary:
        directory = place or Path(temporary)
        for cases, assistant in ((CASES, write_cafe), ((HWU64,), write_hwu64)):
            wanted = [case for case in cases if not names or case.name in names]
            if wanted and (assistant is not write_hwu64 or SHARED.exists()):
                written += _run(wanted, assistant, directory / assistant.__name__)
    write_index()
    return written


def _run(cases: Sequence[Case], write_assistant: Callable[[Path], None], place: Path) -> list[str]:
    """Publish the base, then run each pull request on it."""
    from support.github_api import GitHubApi
    from support.github_job import Project

    place.mkdir(parents=True)
    api = GitHubApi("acme/cafe")
    with api.serving():
        project = Project(place, api)
        write_assistant(project.clone)
        for message in ("The assistant", "Releases have figures, too"):  # two models, so that there is a history
            project.commit(message)
            base = project.run(project.push(), ALL)
            if base.code != 0:
                raise RuntimeError(f"the base cannot be trained:\n{base.log}")
        for number, case in enumerate(cases, start=1):
            project.git("checkout", "--quiet", "-B", case.name, "main")
            case.change(project.clone)
            project.commit(case.title)
            api.comments.clear()
            api.read_only = case.is_fork
            job = project.run(project.pull_request(number, fork=case.is_fork), {**ALL, **case.inputs})
            if not job.outputs["report-html"]:
                raise RuntimeError(f"{case.name} has no page:\n{job.log}")
            comment = next((str(one["body"]) for one in api.comments.values()), None)
            _write(case, comment, job.summary, job.workspace / job.outputs["report-html"])
            print(f"{case.name}: exit code {job.code}", file=sys.stderr)
    return [case.name for case in cases]


def _write(case: Case, comment: str | None, summary: str, page: Path) -> None:
    target = GALLERY / case.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, text in (("comment", comment), ("summary", summary)):
        if text is not None:
            shown = text if case.has_texts else FOLDED.sub("", text)
            (target / f"{name}.md").write_text(shown, encoding="utf-8")
    _picture(case, page, target / "report.png")


def _picture(case: Case, page: Path, target: Path) -> None:
    from support.browser import browser, browser_path, opened

    path = browser_path()
    if path is None:
        raise RuntimeError("There is no Chromium. scripts/browser --install installs one.")
    with browser(path) as running:
        at = opened(running, page, width=case.width, scheme="dark" if case.scheme == "dark" else "light").page
        top = 0
        if case.shown:
            at.evaluate("document.querySelector('nav').style.position = 'static'")
            top = int(at.evaluate(f"document.querySelector('{case.shown}').getBoundingClientRect().top - 16"))
        height = min(case.height, int(at.evaluate("document.documentElement.scrollHeight")) - top)
        at.screenshot(path=target, full_page=True, clip={"x": 0, "y": top, "width": case.width, "height": height})


def write_index() -> None:
    """Write the page that shows all pictures."""
    (GALLERY / "index.md").write_text(index(), encoding="utf-8")


def index() -> str:
    """The page that shows all pictures, as Markdown."""
    lines = [
        "# Gallery",
        "",
        "Reports of real runs of the action on pull requests: against the example assistant"
        " [examples/cafe](../../examples/cafe), of which a quarter of the examples is held out for tests, and"
        " against an assistant of 64 intents. `python -m documentation gallery` makes them again, and"
        " `python -m documentation screenshots` the pictures of the command line and of the site.",
    ]
    for case in (*CASES, HWU64):
        if not (GALLERY / case.name).exists():
            continue
        links = [
            f"[{title}]({case.name}/{name}.md)"
            for title, name in (("comment", "comment"), ("job summary", "summary"))
            if (GALLERY / case.name / f"{name}.md").exists()
        ]
        lines += [
            "",
            f"## {case.title}",
            "",
            f"{case.text} As {' and '.join(links)}; as HTML:",
            "",
            f"![The HTML report: {case.title}]({case.name}/report.png)",
        ]
    return "\n".join([*lines, *section()]) + "\n"
