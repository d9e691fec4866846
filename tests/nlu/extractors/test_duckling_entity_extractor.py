"""DucklingEntityExtractor, against a server on this machine that answers as Duckling does."""

import json
import logging
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from rebake.errors import DataError
from rebake.nlu.message import Message
from support.interpreter_lock import interpreter_is_free
from support.nlu import component

NUMBER = {
    "body": "two",
    "start": 6,
    "end": 9,
    "dim": "number",
    "latent": False,
    "value": {"value": 2, "type": "value"},
}
SPAN = {
    "body": "from 9 to 10",
    "start": 10,
    "end": 22,
    "dim": "time",
    "value": {"type": "interval", "from": {"value": "09:00", "grain": "hour"}, "to": {"value": "11:00"}, "values": []},
}


class Duckling:
    """A server on the loopback that keeps the forms it was sent, and answers each with the next of ``answers``."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.status = 200
        self.answers: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.asked.append(parse_qs(body))
                outer.paths.append(self.path)
                answer = outer.answers.pop(0) if outer.answers else []
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def duckling(monkeypatch: pytest.MonkeyPatch) -> Iterator[Duckling]:
    monkeypatch.delenv("RASA_DUCKLING_HTTP_URL", raising=False)
    server = Duckling()
    yield server
    server.close()


def entities(*texts: str, **options: Any) -> list[list[dict[str, Any]]]:
    messages = [Message({"text": text}) for text in texts]
    component("DucklingEntityExtractor", **options).process(messages)
    return [message.entities for message in messages]


def test_other_texts_are_parsed_while_it_waits_for_the_server(
    duckling: Duckling, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> None:
        entities("two", "three", url=duckling.url)

    assert interpreter_is_free(monkeypatch, requests.Session, "post", ask) == [True, True]


def test_entities_have_rasas_form(duckling: Duckling) -> None:
    duckling.answers = [[NUMBER, SPAN]]
    assert entities("order two from 9 to 10", url=duckling.url) == [
        [
            {
                "start": 6,
                "end": 9,
                "text": "two",
                "value": 2,
                "confidence": 1.0,
                "additional_info": {"value": 2, "type": "value"},
                "entity": "number",
                "extractor": "DucklingEntityExtractor",
            },
            {
                "start": 10,
                "end": 22,
                "text": "from 9 to 10",
                "value": {"to": "11:00", "from": "09:00"},
                "confidence": 1.0,
                "additional_info": SPAN["value"],
                "entity": "time",
                "extractor": "DucklingEntityExtractor",
            },
        ]
    ]


def test_an_interval_may_be_open_at_one_end(duckling: Duckling) -> None:
    duckling.answers = [[{**SPAN, "value": {"type": "interval", "from": {"value": "09:00"}}}]]
    assert entities("x", url=duckling.url)[0][0]["value"] == {"to": None, "from": "09:00"}


def test_the_server_is_sent_text_locale_timezone_dimensions_and_the_present_time(duckling: Duckling) -> None:
    before = int(time.time()) * 1000
    entities("zwei Fuß", url=f"{duckling.url}/", locale="de_DE", timezone="Europe/Berlin", dimensions=["number"])
    [asked] = duckling.asked
    assert duckling.paths == ["/parse"]
    assert before <= int(asked.pop("reftime")[0]) <= int(time.time()) * 1000
    assert asked == {"text": ["zwei Fuß"], "locale": ["de_DE"], "tz": ["Europe/Berlin"], "dims": ['["number"]']}


def test_without_options_duckling_uses_its_own_defaults(duckling: Duckling) -> None:
    entities("two", url=duckling.url)
    assert duckling.asked[0].keys() == {"text", "dims", "reftime"}
    assert duckling.asked[0]["dims"] == ["null"]


def test_other_dimensions_than_the_wanted_ones_are_dropped(duckling: Duckling) -> None:
    duckling.answers = [[NUMBER, SPAN]]
    assert [found["entity"] for found in entities("x", url=duckling.url, dimensions=["time"])[0]] == ["time"]


def test_entities_join_those_found_before(duckling: Duckling) -> None:
    duckling.answers = [[NUMBER]]
    message = Message({"text": "x"}, entities=[{"entity": "city"}])
    component("DucklingEntityExtractor", url=duckling.url).process([message])
    assert [found["entity"] for found in message.entities] == ["city", "number"]


def test_the_environment_variable_comes_before_the_option_and_is_never_printed(
    duckling: Duckling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    duckling.answers = [[NUMBER]]
    monkeypatch.setenv("RASA_DUCKLING_HTTP_URL", duckling.url)
    assert len(entities("x", url="http://127.0.0.1:1")[0]) == 1
    monkeypatch.setenv("RASA_DUCKLING_HTTP_URL", "http://me:secret@127.0.0.1:1")
    assert entities("x", url=duckling.url) == [[]]
    assert "RASA_DUCKLING_HTTP_URL" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.usefixtures("duckling")
def test_an_absent_server_costs_its_entities_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    extractor = component("DucklingEntityExtractor", url="http://127.0.0.1:1")
    messages = [Message({"text": text}) for text in ("a", "b")]
    with caplog.at_level(logging.WARNING, "rebake"):
        extractor.process(messages)
        extractor.process(messages)
    assert [message.entities for message in messages] == [[], []]
    [record] = caplog.records
    assert record.getMessage().startswith("DucklingEntityExtractor: no Duckling server answers at the option url")
    assert "rasa/duckling" in record.getMessage()


@pytest.mark.usefixtures("duckling")
def test_without_a_url_nothing_is_asked_and_the_warning_names_both_ways(caplog: pytest.LogCaptureFixture) -> None:
    assert entities("a") == [[]]
    assert "neither the option url nor the environment variable RASA_DUCKLING_HTTP_URL" in caplog.text


@pytest.mark.parametrize("answer", [b"<html>", {"error": 1}, [{"dim": "number"}], [1]])
def test_an_answer_that_is_not_ducklings_costs_that_text_alone(
    duckling: Duckling, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    duckling.answers = [answer, [NUMBER]]
    first, second = entities("a", "b", url=duckling.url)
    assert first == []
    assert [found["entity"] for found in second] == ["number"]
    assert "gives no answer of Duckling's" in caplog.text


def test_an_error_of_the_server_is_warned_of_once(duckling: Duckling, caplog: pytest.LogCaptureFixture) -> None:
    duckling.status = 500
    assert entities("a", "b", url=duckling.url) == [[], []]
    assert len(duckling.asked) == 2
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("duckling")
@pytest.mark.parametrize("url", ["localhost:8000", "http://"])
def test_a_url_that_is_none_is_warned_of(url: str, caplog: pytest.LogCaptureFixture) -> None:
    assert entities("a", url=url) == [[]]
    assert "Correct the option url." in caplog.text


@pytest.mark.parametrize("dimensions", ["time", [1]])
def test_dimensions_must_be_names(dimensions: object) -> None:
    with pytest.raises(DataError, match="dimensions of DucklingEntityExtractor"):
        component("DucklingEntityExtractor", dimensions=dimensions)
