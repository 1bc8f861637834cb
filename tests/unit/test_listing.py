"""Rows on a screen: across where they fit, upright where they do not."""

from rich.console import Console
from rich.text import Text

from flows.listing import listing


def shown(names: list[str], rows: list[list[str]], width: int) -> list[str]:
    console = Console(width=width)
    table = listing([*map(Text, names)], [[*map(Text, row)] for row in rows], width)
    with console.capture() as capture:
        console.print(table)
    return [line.strip() for line in capture.get().splitlines()]


def test_what_fits_stands_across() -> None:
    assert shown(["a", "b"], [["1", "2"], ["3", "4"]], 20) == ["a  b", "1  2", "3  4"]


def test_what_does_not_fit_stands_upright() -> None:
    lines = shown([f"column_{n}" for n in range(5)], [["x"] * 5, ["y"] * 5], 40)
    assert lines[0].split() == ["column_0", "x"]
    assert lines[4:7] == ["column_4  x", "", "column_0  y"]


def test_one_long_cell_is_folded() -> None:
    lines = shown(["session", "summary"], [["2026-06-30", "word " * 20]], 40)
    assert lines[0] == "session     summary"
    assert all(len(line) <= 40 for line in lines)


def test_no_rows_leave_the_names() -> None:
    assert shown(["first_column", "second"], [], 20)[0].split() == ["first_col…", "second"]
