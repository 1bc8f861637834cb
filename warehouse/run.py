"""One run of a flow: what it is, what it knows, and the record that it leaves behind."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from warehouse import calendar
from warehouse.place import Place

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Status = Literal["running", "published", "refused", "failed", "skipped"]


@dataclass
class Run:
    """One row of `ops.run` in the making; times are naive UTC.

    `known_by` is the run's horizon: nothing known later is used, and a value that changed
    counts as known from then on. Rows of a table that are dated before its day
    in `changed_since` are those of the last publication; it is no part of the record.
    """

    flow: str
    source: str
    session: date
    known_by: datetime
    is_simulated: bool = False
    run_id: str = ""
    started_at: datetime = field(default_factory=calendar.now)
    finished_at: datetime | None = None
    status: Status = "running"
    message: str = ""
    rows_landed: int = 0
    rows_quarantined: int = 0
    changed_since: Mapping[str, date] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.run_id:
            self.run_id = f"{self.started_at:%Y%m%dT%H%M%S.%f}Z-{secrets.token_hex(2)}"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Run":
        """The run that a record tells of; raises ValueError where it tells of none."""
        try:
            return cls(**{name: read(record[name]) for name, read in FIELDS.items()})
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no record of a run: {error!r}") from None

    def finish(self, status: Status, message: str) -> None:
        """Close the run with its outcome and one sentence."""
        self.finished_at = calendar.now()
        self.status = status
        self.message = message

    def record(self) -> dict[str, Any]:
        """The run as its record keeps it, times and dates as text."""
        values = {name: getattr(self, name) for name in FIELDS}
        return {
            name: str(value) if isinstance(value, date) else value for name, value in values.items()
        }

    def write(self, path: Path) -> None:
        """Write the record whole or not at all."""
        partial = path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(self.record(), indent=2) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def _text(value: str) -> str:
    value.encode()  # raises where half a character came as a whole one
    return value


def _name(value: str) -> str:
    if not value or value.startswith(".") or Path(value).name != value:
        raise ValueError(f"{value!r} names no run")
    return _text(value)


def _time(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo:
        raise ValueError(f"{value!r} is not naive")
    return moment


def _truth(value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _status(value: Status) -> Status:
    if value not in get_args(Status):
        raise ValueError(f"{value!r} is no status")
    return value


def _count(value: int) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no count")
    return value


# How each field of a record is read.
FIELDS: dict[str, Callable[[Any], Any]] = {
    "flow": _text,
    "source": _text,
    "session": date.fromisoformat,
    "known_by": _time,
    "is_simulated": _truth,
    "run_id": _name,
    "started_at": _time,
    "finished_at": lambda value: None if value is None else _time(value),
    "status": _status,
    "message": _text,
    "rows_landed": _count,
    "rows_quarantined": _count,
}


class Refused(Exception):
    """The night is not fit to publish; the sentence says what failed."""


def is_stop(error: BaseException) -> bool:
    """Whether `error` is somebody's wish to stop: Ctrl-C, SIGTERM, or DuckDB's word for them."""
    words = ("Query interrupted", "KeyboardInterrupt", "TerminationSignal")
    return not isinstance(error, Exception) or any(word in str(error) for word in words)


@contextmanager
def recorded(place: Place, run: Run) -> Iterator[None]:
    """Leave the record of `run` whatever happens: a run that ends early is refused or failed."""
    path = place.runs / f"{run.run_id}.json"
    try:
        yield
    except BaseException as error:
        if not place.store.has_published(run.run_id):  # else readers have it: that came after
            _finish_early(run, error)
        with suppress(OSError):  # no room: `hold` tries again when it has made some
            run.write(path)
        raise
    run.write(path)


def _finish_early(run: Run, error: BaseException) -> None:
    if isinstance(error, Refused):
        run.finish("refused", str(error))
    elif is_stop(error):
        run.finish("failed", "The run was stopped before it ended.")
    else:
        run.finish("failed", " ".join(str(error).split()) or type(error).__name__)


def read_record(path: Path) -> dict[str, Any]:
    """One run's record, times as text; empty where the file tells of no run."""
    try:
        return Run.of(json.loads(path.read_text(encoding="utf-8"))).record()
    except (OSError, ValueError, RecursionError):
        return {}


def read_records(place: Place) -> list[dict[str, Any]]:
    """All records of a home, oldest first."""
    records = (read_record(path) for path in sorted(place.runs.glob("*.json")))
    return [record for record in records if record]


def kept_records(place: Place) -> list[dict[str, Any]]:
    """The records of the publications that are kept, newest first; what runs write is that far."""
    return place.store.kept_records()


def is_ahead(place: Place, con: "DuckDBPyConnection | None" = None) -> bool:
    """Whether runs since the one that readers see may have left the build file ahead of it."""
    published = str(published_record(place, con).get("run_id", ""))
    return any(
        str(record.get("run_id")) > published and record.get("flow") != "restore"
        for record in read_records(place)
    )


def published_record(place: Place, con: "DuckDBPyConnection | None" = None) -> dict[str, Any]:
    """The record of the run that readers see now; empty where nothing is published.

    A run that is writing gives its connection, which spares a lake another one.
    """
    return place.store.published_record(con)
