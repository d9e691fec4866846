"""Two tests compared, for people and for programs."""

from __future__ import annotations

import json

from rebake.base.location import Location
from rebake.evaluation import conversations  # pytest would take TestedUser for a test
from rebake.evaluation.comparison.result import (
    ChangedPrediction,
    ChangedStory,
    Figure,
    KindComparison,
    LabelChange,
    MetricChange,
    ModelComparison,
)
from rebake.report.comparison.json import comparison_as_dict
from rebake.report.comparison.markdown import changed_lists, marked_labels
from rebake.report.comparison.text import comparison_text

PLACE = Location("nlu.yml", 7)
TURN = conversations.TestedUser("see @octocat", "bye", "bye", ({"entity": "x"},))
INTENTS = KindComparison(
    "intents", 90, 2, 0,
    (
        MetricChange("accuracy", Figure(0.9, 0.8, 0.01), "mcnemar"),
        MetricChange("weighted_f1", Figure(0.9, 0.89, 0.4), "bootstrap"),
        MetricChange("macro_f1", Figure(0.5, 0.75, 0.0002), "bootstrap"),
    ),
    (LabelChange("a|<b>", Figure(1.0, 0.25, 0.001), 12), LabelChange("c", Figure(0.5, 0.6, 0.7), 1)),
    tuple(
        ChangedPrediction(f"**{number}** ##[error]\n<img>", "a|<b>", "a|<b>", "", 0.9, 0.0, PLACE)
        for number in range(25)
    ),
)  # fmt: skip
STORIES = KindComparison(
    "stories", 1, 0, 0, (MetricChange("accuracy", Figure(1.0, 0.0, 1.0), "mcnemar"),),
    broken_stories=(ChangedStory("leave #1", TURN, PLACE),),
)  # fmt: skip
COMPARISON = ModelComparison("base.json", "models/head.tar.gz", (INTENTS, STORIES))


def test_text_has_verdict_figures_and_what_changed_each_in_words() -> None:
    lines = comparison_text(COMPARISON).splitlines()
    assert lines[0] == "▼ Worse than the base: intents (accuracy). Better: intents (macro F1)"
    assert "Intents: 90 examples compared; left out: 2 only in the base's test" in lines
    assert "  accuracy     0.900  0.800  -0.100  ▼ worse         p = 0.010, exact McNemar" in lines
    assert "  weighted F1  0.900  0.890  -0.010  ≈ within noise  p = 0.400, paired bootstrap" in lines
    assert "  macro F1     0.500  0.750  +0.250  ▲ better        p < 0.001, paired bootstrap" in lines
    assert "    a|<b>                        1.000  0.250  -0.750  ▼ worse         12" in lines
    assert "    ✗ nlu.yml:7: '**0** ## [error] <img>': a|<b> (0.90) -> nothing (0.00)" in lines
    assert lines.count("    and 5 more") == 1
    assert "Stories: 1 story compared" in lines
    assert "    ✗ nlu.yml:7: leave #1: other entities than expected in 'see @octocat'" in lines


def test_verdicts_name_an_icon_and_words() -> None:
    def verdict(*figures: Figure) -> str:
        metrics = tuple(MetricChange("accuracy", figure, "mcnemar") for figure in figures)
        kind = KindComparison("stories", len(figures), 1, 0, metrics)
        return comparison_text(ModelComparison("a", "b", (kind,))).splitlines()[0]

    assert verdict(Figure(0.5, 0.9, 0.01)) == "▲ Better than the base: stories (stories right)"
    assert verdict(Figure(0.5, 0.9, 0.05)) == "≈ No figure differs from the base by more than noise"
    assert verdict(Figure(0.5, 0.5, 1)) == "= The same figures as the base"
    assert verdict() == "Nothing to compare: the tests have no example in common"


def test_markdown_escapes_what_a_pull_request_can_write_and_cuts_lists() -> None:
    sections = [section for kind in COMPARISON.kinds for section in changed_lists(kind, 3)]
    markdown = "\n\n".join([*marked_labels(COMPARISON, 3), *sections])
    assert "- ▼ worse: a&#124;&#60;b&#62;, F1 1.000 → 0.250 (intents)" in markdown
    assert "<summary>Intents: 25 examples turned wrong</summary>" in markdown
    assert markdown.count("→ nothing (0.00)") == 3
    assert "and 22 more" in markdown
    assert "<summary>1 story broke</summary>" in markdown
    for active in ("<img", "**0**", "@octocat", "leave #1", "##["):
        assert active not in markdown


def test_json_has_every_example_and_how_each_change_was_tested() -> None:
    content = json.loads(json.dumps(comparison_as_dict(COMPARISON), allow_nan=False))
    intents, stories = content["kinds"]["intents"], content["kinds"]["stories"]
    assert intents["metrics"][0] == {
        "name": "accuracy", "extractor": None, "base": 0.9, "head": 0.8, "change": 0.8 - 0.9, "p": 0.01,
        "outcome": "worse", "test": "mcnemar",
    }  # fmt: skip
    assert (intents["compared"], intents["only_base"], len(intents["broken"])) == (90, 2, 25)
    assert intents["labels"][1]["support"] == 1
    assert intents["broken"][0]["location"] == {"file": "nlu.yml", "line": 7}
    assert stories["broken"][0] == {
        "story": "leave #1", "text": "see @octocat", "expected": "bye", "predicted": "bye",
        "location": {"file": "nlu.yml", "line": 7},
    }  # fmt: skip
