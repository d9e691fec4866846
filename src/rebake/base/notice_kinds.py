"""The kinds of notices that may come many times in one run."""

from __future__ import annotations

from enum import Enum
from typing import Self


class NoticeKind(Enum):
    """A kind's value is its stable name in the JSON report; ``plural`` completes a sentence that starts with a number
    ("14 duplicate examples are left out")."""

    plural: str

    AMBIGUOUS_EXAMPLE = "ambiguous-example", "examples stand under several intents"
    DUPLICATE_DECLARATION = "duplicate-declaration", "names are declared in more than one domain file"
    DUPLICATE_EXAMPLE = "duplicate-example", "duplicate examples are left out"
    KEPT_VARIABLE = "kept-variable", "environment variables are kept as written"
    KEYWORD_OF_SEVERAL_INTENTS = "keyword-of-several-intents", "examples are no keywords of one intent"
    MISALIGNED_ENTITY = "misaligned-entity", "examples have entities that do not begin and end where tokens do"
    MISSING_RESPONSE = "missing-response", "responses have no text"
    NO_EXAMPLES = "no-examples", "entries have no examples"
    ODD_ANNOTATION = "odd-annotation", "annotations are odd"
    REPEATED_FORM = "repeated-form", "stories spell out turns inside a form"
    REPLACED_RESPONSE = "replaced-response", "responses replace earlier ones"
    RETRIEVAL_INTENT_IN_STORY = "retrieval-intent-in-story", "steps of stories name a retrieval intent with its key"
    SCARCE_ENTITY = "scarce-entity", "entities, roles or groups are annotated once"
    SCARCE_INTENT = "scarce-intent", "intents have one example"
    SKIPPED_DATA = "skipped-data", "entries of data files are skipped"
    SKIPPED_FILE = "skipped-file", "files are skipped"
    SYNONYM_CONFLICT = "synonym-conflict", "synonyms have several values"
    TEXT_BESIDE_INTENT = "text-beside-intent", "texts beside an intent are not read"
    UNKNOWN_KEY = "unknown-key", "keys are unknown"
    UNKNOWN_NAME = "unknown-name", "names are not in the domain"
    UNKNOWN_OPTION = "unknown-option", "options have no effect"
    UNNEEDED_SLASH = "unneeded-slash", "intents of stories start with a slash that is not needed"
    UNREACHED_CHECKPOINT = "unreached-checkpoint", "checkpoints lead nowhere"

    def __new__(cls, name: str, plural: str) -> Self:
        kind = object.__new__(cls)
        kind._value_ = name
        kind.plural = plural
        return kind
