"""``python -m rebake``."""

from rebake.cli.main import run

if __name__ == "__main__":
    run()
