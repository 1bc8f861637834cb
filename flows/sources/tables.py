"""Reads one table file of a folder, Parquet or CSV, as Arrow with the columns of its dataset."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from flows.sources import LONGEST_CELL_BYTES, SourceError
from flows.sources.columns import KINDS, REQUIRED

HEAD_BYTES = 65_536

# What each kind becomes; DuckDB scans neither halves nor wide decimals.
TYPES = {
    "text": pa.string(),
    "date": pa.date32(),
    "number": pa.float64(),
    "UTC time": pa.timestamp("us"),
}


def check_table(path: Path, dataset: str) -> list[str]:
    """The columns of `dataset` that the file has; looks at its footer or header only.

    Raises SourceError where the file cannot be read, or a column is missing, there twice or of a
    type that cannot hold it.
    """
    with reading(path):
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty; write it again or remove it.")
        if _is_parquet(path):
            with path.open("rb") as file:
                schema = pq.read_schema(file)
            names = schema.names
        else:
            header = csv.reader(io.StringIO(read_head(path), newline=""))
            schema, names = None, next(filter(None, header), [])
    for name in REQUIRED[dataset]:
        if name not in names:
            raise SourceError(
                f"{path} has no column {name}, its columns are '{', '.join(names)[:60]}'; "
                "add or rename it."
            )
    columns = [name for name in KINDS[dataset] if name in names]
    for name in columns:
        if names.count(name) > 1:
            raise SourceError(f"{path} has the column {name} twice; keep one of them.")
        kind = KINDS[dataset][name]
        if schema is not None and not _can_hold(schema.field(name).type, kind):
            raise SourceError(
                f"{path} has the type {str(schema.field(name).type)[:60]} in column {name} where "
                f"a {kind} belongs; write the column as a {kind}."
            )
    return columns


def read_table(path: Path, dataset: str, only: str | None = None) -> pa.Table:
    """The file's columns of `dataset`, or `only` one; cells of a CSV as text, blank as missing.

    Columns of Parquet have the type of their kind, or are text. Raises SourceError as check_table
    does, and where the body of the file is broken.
    """
    columns = check_table(path, dataset)
    if only is not None:
        columns = [only]
    with reading(path):
        if _is_parquet(path):
            with path.open("rb") as file:
                table = pq.ParquetFile(file).read(columns=columns)
            kinds = KINDS[dataset]
            return pa.table({name: _plain(table[name], kinds[name]) for name in columns})
        content = path.read_bytes()
        if content.count(b'"') % 2:
            # The parser would take all lines after an unfinished quote for one cell.
            raise SourceError(f"{path} has an unfinished quotation; write it again.")
        return pcsv.read_csv(
            pa.BufferReader(content),
            read_options=pcsv.ReadOptions(block_size=LONGEST_CELL_BYTES),
            parse_options=pcsv.ParseOptions(newlines_in_values=True),
            convert_options=pcsv.ConvertOptions(
                include_columns=columns,
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )


def join_tables(tables: list[pa.Table]) -> pa.Table:
    """All rows under all columns; text beside another type takes that type where every cell fits.

    Otherwise a CSV beside Parquet would turn millions of numbers to text.
    """
    typed = {f.name: f.type for table in tables for f in table.schema if f.type != pa.string()}
    for name, type_ in typed.items():
        try:
            tables = [_cast(table, name, type_) for table in tables]
        except pa.ArrowInvalid:
            tables = [_cast(table, name, pa.string()) for table in tables]
    return pa.concat_tables(tables, promote_options="default")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns what can go wrong in reading a file into a sentence that names it."""
    try:
        yield
    except (UnicodeDecodeError, pa.ArrowInvalid) as error:
        if "utf-8" in str(error).lower() or "utf8" in str(error).lower():
            raise SourceError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
        raise _unreadable(path, error) from error
    except (pa.ArrowException, OSError, csv.Error) as error:
        raise _unreadable(path, error) from error


def read_head(path: Path) -> str:
    """The first lines of a text file, without a byte-order mark."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    # Incremental: the cut may fall inside a character.
    return codecs.getincrementaldecoder("utf-8-sig")().decode(head)


def _unreadable(path: Path, error: Exception) -> SourceError:
    format_ = "Parquet" if _is_parquet(path) else "CSV"
    reason = getattr(error, "strerror", None) or str(error).split("\n")[0][:160].rstrip(".")
    return SourceError(f"{path} cannot be read as {format_} ({reason}); write it again.")


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _is_text(type_: pa.DataType) -> bool:
    return type_ in (pa.string(), pa.large_string(), pa.string_view())


def _can_hold(type_: pa.DataType, kind: str) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_null(type_):
        return True  # a column without any value
    if kind == "number":
        return bool(
            pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
        )
    is_moment = pa.types.is_date(type_) or pa.types.is_timestamp(type_)
    return _is_text(type_) or bool(kind != "text" and is_moment)


def _plain(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if _is_text(column.type):
        return column.cast(pa.string())
    if kind == "date" and pa.types.is_timestamp(column.type) and column.type.tz:
        column = pc.local_timestamp(column)  # a session is a day of its own zone
    column = column.cast(TYPES[kind], safe=False)  # unsafe: a date drops its time of day
    if kind == "number" and pc.any(pc.is_nan(column)).as_py():
        column = pc.if_else(pc.is_nan(column), None, column)  # how some writers say missing
    return column


def _cast(table: pa.Table, name: str, type_: pa.DataType) -> pa.Table:
    if name not in table.column_names or table.schema.field(name).type == type_:
        return table
    return table.set_column(table.column_names.index(name), name, table[name].cast(type_))
