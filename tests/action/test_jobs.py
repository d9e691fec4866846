"""The whole action as GitHub runs it, on real git repositories, each job in its own empty workspace."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from rebake.archive.pack import read_member
from support.assistants import STORY, append, edit
from support.attestations import read_provenance
from support.github_api import GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow

MARKER = "<!-- rebake:model . -->"

THANKS = """\
  - intent: thanks
    examples: |
      - thank you
      - thanks
"""


def test_a_pull_request_trains_once_and_every_later_run_finds_the_parts(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    checked = project.run(project.push(), {"mode": "check"}, environment=without_tensorflow)
    assert (checked.code, checked.outputs["stale-parts"]) == (7, "core,nlu,nlg"), checked.log
    api.statuses.clear()
    project.branch()
    append(project.clone / "data" / "nlu.yml", THANKS)
    edit(project.clone / "domain.yml", "goodbye]", "goodbye, thanks]")
    head = project.commit("Thanks")

    opened = project.run(project.pull_request(7))
    assert opened.code == 0, opened.log
    assert (opened.outputs["trained"], opened.outputs["stale"]) == ("core,nlu", "true")
    assert opened.model.is_file()
    assert [(status["sha"], status["state"], status["context"]) for status in api.statuses] == [
        (head, "pending", "rebake/model"),
        (head, "success", "rebake/model"),
    ]
    (comment,) = api.comments.values()
    assert comment["body"].startswith(f"{MARKER}\n")
    assert "data/nlu.yml" in comment["body"]
    assert "there is no model yet" in comment["body"]
    offered = f"https://github.example/acme/bot/releases/download/{STORE}/pull-7.tar.gz"
    assert opened.outputs["model-url"] == offered
    assert f"({offered})" in comment["body"]
    assert api.content(STORE, "pull-7.tar.gz") == opened.model.read_bytes()
    assert "rebake.json" not in api.asset_names(STORE)

    append(project.clone / "data" / "stories.yml", STORY)
    project.commit("A story")
    updated = project.run(project.pull_request(7, "synchronize"))
    assert updated.code == 0, updated.log
    assert updated.outputs["trained"] == "core"
    assert list(api.comments.values()) == [comment]
    assert "Trained Core." in comment["body"]
    saved = updated.report["parts"]["nlu"]["saved_seconds"]
    assert saved == updated.report["saved_seconds"] == pytest.approx(opened.report["parts"]["nlu"]["seconds"], abs=0.1)
    assert ", which saves " in comment["body"]
    assert " of training saved ·" in comment["body"]
    assert api.content(STORE, "pull-7.tar.gz") == updated.model.read_bytes()
    assert updated.outputs["comment-url"].endswith(str(comment["id"]))
    assert updated.report["changes"]["problem"] is None
    assert [file["path"] for file in updated.report["changes"]["files"]] == [
        "data/nlu.yml",
        "data/stories.yml",
        "domain.yml",
    ]

    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "--no-ff", "feature")
    merged = project.run(project.push(), environment=without_tensorflow)
    assert merged.code == 0, merged.log
    assert (merged.outputs["trained"], merged.outputs["stale"], merged.outputs["model-url"]) == ("", "false", "")
    assert merged.model.is_file()
    assert "rebake.json" in api.asset_names(STORE)
    assert api.statuses[-1]["sha"] == project.git("rev-parse", "HEAD")

    project.git("tag", "v1.0")
    tagged = project.run(project.push("refs/tags/v1.0"), environment=without_tensorflow)
    assert tagged.code == 0, tagged.log
    assert tagged.outputs["trained"] == ""
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.provenance.json", "bot-v1.0.tar.gz", "rebake.json"]
    assert tagged.outputs["model-url"].endswith("/v1.0/bot-v1.0.tar.gz")
    assert tagged.outputs["release-id"] == str(api.release("v1.0")["id"])  # type: ignore[index]
    assert tagged.outputs["release-url"].endswith("/tag/v1.0")
    assets = {asset["name"]: asset for asset in json.loads(tagged.outputs["assets"])}
    assert sorted(assets) == api.asset_names("v1.0")
    assert assets["bot-v1.0.tar.gz"]["digest"] == f"sha256:{hashlib.sha256(tagged.model.read_bytes()).hexdigest()}"
    assert [tagged.outputs["result"], opened.outputs["result"], checked.outputs["result"]] == [
        "fresh",
        "trained",
        "stale",
    ]
    assert api.content("v1.0", "bot-v1.0.tar.gz") == tagged.model.read_bytes()
    manifest = api.content("v1.0", "rebake.json")
    assert manifest == api.content(STORE, "rebake.json") == read_member(tagged.model, "rebake.json")
    assert any(component["files"] for component in json.loads(manifest)["components"].values())
    document = read_provenance(api.content("v1.0", "bot-v1.0.provenance.json"))
    assert (tagged.workspace / tagged.outputs["provenance"]).read_bytes() == api.content(
        "v1.0", "bot-v1.0.provenance.json"
    )
    digests = {subject["name"]: subject["digest"]["sha256"] for subject in document["subject"]}
    assert digests == {name: assets[name]["digest"][7:] for name in ("bot-v1.0.tar.gz", "rebake.json")}
    commit, *parts = document["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert commit["digest"] == {"gitCommit": project.git("rev-parse", "v1.0^{commit}")}
    assert [part["name"] for part in parts] == [n for n in api.asset_names(STORE) if n.startswith(("core", "nlu"))][-2:]
    for part in parts:
        assert part["digest"] == {"sha256": hashlib.sha256(api.content(STORE, part["name"])).hexdigest()}
        assert part["uri"] == f"https://github.example/acme/bot/releases/download/{STORE}/{part['name']}"

    released = {"action": "published", "release": {"tag_name": "v1.0", "draft": False}}
    again = project.run(("release", released, "refs/tags/v1.0", project.git("rev-parse", "HEAD")))
    assert again.code == 0, again.log
    assert api.asset_names("v1.0") == ["SHA256SUMS", "bot-v1.0.provenance.json", "bot-v1.0.tar.gz", "rebake.json"]


def test_a_check_fails_while_the_model_is_stale_and_passes_once_it_was_trained(
    core_only: Project, api: GitHubApi
) -> None:
    core_only.run(("push", {}, "refs/heads/main", core_only.git("rev-parse", "HEAD")))
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    head = core_only.commit("A story")
    event = core_only.pull_request(3)

    stale = core_only.run(event, {"mode": "check"})
    assert stale.code == 1, stale.log
    assert (stale.outputs["stale-parts"], stale.outputs["verdict-code"], stale.outputs["trained"]) == ("core", "1", "")
    assert stale.outputs["model-path"] == ""
    assert (api.statuses[-1]["sha"], api.statuses[-1]["state"]) == (head, "failure")
    assert api.statuses[-1]["description"] == "The model is stale: Core."
    assert "leaving at once" in stale.summary
    assert any(line.startswith("::error") for line in stale.annotations)

    job = core_only.run(event, {"mode": "check", "fail-on": "never"})
    assert (job.code, job.outputs["stale"], api.statuses[-1]["state"]) == (0, "true", "success")

    assert core_only.run(event).outputs["trained"] == "core"
    fresh = core_only.run(event, {"mode": "check"})
    assert (fresh.code, fresh.outputs["stale"], api.statuses[-1]["state"]) == (0, "false", "success")
    assert len(api.comments) == 1


def test_the_comment_says_what_changed_in_the_words_of_the_domain_with_links_to_the_lines(
    core_only: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    core_only.branch()
    edit(core_only.clone / "domain.yml", "Hello!", "Hello ${KEY}!")
    append(core_only.clone / "data" / "stories.yml", STORY)
    odd = "stories:\n- story: odd\n  steps:\n  - action: utter_greet\n"
    (core_only.clone / "data" / os.fsdecode(b"n\xff.yml")).write_text(odd, encoding="utf-8")
    core_only.commit("A story")
    done = core_only.run(
        core_only.pull_request(7),
        {"mode": "check", "env": "KEY"},
        environment={**without_tensorflow, "KEY": "s3cret"},
    )
    found = {one["kind"]: one for one in done.report["differences"] if one["name"] != "odd"}
    assert len(found) < len(done.report["differences"])
    assert set(found) == {"story", "response"}, done.log
    (clause,) = found["story"]["clauses"]
    assert clause["text"].startswith("added (")
    assert f"/{api.repository}/blob/{done.report['commit']}/data/stories.yml#L" in clause["url"]
    assert found["response"]["clauses"][0]["text"] == "text: Hello! -> Hello ${KEY}!"
    (comment,) = api.comments.values()
    assert f"]({clause['url']})" in comment["body"]
    assert "/data/n%FF.yml#L2)" in comment["body"]
    assert "What changed since main" in comment["body"]
    assert "s3cret" not in comment["body"] + json.dumps(done.report)


def test_a_base_that_cannot_be_read_costs_the_run_only_the_differences(
    core_only: Project, without_tensorflow: dict[str, str]
) -> None:
    edit(core_only.clone / "domain.yml", "intents:", "intents: ]")
    core_only.commit("Broken")
    core_only.git("push", "--quiet", "origin", "HEAD:main")
    core_only.branch()
    edit(core_only.clone / "domain.yml", "intents: ]", "intents:")
    core_only.commit("Mended")
    done = core_only.run(core_only.pull_request(7), {"mode": "check"}, environment=without_tensorflow)
    assert done.report["error"] is None, done.log
    assert done.report["differences"] is None
    assert [file["path"] for file in done.report["changes"]["files"]] == ["domain.yml"]


def test_editing_a_response_trains_nothing_and_the_model_has_the_new_text(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    edit(core_only.clone / "domain.yml", "Bye.", "So long.")
    core_only.commit("A response")
    job = core_only.run(core_only.push())
    assert (job.outputs["trained"], job.outputs["stale-parts"]) == ("", "nlg"), job.log
    assert job.report["parts"]["nlg"]["origin"] == "updated"
    assert core_only.run(core_only.push(), {"mode": "check"}).code == 0


def test_two_assistants_of_one_repository_do_not_meet(core_only: Project, api: GitHubApi) -> None:
    for name in ("a", "b"):
        (core_only.clone / "bots" / name).mkdir(parents=True)
        core_only.git("checkout", "main", "--", ".")
        for entry in ("config.yml", "domain.yml", "data"):
            target = core_only.clone / "bots" / name / entry
            core_only.git("mv", "-k", entry, str(target))
        core_only.git("reset", "--quiet", "main", "--", "config.yml", "domain.yml", "data")
        core_only.git("checkout", "--", ".")
    edit(core_only.clone / "bots" / "b" / "domain.yml", "Bye.", "Ciao.")
    core_only.branch()
    core_only.commit("Two")
    event = core_only.pull_request(11)
    first = core_only.run(event, {"working-directory": "bots/a"})
    second = core_only.run(event, {"working-directory": "bots/b"})
    assert (first.outputs["trained"], second.outputs["trained"]) == ("core", ""), second.log
    assert first.outputs["model-path"].startswith("bots/a/models/")
    assert {status["context"] for status in api.statuses} == {"rebake/model (bots/a)", "rebake/model (bots/b)"}
    assert len(api.comments) == 2


@pytest.mark.long
def test_jobs_of_a_matrix_have_names_of_their_own_and_an_earlier_comment_is_taken_over(
    core_only: Project, api: GitHubApi
) -> None:
    old = api.add_comment(3, "github-actions[bot]", "Bot", "<!-- rebake:model bot-a -->\n### rebake: bot a\nold")
    other = api.add_comment(3, "github-actions[bot]", "Bot", "<!-- rebake:model bot-a -->\n### rebake: bot&#45;a\nold")
    core_only.branch()
    core_only.commit("Nothing")
    event = core_only.pull_request(3)
    for name in ("bot a", "bot a", "bot_a"):
        job = core_only.run(event, {"name": name})
        assert job.code == 0, job.log
    first, second, third = api.comments.values()
    assert (first, second) == (old, other)
    assert [comment["body"].split("\n")[0] for comment in (first, second, third)] == [
        "<!-- rebake:model bot%20a -->",
        "<!-- rebake:model bot-a -->",
        "<!-- rebake:model bot_a -->",
    ]
    assert {status["context"] for status in api.statuses} == {"rebake/model (bot a)", "rebake/model (bot_a)"}
    core_only.git("checkout", "--quiet", "main")
    core_only.git("tag", "v1.0")
    for name in ("bot a", "bot_a"):
        assert core_only.run(core_only.push("refs/tags/v1.0"), {"name": name}).code == 0
    assert len(api.asset_names("v1.0")) == 8


def test_the_newest_manifest_of_an_earlier_version_still_explains(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    (manifest,) = [asset for asset in api.assets.values() if asset.name == "rebake.json"]
    manifest.name = "rebake-bot-a.json"
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    core_only.commit("A story")
    job = core_only.run(core_only.pull_request(3), {"name": "bot-a", "mode": "check"})
    assert job.code == 1, job.log
    assert "leaving at once" in job.summary


def test_forced_training_replaces_the_published_part(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    before = api.asset_names(STORE)
    job = core_only.run(core_only.push(), {"force": "true"})
    assert (job.outputs["verdict-code"], job.outputs["trained"]) == ("8", "core"), job.log
    assert api.asset_names(STORE) == before


@pytest.mark.long
def test_a_merge_group_and_a_run_by_hand_find_what_was_trained(core_only: Project, api: GitHubApi) -> None:
    core_only.run(core_only.push())
    main = core_only.git("rev-parse", "HEAD")
    core_only.branch()
    append(core_only.clone / "data" / "stories.yml", STORY)
    head = core_only.commit("A story")
    core_only.run(core_only.pull_request(12))
    queue = "refs/heads/gh-readonly-queue/main/pr-12"
    core_only.git("push", "--quiet", "origin", f"HEAD:{queue}")
    group = {"head_sha": head, "base_sha": main, "base_ref": "refs/heads/main", "head_ref": queue}
    merging = core_only.run(("merge_group", {"action": "checks_requested", "merge_group": group}, queue, head))
    assert (merging.code, merging.outputs["trained"]) == (0, ""), merging.log
    assert [file["path"] for file in merging.report["changes"]["files"]] == ["data/stories.yml"]
    assert api.statuses[-1]["sha"] == head
    by_hand = core_only.run(("workflow_dispatch", {}, "refs/heads/main", main), depth=None)
    assert (by_hand.code, by_hand.outputs["trained"]) == (0, ""), by_hand.log


def test_parts_of_end_to_end_stories_are_found_again(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    """Each part is fingerprinted together with the other there, also where it is published alone."""
    (project.clone / "config.yml").write_text(
        "recipe: default.v1\nlanguage: en\nassistant_id: e2e\n"
        "pipeline:\n- name: WhitespaceTokenizer\n- name: CountVectorsFeaturizer\n- name: KeywordIntentClassifier\n"
        "policies:\n- name: MemoizationPolicy\n- name: RulePolicy\n",
        encoding="utf-8",
    )
    append(
        project.clone / "data" / "stories.yml",
        "  - story: by text\n    steps:\n      - user: some tea\n      - bot: Right away\n",
    )
    project.commit("A story in texts")
    trained = project.run(project.push(), environment=without_tensorflow)
    assert trained.code == 0, trained.log
    assert trained.outputs["trained"] == "core,nlu"
    found = project.run(project.push(), environment=without_tensorflow)
    assert found.code == 0, found.log
    assert (found.outputs["stale"], found.outputs["trained"]) == ("false", "")
    assert [name.split("-")[0] for name in api.asset_names(STORE)] == ["core", "nlg", "nlu", "rebake.json", "use"]


@pytest.mark.long
def test_a_pull_request_may_fine_tune_and_the_branch_with_never_trains_from_scratch(
    project: Project, api: GitHubApi, without_tensorflow: dict[str, str]
) -> None:
    assert project.run(project.push()).code == 0
    before = set(api.asset_names(STORE))
    project.branch()
    edit(project.clone / "data" / "nlu.yml", "      - hey\n", "      - hey\n      - ahoy, sailor\n")
    project.commit("An example")
    auto = {"finetune": "auto", "epoch-fraction": "0.5"}
    opened = project.run(project.pull_request(7), auto)
    assert (opened.code, opened.outputs["trained"]) == (0, "nlu"), opened.log
    found = opened.report["parts"]["nlu"]
    assert (found["finetuned"]["times"], found["finetuned"]["epoch_fraction"]) == (1, 0.5)
    assert "fine-tuned from" in opened.summary
    (name,) = [name for name in set(api.asset_names(STORE)) - before if name.startswith("nlu-")]
    assert found["fingerprint"] not in name  # it is in nobody's way

    again = project.run(project.pull_request(7, "synchronize"), auto, environment=without_tensorflow)
    assert (again.code, again.outputs["trained"]) == (0, ""), again.log
    assert again.report["parts"]["nlu"]["finetuned"]["times"] == 1

    project.git("checkout", "--quiet", "main")
    project.git("merge", "--quiet", "--no-ff", "feature")
    merged = project.run(project.push())
    assert (merged.code, merged.outputs["trained"]) == (0, "nlu"), merged.log
    assert merged.report["parts"]["nlu"]["finetuned"] is None
    assert f"nlu-{found['fingerprint']}.tar.gz" in api.asset_names(STORE)
