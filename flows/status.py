"""`rotation status`: what is published, how fresh it is, what happened last."""

from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.freshness import freshness
from warehouse import calendar
from warehouse.place import Place
from warehouse.run import kept_records, published_record, read_records


def show_status(place: Place) -> str:
    """Print the state of a home; gives the sentence about what is wrong, if anything is."""
    console = Console()
    published = published_record(place)
    records = read_records(place)
    if not published:
        _link_docs(console, place, records[-1:])
        last = (
            f" The last run {records[-1]['status']}: {records[-1].get('message')}"
            if records
            else ""
        )
        return f"Nothing is published in {place.home} yet: run `rotation nightly`.{last}"
    simulated = "  [bold]SIMULATED[/bold]" if published["is_simulated"] else ""
    console.print(
        f"Session [bold]{published['session']}[/bold] published "
        f"{published['finished_at'][:16]} UTC by {published['run_id']}{simulated}",
        highlight=False,
    )
    console.print(freshness(place))
    console.print(_kept(kept_records(place), published["run_id"]))
    console.print(_runs(records))
    _link_docs(console, place, [published, *records[-1:]])
    completed = calendar.newest_completed_session(calendar.now())
    if records and records[-1].get("status") in ("failed", "refused"):
        return f"The last run {records[-1]['status']}: {records[-1].get('message')}"
    if date.fromisoformat(published["session"]) < completed:
        return (
            f"Stale: {published['session']} is published, {completed} is the newest completed "
            "session."
        )
    return ""


def _link_docs(console: Console, place: Place, records: list[dict[str, Any]]) -> None:
    """Name the Data Docs of the runs that have some, each once."""
    for record in {str(record.get("run_id")): record for record in records}.values():
        if page := place.find_docs(str(record.get("run_id"))):
            words = f"Data Docs of {record.get('session')} ({record.get('status')}): "
            console.print(
                Text.assemble(words, (str(page), f"link {page.as_uri()}")), soft_wrap=True
            )


def _kept(records: list[dict[str, str]], current: str) -> Table:
    """What `rotation restore` can bring back, newest first."""
    table = Table("kept", "published (UTC)", "run", "", box=None, header_style="dim")
    for record in records:
        mark = "current" if record["run_id"] == current else ""
        table.add_row(record["session"], record["finished_at"][:16], record["run_id"], mark)
    return table


def _runs(records: list[dict[str, str]]) -> Table:
    table = Table("started (UTC)", "flow", "session", "status", "", box=None, header_style="dim")
    for record in records[-5:]:
        shown = (str(record.get(name, "")) for name in ("flow", "session", "status", "message"))
        table.add_row(str(record.get("started_at", ""))[:16], *map(Text, shown))
    return table
