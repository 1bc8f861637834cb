"""A frame on its way from a source to landing."""

from datetime import date

import pandas as pd


class Batch:
    """A frame from `ingest` to `land`, given away once: Prefect keeps what tasks return."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame: pd.DataFrame | None = frame
        self.rows = len(frame)

    def restrict(self, column: str, span: tuple[date, date]) -> None:
        """Keep rows dated within `span`, ends included, and those whose date cannot be read."""
        assert self.frame is not None
        if self.frame.empty:
            return  # of nothing a vendor makes no columns either
        dates = pd.to_datetime(self.frame[column], errors="coerce", format="ISO8601")
        within = dates.between(pd.Timestamp(span[0]), pd.Timestamp(span[1]))
        self.frame = self.frame[within | dates.isna()]

    def take(self) -> pd.DataFrame:
        frame, self.frame = self.frame, None
        assert frame is not None
        return frame
