"""The command line: a thin skin over what is below it. stdout is data, stderr is talk."""

from techner.cli.stopping import stoppable

__all__ = ["main"]


def main() -> None:
    """Run the command line; Ctrl-C is understood from the first moment, while the commands are imported."""
    with stoppable():
        from techner.cli.app import main as run

        run()
