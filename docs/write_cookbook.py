"""Writes `cookbook.md`: the questions of `cookbook/*.sql`, answered on the simulated market."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

PAGE = Path(__file__).with_name("cookbook.md")
FOLDER = Path(__file__).with_name("cookbook")
SESSIONS = ("2026-06-29", "2026-06-30")  # nights that have passed for good
OLDER = "data/published/OLDER"  # in the SQL: the publication before the newest

HEAD = """\
# Cookbook

{count} questions with the SQL that answers them, run on the simulated market after the nights of
{sessions}: **no number here is real**. Written by `make docs` from
`docs/cookbook/*.sql`; a test runs every one of them and compares.

Run one with `rotation query`, or in any client of `data/current/warehouse.duckdb` ([how](bi.md));
the last two read files beside it, which `rotation query` never does.
What the columns mean: [tables.md](tables.md), or `rotation explain NAME`.

{contents}
"""


def questions() -> list[Path]:
    """The files of the cookbook, one question each: its first line, and what to know about it."""
    return sorted(FOLDER.glob("*.sql"))


def make_home(home: Path) -> None:
    """Run the cookbook's nights into an empty home."""
    for session in SESSIONS:
        rotation = [Path(sys.executable).with_name("rotation"), "nightly", "--source", "demo"]
        night = [*rotation, "--session", session, "--home", home]
        subprocess.run(night, check=True, capture_output=True)


def ask(home: Path, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Column names and rows that a query gives on a home, which the SQL calls `data`."""
    older = sorted(path for path in (home / "published").iterdir())[-2]
    sql = sql.replace(OLDER, str(older)).replace("'data/", f"'{home}/")
    with duckdb.connect((home / "current" / "warehouse.duckdb").resolve(), read_only=True) as con:
        con.execute(sql)
        return [column[0] for column in con.description or []], con.fetchall()


def page(home: Path) -> str:
    """The whole page as Markdown."""
    parts, contents = [], []
    for number, file in enumerate(questions(), start=1):
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        notes = [line[3:] for line in lines if line.startswith("-- ")]
        sql = "\n".join(line for line in lines if not line.startswith("-- "))
        title = f"{number}. {notes[0]}"
        contents.append(f"- [{title}](#{_anchor(title)})")
        about = "".join(f"{line}\n" for line in notes[1:])
        table = "\n".join(_markdown(*ask(home, sql)))
        parts.append(
            f"## {title}\n\n{about + chr(10) if about else ''}```sql\n{sql}\n```\n\n{table}\n"
        )
    sessions = " and ".join(SESSIONS)
    head = HEAD.format(count=len(parts), sessions=sessions, contents="\n".join(contents))
    return "\n".join([head, *parts])


def _anchor(title: str) -> str:
    kept = (c for c in title.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def _markdown(names: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(names)} |"
    yield f"| {' | '.join('---' for _ in names)} |"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make_home(Path(folder))
        PAGE.write_text(page(Path(folder)), encoding="utf-8")
