"""One module for each command: its arguments and examples. What the command does is in ``rebake.cli.COMMAND``."""
