"""Fixtures of tests that put the warehouse in a lake."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lakes import Lakes, serving, set_for

from warehouse.place import Place


@pytest.fixture(scope="module")
def lakes() -> Iterator[Lakes]:
    with serving() as lakes:
        yield lakes


@pytest.fixture
def settings(lakes: Lakes, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The settings of a new lake, set."""
    settings = lakes.make()
    set_for(monkeypatch, settings)
    return settings


@pytest.fixture
def place(settings: Mapping[str, str], tmp_path: Path) -> Place:
    return Place.of(tmp_path / "home")
