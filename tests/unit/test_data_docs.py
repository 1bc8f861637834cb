"""The Data Docs: everything a run found, in a page that needs nothing else and trusts nobody."""

from datetime import date, datetime
from html.parser import HTMLParser

import pytest

from expectations.docs import SetAside, data_docs
from expectations.quality import LONGEST_TEXT, QualityResult

RUN = {
    "run_id": "20260107T223000.000000Z-0000",
    "flow": "nightly",
    "source": "files",
    "session": date(2026, 1, 7),
    "started_at": datetime(2026, 1, 7, 22, 30),
    "known_by": datetime(2026, 1, 7, 22, 30),
    "is_simulated": False,
    "rows_landed": 1234567,
    "rows_quarantined": 2,
    "status": "refused",
    "message": "Session 2026-01-07 is refused.",
}
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'><b onclick='x'>",
    "</td></tr></table><h1>forged</h1>",
    "&lt;b&gt; &amp; {{ run.run_id }} {% raw %}",
    "<link rel=stylesheet href=https://example.com/x.css>",
]


def result(**more: object) -> QualityResult:
    found: dict[str, object] = {
        "table_name": "core.quote",
        "expectation": "expect_column_values_to_not_be_null",
        "column_name": "close",
        "severity": "critical",
        "success": True,
        "observed_value": "0 of 9 rows",
        "unexpected_count": 0,
        "detail": "a bar without a close is quarantined",
    }
    return QualityResult(**(found | more))  # type: ignore[arg-type]


class Page(HTMLParser):
    """The elements of a page with their attributes, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.words += " "
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def test_it_shows_what_failed_first_and_every_check() -> None:
    results = [
        result(),
        result(column_name=None, expectation="some rule", success=False, severity="warning"),
        result(column_name="open", success=False, unexpected_count=1200, detail="such as 0; why"),
        result(table_name="core.rate", column_name="value_pct"),
    ]

    page = Page(data_docs(RUN, results, [SetAside("quote", "close is not a double", 7, "{}")]))

    words = " ".join(page.words.split())
    assert "Data Docs of 2026-01-07: refused" in words
    assert "Session 2026-01-07 is refused." in words
    assert "critical failed 1 warnings 1 held 2 rows landed 1,234,567" in words
    failed = words[words.index("What failed") : words.index("Rows set aside")]
    assert failed.index("open: column values to not be null 1,200") < failed.index("some rule")
    assert "held" not in failed
    assert "quote close is not a double 7 {}" in words
    assert "core.quote 3 checks, 2 failed" in words
    assert "core.rate 1 checks" in words
    assert words.count("a bar without a close is quarantined") == 4


def test_a_run_refused_before_any_check_shows_its_rows() -> None:
    words = Page(data_docs(RUN, [], [SetAside("quote", "close is missing", 7, "{}")])).words
    assert "No check was run." in words
    assert "close is missing" in words


def test_a_simulated_market_says_so() -> None:
    assert "SIMULATED" in data_docs(RUN | {"is_simulated": True}, [], [])
    assert "SIMULATED" not in data_docs(RUN, [], [])


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_vendor_wrote_is_never_markup(text: str) -> None:
    sound = Page(data_docs(RUN, [result(success=False)], [SetAside("quote", "r", 1, "{}")]))

    page = Page(
        data_docs(
            RUN | {"source": text, "message": text},
            [result(success=False, detail=text, observed_value=text, expectation=text)],
            [SetAside(text, text, 1, text)],
        )
    )

    assert page.tags == sound.tags
    assert page.attributes == sound.attributes
    assert page.words.count(text) >= 6


def test_nothing_is_loaded_and_nothing_runs() -> None:
    text = data_docs(RUN, [result()], [])
    page = Page(text)
    assert not page.attributes & {"src", "href", "srcset", "onclick", "onload"}
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_a_long_row_is_cut() -> None:
    text = data_docs(RUN, [], [SetAside("quote", "r", 1, "y" * 1_000_000)])
    assert "y" * (LONGEST_TEXT - 1) + "…" in text
    assert len(text) < 20_000
