"""Print the environment with the libraries that only some components need, laid over that of one side.

    python -m parity extras-environment rebake    or rasa; created on first use

The two environments below (REBAKE_VENV and REBAKE_RASA_ENV name their directories) stay as they are. REBAKE_EXTRAS
names another directory than .cache/extras (-rebake or -rasa is added). Remove one to create it again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from argparse import ArgumentParser, Namespace
from pathlib import Path

from parity.paths import ROOT

SIDES = ("rebake", "rasa")
PACKAGES = {
    # PyTorch from its own index would bring CUDA's libraries; REBAKE_TORCH names another build.
    "rebake": (
        "jieba>=0.42.1,<0.43", "spacy>=3.8,<4", "sentencepiece>=0.2", "transformers>=5,<6",
        os.environ.get("REBAKE_TORCH") or "torch",
    ),
    "rasa": (
        "jieba==0.42.1", "spacy==3.7.5", "sentencepiece<0.2", "transformers==4.36.2", "pydantic==1.10.9",
        "numpy==1.23.5", "setuptools==70.3.0",
    ),
}  # fmt: skip
BELOW = {"rebake": ("environment", "--dev"), "rasa": ("rasa_env",)}
PURELIB = "import sysconfig; print(sysconfig.get_path('purelib'))"


def environment(side: str) -> Path:
    """Return the environment of `rebake` or `rasa` with the extra libraries, created if it is not there yet."""
    script, *options = BELOW[side]
    below = Path(printed(ROOT / "scripts" / script, *options))
    place = Path(f"{os.environ.get('REBAKE_EXTRAS') or ROOT / '.cache' / 'extras'}-{side}")
    stamp, wanted = place / "installed", f"{below} {' '.join(PACKAGES[side])}\n"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return place
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([below / "bin" / "python", "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    packages = printed(below / "bin" / "python", "-c", PURELIB)
    link = Path(printed(python, "-c", PURELIB)) / "below.pth"
    link.write_text(f"import site; site.addsitedir({packages!r})\n", encoding="utf-8")
    install = ("-m", "pip", "install", "-qq", "--disable-pip-version-check", *PACKAGES[side])
    subprocess.run([python, *install], check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return place


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("side", choices=SIDES)


def run(given: Namespace) -> int:
    print(environment(given.side))
    return 0


def printed(*command: str | Path) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
