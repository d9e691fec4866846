"""``python -m rebake``."""

from rebake.cli import run

if __name__ == "__main__":
    run()
