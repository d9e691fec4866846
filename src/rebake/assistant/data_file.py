"""Files of training data: what the keys of each say, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rebake.assistant.domain.reader import DOMAIN_KEYS, OTHER_DOMAIN_KEYS, read_responses
from rebake.assistant.keys import DATA_KEYS, has_key, no_data_notice, unknown_keys
from rebake.assistant.model import NluData, Response, Story
from rebake.assistant.nlu_data.reader import NluFile, read_nlu
from rebake.assistant.reading import FileSource, check_version, describe
from rebake.assistant.schemas.data import data_schema
from rebake.assistant.schemas.kinds import check
from rebake.assistant.stories.reader import StoryFile, is_test_file, read_stories
from rebake.assistant.yaml.values import YamlMap
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind
from rebake.errors import DataErrors


@dataclass
class DataFile:
    """What a file says; None of what it does not have."""

    notices: list[Notice] = field(default_factory=list)
    nlu: NluFile | None = None
    responses: tuple[Response, ...] = ()
    stories: StoryFile | None = None

    def take(self, other: DataFile) -> None:
        """Replace what this one says by what another says."""
        self.notices, self.nlu, self.responses, self.stories = other.notices, other.nlu, other.responses, other.stories


def read_data_file(document: Document, keys: Sequence[str], found: DataFile, *, is_domain: bool) -> None:
    """Read a YAML file of training data.

    Args:
        document: the file.
        keys: which of ``nlu``, ``stories`` and ``responses`` are read of it.
        found: receives what it says, also beside an error.
        is_domain: it is a domain file, too.

    Raises:
        DataError: all that is wrong with it.
    """
    content = document.value
    if content is None:
        found.notices.append(Notice("The file is empty.", document.at(1), NoticeKind.SKIPPED_FILE))
        return
    if not isinstance(content, YamlMap):
        message = f"Skipped: the file contains {describe(content)}, no training data."
        found.notices.append(Notice(message, document.at(1), NoticeKind.SKIPPED_FILE))
        return
    if not has_key(document, DATA_KEYS) and not is_domain:
        found.notices.append(no_data_notice(document, content))
        return
    check_version(document)
    known = (*DATA_KEYS, *OTHER_DOMAIN_KEYS, *(DOMAIN_KEYS if is_domain else ()))
    found.notices += unknown_keys(document, content, known)
    source = FileSource(document.file)
    check(data_schema(keys), content, source, "The file")
    errors = DataErrors()
    if "nlu" in content and "nlu" in keys:
        with errors.collecting():
            found.nlu = read_nlu(document)
    if "responses" in content and "responses" in keys:
        found.responses = tuple(read_responses(content, source))
    if ("stories" in content or "rules" in content) and "stories" in keys:
        with errors.collecting():
            found.stories = read_stories(document)
    errors.finish()


class ReadData:
    """The content of the data files, while they are read."""

    def __init__(self, notices: list[Notice]) -> None:
        self.nlu = NluData()
        self.stories: list[Story] = []
        self.test_stories: list[Story] = []
        self.responses: list[Response] = []
        self.notices = notices

    def add(self, file: DataFile, path: str, *, is_domain: bool) -> None:
        self.notices += file.notices
        if file.responses:
            self.add_responses(file.responses, is_domain)
        if file.stories is not None:
            self.add_stories(file.stories, path)

    def add_responses(self, responses: Sequence[Response], is_domain: bool) -> None:
        places = {response.name: response.location for response in self.responses}
        for response in responses:
            if response.name in places and not is_domain:
                message = f"The response '{response.name}' replaces the one at {places[response.name]}."
                self.notices.append(Notice(message, response.location, NoticeKind.REPLACED_RESPONSE))
        self.responses += responses

    def add_stories(self, file: StoryFile, path: str) -> None:
        self.notices += file.notices
        if is_test_file(path):
            self.test_stories += file.stories
        else:
            self.stories += file.stories
