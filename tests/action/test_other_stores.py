"""The action with another store than the releases of the repository, and Rasa's remote storage."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from support.github_api import GitHubApi
from support.github_job import STORE, Project
from support.registry import PASSWORD, REPOSITORY, Registry
from support.s3 import client, s3_server

pytestmark = pytest.mark.slow


def test_parts_go_to_the_store_that_is_named_and_come_from_there(
    core_only: Project, api: GitHubApi, tmp_path: Path
) -> None:
    store = {"store": str(tmp_path / "store")}
    first = core_only.run(core_only.push(), store)
    assert (first.code, first.outputs["trained"]) == (0, "core"), first.log
    assert api.release(STORE) is None
    second = core_only.run(core_only.push(), store)
    assert (second.outputs["result"], second.outputs["trained"]) == ("fresh", ""), second.log
    assert core_only.run(core_only.push(), {**store, "mode": "check"}).code == 0
    assert core_only.run(core_only.push(), {"mode": "check"}).code != 0


def test_a_registry_is_a_store_whose_password_is_in_no_log(core_only: Project, tmp_path: Path) -> None:
    with Registry().serving() as registry:
        registry.login = "Bearer"
        login = {"auths": {registry.host: {"auth": registry.basic}}}
        (tmp_path / "config.json").write_text(json.dumps(login), encoding="utf-8")
        environment = {"DOCKER_CONFIG": str(tmp_path)}
        store = {"store": f"oci://{registry.host}/{REPOSITORY}"}
        jobs = [core_only.run(core_only.push(), store, environment=environment) for _ in range(2)]
        assert [job.outputs["result"] for job in jobs] == ["trained", "fresh"], jobs[0].log
        for job in jobs:
            assert registry.basic not in job.log
            assert PASSWORD not in job.log
        assert any(tag.startswith("use-branch-") for tag in registry.tags)
        jobs.append(core_only.run(core_only.push(), {**store, "mode": "check"}, environment=environment))
        assert jobs[-1].code == 0, jobs[-1].log
        denied = core_only.run(core_only.push(), store, environment={"DOCKER_CONFIG": str(tmp_path / "nothing")})
        assert denied.code == 74
        assert any(f"docker login {registry.host}" in line for line in denied.annotations), denied.log


@pytest.mark.parametrize(
    ("inputs", "code", "message"),
    [
        ({"store": "s3://key:pa55word@bucket"}, 64, "a password or a query"),
        ({"store": "nonsense://x"}, 64, "no stores of the kind"),
        ({"remote-storage": "s3://bucket/folder"}, 64, "not the address of a bucket"),
    ],
)
def test_a_wrong_address_ends_the_run_with_one_message(
    core_only: Project, inputs: dict[str, str], code: int, message: str
) -> None:
    job = core_only.run(core_only.push(), inputs)
    assert job.code == code
    assert any(message in line for line in job.annotations), job.log
    assert "pa55word" not in job.log
    assert job.outputs["result"] == "failed"


@pytest.mark.long
def test_the_model_of_a_tag_lies_where_rasa_looks_for_it(core_only: Project, api: GitHubApi) -> None:
    core_only.git("tag", "v1.0")
    with s3_server() as bucket:
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
        environment = {name: os.environ[name] for name in names}
        event = core_only.push("refs/tags/v1.0")
        inputs = {"remote-storage": f"s3://{bucket}"}
        draft = core_only.run(event, {**inputs, "draft": "true"}, environment=environment)
        assert "is a draft" in draft.report["notices"][-1]["message"]
        assert "Contents" not in client().list_objects(Bucket=bucket)
        job = core_only.run(event, inputs, environment=environment)
        assert job.code == 0, job.log
        found = client().list_objects(Bucket=bucket)["Contents"]
        assert [entry["Key"] for entry in found] == [job.model.name]
        content = client().get_object(Bucket=bucket, Key=job.model.name)["Body"].read()
    assert content == job.model.read_bytes() == api.content("v1.0", job.model.name)
