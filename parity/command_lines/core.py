"""Rasa's own commands must decide, with archives that rebake trained, as rebake does.

    python -m parity cli_core                             concertbot of ../shared, trained for a few epochs
    python -m parity cli_core --only all                  every assistant of ../shared/reference
    python -m parity cli_core --only moodbot --keep DIR   leaves archives, reports and logs there

`rasa test core` must report what scoring rebake's decisions on the stories gives (its JSON report, action by action,
and how many conversations are right). `rasa run --enable-api` must decide as rebake at every point of conversations
that messages, /predict and /execute lead on, and so must it through the REST channel, and `rasa shell` with messages
typed into it. Custom actions are answered by a server that does nothing.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import yaml

from parity.command_lines.rasa_command import Rasa, answered, free_port, wait_for_model
from parity.command_lines.reports import report_differences
from parity.command_lines.story_decisions import conversations, stories_report
from parity.compare import near
from parity.paths import REFERENCE, reference_names
from parity.rasa import environment
from parity.report import report
from parity.variants import add_keep, working_directory
from rebake import Model, load_model
from rebake.assistant.importer import load_assistant
from rebake.model_training import train

EPOCHS = 8
CONVERSATIONS = 6
LISTEN = "action_listen"
TURNS = 8  # of the bot after one message: an untrained loop of actions is not to be followed for ever
SHOWN = 30
Events = list[dict[str, Any]]


class ActionServer(BaseHTTPRequestHandler):
    """Custom actions that do nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"events": [], "responses": []}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def endpoints(project: Path) -> Iterator[Path]:
    """The file that names the server of custom actions, which lives as long, and where conversations are kept."""
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), ActionServer)
    Thread(target=server.serve_forever, daemon=True).start()
    content = {
        "action_endpoint": {"url": f"http://127.0.0.1:{server.server_port}/webhook"},
        "tracker_store": {"type": "SQL", "dialect": "sqlite", "db": str(project / "conversations.db")},
    }
    file = project / "endpoints.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    try:
        yield file
    finally:
        server.shutdown()
        server.server_close()


