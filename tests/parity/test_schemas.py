"""The comparison of what is accepted and refused must be able to fail, and changes every key in every way."""

import random
from collections import Counter

import yaml

from parity.schemas.mutations import ODD_VALUES, changes, files, mutated, ways
from parity.schemas.suite import compared


def test_verdicts_that_differ_without_a_listed_reason_are_reported() -> None:
    verdicts: Counter[str] = Counter()
    assert compared(None, "SystemExit: 1", verdicts) == "Rasa refuses it: SystemExit: 1"
    assert compared("domain.yml:1: Not listed.", None, verdicts) == "rebake refuses it: domain.yml:1: Not listed."
    assert compared("domain.yml:2: A role must be a name, not empty.", None, verdicts) is None
    assert compared(None, None, verdicts) is None
    assert compared("any", "any", verdicts) is None
    assert verdicts == {"different for a listed reason": 1, "trained by both": 1, "refused by both": 1}


def test_every_value_becomes_one_of_every_kind() -> None:
    content = {"a": ["x", {"b": 7}]}
    assert [*ways(content)] == [(), ("a",), ("a", 0), ("a", 1), ("a", 1, "b")]
    changed = [change() for _, change in changes(content, ("a", 1, "b"))]
    assert all({"a": ["x", {"b": value}]} in changed for value in ODD_VALUES if value != 7 or isinstance(value, bool))
    assert {"a": ["x", {}]} in changed
    assert {"a": ["x", {"odd": 7}]} in changed
    assert content == {"a": ["x", {"b": 7}]}


def test_a_seed_gives_the_same_change() -> None:
    for text in files().values():
        content = yaml.safe_load(text)
        one, other = (mutated(content, random.Random(3)) for _ in range(2))
        assert repr(one) == repr(other)
