"""Reads the holdings file of a fund: the iShares download as it comes, or a plain member list."""

import csv
import re
from datetime import date, datetime

import pandas as pd

from flows.sources import SourceError

# The download's header and our name of the column; "Shares" is the older spelling of "Quantity".
ISHARES_COLUMNS = {
    "Ticker": "ticker",
    "Name": "name",
    "Sector": "sector",
    "Asset Class": "asset_class",
    "Market Value": "market_value_usd",
    "Weight (%)": "weight_pct",
    "Notional Value": "notional_value_usd",
    "Quantity": "shares",
    "Shares": "shares",
    "Price": "price_usd",
    "Location": "location",
    "Exchange": "exchange",
    "Currency": "currency",
    "FX Rate": "fx_rate",
    "Market Currency": "market_currency",
    "Accrual Date": "accrual_date",
    "known_at": "known_at",
}
HOLDING_COLUMNS = (
    *("fund", "holdings_date", "ticker", "name", "sector", "industry", "asset_class"),
    *("market_value_usd", "weight_pct", "notional_value_usd", "shares", "price_usd"),
    *("location", "exchange", "currency", "fx_rate", "market_currency", "accrual_date"),
)
PLAIN_COLUMNS = {"symbol": "ticker"} | {
    name: name for name in (*HOLDING_COLUMNS[3:], "known_at")
}  # fund and holdings_date are the file's, never a cell's

AS_OF = "Fund Holdings as of"
GROUPED_NUMBER = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")


def read_holdings(text: str, fund: str, file_date: date) -> pd.DataFrame:
    """One row per line of the holdings table, cash and futures too, with HOLDING_COLUMNS.

    `holdings_date` (datetime64) is the download's "Fund Holdings as of", else `file_date`. Every
    other cell stays text: numbers lose their thousands separators, "-" and blanks are missing, the
    ticker is as it came ("-" too). Market values are USD, weights percent points. `known_at` is
    there only where the file has it. Raises SourceError where there is no whole table.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    top, columns = find_header(lines, fund)
    is_download = "Ticker" in _cells(lines[top])
    reader = csv.reader((f"{line}\n" for line in lines[top + 1 :]), strict=True)
    holdings = []
    try:
        for row in reader:
            is_blank = not "".join(row).strip()
            if is_download and (is_blank or len(row) == 1):
                break  # a line with one no-break space, or a sentence of the disclaimer
            if is_blank:
                continue
            if len(row) < len(columns) or any(cell.strip() for cell in row[len(columns) :]):
                raise SourceError(
                    f"the holdings of {fund} have {len(row)} cells in line "
                    f"{top + 1 + reader.line_num} where the header has {len(columns)}; "
                    "download the file again."
                )
            pairs = zip(columns, row, strict=False)  # a download may end its lines with a comma
            holdings.append({name: _value(name, cell) for name, cell in pairs if name})
    except csv.Error as error:
        raise SourceError(
            f"the holdings of {fund} are no CSV by line {top + 1 + reader.line_num} ({error}); "
            "download the file again."
        ) from error
    if not holdings:
        raise SourceError(f"the holdings of {fund} have a header and no rows; download them again.")
    names = [*HOLDING_COLUMNS, *(["known_at"] if "known_at" in columns else [])]
    frame = pd.DataFrame(holdings, columns=names, dtype="str")
    frame["fund"] = fund
    frame["holdings_date"] = pd.Timestamp(_as_of(lines[:top], fund) or file_date).as_unit("us")
    return frame


def is_cut(text: str) -> bool:
    """Whether a download that begins as iShares' do ends in a row, whole or begun."""
    lines = text.splitlines()
    ends_in_row = bool(lines[-1].strip()) and any('","' in line for line in lines[-2:])
    return ends_in_row and any(line.startswith(AS_OF) for line in lines)


def find_header(lines: list[str], fund: str) -> tuple[int, list[str]]:
    """Line of the table's header and our name of each of its columns ("" where it has none)."""
    for number, line in enumerate(lines):
        cells = _cells(line)
        known = ISHARES_COLUMNS if "Ticker" in cells else PLAIN_COLUMNS
        columns = [known.get(cell, "") for cell in cells]
        if "ticker" not in columns:
            continue
        twice = [name for name in columns if name and columns.count(name) > 1]
        if twice:
            raise SourceError(f"the holdings of {fund} have {twice[0]} twice; keep one of them.")
        return number, columns
    raise SourceError(
        f"the holdings of {fund} have no table: no line has a column Ticker or symbol, and the "
        f"first is '{lines[0][:60]}'; download the file again."
    )


def _cells(line: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line]), [])]
    except csv.Error:
        return []


def _as_of(metadata: list[str], fund: str) -> date | None:
    for cells in map(_cells, metadata):
        if cells[:1] == [AS_OF] and cells[1:] and cells[1] not in ("", "-"):
            as_of = _day(cells[1])
            if as_of is None:
                raise SourceError(
                    f"the holdings of {fund} are as of '{cells[1][:60]}', which is no date like "
                    "May 05, 2026; download the file again."
                )
            return as_of
    return None


def _value(column: str, cell: str) -> str | None:
    value = cell.strip()
    if value == "" or (value == "-" and column != "ticker"):
        return None
    if column == "accrual_date":
        return str(_day(value) or value)
    return value.replace(",", "") if GROUPED_NUMBER.fullmatch(value) else value


def _day(text: str) -> date | None:
    for form in ("%b %d, %Y", "%B %d, %Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None
