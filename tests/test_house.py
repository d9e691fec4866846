"""The house: data goes one way, and heavy or talkative libraries stay in their rooms."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.source import SOURCE, modules, nodes

# From the edges down; a module imports from its own floor and from floors below.
FLOORS = (
    {"action", "cli", "__main__"},
    {"model_training"},
    {"build", "model"},
    {"report"},
    {"store"},
    {"evaluation"},
    {"validation"},
    {"core"},
    {"nlu"},
    {"differences"},
    {"staleness"},
    {"own_rasa"},
    {"archive"},
    {"registry"},
    {"nn"},
    {"migration"},
    {"assistant"},
    {"base", "errors", "__init__"},
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# library -> the rooms that may import it
CONFINED = {
    "tensorflow": {"nn"},
    "github": {"action", "store"},
    "requests": {"action", "store"},
    "git": {"staleness"},
    "actions_toolkit": {"action"},
    "rasa": {"own_rasa"},
    "jinja2": {"report"},
    "vl_convert": {"report"},
    "pickle": set[str](),
}
ASKS_A_SERVER = SOURCE / "nlu" / "extractors" / "duckling_entity_extractor.py"  # the one component that does


def room_of(module: Path) -> str:
    first = module.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports(module: Path) -> Iterator[str]:
    """Every module that is imported anywhere in the file, for type checkers included."""
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            submodules = [f"{node.module}.{name.name}" for name in node.names]
            inner = [name for name in submodules if file_of(name) is not None]
            yield from inner
            if len(inner) < len(submodules):
                yield node.module


def file_of(name: str) -> Path | None:
    """The file of one of rebake's modules."""
    place = SOURCE.parent.joinpath(*name.split("."))
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


def test_every_room_has_a_floor() -> None:
    assert {room_of(module) for module in modules()} == set(FLOOR)


def test_an_import_goes_only_to_a_room_further_down() -> None:
    upwards = [
        f"{module.relative_to(SOURCE)} imports {name}"
        for module in modules()
        for name in imports(module)
        if name.startswith("rebake.") and FLOOR[name.split(".")[1]] < FLOOR[room_of(module)]
        if room_of(module) != "__init__"
    ]
    assert upwards == []


@pytest.mark.parametrize("room", ["staleness", "archive", "validation"])
def test_who_asks_the_registry_imports_no_component(room: str) -> None:
    """Validation looks at data as training sees it, so it shares what is neither a component nor a policy."""
    shared = re.compile(r"rebake\.(nlu\.(alignment|message|training_messages)|core\.(dialogue|stories)\.\w+)(\.|$)")
    for module in (SOURCE / room).rglob("*.py"):
        foreign = [name for name in imports(module) if re.match(r"rebake\.(nlu|core)\b", name)]
        assert [name for name in foreign if room != "validation" or not shared.match(name)] == [], module.name


def test_no_two_files_import_each_other_even_by_a_detour() -> None:
    graph = {
        module: {file for name in imports(module) if name.startswith("rebake") and (file := file_of(name)) is not None}
        for module in modules()
    }
    while free := {module for module, needed in graph.items() if not needed & graph.keys()}:
        for module in free:
            del graph[module]
    circles = {str(module.relative_to(SOURCE)) for module in graph}
    assert circles == set(), "these files import each other, or something that does"


def test_no_two_classes_of_different_ideas_share_a_name() -> None:
    names = [node.name for module in modules() for node in nodes(module) if isinstance(node, ast.ClassDef)]
    assert sorted(name for name, count in Counter(names).items() if count > 1) == []


def test_libraries_stay_in_their_rooms() -> None:
    strayed = [
        f"{module.relative_to(SOURCE)} imports {name}"
        for module in modules()
        for name in imports(module)
        if room_of(module) not in CONFINED.get(name.split(".")[0], {room_of(module)})
        if (name, module) != ("requests", ASKS_A_SERVER)
    ]
    assert strayed == []


def test_of_tensorflow_networks_use_what_is_loaded_before_there_are_threads() -> None:
    """TensorBoard's log, written by the main thread alone, may use more."""
    [names] = re.findall(r"for name in \((.*)\):", (SOURCE / "nn" / "__init__.py").read_text(encoding="utf-8"))
    loaded = set(names.split(", "))
    for module in (SOURCE / "nn").rglob("*.py"):
        if module.name != "tensorboard.py":
            used = set(re.findall(r"\btf\.([a-z_]+)\.\w", module.read_text(encoding="utf-8")))
            assert {f'"{name}"' for name in used} <= loaded, module.name
