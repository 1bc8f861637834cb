"""Parquet twins of the published tables, for tools that have no DuckDB."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connect import MEMORY_LIMIT, SCHEMAS
from warehouse.declaration import literal

Part = dict[str, Any]  # a yearly file as the manifest tells of it

MANIFEST = "manifest.json"
# Every reader of Parquet knows it; zstd saves a sixth of the room and costs half as much time more.
COMPRESSION = "snappy"

MOUNT = """\
-- Mounts the Parquet files of this folder as views of a DuckDB database, under the tables' names.
-- Run it in this folder (duckdb -init views.sql), or say where the folder is before:
--     set file_search_path = '.../current/export';
"""


class ExportError(Exception):
    """The Parquet twins cannot be written; the sentence says why."""


def export(warehouse: Path, folder: Path, previous: Path) -> list[Path]:
    """Write every catalogued table of a file below `folder`, and `views.sql`.

    A table goes to `<schema>/<table>.parquet`; one that is kept by symbol and session to
    `<schema>/<table>/<year>.parquet`, where a year whose rows are those of the export in `previous`
    is a hard link to its file. Returns what is new, files before the folders that they are in.
    Raises ExportError.
    """
    told = _read_manifest(previous)
    parts: dict[str, Part] = {}
    written: list[Path] = []
    script = [MOUNT, "".join(f"create schema if not exists {schema};\n" for schema in SCHEMAS)]
    try:
        with duckdb.connect(warehouse, read_only=True) as con:
            con.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
            con.execute("set preserve_insertion_order = false")
            con.execute("set enable_progress_bar = false")
            comments = _column_comments(con)
            for schema, table, is_yearly, description, changed_since in _catalogued(con):
                own = folder / schema / table if is_yearly else folder / schema
                own.mkdir(parents=True, exist_ok=True)
                name = f"{schema}.{table}"
                if is_yearly:
                    parts |= _yearly_parts(con, f"{schema}/{table}", told, changed_since)
                else:
                    written.append(_copy(con, f"from {name}", folder / f"{schema}/{table}.parquet"))
                files = f"{schema}/{table}/*.parquet" if is_yearly else f"{schema}/{table}.parquet"
                script.append(
                    f"create or replace view {name} as from read_parquet({literal(files)});\n"
                    f"comment on view {name} is {literal(description)};\n"
                    + comments.get((schema, table), "")
                )
            for path, part in parts.items():
                if not _is_linked(part, told.get(path), previous / path, folder / path):
                    written.append(_copy(con, part["rows_of"], folder / path))
                part["bytes"] = (folder / path).stat().st_size
    except duckdb.Error as error:
        words = " ".join(str(error).split())
        raise ExportError(f"The Parquet files of {folder} cannot be written: {words}.") from error
    for path, text in (("views.sql", "\n".join(script)), (MANIFEST, json.dumps(parts, indent=1))):
        (folder / path).write_text(text + "\n", encoding="utf-8")
        written.append(folder / path)
    return [*written, *(path for path in folder.rglob("*") if path.is_dir()), folder]


def _catalogued(
    con: duckdb.DuckDBPyConnection,
) -> list[tuple[str, str, bool, str, date | None]]:
    """Schema, table, whether it is written by year, description, the first session that changed.

    Views are written whole.
    """
    return con.execute(
        """
        select
            c.schema_name,
            c.table_name,
            t.table_name is not null
            and list_has_all(string_split(c.grain, ', '), ['symbol', 'session']) as is_yearly,
            c.description,
            c.changed_since
        from ops.table_catalog as c
        left join duckdb_tables() as t using (schema_name, table_name)
        order by c.schema_name, c.table_name
        """
    ).fetchall()


def _column_comments(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """By schema and table, the statements that tell what each column is."""
    told: dict[tuple[str, str], str] = {}
    for schema, table, column, comment in con.execute(
        """
        select schema_name, table_name, column_name, comment
        from duckdb_columns()
        where database_name = current_database() and comment is not null
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        statement = f'comment on column {schema}.{table}."{column}" is {literal(comment)};\n'
        told[schema, table] = told.get((schema, table), "") + statement
    return told


def _yearly_parts(
    con: duckdb.DuckDBPyConnection, path: str, told: dict[str, Part], changed_since: date | None
) -> dict[str, Part]:
    """One part per year: how to read its rows, and what tells them from any others.

    Of a year that ended before `changed_since` the hash is the one told of the last export.
    """
    name = path.replace("/", ".")
    columns = con.execute(f"describe {name}").fetchall()
    shape = {
        "columns": ", ".join(f"{column} {type_}" for column, type_, *_ in columns),
        "written_as": f"{COMPRESSION}, DuckDB {duckdb.__version__}",
    }
    hashed = ", ".join(f'"{column}"' for column, *_ in columns)
    counted = con.execute(
        f"select year(session), count(*) from {name} group by all order by all"
    ).fetchall()
    parts: dict[str, Part] = {
        f"{path}/{year}.parquet": {
            "rows_of": f"from {name} where session between '{year}-01-01' and '{year}-12-31'",
            "rows": rows,
            **shape,
        }
        for year, rows in counted
    }
    for file, part in parts.items():
        before = told.get(file)
        ended = changed_since and file < f"{path}/{changed_since.year}"
        if ended and isinstance(before, dict) and part.items() <= before.items():
            part["hash"] = before.get("hash")
    untold = [year for year, _ in counted if not parts[f"{path}/{year}.parquet"].get("hash")]
    hashes = con.execute(
        f"select year(session), sum(hash({hashed}))::varchar from {name} "
        "where session >= make_date($first, 1, 1) and year(session) in $years group by all",
        {"first": min(untold, default=9999), "years": untold},
    ).fetchall()
    for year, hash_ in hashes:
        parts[f"{path}/{year}.parquet"]["hash"] = hash_
    # A table without rows has columns to show all the same.
    return parts or {f"{path}/none.parquet": {"rows_of": f"from {name}", **shape}}


def _is_linked(part: Part, told: Part | None, old: Path, new: Path) -> bool:
    """Link `new` to the `old` file where that holds the same rows and is whole."""
    try:
        if told != part | {"bytes": old.stat().st_size}:
            return False
        os.link(old, new)
    except OSError:  # it is gone, or the file system has no such links
        return False
    return True


def _copy(con: duckdb.DuckDBPyConnection, rows: str, file: Path) -> Path:
    con.execute(
        f"copy ({rows}) to {literal(str(file))} (format parquet, compression {COMPRESSION})"
    )
    file.chmod(0o444)  # other publications may share it
    return file


def _read_manifest(folder: Path) -> dict[str, Part]:
    """What an export says of its yearly files; empty where there is none that can be read."""
    try:
        told = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
