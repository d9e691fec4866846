"""A headless Chromium that looks at pages on disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from support.paths import ROOT

Scheme = Literal["light", "dark"]


def browser_path() -> str | None:
    """The browser that scripts/browser finds; None where there is none."""
    done = subprocess.run([ROOT / "scripts" / "browser"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """A running browser. It looks at our own files alone, so it needs no sandbox, which root cannot have."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


@dataclass
class View:
    """A page as somebody sees it.

    Attributes:
        page: to act on.
        requests: every address that was asked for.
        complaints: messages of the console, and errors of scripts.
    """

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def opened(running: Browser, file: Path, *, width: int, height: int = 900, scheme: Scheme = "light") -> View:
    """Open a file in a window of this size."""
    context = running.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    view = View(context.new_page())
    view.page.on("request", lambda request: view.requests.append(request.url))
    view.page.on("console", lambda message: view.complaints.append(message.text))
    view.page.on("pageerror", lambda error: view.complaints.append(str(error)))
    view.page.goto(file.as_uri())
    return view
