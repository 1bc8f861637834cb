"""What the page is made of: sections of figures, each a chart, a table or a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from flows.report.drawing import Key
from flows.report.query import Query

Tone = Literal["", "for", "against", "flag", "muted", "confirmed", "contradicted", "open"]


@dataclass(frozen=True)
class Cell:
    """One cell of a table: what it says, how it is coloured, and the line drawn in it, if any."""

    text: str
    tone: Tone = ""
    hint: str = ""
    line: Sequence[float] = ()
    is_sentence: bool = False
    share: float | None = None  # -1 to 1: how strongly the cell is coloured, against or for

    @property
    def points(self) -> str:
        """The line as points of an SVG polyline in a box of 100 by 28."""
        low, high = min(self.line), max(self.line)
        step, height = 100 / max(len(self.line) - 1, 1), (high - low) or 1
        return " ".join(
            f"{place * step:.1f},{27 - 26 * (value - low) / height:.1f}"
            for place, value in enumerate(self.line)
        )


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; the first column names its row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    is_wordy: bool = False  # sentences, which a phone shows as cards


@dataclass(frozen=True)
class Figure:
    """A chart or a table with all that a reader needs to trust it.

    `unit` says what is drawn in which unit, `source` which tables it comes from. Without a
    spec and a table, or without rows, the page shows `absent`, a sentence.
    """

    title: str
    unit: str
    source: str
    query: Query
    absent: str
    spec: dict[str, Any] | None = None
    table: Table | None = None
    legend: Sequence[Key] = ()
    notes: Sequence[str] = ()
    is_wide: bool = False
    rows: pd.DataFrame | None = None  # the query's, in the shape that the chart draws

    @property
    def drawn_rows(self) -> pd.DataFrame:
        return self.query.rows if self.rows is None else self.rows

    @property
    def is_empty(self) -> bool:
        return self.query.rows.empty or (self.spec is None and self.table is None)


@dataclass(frozen=True)
class Section:
    """A heading, the finding in a sentence, and the figures that show it."""

    name: str
    title: str
    lead: str
    figures: Sequence[Figure] = field(default_factory=tuple)
