"""The command line, `dvm`: one file a command. Nothing here loads the engine before a command needs it."""

from dvm_core.cli.app import main

__all__ = ["main"]
