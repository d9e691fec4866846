"""A check reports what a training would: options, pipeline, data; what cannot be trained stops only a training."""

import subprocess
import sys
from pathlib import Path

import pytest

from rebake.archive.manifest import PARTS
from rebake.assistant.model import EntitySpan, Example
from rebake.base.location import Notice
from rebake.errors import DataError, UnsupportedError
from rebake.nlu.alignment import is_surely_aligned, misaligned
from rebake.nlu.message import Message
from rebake.validation.assistant import check_assistant
from support.assistant_files import load, write
from support.nlu import component
from support.shared import need

ALL = frozenset(PARTS)
DATA = """\
version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - hi
- intent: order
  examples: |
    - a [flat white](drink)
    - two [teas](drink)
stories:
- story: s
  steps:
  - intent: greet
  - action: utter_greet
  - intent: order
  - action: utter_order
"""
DOMAIN = """\
version: "3.1"
intents: [greet, order]
entities: [drink, dish]
responses:
  utter_greet:
  - text: hi
  utter_order:
  - text: "here you are: {drink} {dish}"
"""
DIET = ("WhitespaceTokenizer", "CountVectorsFeaturizer", "DIETClassifier")


def findings(
    tmp_path: Path,
    pipeline: tuple[str, ...] = DIET,
    *,
    more: str = "",
    config: str = "",
    domain: str = DOMAIN,
    to_train: bool = True,
) -> list[str]:
    listed = "".join(f"- name: {name}\n" for name in pipeline)
    config = config or f"assistant_id: x\nlanguage: en\npipeline:\n{listed}policies:\n- name: MemoizationPolicy\n"
    written = {"config.yml": config, "domain.yml": domain, "data/all.yml": DATA}
    if more:
        written["data/more.yml"] = f"nlu:\n{more}"
    notices = check_assistant(load(write(tmp_path, written)), ALL, to_train=to_train)
    return [str(notice).replace(f"{tmp_path}/", "") for notice in notices]


def test_an_assistant_without_oddities_gets_no_notice(tmp_path: Path) -> None:
    assert findings(tmp_path, DIET) == []


@pytest.mark.parametrize(
    ("pipeline", "more", "notice"),
    [
        (DIET, "- intent: bye\n  examples: |\n    - see you\n", "data/more.yml:4: The intent 'bye' has one example"),
        (DIET, "- intent: order\n  examples: |\n    - a [pie](dish)\n", ":4: The entity 'dish' is annotated once"),
        (
            DIET,
            '- intent: order\n  examples: |\n    - [a pie]{"entity": "drink", "role": "big"}\n',
            "data/more.yml:4: The role 'big' is annotated once",
        ),
        (
            DIET,
            "- intent: faq/a\n  examples: |\n    - why\n    - who\n",
            "data/more.yml:4: There is no response 'utter_faq/a' for the intent 'faq/a'.",
        ),
        (DIET, "- intent: faq/a\n  examples: |\n    - why\n", ":4: The data has retrieval intents, but the pipeline"),
        (
            DIET,
            "- regex: r\n  examples: |\n    - x+\n",
            "data/more.yml:4: The data has regexes, but the pipeline has no",
        ),
        (
            DIET,
            "- lookup: r\n  examples: |\n    - x\n",
            ":2: The data has lookup tables, but the pipeline has no Regex",
        ),
        (DIET, "- synonym: r\n  examples: |\n    - x\n", ":4: The data has synonyms, but the pipeline has no EntityS"),
        (("WhitespaceTokenizer", "KeywordIntentClassifier"), "", ":9: The data has annotated entities, but"),
        (
            ("WhitespaceTokenizer", "RegexFeaturizer", "KeywordIntentClassifier"),
            "- lookup: r\n  examples: |\n    - x\n",
            ":2: The data has lookup tables as features, but the pipeline has no DIETClassifier or CRFEntityExtractor",
        ),
        (
            (*DIET, "CRFEntityExtractor"),
            "",
            "config.yml:7: CRFEntityExtractor and DIETClassifier learn the same entities",
        ),
        (
            (*DIET, "RegexEntityExtractor"),
            "- regex: drink\n  examples: |\n    - tea+\n",
            "config.yml:7: It finds 'drink', and DIETClassifier may find them too",
        ),
        (
            DIET,
            "- intent: order\n  examples: |\n    - a [te](drink)a\n",
            ":4: The entity 'te' does not begin and end where",
        ),
        (DIET, "- intent: order\n  examples: |\n    - a [tea!](drink)\n", "(the tokens there: 'tea')"),
    ],
)
def test_what_rasa_warns_of_is_a_notice_with_its_place(
    pipeline: tuple[str, ...], more: str, notice: str, tmp_path: Path
) -> None:
    domain = DOMAIN.replace("[greet, order]", "[greet, order, bye, faq]")
    found = findings(tmp_path, pipeline, more=more, domain=domain)
    assert any(notice in line for line in found), found


