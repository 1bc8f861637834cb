"""A frame on its way from a source to landing."""

from datetime import date

import pandas as pd

from flows.sources import Bulk, SourceError
from warehouse.dataset import Dataset

Span = tuple[date, date]


class Batch:
    """A frame from `ingest` to `land`, given away once: Prefect keeps what tasks return."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame: pd.DataFrame | None = frame
        self.rows = len(frame)

    @classmethod
    def fetched(
        cls, source: Bulk, dataset: str, since: date | None, until: date, span: Span | None
    ) -> "Batch":
        """Fetch one dataset, of it what is dated within a span.

        Raises SourceError where the source fails or has no quotes at all.
        """
        batch = cls(source.fetch(dataset, since, until))
        if dataset == "quote" and not batch.rows:
            raise SourceError(f"The source {source.name} gave no quotes up to {until}.")
        if span:
            batch.restrict(dataset, span)
        return batch

    def restrict(self, dataset: str, span: Span) -> None:
        """Keep rows dated within `span`, ends included, and those whose date cannot be read."""
        assert self.frame is not None
        if self.frame.empty:
            return  # of nothing a vendor makes no columns either
        column = Dataset.named(dataset).dated_by
        dates = pd.to_datetime(self.frame[column], errors="coerce", format="ISO8601")
        within = dates.between(pd.Timestamp(span[0]), pd.Timestamp(span[1]))
        self.frame = self.frame[within | dates.isna()]

    def take(self) -> pd.DataFrame:
        frame, self.frame = self.frame, None
        assert frame is not None
        return frame
