"""The command line. What is slow to import is imported where it is used."""

import os
import signal
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from warehouse.place import Place

HOME = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of this installation [$ROTATION_HOME, else ./data]."),
]
SOURCE = Annotated[
    str | None,
    typer.Option(
        "--source",
        help="demo (a SIMULATED market), demo:5000x20 (symbols x years), live (Yahoo Finance, "
        "FRED, iShares), or a folder of files [$ROTATION_SOURCE, else demo].",
    ),
]
STOP_ASKED = Event()
RUN, READ, LOOK = "Run", "Read", "Look after"  # the help's sections
DEBUG = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

app = typer.Typer(
    name="rotation",
    help="Measure, night by night, whether leadership in US equities moves from the seven "
    "mega-caps to small companies.",
    epilog="Begin with `rotation nightly`, which runs one night on a SIMULATED market, then ask "
    '`rotation query "from rotation.today"`; `rotation explain streak` says what a name means.\n\n'
    "Commands take --home DIR where they work on a home, and tell their options with --help.\n\n"
    "Exit codes: 0 done, or rightly nothing to do; 1 refused or failed, and the last publication "
    "stays; 2 wrong usage; 3 another run holds the warehouse.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)


def declared_names(begun: str) -> list[str]:
    """The tables whose names go on from what is typed, for the shell's completion."""
    root = Path(__file__).parents[1]
    files = (
        path for folder in ("transforms", "warehouse") for path in root.glob(f"{folder}/*/*.yml")
    )
    return sorted(
        name
        for path in files
        for name in (path.stem, f"{path.parent.name}.{path.stem}")
        if name.startswith(begun)
    )


class Stop(Exception):
    """A command ends early with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@app.command(rich_help_panel=RUN)
def nightly(
    source: SOURCE = None,
    session: Annotated[
        str | None,
        typer.Option(help="Run as the night of this session (YYYY-MM-DD) [the newest]."),
    ] = None,
    accept_coverage_fall: Annotated[
        bool,
        typer.Option(
            "--accept-coverage-fall",
            help="Publish although far fewer members of a cohort are quoted than last time.",
        ),
    ] = False,
    home: HOME = None,
    debug: DEBUG = False,
) -> None:
    """Bring the warehouse to one session, check it and publish it."""
    with plain_errors(debug):
        from flows.plan import plan_night
        from warehouse.place import Place

        place, night = Place.of(home), _date(session, "--session") if session else None
        plan_night(_open(source), night, place)

        def run() -> Any:
            from flows.nightly import nightly as flow

            return flow(
                source=source,
                session=night,
                home=place.home,
                accept_coverage_fall=accept_coverage_fall,
            )

        _run_flow(run, place)


@app.command(rich_help_panel=RUN)
def backfill(
    start: Annotated[str, typer.Option(help="First day (YYYY-MM-DD).")],
    end: Annotated[str, typer.Option(help="Last day (YYYY-MM-DD).")],
    source: SOURCE = None,
    home: HOME = None,
    debug: DEBUG = False,
) -> None:
    """Load a range of history, then build, check and publish once."""
    with plain_errors(debug):
        from flows.plan import plan_backfill
        from warehouse.place import Place

        place, first, last = Place.of(home), _date(start, "--start"), _date(end, "--end")
        plan_backfill(_open(source), first, last, place)

        def run() -> Any:
            from flows.backfill import backfill as flow

            return flow(start=first, end=last, source=source, home=place.home)

        _run_flow(run, place)


@app.command(rich_help_panel=RUN)
def rebuild(home: HOME = None, debug: DEBUG = False) -> None:
    """Recompute every core and rotation table from raw."""
    with plain_errors(debug):
        from flows.plan import plan_rebuild
        from warehouse.place import Place

        place = Place.of(home)
        plan_rebuild(place)

        def run() -> Any:
            from flows.rebuild import rebuild as flow

            return flow(home=place.home)

        _run_flow(run, place)


@app.command(rich_help_panel=READ)
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT on the published warehouse.")],
    format: Annotated[  # noqa: A002 - the option's name
        Literal["table", "csv", "json", "parquet"], typer.Option(help="Shape of the answer.")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option(help="File to write instead of the screen.")
    ] = None,
    home: HOME = None,
    debug: DEBUG = False,
) -> None:
    """Ask the published warehouse in SQL, read-only."""
    with plain_errors(debug):
        from flows.answer import answer
        from flows.question import QueryError
        from warehouse.place import Place

        try:
            answer(Place.of(home), sql, format, output)
        except QueryError as error:
            raise Stop(str(error), 2) from error


@app.command(rich_help_panel=READ)
def explain(
    name: Annotated[
        str,
        typer.Argument(
            help="A table, a column, or both: streak, core.quote, streak.is_record.",
            autocompletion=declared_names,
        ),
    ],
    debug: DEBUG = False,
) -> None:
    """Say what a table or column is: grain, units, meaning, origin, an example."""
    with plain_errors(debug):
        from flows.explain import UnknownNameError
        from flows.explain import explain as show

        try:
            show(name)
        except UnknownNameError as error:
            raise Stop(str(error), 2) from error


@app.command(rich_help_panel=LOOK)
def status(home: HOME = None, debug: DEBUG = False) -> None:
    """Show what is published, how fresh each source is, and what failed."""
    with plain_errors(debug):
        from flows.status import show_status
        from warehouse.place import Place

        if trouble := show_status(Place.of(home)):
            raise Stop(trouble, 1)


@app.command(rich_help_panel=LOOK)
def restore(
    session: Annotated[str, typer.Argument(help="A session that `rotation status` lists.")],
    home: HOME = None,
    debug: DEBUG = False,
) -> None:
    """Let readers see an earlier publication again."""
    with plain_errors(debug):
        from warehouse.place import Place
        from warehouse.restore import restore

        typer.echo(restore(Place.of(home), _date(session, "SESSION")))


@app.command(rich_help_panel=LOOK)
def check(home: HOME = None, debug: DEBUG = False) -> None:
    """Run every expectation suite on the published warehouse."""
    with plain_errors(debug):
        from expectations.gate import audit, critical_failures, sentence
        from flows.screen import show_results
        from warehouse.connect import open_published
        from warehouse.place import Place
        from warehouse.run import Run, published_record
        from warehouse.yardstick import Yardstick, suite_parameters

        place = Place.of(home)
        with open_published(place) as con:
            run = Run.of(published_record(place))
            results = audit(con, parameters=suite_parameters(run, Yardstick()))
        show_results(results)
        if critical_failures(results):
            raise Stop(sentence(results), 1)
        typer.echo(sentence(results))


@app.command(rich_help_panel=READ)
def report(
    open_: Annotated[bool, typer.Option("--open", help="Show the page in a browser.")] = False,
    home: HOME = None,
    debug: DEBUG = False,
) -> None:
    """Make the nightly page anew from the published warehouse."""
    with plain_errors(debug):
        from flows.report.page import write_page
        from warehouse.place import Place

        page = write_page(Place.of(home))
        typer.echo(f"The page is {page}")
        if open_ and not webbrowser.open(page.as_uri()):
            raise Stop(f"No browser can be started here: open {page} yourself.", 1)


def main() -> None:
    """Run the command line: exit 0 done, 1 refused or failed, 2 wrong usage, 3 held."""
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    # SQL may begin with a comment, which would look like an option
    arguments = [f" {given}" if given.startswith("-- ") else given for given in sys.argv[1:]]
    try:
        sys.exit(app(arguments, standalone_mode=False))  # an exit code where a command ended early
    except typer.Exit as exit_:
        sys.exit(exit_.exit_code)
    except typer.Abort:
        sys.exit(1)
    except Exception as error:
        # Typer's own words about wrong usage; everything else went through plain_errors.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        if words := message():
            words = words.replace("Value error, ", "")  # pydantic's, before Typer's own
            typer.echo(f"{' '.join(words.split())} Try `rotation --help`.", err=True)
        sys.exit(2)


def _stop(*_: object) -> None:
    STOP_ASKED.set()  # a library may wrap what is raised here in an error of its own
    raise KeyboardInterrupt


@contextmanager
def plain_errors(debug: bool) -> Iterator[None]:
    """Turn every error into one sentence on standard error and the exit code it stands for."""
    try:
        yield
    except BaseException as error:
        if debug:
            raise
        sentence, code = _sentence(error)
        typer.echo(sentence, err=code != 0)
        sys.stdout.flush()
        raise typer.Exit(code) from None


def _sentence(error: BaseException) -> tuple[str, int]:
    from warehouse.run import is_stop

    if isinstance(error, Stop):
        return str(error), error.code
    if is_stop(error) or STOP_ASKED.is_set():
        return "Stopped before the end: `rotation status` says what is published.", 1
    from flows.plan import NothingToDo, UsageError
    from warehouse.lock import HeldError
    from warehouse.place import PlaceError
    from warehouse.restore import RestoreError

    words = " ".join(str(error).split())
    match error:
        case NothingToDo():
            return words, 0
        case UsageError() | PlaceError() | RestoreError():
            return words, 2
        case HeldError():
            return words, 3
        case OSError():
            return f"{error.strerror or words}{f': {error.filename}' if error.filename else ''}.", 1
    known = type(error).__module__.split(".")[0] in ("flows", "warehouse", "expectations")
    return (words if known else f"{type(error).__name__}: {words} (--debug shows more.)"), 1


def _open(source: str | None) -> Any:
    from flows.sources import SourceError, open_source

    try:
        return open_source(source)
    except SourceError as error:
        raise Stop(str(error), 2) from error


def _date(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Stop(f"{option} {text!r} is not a date: write it as YYYY-MM-DD.", 2) from None


def _run_flow(run: Callable[[], Any], place: "Place") -> None:
    """Run a flow on a Prefect server of its own, or on the one that PREFECT_API_URL names."""
    from flows.screen import progress
    from flows.server import prefect_server
    from warehouse.connect import require_room

    place.make()
    with progress(), prefect_server(place.prefect) as await_server:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations  # noqa: F401 - slow, imported while the server starts

        import flows.steps  # noqa: F401 - likewise

        await_server()
        try:
            message = run()
        except Exception as error:  # a server without room answers with anything
            require_room(place, error)
            raise
    typer.echo(message)


if __name__ == "__main__":
    main()