def test_alignment_counts_only_where_tokens_are_tagged(tmp_path: Path) -> None:
    more = "- intent: order\n  examples: |\n    - a [te](drink)a\n"
    assert not any(
        "'te'" in line for line in findings(tmp_path, ("WhitespaceTokenizer", "RegexEntityExtractor"), more=more)
    )
    diet = "DIETClassifier\n  entity_recognition: false"
    assert not any("'te'" in line for line in findings(tmp_path, (*DIET[:2], diet), more=more))


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        (
            "- name: CountVectorsFeaturizer",
            "- name: CountVectorsFeaturizer\n  analyzer: words",
            "config.yml:6",
            "analyzer",
        ),
        (
            "- name: CountVectorsFeaturizer",
            "- name: CountVectorsFeaturizer\n  lowercase: 1",
            "config.yml:6",
            "lowercase",
        ),
        ("- name: DIETClassifier", "- name: DIETClassifier\n  epochs: many", "config.yml:7", "epochs"),
        ("- name: MemoizationPolicy", "- name: MemoizationPolicy\n  max_history: x", "config.yml:9", "max_history"),
        ("- name: DIETClassifier", "- name: DIETKlassifier", "config.yml:6", "DIETClassifier"),
        ("- name: WhitespaceTokenizer\n", "", "config.yml:4", "needs a tokenizer"),
    ],
)
@pytest.mark.parametrize("to_train", [True, False])
def test_a_mistake_in_an_option_is_an_error_of_a_check_as_of_a_training(
    old: str, new: str, place: str, words: str, to_train: bool, tmp_path: Path
) -> None:
    listed = "".join(f"- name: {name}\n" for name in DIET)
    config = f"assistant_id: x\nlanguage: en\npipeline:\n{listed}policies:\n- name: MemoizationPolicy\n"
    with pytest.raises(DataError, match=words) as caught:
        findings(tmp_path, config=config.replace(old, new), to_train=to_train)
    assert str(caught.value.location).endswith(place)


HELD_OUT = {
    "DIETClassifier\n  evaluate_on_number_of_examples: {}": "4 examples of 2 labels",
    "DIETClassifier\n  intent_classification: false\n  evaluate_on_number_of_examples: {}": "4 examples",
    "ResponseSelector\n  evaluate_on_number_of_examples: {}": "6 examples of 2 labels",
    "ResponseSelector\n  retrieval_intent: faq\n  evaluate_on_number_of_examples: {}": "6 examples of 2 labels",
    "ResponseSelector\n  use_text_as_label: true\n  number_of_transformer_layers: 1"
    "\n  evaluate_on_number_of_examples: {}": "6 examples of 2 labels",
}
FAQ = "- intent: faq/{}\n  examples: |\n    - why {}\n    - who {}\n    - what {}\n"


@pytest.mark.parametrize("component", HELD_OUT)
@pytest.mark.parametrize("to_train", [True, False])
def test_more_examples_than_can_be_held_out_are_an_error_before_training(
    component: str, to_train: bool, tmp_path: Path
) -> None:
    selects = component.startswith("ResponseSelector")
    more = "".join(FAQ.replace("{}", name) for name in "ab") if selects else ""
    domain = DOMAIN.replace("[greet, order]", "[greet, order, faq]")
    domain += "  utter_faq/a:\n  - text: because\n  utter_faq/b:\n  - text: me\n"
    line = 6 + component.count("\n")  # the option is the last one
    with pytest.raises(DataError, match=f"config.yml:{line}: .* cannot hold out 40 of {HELD_OUT[component]}") as caught:
        findings(tmp_path, (*DIET[:2], component.format(40)), more=more, domain=domain, to_train=to_train)
    assert "evaluate_on_number_of_examples" in str(caught.value.fix)
    fitting = 2 if selects or "intent_classification" in component else 0
    findings(tmp_path, (*DIET[:2], component.format(fitting)), more=more, domain=domain, to_train=to_train)


@pytest.mark.parametrize("to_train", [True, False])
def test_a_logistic_regression_of_one_intent_is_an_error_before_training(to_train: bool, tmp_path: Path) -> None:
    pipeline = (*DIET, "LogisticRegressionClassifier")
    findings(tmp_path, pipeline, to_train=to_train)
    data = tmp_path / "data/all.yml"
    data.write_text(data.read_text().replace("- intent: order\n  examples", "- intent: greet\n  examples"))
    with pytest.raises(DataError, match=r"config\.yml:7: LogisticRegressionClassifier needs examples of 2 intents"):
        check_assistant(load(tmp_path), ALL, to_train=to_train)


