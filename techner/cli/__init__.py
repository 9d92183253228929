"""The command line: a thin skin over what is below it. stdout is data, stderr is talk."""

from techner.cli.app import app, main

__all__ = ["app", "main"]
