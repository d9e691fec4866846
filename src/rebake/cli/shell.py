"""``rebake shell``: a conversation with a model, and how each answer came about."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from rebake.base.visible import one_line
from rebake.cli.console import Waiting, paint_text, say, use_color
from rebake.cli.files import model_path
from rebake.cli.parse import entity_text, parse_text
from rebake.core.conversation.conversation import LiveConversation, TakenAction, Turn, Vote
from rebake.core.conversation.intents import intent_parser
from rebake.core.conversation.responses import BotMessage
from rebake.core.dialogue.events import ACTION_LISTEN
from rebake.model import Model, load_model

STOP = "/stop"  # as in `rasa shell`
_LABEL = 10  # columns
_ABSTAINS = 0.005  # below this, a policy has no opinion


def shell(options: argparse.Namespace) -> int:
    """Read texts until the input ends, and print what each leads to."""
    as_json = options.format == "json"
    path = model_path(options.model, "--model")
    with load_model(path) as model:
        with Waiting(f"Loading {path}"):
            model.load()
        talk = _conversation(model)
        say(f"Loaded {model.path}. Type a text or an intent such as /greet. To end, type {STOP} or press Ctrl-D.")
        for text in _texts():
            if talk is None:
                result = model.parse(text)
                print(json.dumps(result, ensure_ascii=False) if as_json else parse_text(result), flush=True)
                continue
            turn = talk.hear(text)
            print(json.dumps(turn_json(turn), ensure_ascii=False) if as_json else turn_text(turn), flush=True)
    return 0


def _conversation(model: Model) -> LiveConversation | None:
    """None for a model without Core, which parses only."""
    if not model.metadata.core:
        say("This model has no Core part: texts are parsed, but the bot does not answer.")
        return None
    if not model.metadata.nlu:
        say("This model has no NLU part: type intents, such as /greet.")
    talk = LiveConversation(
        model.core, model.domain, model.parse if model.metadata.nlu else intent_parser(model.domain)
    )
    if skipped := talk.skipped_extraction:
        say(f"These actions need a server, so slots that they fill or validate are not set: {', '.join(skipped)}.")
    return talk


def _texts() -> Iterator[str]:
    """What the user types, with a line editor where there is one; blank lines are left out."""
    if not sys.stdin.isatty():
        for line in sys.stdin.buffer:
            text = line.decode("utf-8", errors="replace").strip()
            if text == STOP:
                return
            if text:
                say(f"> {one_line(text)}")
                yield text
        return
    with suppress(ImportError):
        import readline  # noqa: F401 (input() uses it)
    while True:
        try:
            text = input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            print(file=sys.stderr)
            return
        if text == STOP:
            return
        if text:
            yield text


def turn_text(turn: Turn) -> str:
    """Format a turn: what was understood, the slots that changed, each action with the votes, and what was said."""
    color = use_color(sys.stdout)
    lines = [_row("intent", parse_text({**turn.parse, "entities": ()}), color)]
    lines += [_row("entity", entity_text(entity), color) for entity in turn.parse["entities"]]
    for name, (old, new) in turn.changed_slots.items():
        lines.append(_row("slot", one_line(f"{name}: {_value(old)} -> {_value(new)}"), color))
    for action in turn.actions:
        lines += _action_lines(action, color)
    if turn.is_cut:
        lines.append(_row("", f"stopped after {len(turn.actions)} actions in a row, as Rasa does", color))
    return "\n".join(lines)


def _action_lines(action: TakenAction, color: bool) -> list[str]:
    best_first = sorted(action.votes, key=lambda vote: vote.policy != action.policy)
    votes = [f"{vote.policy} {_vote(vote, action)}" for vote in best_first if vote.confidence >= _ABSTAINS]
    how = " | ".join(votes) or "forced by an event"
    rejected = " rejected: it did not get what it asked for" if action.is_rejected else ""
    lines = [_row("action", f"{one_line(action.name)}{rejected}  {paint_text(f'({how})', 'dim', color)}", color)]
    lines += [_row("", f"{name} needs an action server: not run", color) for name in action.skipped]
    for message in action.messages:
        lines += _message_lines(message, color)
    return lines


def _vote(vote: Vote, action: TakenAction) -> str:
    return f"{vote.confidence:.2f}" if vote.action == action.name else f"{one_line(vote.action)} {vote.confidence:.2f}"


def _message_lines(message: BotMessage, color: bool) -> list[str]:
    lines = [one_line(line) for line in (message.text or "").splitlines()]
    lines += [one_line(f"[{button.title}] {button.payload}") for button in message.buttons]
    lines += [one_line(f"{kind}: {json.dumps(value, ensure_ascii=False)}") for kind, value in message.content.items()]
    return [
        _row("bot" if not number else "", paint_text(line, "bold", color), color) for number, line in enumerate(lines)
    ]


def _row(label: str, text: str, color: bool) -> str:
    return f"{paint_text(f'{label:<{_LABEL}}', 'dim', color)}{text}"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def turn_json(turn: Turn) -> Mapping[str, Any]:
    """The turn for programs."""
    return {
        "parse": turn.parse,
        "slots": turn.after,
        "actions": [asdict(action) for action in turn.actions],
        "waits": turn.actions[-1].name == ACTION_LISTEN,
    }
