"""What is wrong with a pipeline before anything is trained: order, names, options, language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from rebake.assistant.model import ComponentSpec, NluData
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, UnsupportedError
from rebake.registry.component_type import ComponentType
from rebake.registry.components import COMPONENTS, component_type

# Languages without spaces between words, and those that a tokenizer is made for.
_UNSUPPORTED_LANGUAGES: Mapping[str, frozenset[str]] = {"WhitespaceTokenizer": frozenset({"zh", "ja", "th"})}
_SUPPORTED_LANGUAGES: Mapping[str, frozenset[str]] = {"JiebaTokenizer": frozenset({"zh"})}

_WHAT_IS_NEEDED: Mapping[str, str] = {
    "tokens": "a tokenizer",
    "features": "a featurizer",
    "dense_features": "a featurizer of dense features",
    "intent": "an intent classifier",
    "spacy_model": "SpacyNLP",
    "spacy_tokens": "SpacyTokenizer",
}


def check_pipeline(specs: Sequence[ComponentSpec], language: str | None) -> list[Notice]:
    """Check a pipeline, whether or not its components can be trained here.

    Returns:
        warnings: options that no component reads (Rasa ignores them as well).

    Raises:
        DataError: an unknown component, a component before what it needs, a second tokenizer, an alias used twice, a
            language that the tokenizer cannot split.
        UnsupportedError: a custom component.
    """
    notices: list[Notice] = []
    provided: set[str] = set()
    tokenizer: str | None = None
    aliases: dict[str, str] = {}
    for spec in specs:
        entry = component_type(spec)
        _check_needs(entry, spec, provided)
        _check_part_of_speech(entry, spec, provided)
        provided |= entry.provides
        if entry.kind == "tokenizer":
            if tokenizer is not None:
                raise DataError(
                    f"pipeline: {entry.name} is a second tokenizer beside {tokenizer}.",
                    location=spec.location,
                    fix="Keep one tokenizer.",
                )
            tokenizer = entry.name
        if not _splits(entry, language):
            raise DataError(
                f"pipeline: {entry.name} cannot split texts of the language {language!r} into words.",
                location=spec.location,
                fix="Use a tokenizer for this language.",
            )
        _check_alias(entry, spec, aliases)
        notices += _unread_options(entry, spec)
    return notices


def _splits(entry: ComponentType, language: str | None) -> bool:
    if not language:
        return True
    supported = _SUPPORTED_LANGUAGES.get(entry.name)
    return language not in _UNSUPPORTED_LANGUAGES.get(entry.name, ()) and (supported is None or language in supported)


def _check_needs(entry: ComponentType, spec: ComponentSpec, provided: set[str]) -> None:
    if entry.refusal is not None:  # what it needs is of no use: training refuses it and says what to take instead
        return
    for need in sorted(entry.needs - provided):
        what = _WHAT_IS_NEEDED[need]
        givers = [other.name for other in COMPONENTS.values() if need in other.provides and other.implementation]
        example = "" if what in givers else f", e.g. {givers[0]},"
        raise DataError(
            f"pipeline: {entry.name} needs {what} before it.",
            location=spec.location,
            fix=f"Put {what}{example} above {entry.name}.",
        )


def _check_part_of_speech(entry: ComponentType, spec: ComponentSpec, provided: set[str]) -> None:
    """Other tokenizers tell no part of speech, and CRFsuite cannot take none for a feature (Rasa fails in training)."""
    if entry.name != "CRFEntityExtractor" or "spacy_tokens" in provided:
        return
    window = spec.options.get("features")
    listed = [name for names in window if isinstance(names, list) for name in names] if isinstance(window, list) else []
    if asked := [name for name in ("pos", "pos2") if name in listed]:
        raise DataError(
            f"pipeline: {entry.name} looks at parts of speech ({', '.join(asked)}), which only SpacyTokenizer tells.",
            location=spec.location,
            fix="Use SpacyNLP and SpacyTokenizer, or take it out of the option features.",
        )


def _check_alias(entry: ComponentType, spec: ComponentSpec, aliases: dict[str, str]) -> None:
    alias = spec.options.get("alias")
    if entry.kind != "featurizer" or alias is None:
        return
    if alias in aliases:
        raise DataError(
            f"pipeline: {entry.name} has the same alias {alias!r} as {aliases[alias]}.",
            location=spec.location,
            fix="Give every featurizer its own alias.",
        )
    aliases[alias] = entry.name


def _unread_options(entry: ComponentType, spec: ComponentSpec) -> list[Notice]:
    notices = []
    for option in spec.options:
        if option not in entry.defaults:
            close = get_close_matches(option, entry.defaults, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            notices.append(
                Notice(
                    f"pipeline: {entry.name} has no option {option!r}; it is ignored.{hint}",
                    spec.location,
                    NoticeKind.UNKNOWN_OPTION,
                )
            )
    return notices


def check_response_selector(spec: ComponentSpec, data: NluData) -> None:
    """Refuse the one kind of selector that Rasa 3.6.21 does not train either; without examples it learns nothing.

    Raises:
        UnsupportedError: with the line of config.yml.
    """
    options = component_type(spec).merged(spec.options)
    if not options["use_text_as_label"] or options["number_of_transformer_layers"] != 0:
        return
    own = f"{options['retrieval_intent']}/" if options["retrieval_intent"] else ""
    if any("/" in intent and intent.startswith(own) for intent in (example.intent or "" for example in data.examples)):
        raise UnsupportedError(
            "pipeline: ResponseSelector needs a transformer to learn from texts (use_text_as_label); Rasa 3.6.21 fails "
            "without one, too.",
            location=spec.location,
            fix="Set number_of_transformer_layers to 1 or more, and hidden_layers_sizes to {text: [], label: []}.",
        )
