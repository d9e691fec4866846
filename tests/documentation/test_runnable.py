"""What the pages show is what happens: their commands run, in order, and print what stands below them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from documentation.runnable import PageError, difference, pages, run_page, steps
from documentation.screenshots import TUTORIAL, quoted_comment
from rebake.store.release_store import ReleaseStore
from rebake.store.releases import Releases
from support.github_api import GitHubApi
from support.github_job import STORE, Project


@pytest.fixture(scope="module")
def cafe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the assistant after the tutorial, with the models that it trained."""
    return run_page(TUTORIAL, tmp_path_factory.mktemp("tutorial"))


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(cafe: Path) -> None:
    assert len(list((cafe / "models").glob("*.tar.gz"))) > 1


@pytest.mark.slow
def test_the_pull_request_of_the_tutorial_gets_the_comment_that_it_shows(
    cafe: Path, tmp_path: Path, api: GitHubApi, releases: Releases
) -> None:
    project = Project(tmp_path, api)
    shutil.rmtree(project.clone)
    shutil.copytree(cafe, project.clone)
    project.git("remote", "add", "origin", str(project.origin))
    project.git("switch", "--quiet", "main")
    _publish_what_was_trained(project.clone, ReleaseStore(releases, STORE, "run1"))
    project.git("push", "--quiet", "origin", "main")
    project.git("switch", "--quiet", "thanks")
    job = project.run(project.pull_request(1))
    assert job.code == 0, job.log
    (comment,) = api.comments.values()
    head = comment["body"].split("<details>")[0].removeprefix("<!-- rebake:model . -->\n")
    assert [status["state"] for status in api.statuses] == ["pending", "success"]
    assert difference(*map(_plain, (quoted_comment(), head))) == ""


def _plain(comment: str) -> str:
    """A comment without what differs from run to run; its heading is no heading within a page."""
    comment = re.sub(r"^### (.*)$", r"**\1**", comment, flags=re.MULTILINE)
    comment = re.sub(r"^\*\*Model:.*\n", "", comment, flags=re.MULTILINE)
    comment = re.sub(r", which saves [0-9.,]+ s", "", comment)
    comment = re.sub(r"`(core|nlu)-[0-9a-f]+….tar.gz`", "PART", comment)
    return re.sub(r"\]\([^)]*\)", "](LINK)", comment)


def _publish_what_was_trained(directory: Path, store: ReleaseStore) -> None:
    """Put into the store what the push to main would have put there, had it trained the same parts."""
    manifest = directory / "models" / "rebake.json"
    for part in ("core", "nlu"):
        archive = _train(directory, part)  # only rebuilt, of the model that is there
        store.publish_part(part, _manifest_of(archive, manifest)["parts"][part]["fingerprint"], archive)
    whole = _manifest_of(_train(directory), manifest)
    store.publish_part("nlg", whole["parts"]["nlg"]["fingerprint"], manifest)
    store.publish_manifest(manifest, manifest.name)
    store.finish()


def _train(directory: Path, *parts: str) -> Path:
    command = [str(Path(sys.executable).parent / "rebake"), "train", *parts, "--quiet"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return directory / done.stdout.strip()


def _manifest_of(archive: Path, file: Path) -> dict[str, Any]:
    with tarfile.open(archive) as opened, opened.extractfile(file.name) as member:  # type: ignore[union-attr]
        file.write_bytes(member.read())
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in pages() if page != TUTORIAL], ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page: Path, cafe: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(min((cafe / "models").glob("*.tar.gz")), models)  # the first one, of the example as it is
    run_page(page, tmp_path / "place", models)


@pytest.mark.parametrize(
    ("page", "printed", "is_same"),
    [
        ("trained in 10.7 s\n", "trained in 99 s\n", True),
        ("models/20261130-182119-2c52963a.tar.gz", "models/20270101-000000-00000000.tar.gz", True),
        ("loss: 0.88", "loss: 0.89", True),
        ("loss: 0.88", "loss: 1.88", False),
        ("a\n...\nc", "a\nb\nb\nc", True),
        ("a\n...\nc", "a\nb\nb", False),
        ("...", "", True),
        ("fresh", "stale", False),
        ("", "anything", False),
        ("more", "", False),
    ],
)
def test_outputs_are_compared_but_for_times_ids_and_rounding(page: str, printed: str, is_same: bool) -> None:
    assert (difference(page, printed) == "") == is_same


PAGE = """# A page

<!-- start: examples/cafe -->

<!-- edit: domain.yml -->

```diff
   utter_welcome:
-    - text: "You are welcome."
+    - text: "Any time."
```

<!-- append: notes.txt -->

```text
more
```

<!-- run: exit 3 -->

```sh
grep -h "Any time" domain.yml
cat notes.txt
exit 3
```

<!-- output -->

```text
    - text: "Any time."
more
```

```sh
exit 1
```
"""


def test_blocks_are_run_only_where_they_are_marked(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert [step.kind for step in steps(page)] == ["start", "edit", "append", "run", "output"]
    run_page(page, tmp_path / "place")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("exit 3\n```", "exit 4\n```", "page.md:19: exit code 4, not 3"),
        ("more\n```\n\n```sh", "less\n```\n\n```sh", "page.md:27: the output is not what the page says"),
        ("You are welcome", "You are not", "page.md:5: domain.yml has these lines 0 times"),
        ("<!-- output -->\n\n```text", "<!-- output -->\n\nText\n\n```text", "page.md:27: no block of code follows"),
    ],
)
def test_a_page_that_is_wrong_is_found(tmp_path: Path, old: str, new: str, message: str) -> None:
    page = tmp_path / "page.md"
    assert PAGE.count(old) == 1
    page.write_text(PAGE.replace(old, new), encoding="utf-8")
    with pytest.raises(PageError, match=re.escape(message)):
        run_page(page, tmp_path / "place")
