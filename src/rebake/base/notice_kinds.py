"""The kinds of findings: each has a stable code, a severity and a fix; docs/reference/findings.md explains them."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Self


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # it cannot be trained, or a conversation fails at it
    WARNING = "warning"  # the assistant can be trained, but most likely not to what was meant
    INFO = "info"  # worth knowing, and fine as it is in many assistants

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


ERROR, WARNING, INFO = Severity


class NoticeKind(Enum):
    """A kind's value is its code: the name in reports, in ``--ignore CODE`` and in comments that silence a line.

    Attributes:
        severity: unless a finding says otherwise itself.
        plural: completes a sentence that starts with a number ("14 duplicate examples are left out").
        fix: what to do about it, for findings that have no better advice.
    """

    severity: Severity
    plural: str
    fix: str

    # What a file says, whatever other files say.
    INVALID_YAML = "invalid-yaml", ERROR, "files are not valid YAML", "Correct the syntax."
    INVALID_VALUE = "invalid-value", ERROR, "values are of the wrong kind", "Write a value of the kind that is named."
    INVALID_DATA = "invalid-data", ERROR, "entries cannot be read", "Correct the entry."
    INVALID_CONFIG = (
        "invalid-config",
        ERROR,
        "entries of the configuration cannot be trained",
        "Correct the entry in config.yml.",
    )
    UNSUPPORTED = (
        "unsupported",
        WARNING,
        "things are not trained by rebake",
        "Replace it, or let your own Rasa train it with --rasa.",
    )
    UNKNOWN_KEY = "unknown-key", WARNING, "keys are unknown", "Correct the key, or remove it."
    UNKNOWN_OPTION = "unknown-option", WARNING, "options have no effect", "Correct the option, or remove it."
    MISSING_KEY = "missing-key", WARNING, "keys of the configuration are missing", "Add the key to config.yml."
    KEPT_VARIABLE = (
        "kept-variable",
        WARNING,
        "environment variables are kept as written",
        "Allow the variable with --env NAME, or write the value.",
    )
    SKIPPED_FILE = "skipped-file", WARNING, "files are skipped", "Correct the file, or move it out of the directory."
    SKIPPED_DATA = "skipped-data", WARNING, "entries of data files are skipped", "Complete the entry, or remove it."
    UNREAD_FILE = (
        "unread-file",
        INFO,
        "files in the data directories are not read",
        "Rename the file to end in .yml, or move it out of the directory.",
    )
    EMPTY_DOMAIN = "empty-domain", WARNING, "domains are empty", "Name the domain with --domain, or fill it."
    UNKNOWN_CODE = "unknown-code", WARNING, "comments silence codes that do not exist", "Correct the code."

    # Names that do not fit together.
    UNKNOWN_INTENT = (
        "unknown-intent",
        WARNING,
        "intents are not in the domain",
        "Add the intent to the domain's 'intents:', or correct the name.",
    )
    UNKNOWN_ENTITY = (
        "unknown-entity",
        WARNING,
        "entities are not in the domain",
        "Add the entity to the domain's 'entities:', or correct the name.",
    )
    UNKNOWN_LABEL = (
        "unknown-label",
        WARNING,
        "roles or groups are not in the domain",
        "Add the role or group to the entity in the domain, or correct the name.",
    )
    UNKNOWN_SLOT = (
        "unknown-slot",
        ERROR,
        "slots are not in the domain",
        "Add the slot to the domain's 'slots:', or correct the name.",
    )
    UNKNOWN_ACTION = (
        "unknown-action",
        ERROR,
        "actions are not in the domain",
        "Add the action to the domain's 'actions:', or correct the name.",
    )
    UNKNOWN_FORM = (
        "unknown-form",
        ERROR,
        "forms are not in the domain",
        "Add the form to the domain's 'forms:', or correct the name.",
    )
    UNKNOWN_SLOT_VALUE = (
        "unknown-slot-value",
        WARNING,
        "values are not among those of their slot",
        "Add the value to the slot's 'values:', or correct it.",
    )
    DUPLICATE_DECLARATION = (
        "duplicate-declaration",
        WARNING,
        "names are declared in more than one domain file",
        "Keep one of the declarations.",
    )
    REPLACED_RESPONSE = (
        "replaced-response",
        WARNING,
        "responses replace earlier ones",
        "Keep one of the responses, or merge their variations.",
    )
    MISSING_RESPONSE = "missing-response", WARNING, "responses have no text", "Write the response in the domain."
    FORM_WITHOUT_SLOT = (
        "form-without-slot",
        ERROR,
        "slots have mappings for forms that do not ask for them",
        "Add the slot to the form's 'required_slots:', or remove the condition.",
    )
    MAPPING_POLICY = (
        "mapping-policy",
        ERROR,
        "intents are written for the MappingPolicy of Rasa 1",
        "Write a rule for the intent, and remove 'triggers'.",
    )
    INVALID_PAYLOAD = (
        "invalid-payload",
        WARNING,
        "payloads of buttons are not valid",
        'Write /intent or /intent{"entity": "value"} with names of the domain.',
    )
    NO_DEFAULT_VARIATION = (
        "no-default-variation",
        WARNING,
        "responses say nothing where no condition is met",
        "Add a variation without a condition and without a channel.",
    )
    UNUSED_INTENT = (
        "unused-intent",
        WARNING,
        "intents are in no story and no rule",
        "Use the intent in a story or a rule, or remove it.",
    )
    UNUSED_ENTITY = (
        "unused-entity",
        WARNING,
        "entities are used nowhere",
        "Use the entity in a story or a slot mapping, or remove it.",
    )
    UNUSED_RESPONSE = (
        "unused-response",
        WARNING,
        "responses are in no story and no rule",
        "Use the response in a story or a rule, or remove it.",
    )

    # NLU data.
    NO_EXAMPLES = "no-examples", WARNING, "entries have no examples", "Add examples, or remove the intent."
    SCARCE_INTENT = "scarce-intent", WARNING, "intents have few examples", "Add examples, or merge the intent."
    SCARCE_ENTITY = (
        "scarce-entity",
        WARNING,
        "entities, roles or groups are annotated once",
        "Annotate more examples, or remove the entity.",
    )
    DUPLICATE_EXAMPLE = "duplicate-example", WARNING, "duplicate examples are left out", "Remove the duplicate."
    AMBIGUOUS_EXAMPLE = (
        "ambiguous-example",
        WARNING,
        "examples belong to several intents",
        "Keep the example under one intent.",
    )
    INCONSISTENT_ANNOTATION = (
        "inconsistent-annotation",
        WARNING,
        "examples have the same text but different entities",
        "Annotate the text in the same way in each example.",
    )
    MISALIGNED_ENTITY = (
        "misaligned-entity",
        WARNING,
        "examples have entities that do not begin and end where tokens do",
        "Annotate whole words.",
    )
    ODD_ANNOTATION = "odd-annotation", WARNING, "annotations are odd", "Correct the annotation."
    INVALID_ANNOTATION = (
        "invalid-annotation",
        ERROR,
        "annotations cannot be read",
        'Write [text](entity) or [text]{"entity": "name"}.',
    )
    SYNONYM_CONFLICT = (
        "synonym-conflict",
        WARNING,
        "synonyms have several values",
        "Keep one value for the synonym.",
    )
    KEYWORD_OF_SEVERAL_INTENTS = (
        "keyword-of-several-intents",
        WARNING,
        "examples are no keywords of one intent",
        "Keep the keyword in one intent.",
    )
    UNREAD_DATA = (
        "unread-data",
        WARNING,
        "kinds of data are not read by any component",
        "Add the component to the pipeline, or remove the data.",
    )
    COMPETING_EXTRACTORS = (
        "competing-extractors",
        WARNING,
        "components find the same entities",
        "Keep one of the components for these entities.",
    )
    TRAINED_TEST_EXAMPLE = (
        "trained-test-example",
        WARNING,
        "test examples are training examples",
        "Replace the test example by one that is not trained on.",
    )
    CONFUSED_INTENTS = (
        "confused-intents",
        WARNING,
        "pairs of intents are confused with each other",
        "Give both intents more examples that differ, correct wrong labels, or merge the intents.",
    )

    # Stories and rules.
    CONTRADICTING_RULE = (
        "contradicting-rule",
        ERROR,
        "rules contradict other rules or stories",
        "Change the rules or the stories so that the same situation leads to the same action.",
    )
    INCOMPLETE_RULE = (
        "incomplete-rule",
        ERROR,
        "rules leave out what their actions set elsewhere",
        "Add the slots and loops to the rule.",
    )
    LONG_RULE = "long-rule", ERROR, "rules have more than one user turn", "Write a story instead."
    RULES_WITHOUT_POLICY = (
        "rules-without-policy",
        WARNING,
        "rules are not learned by any policy",
        "Add the RulePolicy to the policies.",
    )
    STORY_CONFLICT = (
        "story-conflict",
        WARNING,
        "histories continue in different ways",
        "Let the stories differ before this point, or continue them in the same way.",
    )
    UNREACHED_CHECKPOINT = (
        "unreached-checkpoint",
        WARNING,
        "checkpoints lead nowhere",
        "Correct the checkpoint's name, or remove it.",
    )
    REPEATED_FORM = (
        "repeated-form",
        WARNING,
        "stories spell out turns inside a form",
        "Write the form's action and its active_loop once.",
    )
    RETRIEVAL_INTENT_IN_STORY = (
        "retrieval-intent-in-story",
        WARNING,
        "steps of stories name a retrieval intent with its key",
        "Write the intent without the key.",
    )
    TEXT_BESIDE_INTENT = (
        "text-beside-intent",
        WARNING,
        "texts beside an intent are not read",
        "Remove the text, or the intent.",
    )
    UNNEEDED_SLASH = (
        "unneeded-slash",
        WARNING,
        "intents of stories start with an unnecessary slash",
        "Write the intent without the slash.",
    )

    def __new__(cls, code: str, severity: Severity, plural: str, fix: str) -> Self:
        kind = object.__new__(cls)
        kind._value_ = code
        kind.severity = severity
        kind.plural = plural
        kind.fix = fix
        return kind
