"""What the registry says, as the documentation has it."""

from __future__ import annotations

from rebake.registry.lookup import COMPONENTS


def component_table() -> str:
    """The table of all NLU components in docs/reference/components.md."""
    rows = ["| component | rebake | install |", "|---|---|---|"]
    for entry in COMPONENTS.values():
        is_refused = entry.implementation is None and not entry.closes_pipeline
        install = f"`rebake[{entry.extra.name}]` " if entry.extra is not None else ""
        rows.append(
            f"| [{entry.name}](#{entry.name.lower()}) | {'refused' if is_refused else 'supported'} | {install}|"
        )
    return "\n".join(rows) + "\n\n"
