"""Every reader of files on files that nobody wrote on purpose: a sentence or a clean load.

`make fuzz` does it thousands of times; `FUZZ_CASES` says how many.
"""

import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from unittest.mock import patch

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
from warehouse.connect import FOLDER
from warehouse.export import export
from warehouse.land import land
from warehouse.lock import hold, require_free
from warehouse.place import Place
from warehouse.publish import load_records
from warehouse.reference import ReferenceFileError, load_reference
from warehouse.run import Run, kept_records, published_record, read_records

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
def mutated(draw: st.DrawFn, files: Sequence[tuple[str, bytes]] = FILES) -> tuple[str, bytes]:
    """A good file with bytes cut, added, turned over, or cells replaced by hostile ones."""
    name, content = draw(st.sampled_from(files))
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


@st.composite
def odd_names(draw: st.DrawFn) -> tuple[str, bytes]:
    """A good file, or another, under whatever name a file system allows."""
    name, content = draw(st.sampled_from(FILES))
    folder, _, known = name.partition("/")
    odd = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=40)
    stem = draw(st.one_of(odd, st.sampled_from([cell for cell in CELLS if len(cell) < 60])))
    stem = draw(st.sampled_from([stem, f"IWM_{stem}", f"{stem}_2026-01-23", f"{stem}{known}"]))
    called = stem.replace("/", "").replace("\0", "") + draw(st.sampled_from(["", *SUFFIXES]))
    if called in ("", ".", "..") or len(called.encode()) > 200:
        reject()
    return f"{folder}/{called}", content


SUFFIXES = [".csv", ".CSV", ".parquet", ".csv.gz", ".csv.partial"]

file_contents = st.one_of(mutated(), mutated(), junk(), odd_tables(), odd_names())


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
    data: st.DataObject, empty_warehouse: duckdb.DuckDBPyConnection
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
    empty_warehouse.begin()
    try:
        landed = land(empty_warehouse, dataset, frame, run)
        assert landed.landed + landed.quarantined <= landed.received
        tables = empty_warehouse.execute(
            "select count(*) from duckdb_tables() where schema_name = 'raw'"
        )
        assert tables.fetchall() == [(5,)]
    finally:
        empty_warehouse.rollback()


RECORD: dict[str, object] = Run(
    "nightly", "files", DAY, calendar.night_ends(DAY), run_id="20260127T223000.000000Z-0000"
).record()
json_values = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
        st.sampled_from([*(cell for cell in CELLS if len(cell) < 100), 2**70, "\ud800"]),
    ),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def records(draw: st.DrawFn, good: dict[str, object] = RECORD) -> bytes:
    """A record with some of its words replaced or missing, cut, turned over, or any bytes."""
    record = dict(good)
    for name in draw(st.lists(st.sampled_from(list(good)), max_size=3)):
        if draw(st.booleans()):
            record.pop(name, None)
        else:
            record[name] = draw(json_values)
    content = json.dumps(draw(st.one_of(st.just(record), json_values))).encode()
    match draw(st.sampled_from(["whole", "whole", "cut", "flip", "junk"])):
        case "cut":
            content = content[: draw(st.integers(0, len(content)))]
        case "flip" if content:
            at = draw(st.integers(0, len(content) - 1))
            changed = bytes([content[at] ^ draw(st.integers(1, 255))])
            content = content[:at] + changed + content[at + 1 :]
        case "junk":
            content = draw(st.binary(max_size=100))
    return content


@settings(fuzz, max_examples=max(50, CASES // 5))
@given(content=records())
def test_a_record_of_a_run_is_read_or_passed_over(
    content: bytes, empty_warehouse: duckdb.DuckDBPyConnection
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        place.make()
        publication = place.published / str(RECORD["run_id"])
        publication.mkdir()
        place.current.symlink_to(publication)
        (place.runs / "x.json").write_bytes(content)
        (publication / "run.json").write_bytes(content)
        assert [published_record(place)] == (read_records(place) or [{}])
        assert kept_records(place) in ([], read_records(place))
        empty_warehouse.begin()
        load_records(empty_warehouse, place, Run("nightly", "files", DAY, calendar.night_ends(DAY)))
        known = empty_warehouse.execute("select count(*) from ops.run").fetchall()
        assert known == [(len(read_records(place)) + 1,)]
        empty_warehouse.rollback()


@fuzz
@given(content=records({"pid": 1, **RECORD}))
def test_whatever_the_lock_says_is_no_obstacle(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "home")
        place.make()
        place.lock.write_bytes(content)
        require_free(place)
        with hold(place, Run("nightly", "files", DAY, calendar.night_ends(DAY))):
            assert len(list(place.runs.iterdir())) <= 1
        assert {path.name for path in Path(folder).iterdir()} == {"home"}


YEARLY = """
create schema ops;
create schema core;
create table core.quote as select 'IWM' as symbol, date '2026-01-27' as session, 1.5 as close;
create table ops.table_catalog as
    select 'core' as schema_name, 'quote' as table_name, 'symbol, session' as grain, 'Bars' as
        description, null::date as changed_since;
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small warehouse and its export."""
    folder = tmp_path_factory.mktemp("exported")
    with duckdb.connect(folder / "warehouse.duckdb") as con:
        con.execute(YEARLY)
    export(folder / "warehouse.duckdb", folder / "export", folder / "none")
    return folder


@settings(fuzz, max_examples=max(20, CASES // 10))
@given(data=st.data())
def test_whatever_the_manifest_says_the_export_is_right(
    data: st.DataObject, exported: Path
) -> None:
    file = exported / "export" / "manifest.json"
    told = json.loads(file.read_text())
    part = data.draw(st.sampled_from(list(told)))
    content = data.draw(st.one_of(records(told), records(told[part])))
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        shutil.copytree(exported / "export", before)
        (before / "manifest.json").write_bytes(content)
        export(exported / "warehouse.duckdb", Path(folder) / "new", before)
        assert (Path(folder) / "new" / "manifest.json").read_bytes() == file.read_bytes()
        rows = duckdb.read_parquet(str(Path(folder) / "new" / part)).fetchall()
        assert [row[0] for row in rows] == ["IWM"]


@fuzz
@given(data=st.data())
def test_a_reference_file_is_loaded_or_named_with_its_line(
    data: st.DataObject, empty_warehouse: duckdb.DuckDBPyConnection
) -> None:
    table = data.draw(st.sampled_from(["pair", "basket_member", "fed_decision"]))
    good = (FOLDER / "reference" / f"{table}.csv").read_bytes()[:3000].rpartition(b"\n")[0]
    _, content = data.draw(st.one_of(mutated([("x.csv", good)]), junk()))
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "reference"
        own.mkdir()
        shutil.copyfile(FOLDER / "reference" / f"{table}.yml", own / f"{table}.yml")
        (own / f"{table}.csv").write_bytes(content)
        empty_warehouse.begin()
        try:
            with patch("warehouse.reference.FOLDER", Path(folder)):
                load_reference(empty_warehouse)
        except ReferenceFileError:
            pass
        finally:
            empty_warehouse.rollback()
