"""The schema of config.yml; the options of components are checked by the registry."""

from __future__ import annotations

from rebake.assistant.schemas.containers import Fields, Items
from rebake.assistant.schemas.kinds import Kind, Name, String


def _listed(name: str) -> Kind:
    return Items(
        Fields({"name": Name()}, required=("name",), open=True, example="- name: ..."), name, "name: ...", nullable=True
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
