"""What a run shows: a line per finished step, and on a terminal what goes on meanwhile."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.status import Status
from rich.table import Table

if TYPE_CHECKING:
    from expectations.gate import QualityResult

log = logging.getLogger("rotation")


class _Lines(logging.Handler):
    """Finished steps (info) become lines; begun ones (debug) the text beside the spinner."""

    def __init__(self, console: Console, status: Status | None) -> None:
        super().__init__()
        self.console = console
        self.status = status

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno > logging.DEBUG:
            self.console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)
        elif self.status:
            self.status.update(f"[dim]{record.getMessage()} …[/dim]")


@contextmanager
def progress() -> Iterator[None]:
    """Show the steps of a run on standard error while it lasts."""
    console = Console(stderr=True)
    status = console.status("[dim]starting …[/dim]") if console.is_terminal else None
    handler = _Lines(console, status)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(handler)
    if status:
        status.start()
    try:
        yield
    finally:
        if status:
            status.stop()
        log.removeHandler(handler)


def show_results(results: Sequence["QualityResult"]) -> None:
    """Print one line per table, and each check that failed."""
    console = Console()
    table = Table("table", "checks", "failed", box=None, header_style="dim")
    for name in dict.fromkeys(result.table_name for result in results):
        own = [result for result in results if result.table_name == name]
        failed = sum(not result.success for result in own)
        table.add_row(name, str(len(own)), str(failed) if failed else "")
    console.print(table)
    for result in results:
        if not result.success:
            line = f"{result.severity}: {result.table_name}: {result.expectation}: {result.detail}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
