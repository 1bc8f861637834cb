"""Where the labels of points stand, so that none hides another."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import altair as alt

LETTER, LINE, DOT = 7, 13, 5  # pixels: a letter's width, a line's height, a dot's radius


class Side(NamedTuple):
    """How a label stands beside its point: which of its ends is there, and how many pixels off."""

    align: Literal["left", "center", "right"]
    dx: int
    dy: int  # down


SIDES = {  # in the order in which they are tried
    "right": Side("left", 8, 0),
    "left": Side("right", -8, 0),
    "above": Side("center", 0, -14),
    "below": Side("center", 0, 14),
}


class Point(NamedTuple):
    """A point with its label, in pixels from the lower left corner of the plot."""

    label: str
    x: float
    y: float


class Box(NamedTuple):
    """What a label or a dot covers."""

    left: float
    right: float
    low: float
    high: float

    def hides(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.low < other.high
            and other.low < self.high
        )


def sides(points: Sequence[Point], width: float, height: float, *, always: int) -> list[str | None]:
    """The side of each point where its label has room, none where it has not.

    The most important points come first; the first `always` ones have their label in any case.
    """
    taken = [Box(p.x - DOT, p.x + DOT, p.y - DOT, p.y + DOT) for p in points]
    found: list[str | None] = []
    for place, point in enumerate(points):
        boxes = {name: _box(point, side) for name, side in SIDES.items()}
        free = (
            side
            for side, box in boxes.items()
            if box.left >= 0
            and box.right <= width
            and box.low >= 0
            and box.high <= height
            and not any(map(box.hides, taken))
        )
        side = next(free, "right" if place < always else None)
        if side:
            taken.append(boxes[side])
        found.append(side)
    return found


def _box(point: Point, side: Side) -> Box:
    """What the label covers on that side."""
    long = LETTER * len(point.label)
    left = point.x + side.dx - {"left": 0, "center": long / 2, "right": long}[side.align]
    low = point.y - side.dy - LINE / 2
    return Box(left, left + long, low, low + LINE)


def drawn(base: alt.Chart, x: alt.X, y: alt.Y, **more: Any) -> list[alt.Chart]:
    """The column `label` of each row at its point, on the side that the column `side` names."""
    return [
        base.transform_filter(f"datum.side === '{name}'")
        .mark_text(
            align=side.align,
            dx=side.dx,
            dy=side.dy,
            fontWeight="bold",
            stroke="var(--card)",
            strokeWidth=3,
        )
        .encode(x=x, y=y, text="label:N", **more)
        for name, side in SIDES.items()
    ]
