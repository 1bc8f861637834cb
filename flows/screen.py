"""What a run shows: a line per finished step, and on a terminal what goes on meanwhile."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from expectations.gate import QualityResult

log = logging.getLogger("rotation")
# What moves a bar, many times a second: for a screen alone, where Prefect keeps what `log` says.
progress_log = logging.getLogger("rotation.progress")


class _Counted(ProgressColumn):
    """A column that is empty for a step whose size nobody knows."""

    def __init__(self, column: ProgressColumn) -> None:
        super().__init__()
        self.column = column

    def render(self, task: Task) -> RenderableType:
        return self.column.render(task) if task.total else ""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> str:
        return f"{task.speed:,.1f} a second" if task.speed else ""


class _Lines(logging.Handler):
    """Finished steps (info) become lines; what goes on (debug) moves below them.

    A record with `total` in it moves a bar.
    """

    def __init__(self, console: Console, bar: Progress) -> None:
        super().__init__()
        self.console = console
        self.bar = bar
        self.step = bar.add_task("starting …", total=None)
        self.shown: tuple[str, int | None] = ("", None)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno > logging.DEBUG:
            self.console.print(record.getMessage(), markup=False, highlight=False, soft_wrap=True)
            return
        words, total = f"{record.getMessage()} …", getattr(record, "total", None)
        if self.shown != (words, total):
            self.bar.remove_task(self.step)  # a step cannot lose its total
            self.step, self.shown = self.bar.add_task(words, total=total), (words, total)
        self.bar.update(self.step, completed=getattr(record, "done", 0))


@contextmanager
def progress() -> Iterator[None]:
    """Show the steps of a run on standard error while it lasts."""
    console = Console(stderr=True)
    counted = (BarColumn(30), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(compact=True))
    bar = Progress(
        SpinnerColumn(),
        TextColumn("[dim]{task.description}[/dim]"),
        *map(_Counted, counted),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    handler = _Lines(console, bar)
    loggers = (log, progress_log)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(handler)
    try:
        with bar:
            yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


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
