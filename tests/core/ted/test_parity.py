"""TEDPolicy and UnexpecTEDIntentPolicy give the probabilities of Rasa 3.6.21 from the same archive."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from rebake.assistant.domain.names import action_names
from rebake.assistant.domain.serialization import domain_from_dict
from rebake.core.dialogue.events import events_from_json
from rebake.core.dialogue.rule_only_data import RuleOnlyData
from rebake.core.dialogue.states import StateBuilder
from rebake.core.dialogue.tracker import Tracker
from rebake.core.ted.ted_policy import TEDPolicy
from rebake.core.ted.unexpected_intent_policy import UnexpecTEDIntentPolicy
from rebake.registry.lookup import POLICIES
from support.shared import need

pytestmark = [pytest.mark.slow, pytest.mark.parity, pytest.mark.shared]

Kind = type[TEDPolicy] | type[UnexpecTEDIntentPolicy]
WITH_TED = ("breakoutbot", "concertbot", "formbot", "helpdesk", "moodbot", "travelbot")
WITH_UNEXPECTED = ("formbot", "moodbot", "travelbot")
CASES = [(name, TEDPolicy) for name in WITH_TED] + [(name, UnexpecTEDIntentPolicy) for name in WITH_UNEXPECTED]


@pytest.mark.parametrize(("assistant", "kind"), CASES)
def test_probabilities_are_those_of_rasa(assistant: str, kind: Kind, tmp_path: Path) -> None:
    reference = need(f"reference/{assistant}")
    with tarfile.open(reference / "model.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    metadata = json.loads((tmp_path / "metadata.json").read_text())
    domain = domain_from_dict(metadata["domain"])
    nodes = metadata["predict_schema"]["nodes"]
    node = next(name for name in nodes if name.startswith(f"run_{kind.__name__}"))
    components = tmp_path / "components"
    provider = nodes["rule_only_data_provider"]["resource"]
    rule_only = RuleOnlyData.read(components / provider["name"] if provider else None)
    options = POLICIES[kind.__name__].merged(nodes[node]["config"])
    policy = kind.load(options, node.removeprefix("run_"), components / nodes[node]["resource"]["name"])
    builder = StateBuilder(domain)
    names = action_names(domain)
    compared = 0
    for line in (reference / "core.jsonl").read_text().splitlines():
        point = json.loads(line)
        if node not in point["policies"]:
            continue
        tracker = Tracker(builder, events_from_json(point["events"]))
        prediction = policy.predict(tracker, domain, rule_only)
        expected = point["policies"][node]["probabilities"]
        assert len(prediction.probabilities) == len(names)
        for name, probability in zip(names, prediction.probabilities, strict=True):
            assert probability == pytest.approx(expected.get(name, 0.0), abs=1e-4), (point["story"], name)
        assert prediction.priority == point["policies"][node]["priority"]
        compared += 1
    assert compared
