"""Files of the domain: what each says."""

from __future__ import annotations

from rebake.assistant.domain.reader import DOMAIN_KEYS, OTHER_DOMAIN_KEYS, read_domain_mapping
from rebake.assistant.keys import DATA_KEYS, unknown_keys
from rebake.assistant.model import Domain
from rebake.assistant.reading import FileSource, check_version, content_of
from rebake.assistant.yaml.yaml12 import Document
from rebake.base.location import Notice
from rebake.base.notice_kinds import NoticeKind


def read_domain_file(document: Document, notices: list[Notice]) -> Domain:
    """Read a file of the domain; ``notices`` receives what is odd about it. Raises DataError."""
    if document.value is None:
        notices.append(Notice("The domain file is empty.", document.at(1), NoticeKind.EMPTY_DOMAIN))
        return Domain(is_empty=True)
    content = content_of(document, "A domain file", "Write keys such as 'intents:', 'slots:' and 'responses:'.")
    check_version(document)
    notices += unknown_keys(document, content, (*DOMAIN_KEYS, *OTHER_DOMAIN_KEYS, *DATA_KEYS))
    domain = read_domain_mapping(content, FileSource(document.file))
    if domain.is_empty:
        notices.append(Notice("The domain file has no content.", document.at(content.line), NoticeKind.EMPTY_DOMAIN))
    return domain
