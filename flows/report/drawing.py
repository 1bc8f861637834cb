"""How charts look: colours, axes, lines over sessions, and the switch of their horizon.

Colours are names of the page's style sheet, which has one set for light and one for the dark;
they are after Okabe and Ito, told apart with any colour vision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import altair as alt
import pandas as pd

COLOURS = {
    "SMALL": "var(--small)",
    "LARGE": "var(--large)",
    "LARGE_EX_MAG7": "var(--rest)",
    "MAG7": "var(--seven)",
}
FOR, AGAINST = COLOURS["SMALL"], COLOURS["MAG7"]  # small companies lead, the mega-caps lead
INK, MUTED, FAINT = "var(--ink)", "var(--muted)", "var(--grid)"

HEIGHT = 230
HORIZONS = {
    "1m": 21,
    "3m": 63,
    "6m": 126,
    "1y": 252,
    "2y": 504,
    "5y": 1260,
    "all": 100_000,
}

CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "gridColor": FAINT,
        "domainColor": FAINT,
        "tickColor": FAINT,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "labelOverlap": True,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False, "tickCount": 5, "labelPadding": 7},
    "header": {"labelColor": INK, "labelFontSize": 11, "labelPadding": 2},
    "text": {"color": INK, "fontSize": 11},
    "line": {"strokeWidth": 1.7},
    "point": {"filled": True, "size": 40},
}


@dataclass(frozen=True)
class Series:
    """One line of a chart: the column it is in, what it is called, and how it is drawn."""

    column: str
    label: str
    colour: str
    dash: tuple[int, ...] = ()


class Key(NamedTuple):
    """One entry of a chart's legend."""

    label: str
    colour: str
    is_dashed: bool = False


def keys(series: Sequence[Series]) -> list[Key]:
    """The legend of lines."""
    return [Key(one.label, one.colour, bool(one.dash)) for one in series]


def known(series: Sequence[Series], rows: pd.DataFrame) -> list[Series]:
    """The series that have a value at all."""
    return [one for one in series if rows[one.column].notna().any()]


def data(name: str) -> Any:
    """The rows of the query `name`, which the page holds once."""
    return alt.NamedData(name)


def sessions(ticks: int = 5) -> alt.X:
    """The axis of sessions."""
    return alt.X("session:T", title=None, axis=alt.Axis(tickCount=ticks))


def value(
    field: str, *, zero: bool = False, form: str = "", span: tuple[float, float] | None = None
) -> alt.Y:
    """The axis of values; its unit stands under the chart's title."""
    scale = alt.Scale(domain=list(span)) if span else alt.Scale(zero=zero)
    # A format's sign is for what is off zero.
    unsigned = "datum.value ? datum.label : '0'" if form.startswith("+") else alt.Undefined
    axis = alt.Axis(format=form or alt.Undefined, labelExpr=unsigned)
    return alt.Y(f"{field}:Q", title=None, scale=scale, axis=axis)


def horizon(
    chosen: str, offered: Sequence[str] = tuple(HORIZONS), *, ytd: int | None = None
) -> alt.Parameter:
    """A switch between horizons, in sessions; `ytd` adds the year to date."""
    options = {name: HORIZONS[name] for name in offered}
    if ytd is not None:
        options = {"YTD": ytd, **options}
    bind = alt.binding_radio(options=list(options.values()), labels=list(options), name="Horizon")
    return alt.param("horizon", value=options[chosen], bind=bind)


def within(chart: alt.Chart) -> alt.Chart:
    """The chart's rows within the horizon that is chosen."""
    return chart.transform_filter("datum.sessions_back <= horizon")


def lines(
    base: alt.Chart,
    series: Sequence[Series],
    tooltip: Sequence[alt.Tooltip],
    *,
    zero: bool = False,
    form: str = "",
    span: tuple[float, float] | None = None,
    marks: Sequence[alt.Chart] = (),
    has_points: bool = False,
) -> Any:
    """Lines over sessions from the columns of wide rows, and one tooltip for all at a session."""
    drawn = [
        base.mark_line(
            color=one.colour,
            strokeDash=list(one.dash or (1, 0)),
            point={"color": one.colour, "size": 45} if has_points else False,
        ).encode(x=sessions(), y=value(one.column, zero=zero, form=form, span=span))
        for one in series
    ]
    return alt.layer(*marks, *drawn, hover(base, tooltip))


def hover(base: alt.Chart, tooltip: Sequence[alt.Tooltip], ticks: int = 5) -> Any:
    """A rule at the session next to the pointer, with its tooltip."""
    near = alt.selection_point(
        name="near",
        fields=["session"],
        nearest=True,
        on="pointerover",
        clear="pointerout",
        empty=False,
    )
    return (
        base.mark_rule(color=MUTED)
        .encode(
            x=sessions(ticks),
            opacity=alt.condition(near, alt.value(0.7), alt.value(0)),
            tooltip=list(tooltip),
        )
        .add_params(near)
    )


def tips(columns: Mapping[str, tuple[str, str]], day: str = "session") -> list[alt.Tooltip]:
    """A tooltip: the day, then each column as (label, format)."""
    return [
        alt.Tooltip(f"{day}:T", title=day.replace("_", " "), format="%Y-%m-%d"),
        *(
            alt.Tooltip(f"{name}:{'Q' if form else 'N'}", title=label, format=form or alt.Undefined)
            for name, (label, form) in columns.items()
        ),
    ]


def level(at: float, colour: str = MUTED, dash: tuple[int, int] = (3, 3)) -> Any:
    """A rule across the chart."""
    return (
        alt.Chart(alt.InlineData([{"at": at}]))
        .mark_rule(color=colour, strokeDash=list(dash))
        .encode(y="at:Q")
    )


def spec(
    chart: alt.Chart | alt.LayerChart | alt.FacetChart, name: str, **more: Any
) -> dict[str, Any]:
    """The chart as Vega-Lite, with the name of the rows that it draws."""
    if not isinstance(chart, alt.FacetChart):
        chart = chart.properties(width="container", height=more.pop("height", HEIGHT))
    drawn: dict[str, Any] = chart.to_dict(validate=False)
    del drawn["config"]  # the page has one for all
    return drawn | {"usermeta": {"rows": name, **more}}
