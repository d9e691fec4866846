"""Projects that differ from a given one in one value, key or item, which may have a kind that does not belong there."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Way = tuple[str | int, ...]
Change = tuple[str, Callable[[], Any]]

PROJECTS = Path(__file__).parent / "data"
CONFIG = "config.yml"
ODD_VALUES: tuple[Any, ...] = (
    None, "", " ", "odd", "7", "False", True, False, 0, 7, -1, 1.5, float("inf"), [], [None], [7], ["odd"],
    ["odd", "odd"], [["odd"]], [{"odd": "odd"}], {}, {"odd": None}, {"odd": 7}, {"odd": "odd"}, {7: "odd"},
    {"odd": ["odd"]},
)  # fmt: skip
ODD_KEYS: tuple[Any, ...] = ("odd", 7, True, None, "name", "")


@dataclass(frozen=True)
class Mutation:
    """``file`` of ``project`` has ``text`` instead of what stands there; ``name`` says what was done where."""

    project: str
    file: str
    name: str
    text: str


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def dumped(content: Any) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False)
    return text


def files() -> dict[tuple[str, str], str]:
    """Return the text of every file of the projects beside this module, by project and name."""
    return {
        (project.name, file.relative_to(project).as_posix()): file.read_text(encoding="utf-8")
        for project in sorted(PROJECTS.iterdir())
        for file in sorted(project.rglob("*.yml"))
    }


def all_mutations() -> Iterator[Mutation]:
    """Change each value, key and item of each file on its own."""
    for (project, file), text in files().items():
        content = yaml.safe_load(text)
        for way in ways(content):
            for what, change in changes(content, way):
                changed = change()
                if file != CONFIG or _is_quick(changed):
                    yield Mutation(project, file, f"{'/'.join(map(str, way)) or '.'} {what}", dumped(changed))


def mutated(content: Any, chance: random.Random) -> Any:
    """Return the content with one change at random."""
    return chance.choice([*changes(content, chance.choice([*ways(content)]))])[1]()


def _is_quick(config: Any) -> bool:
    """Return whether a configuration names what is trained; in place of what it leaves out Rasa trains networks."""
    return not isinstance(config, dict) or all(config.get(key) is not None for key in ("pipeline", "policies"))


def ways(value: Any, way: Way = ()) -> Iterator[Way]:
    """Yield the keys and positions that lead to the value itself and to everything in it."""
    yield way
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from ways(item, (*way, key))


def changes(content: Any, way: Way) -> Iterator[Change]:
    """Yield all changes of one value: what is done, and a function that returns the changed content."""
    old = _at(content, way)
    for value in ODD_VALUES:
        if type(value) is not type(old) or value != old:
            yield f"= {value!r}", _replacing(content, way, value)
    if isinstance(old, dict):
        for key in ODD_KEYS:
            if key not in old:
                yield f"with the key {key!r}", _replacing(content, way, {**old, key: "odd"})
    if not way:
        return
    owner, last = _at(content, way[:-1]), way[-1]
    if isinstance(owner, dict):
        yield "left out", _replacing(content, way[:-1], {k: v for k, v in owner.items() if k != last})
        for name in ODD_KEYS:
            if name not in owner:
                renamed = {name if k == last else k: v for k, v in owner.items()}
                yield f"renamed to {name!r}", _replacing(content, way[:-1], renamed)
    else:
        yield "left out", _replacing(content, way[:-1], [item for at, item in enumerate(owner) if at != last])
        yield "twice", _replacing(content, way[:-1], [*owner, old])


def _at(content: Any, way: Way) -> Any:
    for key in way:
        content = content[key]
    return content


def _replacing(content: Any, way: Way, value: Any) -> Callable[[], Any]:
    def replaced() -> Any:
        if not way:
            return copy.deepcopy(value)
        changed = copy.deepcopy(content)
        _at(changed, way[:-1])[way[-1]] = copy.deepcopy(value)
        return changed

    return replaced
