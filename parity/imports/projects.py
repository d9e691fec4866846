"""Projects that import others: each way to do it that the others do not have."""

from __future__ import annotations

FILES = "- name: RasaFileImporter\n"
PROJECTS_TOO = "- name: MultiProjectImporter\n"
MULTI = """\
recipe: default.v1
assistant_id: main
language: en
pipeline: []
policies: []
importers:
- name: MultiProjectImporter
"""


def config(*imports: str, importers: str = PROJECTS_TOO) -> str:
    lines = "".join(f"- {path}\n" for path in imports)
    head = MULTI.replace(PROJECTS_TOO, importers)
    return head + (f"imports:\n{lines}" if imports else "")


def nested(*imports: str) -> str:
    return "language: en\npipeline: []\npolicies: []\nimports:\n" + "".join(f"- {path}\n" for path in imports)


def nlu(intent: str, *texts: str) -> str:
    return f'version: "3.1"\nnlu:\n- intent: {intent}\n  examples: |\n' + "".join(f"    - {text}\n" for text in texts)


def story(name: str, intent: str, action: str, kind: str = "story") -> str:
    key = "rules" if kind == "rule" else "stories"
    return f'version: "3.1"\n{key}:\n- {kind}: {name}\n  steps:\n  - intent: {intent}\n  - action: {action}\n'


def domain(name: str) -> str:
    return f"""\
version: "3.1"
intents: [{name}, shared]
entities: [{name}_entity]
slots:
  {name}_slot:
    type: text
    mappings:
    - type: custom
  slot:
    type: text
    initial_value: {name}
    mappings:
    - type: custom
responses:
  utter_{name}:
  - text: {name}
  utter_shared:
  - text: from {name}
actions: [action_{name}, action_shared]
session_config:
  session_expiration_time: {len(name)}
  carry_over_slots_to_new_session: true
"""


def skill(folder: str, name: str) -> dict[str, str]:
    """A project below a folder, with every kind of file."""
    return {
        f"{folder}/domain.yml": domain(name),
        f"{folder}/data/nlu.yml": nlu(name, f"{name} one", f"{name} two"),
        f"{folder}/data/rules.yml": story(f"{name} rule", name, f"utter_{name}", "rule"),
        f"{folder}/data/stories.yml": story(f"{name} story", name, f"utter_{name}"),
        f"{folder}/tests/test_stories.yml": story(f"{name} test", name, f"utter_{name}"),
        f"{folder}/credentials.yml": "rest:\n",
        f"{folder}/notes.json": "{}",
    }


MAIN = {
    "domain.yml": domain("main"),
    "data/nlu.yml": nlu("main", "main one"),
    "data/stories.yml": story("main story", "main", "utter_main"),
}
A, B, C = skill("skills/a", "alpha"), skill("skills/b", "beta"), skill("lib/c", "gamma")

PROJECTS: dict[str, dict[str, str]] = {
    "no imports": {**MAIN, **A, "config.yml": config()},
    "one": {**MAIN, **A, **B, "config.yml": config("skills/a")},
    "two in their order": {**MAIN, **A, **B, "config.yml": config("skills/b", "skills/a")},
    "a folder of projects": {**MAIN, **A, **B, "config.yml": config("skills")},
    "no files but imports": {**A, "config.yml": config("skills/a")},
    "by its full name": {
        **MAIN,
        **A,
        "config.yml": config(
            "./skills/../skills/a/",
            importers="- name: rasa.shared.importers.multi_project.MultiProjectImporter\n",
        ),
    },
    "imports of an import": {
        **MAIN, **A, **C, "config.yml": config("skills/a"), "skills/a/config.yml": nested("../../lib/c"),
    },
    "a configuration as an import": {
        **MAIN, **A, **C, "config.yml": config("skills/a/config.yml"), "skills/a/config.yml": nested("../../lib/c"),
    },
    "a circle": {
        **MAIN, **A, **B, "config.yml": config("skills/a"),
        "skills/a/config.yml": nested("../b"), "skills/b/config.yml": nested("../a"),
    },
    "an import of what is imported": {
        **MAIN, **A, **B, "config.yml": config("skills/a", "skills/b"), "skills/a/config.yml": nested("../b"),
    },
    "one file for all": {
        **MAIN,
        "config.yml": config("skills/a"),
        "skills/a/all.yml": domain("alpha") + nlu("alpha", "alpha one").partition("\n")[2],
        "skills/a/nlu.yml": nlu("alpha", "alpha two") + story("alpha story", "alpha", "utter_alpha").partition("\n")[2],
        "skills/a/faq.yml": 'version: "3.1"\nresponses:\n  utter_faq:\n  - text: "Yes."\n',
    },
    "imports without the importer": {**MAIN, **A, "config.yml": config("skills/a", importers=FILES)},
    "retrieval intents": {
        **MAIN,
        "config.yml": config("skills/a"),
        "skills/a/hours.yml": nlu("faq/hours", "when do you open"),
        "skills/a/place.yml": nlu("faq/place", "where are you"),
        "skills/a/responses.yml": "responses: {utter_faq/hours: [{text: Nine}], utter_faq/place: [{text: Here}]}\n",
        "skills/a/domain.yml": 'version: "3.1"\nintents: [faq]\n',
    },
}  # fmt: skip

# Both importers read the project's own files, so Rasa has them twice; what is trained is the same.
TWICE: dict[str, dict[str, str]] = {
    "files, then projects": {
        **MAIN, **A, "config.yml": config("skills/a", importers=FILES + PROJECTS_TOO),
    },
    "projects, then files": {
        **MAIN, **A, "config.yml": config("skills/a", importers=PROJECTS_TOO + FILES),
    },
    "the project itself": {**MAIN, "config.yml": config(".")},
}  # fmt: skip
