"""Only the registry treats a component or policy specially: no other module names one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from rebake.registry.lookup import COMPONENTS, POLICIES
from support.source import SOURCE, modules

ENTRIES = (*COMPONENTS.values(), *POLICIES.values())
NAMES = {entry.name for entry in ENTRIES} | {entry.rasa_class for entry in ENTRIES}
MODULES = [
    module
    for module in modules()
    if module.relative_to(SOURCE).parts[0] != "registry"
    and module.name != "default_config.py"  # Rasa's default config.yml, as data
]


def named(code: str, file: str) -> Iterator[str]:
    """Every name of a component or policy that stands alone in a string, but for the file's own."""
    tree = ast.parse(code)
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    firsts = [block.body[0] for block in blocks if block.body]
    docstrings = {id(first.value) for first in firsts if isinstance(first, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            name = node.value.rpartition(".")[2]
            if node.value in NAMES and name.lower() != file.replace("_", ""):
                yield f"line {node.lineno}: {node.value}"


@pytest.mark.slow
def test_no_module_outside_the_registry_names_a_component_or_policy() -> None:
    found = [
        f"{module.relative_to(SOURCE)}, {name}"
        for module in MODULES
        for name in named(module.read_text(encoding="utf-8"), module.stem)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'if entry.name == "RulePolicy": pass',
        '_SLOW = frozenset({"SpacyNLP"})',
        'match name:\n    case "TEDPolicy": pass',
        'CHECKS = {"DIETClassifier": check}',
        'find("rasa.nlu.selectors.response_selector.ResponseSelector")',
    ],
)
def test_special_treatment_is_found(code: str) -> None:
    assert len(list(named(code, "somewhere"))) == 1


def test_a_components_own_file_knows_its_name() -> None:
    assert list(named('name: ClassVar[str] = "RulePolicy"', "rule_policy")) == []
