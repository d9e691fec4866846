"""The life of a repository: every training that its events start is counted, and there is none that need not be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rebake.archive.pack import read_member
from support.assistants import STORY, append, edit
from support.github_api import GitHubApi
from support.github_job import STORE, Job, Project

pytestmark = [pytest.mark.slow, pytest.mark.long]

HELD_OUT = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello there
    - hey you
- intent: goodbye
  examples: |
    - bye then
"""
OTHER_STORY = """\
  - story: ordering at once
    steps:
      - intent: order
      - action: utter_ordered
      - intent: goodbye
      - action: utter_goodbye
"""


class Life:
    """Runs the jobs of a repository in order, and counts what each trains.

    Attributes:
        trained: (what happened, the parts that were trained), of the jobs that trained something.
    """

    def __init__(self, project: Project, without_tensorflow: Mapping[str, str]) -> None:
        self.project = project
        self.clone = project.clone
        self.trained: list[tuple[str, str]] = []
        self._without_tensorflow = without_tensorflow

    def happens(
        self,
        what: str,
        event: tuple[str, Mapping[str, object], str, str],
        expected: str,
        **inputs: str,
    ) -> Job:
        """Run the job of an event. One that is to train no NLU cannot: it has no TensorFlow."""
        environment = None if "nlu" in expected else self._without_tensorflow
        given = {name.replace("_", "-"): value for name, value in {"test_nlu": "held-out.yml", **inputs}.items()}
        job = self.project.run(event, given, environment=environment)
        assert job.code == 0, f"{what}: {job.log}"
        assert job.outputs["trained"] == expected, f"{what}: {job.log}"
        if expected:
            self.trained.append((what, expected))
        return job

    def merges(self, branch: str) -> None:
        """Merge a branch into main."""
        self.project.git("checkout", "--quiet", "main")
        self.project.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)

    def starts(self, branch: str, at: str = "main") -> None:
        """Work on a new branch."""
        self.project.git("checkout", "--quiet", "-b", branch, at)


@pytest.fixture
def life(project: Project, without_tensorflow: dict[str, str]) -> Life:
    edit(project.clone / "config.yml", "    epochs: 4\n", "    epochs: 2\n")
    (project.clone / "held-out.yml").write_text(HELD_OUT, encoding="utf-8")
    project.commit("Test data")
    return Life(project, without_tensorflow)


def part_of(api: GitHubApi, part: str, job: Job) -> str:
    """The asset of a part that a job's model has."""
    fingerprint = job.report["parts"][part]["fingerprint"]
    (name,) = [name for name in api.asset_names(STORE) if name == f"{part}-{fingerprint}.tar.gz"]
    return name


def test_in_the_life_of_a_repository_every_part_is_trained_once(life: Life, api: GitHubApi) -> None:
    project = life.project
    first = life.happens("the first push", project.push(), "core,nlu")

    # Two pull requests, from the same commit; the second merge is a state that no job has seen.
    life.starts("examples")
    edit(life.clone / "data" / "nlu.yml", "      - hey\n", "      - hey\n      - ahoy, sailor\n")
    project.commit("An example")
    life.happens("a pull request with an example", project.pull_request(1), "nlu")
    life.starts("stories")
    append(life.clone / "data" / "stories.yml", STORY)
    project.commit("A story")
    life.happens("a pull request with a story", project.pull_request(2), "core")
    life.happens("the same, updated", project.pull_request(2, "synchronize"), "")
    life.merges("examples")
    life.happens("the first merge", project.push(), "")
    life.merges("stories")
    merged = life.happens("the second merge", project.push(), "")

    # A release, and a revert of the first merge.
    project.git("tag", "v1.0")
    released = life.happens("a tag", project.push("refs/tags/v1.0"), "")
    assert api.content("v1.0", "bot-v1.0.tar.gz") == released.model.read_bytes()
    project.git("revert", "--mainline", "1", "--no-edit", "HEAD~1")
    reverted = life.happens("a revert", project.push(), "")
    assert reverted.report["parts"]["nlu"]["fingerprint"] == first.report["parts"]["nlu"]["fingerprint"]
    assert reverted.report["parts"]["core"]["fingerprint"] == merged.report["parts"]["core"]["fingerprint"]

    # A hotfix of what was released, while main is elsewhere.
    life.starts("hotfix", "v1.0")
    edit(life.clone / "domain.yml", '"Bye."', '"Goodbye."')
    project.commit("Other words")
    life.happens("a hotfix of a response", project.push("refs/heads/hotfix"), "")
    append(life.clone / "data" / "stories.yml", OTHER_STORY)
    project.commit("Another story")
    life.happens("a hotfix of stories", project.push("refs/heads/hotfix"), "core")
    project.git("tag", "v1.0.1")
    fixed = life.happens("the tag of the hotfix", project.push("refs/tags/v1.0.1"), "")
    assert b"Goodbye." in (read_member(fixed.model, "components/domain_provider/domain.yml") or b"")
    life.merges("hotfix")
    life.happens("the merge of the hotfix", project.push(), "")

    # An asset that is not as it was written costs one training; a store that is gone, one of each part.
    damaged = part_of(api, "core", merged)
    (asset,) = [asset for asset in api.assets.values() if asset.name == damaged]
    asset.content = asset.content[: len(asset.content) // 2]
    project.git("checkout", "--quiet", "--detach", "main~1")  # the revert, whose Core it is
    life.happens("a corrupt asset", project.push("refs/heads/again"), "core")
    life.happens("once more", project.push("refs/heads/again"), "")
    release = api.release(STORE)
    assert release is not None
    del api.releases[release["id"]]
    project.git("checkout", "--quiet", "main")
    life.happens("a deleted store", project.push(), "core,nlu")

    # A pull request that fine-tunes; its tests are found by whoever only checks.
    life.starts("more")
    edit(life.clone / "data" / "nlu.yml", "      - hello\n", "      - hello\n      - gramercy\n")
    project.commit("Another example")
    auto = {"finetune": "auto", "epoch_fraction": "0.5"}
    tuned = life.happens("a pull request that fine-tunes", project.pull_request(3), "nlu", **auto)
    assert tuned.report["parts"]["nlu"]["finetuned"]["times"] == 1
    checked = life.happens("a check of it", project.pull_request(3, "synchronize"), "", mode="check", **auto)
    assert checked.report["quality"] is not None, checked.log
    assert checked.report["quality"]["test"] == tuned.report["quality"]["test"]
    life.merges("more")
    life.happens("its merge", project.push(), "", **auto)
    life.happens("a last push", project.push(), "", **auto)

    assert life.trained == [
        ("the first push", "core,nlu"),
        ("a pull request with an example", "nlu"),
        ("a pull request with a story", "core"),
        ("a hotfix of stories", "core"),
        ("a corrupt asset", "core"),
        ("a deleted store", "core,nlu"),
        ("a pull request that fine-tunes", "nlu"),
    ]
