"""Every file reader on files that nobody wrote on purpose: a sentence or a clean load.

`make fuzz` does it thousands of times; `FUZZ_CASES` says how many.
"""

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hostile import CELLS
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from flows.sources import DATASETS, SourceError
from flows.sources.columns import KINDS
from flows.sources.files import Files
from warehouse import calendar
from warehouse.connect import open_build
from warehouse.land import land
from warehouse.place import Place
from warehouse.reference import load_reference
from warehouse.run import Run

CASES = int(os.environ.get("FUZZ_CASES", "200"))
DAY = date(2026, 1, 27)
fuzz = settings(
    max_examples=CASES,
    deadline=None,
    derandomize="FUZZ_CASES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

GOOD = {
    "quotes/q.csv": "symbol,session,open,high,low,close,volume,known_at\n"
    "IWM,2026-01-26,1,3,1,2,100,\nBRK-B,2026-01-27,1.5,2.5,1,2,,2026-01-27 22:00:00\n",
    "rates/DGS10.csv": "observation_date,DGS10\n2026-01-23,4.1\n2026-01-26,.\n2026-01-27,4.2\n",
    "holdings/IWM_2026-01-23.csv": 'iShares\nFund Holdings as of,"Jan 23, 2026"\n\u00a0\n'
    "Ticker,Name,Sector,Asset Class,Market Value,Weight (%),Notional Value,Shares,Price\n"
    '"A","B, C","D","Equity","1,234.50","0.1","1,234.50","10","123.45"\n\u00a0\n"The end"\n',
    "holdings/SP500_2026-01-23.csv": "symbol,name,sector,industry\nA,B,C,D\nE,F,G,H\n",
    "estimates/e.csv": "symbol,snapshot_date,horizon,eps_avg,fiscal_period_end\n"
    "A,2026-01-26,0y,1.5,2026-12-31\nA,2026-01-26,+1y,-2,\n",
    "fundamentals/f.csv": "symbol,snapshot_date,name,market_cap_usd,fiscal_year_end\n"
    "A,2026-01-26,Agilent,4e10,2025-10-31\n",
}


def parquet(text: str) -> bytes:
    """The same rows as a typed Parquet file."""
    frame = pd.read_csv(io.StringIO(text))
    for column in frame.columns.intersection(["session", "snapshot_date", "fiscal_period_end"]):
        frame[column] = pd.to_datetime(frame[column]).dt.date
    buffer = io.BytesIO()
    frame.drop(columns="known_at", errors="ignore").to_parquet(buffer, index=False)
    return buffer.getvalue()


FILES: list[tuple[str, bytes]] = [(name, text.encode()) for name, text in GOOD.items()]
FILES += [
    (name.replace(".csv", ".parquet"), parquet(text))
    for name, text in GOOD.items()
    if not name.startswith(("rates", "holdings"))
]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good file with bytes cut, added, turned over, or cells replaced by hostile ones."""
    name, content = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["cut", "cut out", "add", "flip", "cell", "repeat"])):
            case "cut":
                content = content[:at]
            case "cut out":
                content = content[:at] + content[at + draw(st.integers(1, 40)) :]
            case "add":
                content = content[:at] + draw(st.binary(min_size=1, max_size=20)) + content[at:]
            case "flip" if at < len(content):
                changed = bytes([content[at] ^ draw(st.integers(1, 255))])
                content = content[:at] + changed + content[at + 1 :]
            case "cell" if name.endswith(".csv"):
                cells = content.split(b",")
                place = draw(st.integers(0, len(cells) - 1))
                cells[place] = draw(st.sampled_from(CELLS)).encode()
                content = b",".join(cells)
            case "repeat":
                content = content + content[at:]
    return name, content


@st.composite
def junk(draw: st.DrawFn) -> tuple[str, bytes]:
    """Any bytes under a name that is read."""
    name = draw(st.sampled_from([name for name, _ in FILES]))
    magic = draw(st.sampled_from([b"", b"PAR1", b"\xef\xbb\xbf", b"symbol,session,close\n"]))
    return name, magic + draw(st.binary(max_size=300)) + draw(st.sampled_from([b"", b"PAR1"]))


ODD_TYPES = [
    *(pa.int8(), pa.uint64(), pa.int64(), pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
    *(pa.string(), pa.large_string(), pa.binary(), pa.decimal128(38, 10), pa.decimal256(76, 0)),
    *(pa.date32(), pa.date64(), pa.time64("ns"), pa.duration("us"), pa.null(), pa.list_(pa.int8())),
    *(pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("us", "America/New_York")),
    *(pa.timestamp("ms", "UTC"), pa.struct({"x": pa.int8()}), pa.map_(pa.string(), pa.int8())),
    *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.float64())),
]
ODD_VALUES = [None, 0, 1, -1, 2**31 - 1, 2**62, -(2**62), "A", "2026-01-27", "", 1.5, float("nan")]


@st.composite
def odd_tables(draw: st.DrawFn) -> tuple[str, bytes]:
    """A Parquet file whose columns have the right names, and whatever types and values."""
    folder, dataset = draw(
        st.sampled_from(
            [("quotes", "quote"), ("estimates", "estimate"), ("fundamentals", "fundamental")]
        )
    )
    names = draw(st.lists(st.sampled_from(list(KINDS[dataset])), min_size=1, max_size=6))
    names += [
        name for name in ("symbol", "session", "close", "snapshot_date") if draw(st.booleans())
    ]
    rows = draw(st.integers(0, 3))
    columns = [
        _column(
            draw(st.sampled_from(ODD_TYPES)),
            draw(st.lists(st.sampled_from(ODD_VALUES), min_size=rows, max_size=rows)),
        )
        for _ in names
    ]
    buffer = io.BytesIO()
    try:
        pq.write_table(pa.Table.from_arrays(columns, names=names), buffer)
    except pa.ArrowException:  # what nobody can write, nobody sends
        reject()
    return f"{folder}/odd.parquet", buffer.getvalue()


def _column(type_: pa.DataType, values: list[object]) -> pa.Array:
    """The values as that type, missing where Arrow finds no way."""
    cells = [_cell(type_, value) for value in values]
    return pa.concat_arrays([pa.array([], type_), *cells])


def _cell(type_: pa.DataType, value: object) -> pa.Array:
    for make in (lambda: pa.array([value], type_), lambda: pa.array([value]).cast(type_)):
        try:
            return make()
        except (pa.ArrowException, ValueError, OverflowError, TypeError):
            continue
    return pa.nulls(1, type_)


file_contents = st.one_of(mutated(), mutated(), junk(), odd_tables())


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def clean(ask: Callable[[], object]) -> object:
    """What a reader gives; a refusal must be one sentence."""
    try:
        return ask()
    except SourceError as error:
        sentence = str(error)
    assert re.fullmatch(r"[^\n]{20,1000}\.", sentence), sentence
    assert sentence.isprintable()
    return None


@fuzz
@given(file=file_contents)
def test_a_reader_refuses_or_reads(file: tuple[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), dict([FILES[0], file]))
        source = Files(Path(folder))
        clean(source.check)
        clean(lambda: source.newest_session(DAY))
        for dataset in DATASETS:
            clean(lambda dataset=dataset: source.fetch(dataset, None, DAY))


@settings(fuzz, max_examples=max(50, CASES // 5))
@given(data=st.data())
def test_what_is_read_lands_or_is_set_aside(
    data: st.DataObject, warehouse: duckdb.DuckDBPyConnection
) -> None:
    name, content = data.draw(file_contents)
    dataset = {"quotes": "quote", "rates": "rate", "holdings": "holding"}.get(
        name.split("/")[0], name.split("/")[0][:-1]
    )
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), dict([FILES[0], (name, content)]))
        frame = clean(lambda: Files(Path(folder)).fetch(dataset, None, DAY))
    if not isinstance(frame, pd.DataFrame):
        return
    run = Run("nightly", "files", DAY, calendar.night_ends(DAY))
    warehouse.begin()
    try:
        landed = land(warehouse, dataset, frame, run)
        assert landed.landed + landed.quarantined <= landed.received
        tables = warehouse.execute("select count(*) from duckdb_tables() where schema_name = 'raw'")
        assert tables.fetchall() == [(5,)]
    finally:
        warehouse.rollback()


@pytest.fixture(scope="module")
def warehouse(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[duckdb.DuckDBPyConnection]:
    place = Place(tmp_path_factory.mktemp("warehouse"))
    place.make()
    with open_build(place) as con:
        load_reference(con)
        yield con
