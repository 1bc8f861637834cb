"""The page: whole, escaped, offline, drawn at any width, and honest about what is missing."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from night import bars, build, run_night
from typer.testing import CliRunner

from flows.answer import answer
from flows.cli import app
from flows.report.page import build_page, write_page
from flows.sources import DATASETS
from flows.sources.demo import Demo
from warehouse.calendar import night_ends
from warehouse.land import land
from warehouse.place import Place
from warehouse.publish import publish
from warehouse.run import Run
from warehouse.writing import writing

SESSION = date(2026, 6, 30)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"{{ 7 * 7 }}"
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
CHARTS = 16
TABLES = 11


class Page(HTMLParser):
    """What a page holds, by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def count(self, tag: str, **attributes: str) -> int:
        return sum(
            tag == name and attributes.items() <= given.items() for name, given in self.elements
        )

    @property
    def queries(self) -> list[str]:
        return [
            html.unescape(sql)
            for sql in re.findall(r'<pre class="sql">(.*?)</pre>', self.text, re.DOTALL)
        ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A home with one published night of a small simulated market."""
    place = Place(tmp_path_factory.mktemp("home"))
    source = Demo.parse("demo:60x2")
    run = Run("nightly", source.name, SESSION, night_ends(SESSION), is_simulated=True)
    with writing(place, run) as con:
        news = {
            f"raw.{name}"
            for name in DATASETS
            if land(con, name, source.fetch(name, None, SESSION), run)
        }
        build(con, news)
        con.commit()
        run.finish("published", "Published.")
        publish(con, place, run)
    return place


@pytest.fixture(scope="module")
def page(place: Place) -> Page:
    return Page(write_page(place).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page."""

    told: dict[str, str]  # the page's own words about its drawing
    svgs: int
    requests: list[str]
    wider_by: int
    width: int
    console: str

    def require_whole(self, charts: int) -> None:
        """Every chart drawn; no error, no request; nothing wider than the window."""
        assert "troubles" not in self.told
        assert "done" in self.told
        assert (int(self.told["drawn"]), self.svgs) == (charts, charts)
        assert (self.requests, self.wider_by) == ([], 0)
        assert "CONSOLE" not in self.console, self.console


Browser = Callable[..., Seen]
# A window cannot be as narrow as a phone, a frame can; the page tells the frame's owner.
PROBE = """<script>addEventListener("load", () => setInterval(() => {
  const root = document.documentElement;
  parent.postMessage(JSON.stringify({
    told: { ...root.dataset },
    svgs: document.querySelectorAll("svg.marks").length,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    wider_by: root.scrollWidth - root.clientWidth,
    width: innerWidth,
  }), "*");
}, 50));</script>"""
OWNER = """<!doctype html><iframe src="page.html" style="width: {}px; height: 900px; border: 0">
</iframe><script>addEventListener("message", (event) => {{ document.title = event.data; }});
</script>"""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Opens a page in headless Chromium without any network."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")

    def see(text: str, width: int) -> Seen:
        (tmp_path / "page.html").write_text(text + PROBE, encoding="utf-8")
        owner = tmp_path / "owner.html"
        owner.write_text(OWNER.format(width), encoding="utf-8")
        options = (
            "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom "
            "--enable-logging=stderr --virtual-time-budget=20000 --proxy-server=127.0.0.1:9 "
            f"--window-size=1600,1000 --user-data-dir={tmp_path / 'profile'}"
        )
        command = [str(CHROMIUM), *options.split(), owner.as_uri()]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
        assert title
        seen = Seen(**json.loads(html.unescape(title[1])), console=done.stderr)
        assert seen.width == width
        return seen

    return see


