"""The dashboard as code: every part refers to parts that are there, and to columns that exist."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse.dictionary import find_tables, read_entries
from warehouse.transform import read_transforms

FOLDER = Path(__file__).parents[2] / "docs" / "superset"


def parts(kind: str) -> list[dict[str, Any]]:
    files = sorted((FOLDER / kind).rglob("*.yaml"))
    return [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("dataset", parts("datasets"), ids=lambda part: part["table_name"])
def test_a_dataset_names_declared_columns(dataset: dict[str, Any]) -> None:
    (database,) = parts("databases")
    assert dataset["database_uuid"] == database["uuid"]
    if dataset["sql"] is None:
        name = f"{dataset['schema']}.{dataset['table_name']}"
        (entry,) = find_tables(read_entries(read_transforms()), name)
        columns = {column["column_name"] for column in dataset["columns"]}
        assert columns <= set(entry.declaration.column_names)


@pytest.mark.parametrize("chart", parts("charts"), ids=lambda part: part["slice_name"])
def test_a_chart_reads_columns_of_its_dataset(chart: dict[str, Any]) -> None:
    (dataset,) = (part for part in parts("datasets") if part["uuid"] == chart["dataset_uuid"])
    columns = {column["column_name"] for column in dataset["columns"]}
    given = chart["params"]
    named = {*given.get("all_columns", []), *given.get("groupby", [])}
    named |= {condition["subject"] for condition in given["adhoc_filters"]}
    assert named <= columns


def test_the_dashboard_shows_every_chart() -> None:
    (dashboard,) = parts("dashboards")
    shown = {
        place["meta"]["uuid"]
        for place in dashboard["position"].values()
        if isinstance(place, dict) and place["type"] == "CHART"
    }
    assert shown == {chart["uuid"] for chart in parts("charts")}


def test_the_database_is_opened_to_read() -> None:
    (database,) = parts("databases")
    assert database["extra"]["engine_params"]["connect_args"] == {"read_only": True}
    assert not database["allow_dml"]
