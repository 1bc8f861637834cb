"""Rows on a screen: across where they fit, else upright, one line per column of each row."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

READABLE = 16  # characters to which a long cell may be folded before a table is set upright


def listing(names: Sequence[Text], rows: Sequence[Sequence[Text]], width: int) -> Table:
    """The rows as a table that is readable on a screen of `width` characters."""
    widest = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    if not rows or sum(min(cell, READABLE) + 2 for cell in widest) <= width:
        across = Table(box=None, header_style="bold")
        for name in names:
            across.add_column(name)
        for row in rows:
            across.add_row(*row)
        return across
    upright = Table("", "", box=None, show_header=False)
    for number, row in enumerate(rows):
        if number:
            upright.add_row()
        for name, cell in zip(names, row, strict=True):
            upright.add_row(Text(name.plain, style="bold"), cell)
    return upright
