"""What a hyphen means to the tokenizer: a module that it imports."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\s\-,.!?]+")
