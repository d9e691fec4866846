"""Secrets that a report must not repeat: the values of variables that the assistant's files may use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from rebake.base.location import Notice
from rebake.base.visible import one_line
from rebake.evaluation.comparison.result import KindComparison, MetricChange
from rebake.report.model import Failure, PartReport, Report
from rebake.report.quality import PastQuality

MASK = "***"
# words of our own in a model's test, which a secret may happen to contain
_WORDS: Mapping[type, tuple[str, ...]] = {KindComparison: ("kind",), MetricChange: ("name", "test")}


@dataclass(frozen=True, slots=True, repr=False)
class Redaction:
    """Replaces secrets in texts and reports."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Iterable[str]) -> Redaction:
        """Redact these values, as they are and in the forms in which a message may show them."""
        forms: set[str] = set()
        for value in values:
            forms |= {value, value.strip(), one_line(value), repr(value)[1:-1], json.dumps(value)[1:-1]}
            forms |= {line.strip() for line in value.splitlines()}
        return cls(tuple(sorted(forms - {""}, key=len, reverse=True)))

    def text(self, text: str) -> str:
        """The text with the mask in place of each secret."""
        for secret in self.secrets:
            text = text.replace(secret, MASK)
        return text

    def report(self, report: Report) -> Report:
        """The report with the mask in all that quotes the assistant's files."""
        if not self.secrets:
            return report
        return replace(
            report,
            parts=tuple(map(self._part, report.parts)),
            notices=tuple(map(self._notice, report.notices)),
            failure=None if report.failure is None else self._failure(report.failure),
            quality=self._values(report.quality),
        )

    def _values(self, value: Any) -> Any:
        """A value, with the mask in every text in it: of tested examples, of stories, of labels."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple | list):
            return type(value)(map(self._values, value))
        if isinstance(value, Mapping):
            return {self._values(key): self._values(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type | PastQuality):
            kept = _WORDS.get(type(value), ())
            texts = {one.name: getattr(value, one.name) for one in fields(value) if one.name not in kept}
            return replace(value, **{name: self._values(text) for name, text in texts.items()})
        return value

    def _part(self, part: PartReport) -> PartReport:
        return replace(part, reasons=tuple(map(self.text, part.reasons)))

    def _notice(self, notice: Notice) -> Notice:
        return replace(notice, message=self.text(notice.message))

    def _failure(self, failure: Failure) -> Failure:
        return replace(
            failure,
            message=self.text(failure.message),
            fix=None if failure.fix is None else self.text(failure.fix),
            others=tuple(map(self._failure, failure.others)),
        )
