"""Write values as YAML that every reader understands alike."""

from __future__ import annotations

from typing import Any

import yaml

from rebake.assistant.yaml.values import resolve


class _Dumper(yaml.SafeDumper):
    """Writes so that readers of YAML 1.1 and 1.2, and Rasa's own additions to YAML, all read the same."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Rasa turns \uXXXX of ASCII files into characters, except after a second backslash, and expands a plain ${NAME}
    style = None
    if "\\" in text or "\x85" in text:
        style = '"'
    elif "$" in text or not isinstance(resolve(text), str):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def dump_yaml(value: Any, *, flow: bool = False, width: float = 120) -> str:
    """Return the value as YAML.

    Args:
        value: of dicts, lists and scalars.
        flow: write collections in brackets instead of as blocks.
        width: where lines are folded.
    """
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=width
    )
    return text
