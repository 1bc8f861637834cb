"""What scenarios of floating rates rest on: published shares and the tax rate."""

from pathlib import Path

import pandas as pd

REFERENCE = Path(__file__).parents[2] / "warehouse" / "reference"


def test_one_figure_is_used_per_cohort() -> None:
    shares = pd.read_csv(REFERENCE / "floating_rate_share.csv")
    assert shares["is_used"].groupby(shares["cohort"]).sum().to_dict() == {
        "SMALL": 1,
        "LARGE": 1,
        "LARGE_EX_MAG7": 1,
        "MAG7": 1,
    }
    used = shares[shares["is_used"]]
    assert used["source_url"].nunique() == 1, "small and large companies measured alike"


def test_published_figures_differ_widely() -> None:
    shares = pd.read_csv(REFERENCE / "floating_rate_share.csv").groupby("cohort")
    figures = shares["floating_share_pct"].agg(["min", "max"]).T.to_dict("list")
    assert figures["SMALL"] == [30, 50]
    assert figures["LARGE"] == [3, 9]


def test_federal_tax_rate_is_the_statutes() -> None:
    rates = pd.read_csv(REFERENCE / "tax_rate.csv").set_index(["jurisdiction", "valid_from"])
    assert rates.loc[("US federal", "2018-01-01"), "rate_pct"] == 21
