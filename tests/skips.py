"""`--allowed-skips FILE`: where everything is installed, a skipped test is a failed one."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--allowed-skips",
        type=Path,
        help="fail where a test is skipped for a reason that this file does not list",
    )


def pytest_configure(config: pytest.Config) -> None:
    listed = config.getoption("--allowed-skips")
    if listed and not hasattr(config, "workerinput"):
        lines = (line.strip() for line in listed.read_text().splitlines())
        config.pluginmanager.register(NoSkips([line for line in lines if line and not line.startswith("#")]))


class NoSkips:
    """Collects skips with an unlisted reason, and fails the run for them."""

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = allowed
        self.refused: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._look_at(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """See the modules that are skipped as a whole: none of their tests reports."""
        self._look_at(report)

    def _look_at(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if not reason.startswith(tuple(self.allowed)):
                self.refused.append(f"{report.nodeid}: {reason}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for refused in self.refused:
            terminalreporter.write_line(f"SKIPPED, and not on the list of allowed skips: {refused}", red=True)