def test_what_is_not_trained_here_stops_a_training_and_is_reported_by_a_check(tmp_path: Path) -> None:
    pipeline = ("my.own.Tokenizer", "KeywordIntentClassifier")
    with pytest.raises(UnsupportedError, match=r"my\.own\.Tokenizer"):
        findings(tmp_path, pipeline)
    found = findings(tmp_path, pipeline, to_train=False)
    assert sum("config.yml:4: It cannot be trained: pipeline: 'my.own.Tokenizer'" in line for line in found) == 1


def test_an_option_that_nothing_reads_is_reported_with_its_line(tmp_path: Path) -> None:
    found = findings(tmp_path, ("WhitespaceTokenizer", "KeywordIntentClassifier\n  case_sensitiv: true", *DIET[1:]))
    assert "config.yml:6: pipeline: KeywordIntentClassifier has no option 'case_sensitiv'; it is ignored." in found[0]
    assert "'case_sensitive'" in found[0]


@pytest.mark.parametrize(
    "written",
    ["a tea", "Tea", "tea now", "x 10 y", "naïve", "日本 x", "a. b", "(tea)", "a-b", "don't", "tea's", "ß1"],
)
def test_what_is_taken_for_aligned_without_looking_is_aligned(written: str) -> None:
    tokenizer = component("WhitespaceTokenizer")
    for start in range(len(written)):
        for end in range(start + 1, len(written) + 1):
            example = Example(written, "a", (EntitySpan(start, end, "e", written[start:end]),))
            message = Message({"text": written}, example)
            tokenizer.process([message])
            notices: list[Notice] = list(misaligned([message]))
            assert not (is_surely_aligned(example) and notices)


CHECK = """
import sys, time
from pathlib import Path
from rebake.archive.manifest import PARTS
from rebake.assistant.importer import load_assistant
from rebake.validation.assistant import check_assistant
at = Path(sys.argv[1])
assistant = load_assistant(at / "config.yml", at / "domain.yml", at / "data")
check_assistant(assistant, frozenset(PARTS), to_train=False)
heavy = {"tensorflow", "sklearn", "scipy", "spacy", "transformers", "torch", "jieba", "pycrfsuite", "requests"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.shared
@pytest.mark.parametrize("name", ["helpdesk", "travelbot"])
def test_checking_imports_nothing_heavy(name: str) -> None:
    command = [sys.executable, "-c", CHECK, str(need(f"assistants/{name}"))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_option_without_effect_may_have_any_value(tmp_path: Path) -> None:
    found = findings(tmp_path, (*DIET[:2], "DIETClassifier\n  tensorboard_log_level: EPOCH"))
    message = "the option tensorboard_log_level of DIETClassifier is text ('EPOCH'); it has no effect and is ignored."
    assert f"config.yml:7: pipeline: {message}" in found
    with_directory = "DIETClassifier\n  tensorboard_log_level: EPOCH\n  tensorboard_log_directory: logs"
    with pytest.raises(DataError, match=r"config\.yml:7: .*Set it to epoch or batch"):
        findings(tmp_path, (*DIET[:2], with_directory))


def test_a_variable_that_is_kept_as_written_says_how_to_allow_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.yml:7: .* Allow the variable with --env EPOCHS"):
        findings(tmp_path, (*DIET[:2], "DIETClassifier\n  epochs: ${EPOCHS}"))


def test_an_option_whose_name_is_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"config\.yml:5: The name of an option of WhitespaceTokenizer is a number"):
        findings(tmp_path, ("WhitespaceTokenizer\n  7: true", *DIET[1:]))


@pytest.mark.parametrize(("policy", "is_refused"), [("MemoizationPolicy", False), ("UnexpecTEDIntentPolicy", True)])
def test_an_intent_of_a_story_that_the_domain_lacks_is_refused_where_it_is_to_be_learned(
    tmp_path: Path, policy: str, is_refused: bool
) -> None:
    config = f"assistant_id: x\npipeline: []\npolicies:\n- name: {policy}\n- name: RulePolicy\n"
    domain = DOMAIN.replace("intents: [greet, order]", "intents: [greet]")
    if is_refused:
        with pytest.raises(DataError, match=r"data/all\.yml:16: The domain has no intent 'order', and UnexpecTED"):
            findings(tmp_path, config=config, domain=domain)
    else:
        found = findings(tmp_path, config=config, domain=domain)
        assert "data/all.yml:16: The domain has no intent 'order' (story 's')." in found