def prepared(name: str, work: Path) -> tuple[Path, Path]:
    """A copy of the assistant with few epochs, and the archive that rebake trains from it."""
    project = work / name
    shutil.copytree(REFERENCE / name / "assistant", project, copy_function=shutil.copyfile)
    config = yaml.safe_load((project / "config.yml").read_text(encoding="utf-8"))
    for entry in (*config["pipeline"], *config["policies"]):
        if "epochs" in entry:
            entry["epochs"] = EPOCHS
    (project / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    began = time.monotonic()
    result = train(
        domain=str(project / "domain.yml"), config=str(project / "config.yml"), training_files=[str(project / "data")],
        output=str(project / "models"), fixed_model_name="ours",
    )  # fmt: skip
    print(f"  trained by rebake in {time.monotonic() - began:.0f} s", flush=True)
    return project, Path(result.model or sys.exit("rebake trained nothing"))


def tested(rasa: Rasa, model: Model, archive: Path) -> list[str]:
    """The report of `rasa test core` on the stories, beside that of our own decisions."""
    stories = rasa.project / "stories"
    stories.mkdir()
    for file in sorted((rasa.project / "data").glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "stories" in content:  # without rules, which the command would test as if they were stories
            kept = {key: content[key] for key in ("version", "stories") if key in content}
            (stories / file.name).write_text(yaml.safe_dump(kept, sort_keys=False), encoding="utf-8")
    rasa.run("test", "core", "--model", str(archive), "--stories", str(stories), "--out", "results", "--no-plot")
    reply = json.loads((rasa.project / "results" / "story_report.json").read_text(encoding="utf-8"))
    assistant = load_assistant(None, [rasa.project / "domain.yml"], [stories])
    ours, right, total = stories_report(model.core, assistant)
    found = []
    conversation = reply.pop("conversation_accuracy")
    if (conversation["correct"], conversation["total"]) != (right, total):
        found.append(f"rasa test core: {conversation}; rebake: {right} of {total} conversations are right")
    actions = ours["weighted avg"]["support"]
    print(
        f"  rasa test core: {right} of {total} conversations right, accuracy {reply['accuracy']:.3f} of {actions:.0f}"
    )
    return found + report_differences("story_report", reply, ours)


def asked(rasa: Rasa, model: Model, archive: Path, messages: list[list[str]], file: Path) -> list[str]:
    """Conversations with `rasa run`: each decision asked for and carried out, then all at once by the REST channel."""
    found, points = [], 0
    with rasa.server(archive, "--endpoints", str(file)) as url:
        wait_for_model(url)
        for number, texts in enumerate(messages):
            for text in texts:
                answered(f"{url}/conversations/asked{number}/messages", {"text": text, "sender": "user"})
                for _ in range(TURNS):
                    reply = answered(f"{url}/conversations/asked{number}/predict", {})
                    found += prediction_differences(model, reply)
                    points += 1
                    action = max(reply["scores"], key=lambda score: score["score"])["action"]
                    chosen = {"name": action, "policy": reply["policy"], "confidence": reply["confidence"]}
                    answered(f"{url}/conversations/asked{number}/execute", chosen)
                    if action == LISTEN:
                        break
                answered(f"{url}/webhooks/rest/webhook", {"sender": f"rest{number}", "message": text})
    print(f"  rasa run --enable-api: {points} decisions asked for")
    return found + [
        difference
        for number in range(len(messages))
        for difference in kept_differences(model, rasa.project, f"rest{number}", "rasa run, REST channel")
    ]


def prediction_differences(model: Model, reply: dict[str, Any]) -> list[str]:
    """What /predict answers, beside our decision after the same events."""
    ours = model.predict_next(reply["tracker"]["events"])
    rasas = {score["action"]: score["score"] for score in reply["scores"]}
    action = max(rasas, key=lambda name: rasas[name])
    where = f"/predict after {len(reply['tracker']['events'])} events"
    return decision_differences(where, action, reply["confidence"], reply["policy"], ours)


def decision_differences(
    where: str, action: str | None, confidence: float | None, policy: str | None, ours: Mapping[str, Any]
) -> list[str]:
    """Rasa names no policy where an event forced the action."""
    if not policy:
        return [] if ours["action"] == action else [f"{where}: Rasa {action}, rebake {ours['action']}"]
    if near(ours["confidence"], confidence or 0.0) and (ours["action"], ours["policy"]) == (action, policy):
        return []
    return [f"{where}: Rasa {action}, {policy}, {confidence}; rebake {ours['action']}, {ours['policy']}"]


def kept_differences(model: Model, project: Path, sender: str, where: str) -> list[str]:
    """Every action of a conversation that Rasa kept, beside our decision after what came before it."""
    with closing(sqlite3.connect(project / "conversations.db")) as store:
        rows = store.execute("SELECT data FROM events WHERE sender_id = ? ORDER BY id", (sender,)).fetchall()
    events: Events = [json.loads(row[0]) for row in rows]
    found, decided = [], 0
    for place, event in enumerate(events):
        if event["event"] != "action" or not event.get("policy"):
            continue
        ours = model.predict_next(events[:place])
        name = event.get("name") or event.get("action_text")
        found += decision_differences(f"{where}, event {place}", name, event["confidence"], event["policy"], ours)
        decided += 1
    if not decided:
        found.append(f"{where}: nothing was decided in {len(events)} events of {sender}")
    return found


def shelled(rasa: Rasa, model: Model, archive: Path, texts: Sequence[str], file: Path) -> list[str]:
    """`rasa shell` with messages typed into it."""
    typed = "".join(f"{text}\n" for text in [*texts, "/stop"])
    options = ["--endpoints", str(file), "--conversation-id", "shell", "--port", str(free_port())]
    rasa.run("shell", "--model", str(archive), *options, typed=typed)
    return kept_differences(model, rasa.project, "shell", "rasa shell")


def check(name: str, work: Path) -> list[str]:
    print(name, flush=True)
    project, archive = prepared(name, work)
    rasa = Rasa(environment(), project)
    assistant = load_assistant(None, [project / "domain.yml"], [project / "data"])
    messages = conversations(assistant)[:CONVERSATIONS]
    with load_model(archive) as model, endpoints(project) as file:
        found = tested(rasa, model, archive)
        found += asked(rasa, model, archive, messages, file)
        return found + shelled(rasa, model, archive, messages[0], file)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", default=["concertbot"], metavar="ASSISTANT", help="or all")
    add_keep(parser)


def run(given: Namespace) -> int:
    names = reference_names() if "all" in given.only else given.only
    with working_directory(given.keep, "cli-core") as work:
        return sum(report(f"Rasa's commands with {name}", check(name, work), SHOWN) for name in names)
