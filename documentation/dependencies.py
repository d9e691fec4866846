"""The table of direct dependencies in docs/reference/dependencies.md: python -m documentation dependencies.

Sizes and import times are measured in the environment that the command runs in, and dates are asked of the package
index through ``uv lock``. So the table is written when a person wants it, and a test holds its names alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from documentation.repository import DOCS, ROOT

PAGE = DOCS / "reference" / "dependencies.md"
_TABLE = re.compile(r"(<!-- generated: dependencies -->\n).*?(<!-- end -->)", re.DOTALL)
_RUNS = 3

# What each one is imported as, and what it is for.
REASONS: Mapping[str, tuple[str, str]] = {
    "actions-toolkit": ("actions_toolkit.core", "inputs, outputs and annotations of the action"),
    "argcomplete": ("argcomplete", "completion of commands and options in the shell"),
    "cryptography": (
        "cryptography.hazmat.primitives.asymmetric.ed25519",
        "signatures of stored parts; PyGithub brings it",
    ),
    "gitpython": ("git", "what git says changed; reading files of a commit"),
    "jinja2": ("jinja2", "the HTML report"),
    "joblib": ("joblib", "threads of `SklearnIntentClassifier`; scikit-learn brings it"),
    "markupsafe": ("markupsafe", "escaping in the HTML report; Jinja brings it"),
    "numpy": ("numpy", "arrays; TensorFlow brings it"),
    "pygithub": ("github", "GitHub's API"),
    "python-crfsuite": ("pycrfsuite", "training of `CRFEntityExtractor`, as in Rasa"),
    "pyyaml": ("yaml", "reading and writing YAML"),
    "regex": ("regex", "the tokenizer's patterns, which Python's `re` reads differently"),
    "requests": ("requests", "streaming of assets; Duckling; PyGithub brings it"),
    "rich": ("rich.console", "progress and colours in the terminal"),
    "safetensors": ("safetensors.numpy", "feature arrays in Rasa's file format"),
    "scikit-learn": ("sklearn.linear_model", "the classifiers of that library; metrics and folds"),
    "scipy": ("scipy.stats", "statistics of comparisons; scikit-learn brings it"),
    "tenacity": ("tenacity", "retries of requests"),
    "tensorflow": ("tensorflow", "networks"),
    "threadpoolctl": ("threadpoolctl", "the same weights on any number of processors; scikit-learn brings it"),
    "vl-convert-python": ("vl_convert", "charts of the HTML report, without a browser"),
}
# What has no SPDX expression in its metadata.
LICENCES = {
    "argcomplete": "Apache-2.0",
    "jinja2": "BSD-3-Clause",
    "pygithub": "LGPL-3.0-or-later",
    "python-crfsuite": "MIT",
    "safetensors": "Apache-2.0",
    "scipy": "BSD-3-Clause",
    "tensorflow": "Apache-2.0",
}


def names(requirements: Iterable[str]) -> list[str]:
    return [re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requirements]


def declared() -> dict[str, str]:
    """Direct dependency -> the extra that asks for it, or an empty text. Extras for one component are left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = dict.fromkeys(names(project["optional-dependencies"]["report"]), "report")
    return {**extra, **dict.fromkeys(names(project["dependencies"]), "")}


def table() -> str:
    """Markdown: a row for each direct dependency.

    Raises:
        FileNotFoundError: uv is not installed.
    """
    dates = _last_releases(declared())
    rows = [
        "| package | last release | installed size | import | licence | for |",
        "|---|---|---:|---:|---|---|",
    ]
    for name, extra in sorted(declared().items()):
        module, reason = REASONS[name]
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here; install it, so that it can be measured.") from None
        label = f"`{name}`" + (f" (`rebake[{extra}]`)" if extra else "")
        rows.append(
            f"| {label} | {dates[name]} | {_size(found) / 1e6:,.1f} MB | {_import_seconds(module):.2f} s "
            f"| {_licence(name, found)} | {reason} |"
        )
    return "\n".join(rows)


def write() -> bool:
    """Write the page again, and return whether it changed."""
    before = PAGE.read_text(encoding="utf-8")
    content = table()
    after = _TABLE.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", before)
    PAGE.write_text(after, encoding="utf-8")
    return after != before


def _size(found: Distribution) -> int:
    """Bytes of a package's files, without compiled bytecode."""
    files = (Path(str(file.locate())) for file in found.files or ())
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())


def _import_seconds(module: str) -> float:
    """Processor time of importing a module in a fresh process, the least of some runs."""
    code = f"import time; began = time.process_time(); import {module}; print(time.process_time() - began)"
    command = [sys.executable, "-c", code]
    runs = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(_RUNS))  # noqa: S603
    return min(float(run.stdout) for run in runs)


def _licence(name: str, found: Distribution) -> str:
    metadata = found.metadata
    short = str(metadata["License-Expression"] or metadata["License"] or "").strip()
    return LICENCES.get(name) or short


def _last_releases(packages: Iterable[str]) -> dict[str, str]:
    """Package -> the day of its newest release for our Python, as uv finds it."""
    with tempfile.TemporaryDirectory() as directory:
        requirements = ", ".join(f'"{name}"' for name in packages)
        project = f'[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [{requirements}]\n'
        (Path(directory) / "pyproject.toml").write_text(project, encoding="utf-8")
        subprocess.run(["uv", "lock", "--quiet"], cwd=directory, check=True)  # noqa: S607
        lock = tomllib.loads((Path(directory) / "uv.lock").read_text(encoding="utf-8"))
    return {
        package["name"]: max(file["upload-time"] for file in package.get("wheels", [package.get("sdist")]))[:10]
        for package in lock["package"]
        if package["name"] in set(packages)
    }
