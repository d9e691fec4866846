"""What is wrong with the pipeline or the policies before anything is trained: order, names, options, language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rebake.assistant.domain.names import intent_names
from rebake.assistant.model import Assistant, ComponentSpec, Config, NluData, OrStep, UserStep
from rebake.assistant.reading import did_you_mean
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError, DataErrors, UnsupportedError
from rebake.registry.entry import Entry, Section
from rebake.registry.lookup import COMPONENTS, POLICIES, known_or_assumed, require
from rebake.registry.node import Node, is_left_out
from rebake.registry.token_features import FeatureWindow

_WHAT_IS_NEEDED: Mapping[str, str] = {
    "tokens": "a tokenizer",
    "features": "a featurizer",
    "dense_features": "a featurizer of dense features",
    "intent": "an intent classifier",
}


def check_pipeline(specs: Sequence[ComponentSpec], language: str | None, *, by_rasa: bool = False) -> list[Notice]:
    """Check a pipeline, whether or not its components can be trained here.

    Args:
        specs: the components, in order.
        language: of config.yml.
        by_rasa: Rasa trains it, so that it may have custom components. They may provide whatever others need.

    Returns:
        warnings: options that no component reads (Rasa ignores them as well).

    Raises:
        DataError: an unknown component, a component before what it needs, a second tokenizer, an alias used twice, a
            language that the tokenizer cannot split.
        UnsupportedError: a custom component, unless ``by_rasa``.
    """
    notices: list[Notice] = []
    provided: set[str] = set()
    tokenizer: str | None = None
    aliases: dict[str, str] = {}
    for spec in specs:
        entry = known_or_assumed(spec, "pipeline") if by_rasa else require(spec, "pipeline")
        if entry.is_custom:
            provided |= {need for other in COMPONENTS.values() for need in other.needs | other.provides}
            continue
        _check_needs(entry, spec, provided)
        _check_needs_of_features(entry, spec, provided)
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
        notices += unread_options(entry, spec, "pipeline")
    return notices


def check_policies(config: Config, *, by_rasa: bool = False) -> Iterator[Notice]:
    """Report options that no policy reads, and policies of Rasa's defaults that rebake does not train.

    Raises:
        DataError: a policy that Rasa does not know.
        UnsupportedError: a custom policy, unless ``by_rasa``: Rasa trains it.
    """
    for spec in config.policies:
        if by_rasa and known_or_assumed(spec, "policies").is_custom:
            continue
        if is_left_out(spec, config):
            message = f"{spec.name} of Rasa's default policies is left out: rebake does not train it yet."
            yield Notice(message, spec.location, NoticeKind.UNSUPPORTED)
        else:
            yield from unread_options(require(spec, "policies"), spec, "policies")


def check_rule_policy(assistant: Assistant) -> Iterator[Notice]:
    """Warn of rules that no policy learns.

    Raises:
        DataError: forms that no policy runs; Rasa does not train them either.
    """
    config = assistant.config
    if not config.policies or any(known_or_assumed(spec, "policies").learns_from_rules for spec in config.policies):
        return
    name = next(entry.name for entry in POLICIES.values() if entry.learns_from_rules)
    if assistant.domain.forms:
        raise DataError(
            f"The domain has forms ({', '.join(form.name for form in assistant.domain.forms)}), "
            f"and only the {name} runs forms.",
            location=config.location,
            fix=f"Add '- name: {name}' to the policies, or remove the forms.",
        )
    rules = [story for story in assistant.stories if story.is_rule]
    if rules:
        message = f"There are rules, but no {name} to learn them."
        yield Notice(message, rules[0].location, NoticeKind.RULES_WITHOUT_POLICY)


def check_learned_intents(assistant: Assistant) -> None:
    """Require that the intents of stories are in the domain where a policy learns which intents follow.

    Raises:
        DataError: for each intent that is not; Rasa's training fails on it as well.
    """
    config = assistant.config
    used = [spec for spec in config.policies if not is_left_out(spec, config)]
    policy = next((entry for spec in used if (entry := known_or_assumed(spec, "policies")).learns_intents), None)
    if policy is None:
        return
    known = intent_names(assistant.domain)
    errors = DataErrors()
    for name, step in _intents_of_stories(assistant).items():
        if name not in known:
            errors.add(
                DataError(
                    f"The domain has no intent '{name}', and {policy.name} learns which intents follow in stories.",
                    location=step.location,
                    fix=did_you_mean(name, known).strip() or "Add it to the domain's 'intents:', or correct the name.",
                    kind=NoticeKind.UNKNOWN_INTENT,
                )
            )
    errors.finish()


def _intents_of_stories(assistant: Assistant) -> dict[str, UserStep]:
    """Each intent of a story, with the first step that has it."""
    found: dict[str, UserStep] = {}
    for step in (step for story in assistant.stories if not story.is_rule for step in story.steps):
        for user in step.alternatives if isinstance(step, OrStep) else (step,):
            if isinstance(user, UserStep) and user.intent is not None:
                found.setdefault(user.intent.split("/")[0], user)
    return found


def unread_options(entry: Entry, spec: ComponentSpec, section: Section) -> list[Notice]:
    """Return a warning about each option that the component does not have, or that has an odd value and no effect."""
    notices = []
    for name, value in spec.options.items():
        option = entry.options.get(name)
        if option is None:
            found = f"{entry.name} has no option {name!r}; it is ignored.{did_you_mean(name, entry.options)}"
        elif not entry.is_on(option.acts, spec.options) and (problem := option.problem(value)) is not None:
            found = f"the option {name} of {entry.name} {problem.message.rstrip('.')}; it has no effect and is ignored."
        else:
            continue
        notices.append(Notice(f"{section}: {found}", spec.place(name), NoticeKind.UNKNOWN_OPTION, subject=name))
    return notices


def check_response_selectors(nodes: Sequence[Node], data: NluData) -> None:
    """Refuse the one kind of selector that Rasa 3.6.21 does not train either; without examples it learns nothing.

    Raises:
        UnsupportedError: with the line of config.yml.
    """
    for node in nodes:
        responses = node.type.responses
        if responses is None:
            continue
        options = node.type.merged(node.spec.options)
        is_lacking = options[responses.by_text] and options[responses.layers] == 0
        if is_lacking and _has_examples(data, options[responses.intent]):
            raise UnsupportedError(
                f"pipeline: {node.type.name} needs a transformer to learn from texts ({responses.by_text}); Rasa "
                "3.6.21 fails without one, too.",
                location=node.spec.place(responses.by_text),
                fix=f"Set {responses.layers} to 1 or more, and hidden_layers_sizes to {{text: [], label: []}}.",
            )


def require_featurizers(assistant: Assistant, nlu: Sequence[Node]) -> None:
    """Require that end-to-end stories can be trained with this pipeline.

    Raises:
        DataError: no component featurizes texts, or NLU is not trained with Core, so that there is none.
        UnsupportedError: a component that Rasa 3.6.21 cannot run in its end-to-end graph.
    """
    story = next(story for story in assistant.stories if story.is_end_to_end)
    if not any(node.type.kind == "featurizer" for node in nlu):
        raise DataError(
            f"'{story.name}' contains texts, which policies see through the tokenizers and featurizers of NLU, "
            "and no featurizer is trained with this Core.",
            location=story.location,
            fix="Train NLU and Core together, with featurizers in the pipeline, or write intents and actions.",
        )
    for node in nlu:
        if node.type.featurizes and node.type.model_from is not None:
            raise UnsupportedError(
                f"{node.type.name} cannot be in the pipeline of end-to-end stories: Rasa 3.6 gives it no language "
                "model there.",
                location=node.spec.location,
                fix="Use featurizers that load no language model of another component, or write intents and actions.",
            )


def _has_examples(data: NluData, retrieval_intent: str | None) -> bool:
    own = f"{retrieval_intent}/" if retrieval_intent else ""
    intents = (example.intent or "" for example in data.examples)
    return any("/" in intent and intent.startswith(own) for intent in intents)


def _splits(entry: Entry, language: str | None) -> bool:
    if not language:
        return True
    return language not in entry.not_languages and (not entry.languages or language in entry.languages)


def _givers(need: str) -> list[str]:
    return [entry.name for entry in COMPONENTS.values() if need in entry.provides and entry.implementation is not None]


def _check_needs(entry: Entry, spec: ComponentSpec, provided: set[str]) -> None:
    if entry.refusal is not None:  # what it needs is of no use: training refuses it and says what to take instead
        return
    for need in sorted(entry.needs - provided):
        givers = _givers(need)
        what = _WHAT_IS_NEEDED.get(need, givers[0])
        example = "" if what in givers else f", e.g. {givers[0]},"
        raise DataError(
            f"pipeline: {entry.name} needs {what} before it.",
            location=spec.location,
            fix=f"Put {what}{example} above {entry.name}.",
        )


def _check_needs_of_features(entry: Entry, spec: ComponentSpec, provided: set[str]) -> None:
    """Some features need more than the component that has them."""
    for name, option in entry.options.items():
        if not isinstance(option, FeatureWindow) or not option.needs:
            continue
        window = spec.options.get(name)
        rows = [row for row in window if isinstance(row, list)] if isinstance(window, list) else []
        listed = {feature for row in rows for feature in row if isinstance(feature, str)}
        asked = [feature for feature, need in option.needs.items() if feature in listed and need not in provided]
        if asked:
            giver = _givers(option.needs[asked[0]])[0]
            raise DataError(
                f"pipeline: {entry.name} looks at parts of speech ({', '.join(asked)}), which only {giver} knows.",
                location=spec.place(name),
                fix=f"Use {giver} and what it needs, or take them out of the option {name}.",
            )


def _check_alias(entry: Entry, spec: ComponentSpec, aliases: dict[str, str]) -> None:
    alias = spec.options.get("alias")
    if entry.kind != "featurizer" or not isinstance(alias, str):
        return
    if alias in aliases:
        raise DataError(
            f"pipeline: {entry.name} has the same alias {alias!r} as {aliases[alias]}.",
            location=spec.place("alias"),
            fix="Give every featurizer its own alias.",
        )
    aliases[alias] = entry.name