class TestPage:
    def test_it_shows_every_figure_with_source_day_and_query(self, page: Page) -> None:
        assert page.count("figure") == CHARTS + TABLES
        assert page.text.count(f"As of {SESSION}") >= CHARTS
        assert page.text.count("Source: rotation.") == page.count("figure")
        assert len(page.queries) == page.count("figure") + 3  # verdict, freshness, key numbers

    def test_simulated_is_stamped_on_it_and_on_every_figure(self, page: Page) -> None:
        assert page.count("span", **{"class": "stamp"}) == 1 + page.count("figure")

    def test_it_needs_no_other_file(self, page: Page) -> None:
        assert page.count("link") == page.count("img") == page.count("iframe") == 0
        assert not any("src" in given for _, given in page.elements)
        links = {given["href"] for tag, given in page.elements if tag == "a"}
        assert {link for link in links if link and not link.startswith("#")} == {
            "../quality/index.html"
        }

    def test_every_query_runs_as_it_stands(self, place: Place, page: Page, tmp_path: Path) -> None:
        for sql in page.queries:
            answer(place, sql, "csv", tmp_path / "rows.csv")
            assert (tmp_path / "rows.csv").read_text(encoding="utf-8").count("\n") > 1, sql

    def test_both_readings_of_the_hand_off_are_told(self, page: Page) -> None:
        assert re.search(r"points without loss makers\. That is (a|no) hand-off", page.text)

    @pytest.mark.parametrize("width", [390, 1440])
    def test_a_browser_draws_it_all(self, page: Page, browser: Browser, width: int) -> None:
        browser(page.text, width).require_whole(CHARTS)


class TestForeignWords:
    def test_what_others_named_is_text(
        self, place: Place, browser: Browser, tmp_path: Path
    ) -> None:
        copy = tmp_path / "warehouse.duckdb"
        shutil.copyfile(place.build, copy)
        with duckdb.connect(copy) as con:
            for column in (
                "core.instrument.name",
                "core.instrument.industry",
                "rotation.scorecard.summary",
                "rotation.scorecard_signal.reads",
                "rotation.claim_check.statement",
                "rotation.claim_check.note",
                "reference.pair.description",
                "reference.scorecard_signal.name",
            ):
                table, name = column.rsplit(".", 1)
                con.execute(f"update {table} set {name} = ?", [EVIL])
            for table in ("rotation.relative_strength", "rotation.streak", "reference.pair"):
                con.execute(f"update {table} set pair = ? where pair = 'cat_vs_market'", [EVIL])
            text = build_page(con, Run("nightly", EVIL, SESSION, night_ends(SESSION)))

        page = Page(text)
        assert (page.count("script"), page.count("img")) == (3, 0)
        assert "alert(1)</script>" not in text
        assert html.escape(EVIL, quote=False)[:20] in text
        browser(text, 1440).require_whole(CHARTS)


class TestAbsence:
    def test_without_members_estimates_and_rates_it_says_so(
        self, tmp_path: Path, browser: Browser
    ) -> None:
        run_night(tmp_path / "home", SESSION, {"quote": bars(("IWM", "SPY"), SESSION, 300)})
        page = Page(write_page(Place(tmp_path / "home")).read_text(encoding="utf-8"))

        assert page.count("figure") == CHARTS + TABLES
        assert page.count("span", **{"class": "stamp"}) == 0
        for sentence in ("no consensus estimates", "no holdings file", "the source holds the debt"):
            assert sentence in page.text.lower()
        browser(page.text, 390).require_whole(page.count("div", **{"class": "plot"}))


class TestCommand:
    def test_it_writes_the_page_whole_into_the_publication(self, place: Place) -> None:
        done = CliRunner().invoke(app, ["report", "--home", str(place.home)])

        page = place.current / "report" / "index.html"
        assert (done.exit_code, done.output) == (0, f"The page is {page}\n")
        assert page.read_text(encoding="utf-8").endswith("</html>")
        assert list(page.parent.iterdir()) == [page]

    def test_nothing_published_is_one_sentence(self, tmp_path: Path) -> None:
        done = CliRunner().invoke(app, ["report", "--home", str(tmp_path)])

        assert done.exit_code == 1
        assert re.fullmatch(r"Nothing is published in [^\n]+\.\n", done.output)
