"""JSON training data in the formats that Rasa 3.6.21 reads: its own, and exports of LUIS, wit.ai and Dialogflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rebake.assistant.nlu_data.json_formats import dialogflow, luis, rasa, wit
from rebake.assistant.nlu_data.json_formats.positions import parse_json
from rebake.assistant.nlu_data.reader import NluFile
from rebake.assistant.yaml.values import YamlMap
from rebake.assistant.yaml.yaml12 import read_text
from rebake.base.location import Location, Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataError

DEFAULT_LANGUAGE = "en"
_MARKS = (rasa.MARK, luis.MARK, wit.MARK)

_Reader = Callable[[YamlMap, str, str], NluFile]
_FORMATS: tuple[tuple[Callable[[YamlMap], bool], _Reader], ...] = (  # asked in Rasa's order
    (lambda js: wit.MARK in js and luis.MARK not in js, lambda js, file, _: wit.read_wit(js, file)),
    (lambda js: luis.MARK in js, lambda js, file, _: luis.read_luis(js, file)),
    (lambda js: rasa.MARK in js, lambda js, file, _: rasa.read_rasa_json(js, file)),
    (lambda js: dialogflow.AGENT_MARK in js or set(js) == {"version"}, lambda _js, _file, _: NluFile()),
    (lambda js: dialogflow.INTENT_MARK in js, dialogflow.read_dialogflow_intent),
    (lambda js: dialogflow.ENTITY_MARK in js, dialogflow.read_dialogflow_entity),
)


def read_json_nlu(path: str, language: str | None) -> NluFile:
    """Read one .json file, whichever it is; what is no training data is left out with a notice.

    Args:
        path: the file.
        language: of config.yml: Dialogflow keeps each language in separate files.

    Raises:
        DataError: a file of a known format says something wrong; with the line.
        StorageError: it cannot be read.
    """
    text = read_text(path)
    try:
        content = parse_json(text, path)
    except DataError:
        if any(f'"{mark}"' in text for mark in _MARKS):
            raise
        return _skipped(path, "the file is no JSON")
    if isinstance(content, YamlMap):
        for is_format, read in _FORMATS:
            if is_format(content):
                return read(content, path, language or DEFAULT_LANGUAGE)
    if any(part in Path(path).name for part in dialogflow.EXAMPLE_FILES):
        return NluFile()  # read with the intent or entity that it belongs to
    return _skipped(path, "the file contains no training data")


def _skipped(path: str, why: str) -> NluFile:
    return NluFile(notices=[Notice(f"Skipped: {why}.", Location(path, 1), NoticeKind.SKIPPED_FILE)])
