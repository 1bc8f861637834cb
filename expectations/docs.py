"""The Data Docs: one page that shows what Great Expectations found in a run.

Its own pages load sixteen style sheets, scripts and images from the internet and write what a
vendor said into their markup as it came. This one is a file that needs nothing else, and escapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from expectations.gate import critical_failures, sentence
from expectations.quality import LONGEST_TEXT, QualityResult

PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class SetAside:
    """How many rows of a dataset a run set aside for one reason, and the first as it came."""

    dataset: str
    reason: str
    times: int
    first_row: str


def data_docs(
    run: Mapping[str, object], results: Sequence[QualityResult], set_aside: Sequence[SetAside]
) -> str:
    """The page of a run (a row of `ops.run`), its results and the rows that it set aside."""
    from great_expectations import __version__ as version

    tables: dict[str, list[QualityResult]] = {}
    for result in results:
        tables.setdefault(result.table_name, []).append(result)
    critical = critical_failures(results)
    warned = [r for r in results if not r.success and r.severity == "warning"]
    return PAGES.get_template("docs.html").render(
        run=run,
        said=sentence(results) if results else "No check was run.",
        failed=[*critical, *warned],
        critical=len(critical),
        warned=len(warned),
        passed=len(results) - len(critical) - len(warned),
        tables=tables,
        set_aside=set_aside,
        rule=rule,
        short=lambda text: text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…",
        version=version,
    )


def rule(result: QualityResult) -> str:
    """What was expected, in words."""
    return result.expectation.removeprefix("expect_").replace("_", " ")
