"""The graph CSV of the St. Louis Fed."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.sources import SourceError
from flows.sources.fred import read_graph_csv
from flows.sources.live import fred as live
from flows.sources.live.asking import Trouble


def test_missing_observations_are_dropped_and_values_stay_text() -> None:
    # given a series with a blank, a '.' and a cell that is no number
    text = "observation_date,DGS10\n2026-01-01,\n2026-01-02,4.19\n2026-01-05,.\n2026-01-06,abc\n"
    # when it is read
    frame = read_graph_csv(text, "DGS10")
    # then the observations with a value are left, as they stand
    assert frame.to_dict("list") == {
        "series_id": ["DGS10", "DGS10"],
        "observation_date": ["2026-01-02", "2026-01-06"],
        "value_pct": ["4.19", "abc"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "DATE,DGS10\n2026-01-02,4.19\n",
        "\ufeffobservation_date,DGS10\r\n2026-01-02,4.19\r\n",
        '"DATE","DGS10"\n"2026-01-02","4.19"\n\n',
        "observation_date,DGS10\n2026-01-02,4.19",
    ],
)
def test_every_spelling_of_the_download_is_read(text: str) -> None:
    assert read_graph_csv(text, "DGS10")["value_pct"].tolist() == ["4.19"]


def test_known_at_is_kept_where_the_file_has_it() -> None:
    text = "observation_date,DGS10,known_at\n2026-01-02,4.19,2026-01-05 22:00:00\n2026-01-05,4.2,\n"
    frame = read_graph_csv(text, "DGS10")
    assert frame["known_at"][0] == "2026-01-05 22:00:00"
    assert pd.isna(frame["known_at"][1])


def test_a_series_without_a_value_is_an_empty_frame() -> None:
    frame = read_graph_csv("observation_date,DGS10\n2026-01-01,.\n", "DGS10")
    assert list(frame.columns) == ["series_id", "observation_date", "value_pct"]
    assert frame.empty


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "starts with ''"),
        ("<!DOCTYPE html>\n<html>", "starts with '<!DOCTYPE html>'"),
        ("observation_date,DGS2\n2026-01-02,3.4\n", "starts with 'observation_date,DGS2'"),
        ("observation_date,DGS10,DGS2\n", "starts with 'observation_date,DGS10,DGS2'"),
        ("observation_date,DGS10\n2026-01-02\n", "has 1 cells in line 2"),
        ("observation_date,DGS10\n2026-01-02,4,19\n", "has 3 cells in line 2"),
        ('observation_date,DGS10\n2026-01-02,"4.19\n', "is no CSV by line 3"),
    ],
)
def test_what_is_not_the_series_is_refused(text: str, told: str) -> None:
    with pytest.raises(SourceError) as refusal:
        read_graph_csv(text, "DGS10")
    assert "DGS10" in str(refusal.value)
    assert told in str(refusal.value)


@given(st.text() | st.text().map(lambda rest: f"observation_date,DGS10\n2026-01-02,4.19{rest}"))
def test_any_text_is_a_frame_or_a_sentence(text: str) -> None:
    try:
        frame = read_graph_csv(text, "DGS10")
    except SourceError:
        return
    assert list(frame.columns) == ["series_id", "observation_date", "value_pct"]


def test_a_graph_that_was_cut_in_its_last_line_is_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = "observation_date,DGS10\n2026-01-06,4.02\n2026-01-07,3.97\n"
    for place in range(whole.rindex("2026"), len(whole)):
        monkeypatch.setattr(live, "get_text", lambda *_, text=whole[:place], **__: text)
        if whole[:place].endswith("\n"):  # nothing of the line came
            assert live.fetch_graph("DGS10", date(2026, 1, 7))["value_pct"].tolist() == ["4.02"]
            continue
        with pytest.raises(Trouble, match="was cut") as trouble:
            live.fetch_graph("DGS10", date(2026, 1, 7))
        assert trouble.value.outcome == "failed"
