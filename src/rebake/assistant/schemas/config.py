"""The schema of config.yml; the options of components are checked by the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rebake.assistant.reading import describe
from rebake.assistant.schemas.containers import Fields, Items
from rebake.assistant.schemas.kinds import Fault, Kind, Name, String


def _has_named_options(entry: Mapping[str, Any]) -> Iterator[Fault]:
    for key in entry:
        if not isinstance(key, str):
            yield Fault(f"The name of an option of {entry['name']} is {describe(key)}", "Put it in quotes.", (key,))


def _listed(name: str) -> Kind:
    return Items(
        Fields({"name": Name()}, required=("name",), open=True, checks=(_has_named_options,), example="- name: ..."),
        name,
        "name: ...",
        nullable=True,
    )


_TEXT = String(nullable=True)

CONFIG = Fields(
    {
        "language": _TEXT,
        "assistant_id": _TEXT,
        "pipeline": _listed("A component"),
        "policies": _listed("A policy"),
        "spaces": _listed("A space"),
    },
    open=True,
)
