"""TF_CONFIG, as launchers of TensorFlow set it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rebake.build.workers.cluster import Cluster, cluster_of
from rebake.errors import UsageError

TWO = {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}


def read(cluster: Any, task: Any) -> Cluster | None:
    return cluster_of({"TF_CONFIG": json.dumps({"cluster": cluster, "task": task})})


def test_the_first_worker_is_the_chief() -> None:
    first = read(TWO, {"type": "worker", "index": 0})
    assert first is not None
    assert first.is_chief
    assert first.endpoint(1) == ("10.0.0.2", 2222)
    second = read(TWO, {"type": "worker", "index": 1})
    assert second is not None
    assert not second.is_chief
    assert second.name == "worker 1 of 2 (10.0.0.2:2222)"


@pytest.mark.parametrize("job", ["chief", "master"])
def test_a_chief_comes_before_the_workers(job: str) -> None:
    cluster = {"worker": ["b:1", "c:1"], job: ["a:1"]}
    assert read(cluster, {"type": "worker", "index": 1}) == Cluster(("a:1", "b:1", "c:1"), 2)
    assert read(cluster, {"type": job, "index": 0}) == Cluster(("a:1", "b:1", "c:1"), 0)


def test_what_operators_add_is_no_problem() -> None:
    given = {"cluster": TWO, "task": {"type": "worker", "index": "1"}, "environment": "cloud", "rpc_layer": "grpc"}
    assert cluster_of({"TF_CONFIG": json.dumps(given)}) == Cluster(("10.0.0.1:2222", "10.0.0.2:2222"), 1)


def test_brackets_around_an_address_of_ipv6_are_no_part_of_the_host() -> None:
    assert Cluster(("[::1]:2222", "[::1]:2223"), 0).endpoint(1) == ("::1", 2223)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "{}", '{"cluster": {}}', '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}'],
)
def test_one_worker_trains_as_if_nothing_was_set(text: str) -> None:
    assert cluster_of({"TF_CONFIG": text}) is None
    assert cluster_of({}) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        pytest.param("[" * 100_000, "is not JSON", id="nested"),
        ("[]", "is not an object"),
        ('{"cluster": []}', None),
        ('{"cluster": ["a:1"]}', "`cluster` that is not an object"),
        ('{"cluster": {"worker": {"0": "a:1"}}}', "not a list of addresses"),
        ('{"cluster": {"worker": ["a:1", "b"]}}', "not host:port: 'b'"),
        ('{"cluster": {"worker": ["a:1", "b:0"]}}', "not host:port: 'b:0'"),
        ('{"cluster": {"worker": ["a:1", "b:70000"]}}', "not host:port"),
        ('{"cluster": {"worker": ["a:1", 5]}}', "not host:port: 5"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}}', "names an address twice"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}}', "more than one chief"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(text: str, message: str | None) -> None:
    if message is None:
        assert cluster_of({"TF_CONFIG": text}) is None
        return
    with pytest.raises(UsageError, match=message) as caught:
        cluster_of({"TF_CONFIG": text})
    assert "unset it" in str(caught.value)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (None, "does not say which worker this is"),
        ({"type": "worker"}, "does not say which worker this is"),
        ({"type": "ps", "index": 0}, "'ps'; only workers and a chief train here"),
        ({"type": "evaluator", "index": 0}, "'evaluator'"),
        ({"type": "worker", "index": 2}, "`task.index` 2, which `cluster.worker` does not have"),
        ({"type": "worker", "index": -1}, "`task.index` -1"),
        ({"type": "chief", "index": 0}, "`cluster.chief` does not have"),
    ],
)
def test_a_task_that_is_no_worker_of_the_cluster_is_refused(task: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read(TWO, task)
