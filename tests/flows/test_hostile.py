"""What somebody sends on purpose lands as data or is set aside, and does nothing else."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hostile import CONTROL, LONG, MARKUP, TEXTS
from kills import USUAL
from night import SECOND, bars, run_night
from typer.testing import CliRunner

from flows.cli import app
from flows.docs import docs_of
from flows.report.page import build_page
from flows.sources import DATASETS, SourceError
from flows.sources.files import Files
from warehouse import refuse
from warehouse.connect import FOLDER
from warehouse.declaration import read_declarations
from warehouse.place import Place
from warehouse.run import Run, published_record
from warehouse.transform import read_transforms

KEYS = [text for text in TEXTS if text not in LONG and text[0] not in ".\0" and "/" not in text]
NAMES = [text for text in TEXTS if "\x00" not in text]  # no CSV or Parquet writer takes that


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Quotes, members, estimates and facts under every hostile name, in files named likewise."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("quotes", "holdings", "estimates", "fundamentals"):
        (folder / name).mkdir()
    quotes = bars(["IWM", "SPY"], SECOND, 3)
    sent = pd.concat([quotes[quotes["symbol"] == "IWM"].assign(symbol=name) for name in NAMES])
    quotes.to_parquet(folder / "quotes" / "'; drop table x; --.parquet", index=False)
    sent.to_parquet(folder / "quotes" / "<script>\n..%2f$(id)`id`.parquet", index=False)
    facts = {"symbol": NAMES, "snapshot_date": [str(SECOND)] * len(NAMES)}
    told = dict.fromkeys(("name", "sector", "industry"), NAMES[::-1])
    facts["symbol"][:2] = ["IWM", "SPY"]  # whose names the page shows
    told["name"][:2] = MARKUP[:2]
    pd.DataFrame(facts | told).to_csv(folder / "fundamentals" / "\u202ecsv.'.csv", index=False)
    estimates = {"horizon": ["0y"] * len(NAMES), "eps_avg": [1.5] * len(NAMES)}
    pd.DataFrame(facts | estimates | {"currency": NAMES}).to_parquet(
        folder / "estimates" / '".parquet', index=False
    )
    lines = [name for name in NAMES if "\n" not in name]
    told = dict.fromkeys(("name", "sector", "industry"), lines[::-1])
    members = pd.DataFrame({"symbol": lines} | told)
    members.to_csv(folder / "holdings" / "IWM_2026-01-06.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def place(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with one night of that, all tables built."""
    source = Files(folder)
    source.check()
    frames = {dataset: source.fetch(dataset, None, SECOND) for dataset in DATASETS}
    place = Place(tmp_path_factory.mktemp("work") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refuse, "FEW", 10**6)  # as if they came among many good rows
        run_night(place.home, SECOND, frames)
    return place


@pytest.fixture
def con(place: Place) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(place.warehouse.resolve(), read_only=True) as con:
        yield con


def test_each_is_there_as_it_was_sent_or_set_aside(con: duckdb.DuckDBPyConnection) -> None:
    for dataset in ("quote", "fundamental", "estimate"):
        landed = {row[0] for row in con.execute(f"select symbol from raw.{dataset}").fetchall()}
        aside = con.execute("select row from ops.quarantine where dataset = ?", [dataset])
        told = {json.loads(row)["symbol"] for (row,) in aside.fetchall()}
        for name in NAMES:
            assert name.strip(" ") in landed or name in told, repr(name)


def test_nothing_else_happened(con: duckdb.DuckDBPyConnection, place: Place) -> None:
    built = con.execute(
        """
        select schema_name || '.' || table_name from duckdb_tables()
        union all
        select schema_name || '.' || view_name from duckdb_views() where not internal
        """
    ).fetchall()
    declared = {d.name for s in ("raw", "reference", "ops") for d in read_declarations(FOLDER / s)}
    assert {name for (name,) in built} == declared | {
        transform.name for transform in read_transforms()
    }
    assert {path.name for path in place.home.iterdir()} == USUAL
    assert [path.name for path in place.home.parent.iterdir()] == ["home"]


def test_a_look_alike_is_another_symbol(con: duckdb.DuckDBPyConnection) -> None:
    for table in ("raw.quote", "core.quote"):
        rows = con.execute(f"select count(*) from {table} where symbol = 'IWM'").fetchall()
        assert rows == [(3,)]


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_an_answer_gives_them_as_they_are(place: Place, format_: str) -> None:
    sql = "select distinct row->>'symbol' as symbol from ops.quarantine where length(row) < 2000"
    said = CliRunner().invoke(app, ["query", sql, "--format", format_, "--home", str(place.home)])
    assert said.exit_code == 0, said.stderr
    if format_ == "csv":
        told = {row[0] for row in csv.reader(io.StringIO(said.stdout, newline=""))}
    else:
        told = {row["symbol"] for row in json.loads(said.stdout)}
    assert told >= set(MARKUP)


def test_a_screen_shows_no_control_character(place: Place) -> None:
    for command in (
        ["query", "select distinct row->>'symbol' from ops.quarantine limit 40"],
        ["status"],
    ):
        said = CliRunner().invoke(app, [*command, "--home", str(place.home)])
        for character in set("".join(CONTROL)) - {"\n"}:
            assert character.isprintable() or character not in said.stdout


def test_the_page_and_the_data_docs_hold_no_markup_of_theirs(
    place: Place, con: duckdb.DuckDBPyConnection
) -> None:
    run = Run.of(published_record(place))
    for html in (build_page(con, run), docs_of(con, run, "published", "; ".join(MARKUP))):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize("text", KEYS)
@pytest.mark.parametrize("name", ["rates/{}.csv", "holdings/{}_2026-01-06.csv"])
def test_a_file_whose_name_would_be_a_key_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "quotes").mkdir()
    bars(["IWM"], SECOND, 3).to_parquet(tmp_path / "quotes" / "q.parquet", index=False)
    file = tmp_path / name.format(text)
    file.parent.mkdir()
    file.write_text("symbol\nA\n")
    with pytest.raises(SourceError, match="is not named") as refusal:
        Files(tmp_path).check()
    assert str(refusal.value).isprintable()
