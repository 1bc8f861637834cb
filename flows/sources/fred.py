"""Reads the graph CSV of the St. Louis Fed (FRED)."""

import csv

import pandas as pd

from flows.sources import SourceError

DATE_HEADERS = ("observation_date", "DATE")  # DATE is the spelling of downloads before 2024
MISSING = ("", ".")


def read_graph_csv(text: str, series_id: str) -> pd.DataFrame:
    """One row per observation that has a value: series_id, observation_date, value_pct.

    A column known_at is kept where the file has it. Every cell stays the text of the file, whoever
    stores it casts it. Raises SourceError where the text is not the graph CSV of that series.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    expected = f"{DATE_HEADERS[0]},{series_id}"
    reader = csv.reader((f"{line}\n" for line in lines), strict=True)
    observations = []
    try:
        header = [cell.strip() for cell in next(reader)]
        if header[:1] not in ([name] for name in DATE_HEADERS) or header[1:] not in (
            [series_id],
            [series_id, "known_at"],
        ):
            raise SourceError(
                f"the rate series {series_id} starts with '{lines[0][:60]}' where the header "
                f"{expected} belongs; download its graph CSV again."
            )
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if len(cells) != len(header):
                raise SourceError(
                    f"the rate series {series_id} has {len(cells)} cells in line {reader.line_num} "
                    f"where the header has {len(header)}; download its graph CSV again."
                )
            if cells[1] not in MISSING:
                observations.append([series_id, *cells])
    except csv.Error as error:
        raise SourceError(
            f"the rate series {series_id} is no CSV by line {reader.line_num} ({error}); "
            "download its graph CSV again."
        ) from error
    names = ["series_id", "observation_date", "value_pct", *header[2:]]
    frame = pd.DataFrame(observations, columns=names, dtype="str")
    return frame.replace({"": None})
