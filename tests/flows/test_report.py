"""The page: whole, escaped, offline, drawn at any width, and honest about what is missing."""

import html
import json
import os
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

from expectations.suite import FOLDER as EXPECTATIONS
from flows.answer import answer
from flows.cli import app
from flows.report import labels, state
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
        drawn = re.search(r'<script [^>]*id="page">(.*?)</script>', text, re.DOTALL)
        self.drawn = json.loads(drawn[1]) if drawn else {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def count(self, tag: str, **attributes: str) -> int:
        return sum(
            tag == name and attributes.items() <= given.items() for name, given in self.elements
        )

    @property
    def figures(self) -> list[str]:
        return re.findall(r"<figure.*?</figure>", self.text, re.DOTALL)

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
            f"raw.{name}": land(con, name, source.fetch(name, None, SESSION), run).since
            for name in DATASETS
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
    clicks: int  # on switches
    wider_by: int  # with every query open
    width: int
    is_dark: bool
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
PROBE = """<script>
let clicks = 0, round = 0;
function choose(option) {
  if (option.matches("option")) {
    option.selected = true;
    option.parentElement.dispatchEvent(new Event("input", { bubbles: true }));
  } else option.click();
  clicks++;
}
const watching = setInterval(() => {
  const root = document.documentElement;
  if ("done" in root.dataset) {
    for (const details of document.querySelectorAll("details")) details.open = true;
    for (const choice of CLICKS ? document.querySelectorAll(".vega-bind") : []) {
      const options = choice.querySelectorAll("input, option");
      if (round < options.length) choose(options[round]);
    }
    if (++round > 20) clearInterval(watching);  // all is drawn and every option was chosen
  }
  parent.postMessage(JSON.stringify({
    told: { ...root.dataset },
    svgs: document.querySelectorAll("svg.marks:has(path)").length,
    requests: performance.getEntriesByType("resource").map((entry) => entry.name),
    clicks,
    wider_by: root.scrollWidth - root.clientWidth,
    width: innerWidth,
    is_dark: getComputedStyle(document.body).backgroundColor !== "rgb(255, 255, 255)",
  }), "*");
}, 50);</script>"""
OWNER = """<!doctype html><iframe src="page.html" style="width: {}px; height: 900px; border: 0">
</iframe><script>addEventListener("message", (event) => {{ document.title = event.data; }});
</script>"""


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """Opens a page in headless Chromium without any network."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")

    def see(text: str, width: int, *, is_dark: bool = False, clicks: bool = False) -> Seen:
        probe = PROBE.replace("CLICKS", str(clicks).lower())
        (tmp_path / "page.html").write_text(text + probe, encoding="utf-8")
        owner = tmp_path / "owner.html"
        owner.write_text(OWNER.format(width), encoding="utf-8")
        options = (
            "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom "
            "--enable-logging=stderr --virtual-time-budget=20000 --proxy-server=127.0.0.1:9 "
            f"--window-size=1600,1000 --user-data-dir={tmp_path / 'profile'} "
            f"--blink-settings=preferredColorScheme={0 if is_dark else 1}"
        )
        command = [str(CHROMIUM), *options.split(), owner.as_uri()]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        title = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
        assert title
        seen = Seen(**json.loads(html.unescape(title[1])), console=done.stderr)
        assert (seen.width, seen.is_dark) == (width, is_dark)
        return seen

    return see


class TestPage:
    def test_it_shows_every_figure_with_source_day_and_query(self, page: Page) -> None:
        assert len(page.figures) == CHARTS + TABLES
        for figure in page.figures:
            assert re.search(r"<h3>[A-Z][^<]{10,}</h3>", figure), figure
            assert re.search(r'<p class="unit">[A-Z0-9−][^<]{10,}</p>', figure), figure
            assert "Source: rotation." in figure
            assert re.search(r"<span>As of 20\d\d-\d\d-\d\d</span>", figure), figure
            assert figure.count('<pre class="sql">') == 1
        assert page.text.count(f"As of {SESSION}") >= CHARTS
        assert len(page.queries) == len(page.figures) + 3  # verdict, freshness, key numbers

    def test_every_chart_has_a_tooltip(self, page: Page) -> None:
        assert len(page.drawn["specs"]) == CHARTS
        for place, spec in page.drawn["specs"].items():
            assert '"tooltip": [' in json.dumps(spec), place

    def test_it_is_no_larger_than_6_mb(self, page: Page) -> None:
        assert len(page.text.encode()) <= 6_000_000

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

    def test_a_phone_draws_it_all_and_again_at_every_switch(
        self, page: Page, browser: Browser
    ) -> None:
        seen = browser(page.text, 390, clicks=True)

        seen.require_whole(CHARTS)
        offered = [
            option
            for spec in page.drawn["specs"].values()
            for param in spec.get("params", ())
            for option in param.get("bind", {}).get("options", ())
        ]
        assert seen.clicks == len(offered)

    def test_a_wide_screen_draws_it_all_in_the_dark(self, page: Page, browser: Browser) -> None:
        browser(page.text, 1440, is_dark=True).require_whole(CHARTS)


class TestFreshness:
    def test_what_the_checks_find_old_is_marked_late(self, place: Place, tmp_path: Path) -> None:
        rules = [
            (f"raw.{suite.stem}", rule)
            for suite in (EXPECTATIONS / "raw").glob("*.yml")
            for rule in re.findall(r"rule: (.+ are fresh)\n", suite.read_text(encoding="utf-8"))
        ]
        copy = tmp_path / "warehouse.duckdb"
        shutil.copyfile(place.build, copy)
        with duckdb.connect(copy) as con:
            con.executemany(
                """
                insert into ops.quality_result (run_id, table_name, expectation, success)
                values ('last', ?, ?, false)
                """,
                rules,
            )
            fresh = state.freshness(con)

        late = {line.dataset for line in fresh.lines if line.is_late and "late" in line.lateness}
        assert late == {"Rates", "Holdings", "Estimates", "Company facts"}
        assert fresh.checks == f"{len(rules)} checks of this run, {len(rules)} with a warning."


class TestLabels:
    def test_neighbours_take_different_sides(self) -> None:
        points = [labels.Point("MAG7", 100, 100), labels.Point("XLC", 112, 101)]
        assert labels.sides(points, 290, 560, always=2) == ["left", "right"]

    def test_only_the_first_ones_are_named_where_there_is_no_room(self) -> None:
        crowd = [labels.Point("NAME", 100 + place, 100) for place in range(12)]
        found = labels.sides(crowd, 290, 560, always=2)
        assert all(found[:2])
        assert found.count(None) >= 6


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
