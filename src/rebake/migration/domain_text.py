"""A domain file of Rasa 2 -> its text in Rasa 3's format, with its comments, order, quotes and blank lines.

Edits are made where something changes; everything else keeps its characters. What comes out is read again and must
mean what :mod:`rebake.migration.rasa2` says, so an edit can lose a comment but never change a meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebake.assistant.yaml.values import plain
from rebake.assistant.yaml.writer import dump_yaml
from rebake.assistant.yaml.yaml12 import parse_yaml
from rebake.base.location import Location
from rebake.errors import DataError
from rebake.migration.mapping_text import flow_mappings, mapping_lines
from rebake.migration.nodes import TextNode
from rebake.migration.rasa2 import FORM_KEYS, DomainMigration, SlotMapping
from rebake.migration.source import Edit, NotEditableError, Source

VERSION = "3.1"


def migrated_text(
    file: str, sources: Mapping[str, Source], migration: DomainMigration | None, *, new_version: bool
) -> str:
    """Return the new text of a file.

    Args:
        file: the file to change, one of the sources.
        sources: all domain files by name.
        migration: of the whole domain; None where only the version changes.
        new_version: whether the file's ``version:`` becomes Rasa 3's.

    Raises:
        DataError: the file is written in a way that cannot be changed safely.
    """
    source = sources[file]
    content = parse_yaml(source.text, file).value
    target = plain(content) if migration is None else migration.migrated(content)
    if new_version:
        target = {**target, "version": VERSION}
    editor = _Editor(source, sources, migration, target)
    for in_place in (("slots", "forms"), ("slots",), ("forms",), ()):  # the others are rewritten
        try:
            text = source.edited(editor.edits(new_version, in_place))
            if _same(parse_yaml(text, file).value, target):
                return text
        except (NotEditableError, DataError):
            continue
    raise DataError(
        "The file is written in a way that cannot be migrated, probably with aliases ('*name') to what has to change.",
        location=Location(file, 1),
        fix="Write out what the aliases under 'slots' and 'forms' stand for.",
    )


def _same(one: Any, other: Any) -> bool:
    """Equal, with all names in the same order."""
    one = plain(one)
    orders = [[list(content.get(key) or ()) for key in ("slots", "forms")] for content in (one, other)]
    return bool(one == other and orders[0] == orders[1])


class _Editor:
    """The edits of one file."""

    def __init__(
        self,
        source: Source,
        sources: Mapping[str, Source],
        migration: DomainMigration | None,
        target: Mapping[str, Any],
    ) -> None:
        self.source = source
        self.sources = sources
        self.migration = migration
        self.target = target
        self.dash = " " * source.sequence_offset()
        self.step = " " * (source.mapping_offset() or 2)

    def edits(self, new_version: bool, in_place: Sequence[str]) -> Iterator[Edit]:
        root = self.source.root
        if root is None:
            return
        if new_version and (pair := root.pair("version")) is not None:
            yield from _set_version(self.source, pair[1])
        if self.migration is None:
            return
        for section, edit in (("slots", self.slot), ("forms", self.form)):
            pair = root.pair(section)
            if pair is None or not self.target.get(section):
                continue
            if section not in in_place:
                yield self.section(section, *pair)
                continue
            if pair[1].kind != "mapping":
                raise NotEditableError
            for key, value in pair[1].pairs:
                yield from edit(key, value, self.migration)

    def section(self, name: str, key: TextNode, value: TextNode) -> Edit:
        """Rewrite a section."""
        lines = dump_yaml({name: self.target[name]}).splitlines()
        if self.source.indent(key) or value.flow:
            return Edit(value.start, value.end, _in_brackets(self.target[name]))
        return Edit(key.start, max(self.source.last_line(value), key.end), "\n".join(lines))

    def slot(self, key: TextNode, value: TextNode, migration: DomainMigration) -> Iterator[Edit]:
        mappings = migration.mappings.get(key.value)
        if mappings is None:  # a merge key
            raise NotEditableError
        old = value.pair("mappings")
        fills = value.pair("auto_fill")
        unchanged = old is not None and all(mapping.origin and not mapping.conditions for mapping in mappings)
        if unchanged and fills is None and value.kind == "mapping":
            return
        if value.kind == "alias":
            yield Edit(value.start, value.end, _in_brackets(self.target["slots"][key.value]))
            return
        if value.flow:
            yield self.slot_in_brackets(key, value, mappings)
            return
        indent = " " * self.source.indent(value.pairs[0][0])
        if fills is not None:
            yield self.without(*fills)
        if unchanged:
            return
        lines = self.mappings(indent, mappings)
        if old is not None:
            self.source.indent(old[0])
            comment = self.key_comment(*old)
            lines[0] += f" {comment}" if comment else ""
            start, end = self.source.line_start(old[0].start), self.source.last_line(old[1])
            yield Edit(start, end, "\n".join(lines))
            return
        end = self.after(value, len(indent))
        yield Edit(end, end, "\n" + "\n".join(lines))

    def mappings(self, indent: str, mappings: Sequence[SlotMapping]) -> list[str]:
        lines = mapping_lines(mappings, self.sources, len(self.dash))
        return [f"{indent}mappings:", *(f"{indent}{self.dash}{line}" if line.strip() else "" for line in lines)]

    def slot_in_brackets(self, key: TextNode, value: TextNode, mappings: Sequence[SlotMapping]) -> Edit:
        """A slot in brackets gets lines for its settings, unless that is not possible there."""
        kept = [pair for pair in value.pairs if pair[0].value not in ("auto_fill", "mappings")]
        entries = [self.source.text[one.start : other.end] for one, other in kept]
        if key.flow or value.marked or any("\n" in entry for entry in entries):
            start = self.source.text.index("{", value.start)
            return Edit(start, value.end, f"{{{', '.join([*entries, f'mappings: {flow_mappings(mappings)}'])}}}")
        indent = " " * self.source.indent(key) + self.step
        lines = [f"{indent}{entry}" for entry in entries] + self.mappings(indent, mappings)
        comment = self.source.comment_after(value.end)
        return Edit(key.end, self.source.line_end(value.end), "\n".join([f":{comment and ' ' + comment}", *lines]))

    def after(self, value: TextNode, indent: int) -> int:
        """Where something can be added to a block: after its last line, and after comments that belong to it."""
        end = self.source.last_line(value)
        while end < len(self.source.text):
            next_end = self.source.line_end(end + 1)
            line = self.source.text[end + 1 : next_end]
            if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) < indent:
                break
            end = next_end
        return end

    def without(self, key: TextNode, value: TextNode) -> Edit:
        """Take an entry's line out, and leave its comment."""
        self.source.indent(key)
        comment = self.source.comment_after(value.end)
        if comment:
            return Edit(key.start, self.source.last_line(value), comment)
        # with the line feed before it: something may be added after it
        return Edit(self.source.line_start(key.start) - 1, self.source.last_line(value), "")

    def form(self, key: TextNode, value: TextNode, migration: DomainMigration) -> Iterator[Edit]:
        slots = migration.required_slots.get(key.value)
        if slots is None:
            raise NotEditableError
        if value.kind == "alias":
            yield Edit(value.start, value.end, _in_brackets(self.target["forms"][key.value]))
            return
        if value.kind == "mapping" and (pair := value.pair("required_slots")) is not None:
            unread = [entry for entry in value.pairs if entry[0].value not in FORM_KEYS]
            if value.flow and unread:
                raise NotEditableError
            if pair[1].kind != "sequence":
                yield self.required_slots(*pair, slots)
            for entry in unread:
                yield self.without(*entry)
            return
        if value.flow or not value.pairs:
            ignored = value.pair("ignored_intents")
            entries = [f"required_slots: {_in_brackets(slots)}"]
            entries += [self.source.text[ignored[0].start : ignored[1].end]] if ignored else []
            if value.flow:
                yield Edit(value.start, value.end, f"{{{', '.join(entries)}}}")
            else:
                indent = " " * self.source.indent(key)
                comment = self.source.comment_after(key.end + 1)
                end = self.source.line_end(key.end)
                yield Edit(key.end, end, f":{comment and ' ' + comment}\n{indent}{self.step}{entries[0]}")
            return
        yield self.form_body(value)

    def required_slots(self, key: TextNode, value: TextNode, slots: list[str]) -> Edit:
        """``required_slots:`` with mappings below each slot -> a list of slots."""
        if value.is_empty:
            return Edit(key.end, key.end + 1, ": []")
        if value.flow or not value.pairs:
            return Edit(value.start, value.end, _in_brackets(slots))
        indent = self.source.indent(value.pairs[0][0])
        lines = self.slot_lines(value, " " * indent)
        start = self.source.line_start(value.pairs[0][0].start)
        return Edit(start, self.source.last_line(value), "\n".join(lines))

    def form_body(self, value: TextNode) -> Edit:
        """A form with its slots directly below its name."""
        indent = " " * self.source.indent(value.pairs[0][0])
        slots = self.slot_lines(value, indent + self.dash)
        lines = [f"{indent}required_slots:", *slots] if slots else [f"{indent}required_slots: []"]
        if (ignored := value.pair("ignored_intents")) is not None and not ignored[1].is_empty:
            start = self.source.line_start(ignored[0].start)
            lines += self.source.text[start : self.source.last_line(ignored[1])].split("\n")
        start = self.source.line_start(value.pairs[0][0].start)
        return Edit(start, self.source.last_line(value), "\n".join(lines))

    def slot_lines(self, owner: TextNode, indent: str) -> list[str]:
        """The names of a form's slots as a list, with the comments above and beside each."""
        lines: list[str] = []
        position = None
        for key, value in owner.pairs:
            self.source.indent(key)
            start = self.source.line_start(key.start)
            if position is not None:
                between = self.source.text[position:start].split("\n")[1:-1]
                lines += [f"{indent}{line.strip()}".rstrip() for line in between]
            position = self.source.last_line(value)
            if key.value == "ignored_intents":
                continue
            comment = self.key_comment(key, value)
            lines.append(f"{indent}- {self.source.slice(key)}{comment and ' ' + comment}")
        return lines

    def key_comment(self, key: TextNode, value: TextNode) -> str:
        """The comment beside a key; a value on the same line may be between them."""
        if value.is_empty or value.flow or value.kind == "alias":
            return self.source.comment_after(max(value.end, key.end + 1))
        if value.marked:
            beside = self.source.comment_lines(value.start, self.source.line_end(value.start))
            return beside[0] if beside else ""
        return self.source.comment_after(key.end + 1)


def _set_version(source: Source, value: TextNode) -> Iterator[Edit]:
    written = source.slice(value)
    quote = written[0] if written[:1] in ("'", '"') else '"'
    yield Edit(value.start, value.end, f"{'' if written else ' '}{quote}{VERSION}{quote}")


def _in_brackets(value: Any) -> str:
    return dump_yaml(value, flow=True, width=float("inf")).removesuffix("\n")
