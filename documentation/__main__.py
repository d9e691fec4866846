"""Write the generated parts of the reference pages: python -m documentation."""

from __future__ import annotations

import sys

from documentation.reference import write

if __name__ == "__main__":
    changed = write()
    print(f"written: {', '.join(changed)}" if changed else "The reference is up to date.", file=sys.stderr)
