"""The landed datasets: which columns of `raw.<name>` a source fills in, and which landing does."""

from dataclasses import dataclass

from warehouse.connect import FOLDER
from warehouse.declaration import Declaration, read_declaration

TIMES = ("known_at", "run_id")  # part of a raw table's grain: versions of one key
STAMPS = ("source", "is_known_at_assumed", *TIMES)
# Follow from the bar before in the same answer, where an answer has more than one.
FOLLOWING = ("previous_session", "previous_adj_close")
# How quotes and what follows from each lie in their tables: who asks for a symbol, or for the last
# sessions of all, finds them in few places. What a night adds stands at the end.
LAID_OUT = "order by year(session), symbol, session"
CONFIRMATION = "is_final"  # says of a value that it stands, not another value


@dataclass(frozen=True)
class Dataset:
    """One of quote, rate, holding, estimate and fundamental, as declared in `warehouse/raw`."""

    declaration: Declaration

    @classmethod
    def named(cls, name: str) -> "Dataset":
        return cls(read_declaration(FOLDER / "raw" / f"{name}.yml"))

    @property
    def name(self) -> str:
        return self.declaration.table

    @property
    def key(self) -> tuple[str, ...]:
        """What a value is about; several versions of it may be known over time."""
        return tuple(name for name in self.declaration.grain if name not in TIMES)

    @property
    def named_by(self) -> str:
        """The column that says what a vendor is asked for: symbol, series_id or fund."""
        return self.key[0]

    @property
    def dated_by(self) -> str:
        """The column that dates a row."""
        dates = {column.name for column in self.declaration.columns if column.type == "date"}
        return next(name for name in self.key if name in dates)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that a source fills in, the key's included."""
        filled = (*STAMPS, *FOLLOWING)
        return tuple(name for name in self.declaration.column_names if name not in filled)

    @property
    def has_bars(self) -> bool:
        return FOLLOWING[0] in self.declaration.column_names
