"""A model that is broken on purpose, through the whole action: one intent's examples get the labels of others."""

from __future__ import annotations

import json

import pytest

from support.action_run import STORIES, nlu_text
from support.assistant_files import write
from support.assistants import edit
from support.github_api import GitHubApi
from support.github_job import STORE, Project

pytestmark = pytest.mark.slow  # whole jobs, which train a classifier

CONFIG = """\
recipe: default.v1
assistant_id: tiny
language: en
pipeline: [{name: WhitespaceTokenizer}, {name: CountVectorsFeaturizer}, {name: LogisticRegressionClassifier}]
policies: [{name: MemoizationPolicy}, {name: RulePolicy}]
"""
THINGS = ("tea", "coffee", "a latte", "some water", "one mocha", "juice", "an espresso", "milk", "cocoa", "a soda")
PLACES = ("table nine", "the bar", "the terrace", "my desk")
TEXTS = {
    "order": [f"please bring {thing} to {place}" for thing in THINGS for place in PLACES],
    "cancel": [f"cancel {thing} at {place}" for thing in THINGS for place in PLACES],
    "price": [f"what does {thing} cost in {place}" for thing in THINGS for place in PLACES],
}
OTHERS = {"goodbye": ["bye", "see you later", "good night"], "greet": ["hello", "hi there", "hey"]}
HELD_OUT = {intent: texts[::4] for intent, texts in TEXTS.items()}
INPUTS = {"test-nlu": "held-out.yml", "fail-on": "stories, worse", "max-drop": "0.05"}


def learned() -> dict[str, list[str]]:
    return {intent: [text for number, text in enumerate(texts) if number % 4] for intent, texts in TEXTS.items()}


@pytest.mark.long
def test_the_job_fails_and_says_which_intent_is_worse_and_with_which_it_is_confused(
    project: Project, api: GitHubApi
) -> None:
    write(
        project.clone,
        {
            "config.yml": CONFIG,
            "data/nlu.yml": nlu_text({**learned(), **OTHERS}),
            "held-out.yml": nlu_text(HELD_OUT),
            "tests/test_stories.yml": STORIES,
        },
    )
    edit(project.clone / "domain.yml", "[greet, order,", "[greet, order, cancel, price,")
    project.commit("Tests")
    pushed = project.run(project.push(), INPUTS)
    assert (pushed.code, pushed.outputs["failed-conditions"]) == (0, ""), pushed.log
    assert api.statuses[-1]["description"] == "Trained Core and NLU."
    [entry] = json.loads(api.content(STORE, "history.json"))["models"]
    assert (entry["commit"], entry["name"]) == (project.git("rev-parse", "HEAD"), "")
    assert entry["figures"]["intents.accuracy"] > 0.9

    project.branch()
    shuffled = learned()
    for number, text in enumerate(shuffled["price"]):
        shuffled[("order", "cancel")[number % 2]].append(text)
    shuffled["price"] = [f"how much is {thing}" for thing in THINGS[:2]]
    (project.clone / "data" / "nlu.yml").write_text(nlu_text({**shuffled, **OTHERS}), encoding="utf-8")
    project.commit("Wrong labels")
    job = project.run(project.pull_request(7), INPUTS)
    assert (job.code, job.outputs["failed-conditions"]) == (16, "worse"), job.log
    assert (job.outputs["result"], job.outputs["trained"]) == ("trained", "nlu")
    assert (api.statuses[-1]["state"], api.statuses[-1]["description"]) == (
        "failure",
        "Trained NLU, but the model is worse than the base.",
    )
    assert any(line.startswith("::error") and "worse labels: 'price'" in line for line in job.annotations)
    confused = [notice for notice in job.report["notices"] if notice["kind"] == "confused-intents"]
    assert {notice["file"] for notice in confused} == {"held-out.yml"}
    assert all("test examples of 'price' are predicted as" in notice["message"] for notice in confused)
    assert len(json.loads(api.content(STORE, "history.json"))["models"]) == 1, "a pull request's model is none"
