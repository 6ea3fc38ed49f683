"""Charts: lines and marks over two axes, as SVG that is as wide as its place, with text that keeps its size.

Lines are drawn in a box of 1000 by 1000 that is stretched; text and marks are placed in percent. Nothing is styled in
the SVG itself, so that the page's policy can forbid styles from elsewhere.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from markupsafe import Markup

from lading.loadtests.reporting.scales import Scale

Point = tuple[float, float]
Words = Callable[[float], str]

NEAR_TOP = 0.9
"""Above this part of its height a text would leave the plot, and is put below what it says."""


@dataclass(frozen=True)
class Line:
    """Points that are joined, in stretches between which the line is broken."""

    name: str
    style: str
    """A class of the style sheet: ``p50``, ``due``, ``baseline``, …"""
    stretches: tuple[tuple[Point, ...], ...]
    words: Words
    """How its values are read."""


@dataclass(frozen=True)
class Mark:
    """A point of its own."""

    at: Point
    style: str
    label: str
    """What it says when it is pointed at."""
    text: str = ""
    """What is written beside it."""


@dataclass(frozen=True)
class Bound:
    """A value of the upright axis that a line is drawn at, and what it is."""

    value: float
    label: str
    style: str = "bound"


@dataclass(frozen=True)
class Band:
    """A part of an axis that is shaded."""

    low: float
    high: float
    style: str
    across: bool = False
    """Whether it lies on the upright axis."""


@dataclass(frozen=True)
class Chart:
    """One chart."""

    title: str
    says: str
    """What it shows, for who cannot see it."""
    x: Scale
    y: Scale
    x_words: Words
    y_words: Words
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    bounds: tuple[Bound, ...] = ()
    bands: tuple[Band, ...] = ()
    note: str = ""
    styles: dict[str, str] = field(default_factory=dict)
    """Names of marks' styles, for the legend."""

    @property
    def legend(self) -> tuple[tuple[str, str, str], ...]:
        """Shape, style and name of what is drawn."""
        drawn = [("line", line.style, line.name) for line in self.lines]
        return (*drawn, *(("mark", style, name) for style, name in self.styles.items()))

    @property
    def svg(self) -> Markup:
        """The plot, its horizontal axis below it."""
        parts = chain(
            map(self._band, self.bands),
            (self._grid(self.y.place(tick)) for tick in self.y.ticks),
            [
                Markup(
                    '<svg class="drawn" viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%">'
                )
            ],
            map(self._path, self.lines),
            [Markup("</svg>")],
            map(self._bound, self.bounds),
            map(self._mark, self.marks),
            map(self._x_tick, self.x.ticks),
        )
        opening = Markup('<svg class="plot" role="img" aria-label="{}" data-values="{}">')
        return opening.format(f"{self.title}. {self.says}", self._values()) + Markup("").join(parts) + Markup("</svg>")

    @property
    def upright(self) -> Markup:
        """The labels of the upright axis."""
        texts = [
            Markup('<text x="100%" y="{}%">{}</text>').format(_percent(1 - self.y.place(tick)), self.y_words(tick))
            for tick in self.y.ticks
        ]
        return Markup('<svg class="upright" aria-hidden="true">') + Markup("").join(texts) + Markup("</svg>")

    def _values(self) -> str:
        """What is read off when it is pointed at: for each place on the horizontal axis, from 0 to 1, some texts."""
        found: dict[float, list[list[str]]] = {}
        for line in self.lines:
            for x, y in chain.from_iterable(line.stretches):
                found.setdefault(x, []).append([line.style, line.name, line.words(y)])
        read = [[round(self.x.place(x), 4), self.x_words(x), found[x]] for x in sorted(found)]
        return json.dumps(read, separators=(",", ":"), ensure_ascii=False)

    def _path(self, line: Line) -> Markup:
        drawn = " ".join(self._stretch(stretch) for stretch in line.stretches if stretch)
        return Markup('<path class="line {}" d="{}"/>').format(line.style, drawn)

    def _stretch(self, points: Sequence[Point]) -> str:
        placed = [(f"{1000 * self.x.place(x):.1f}", f"{1000 * (1 - self.y.place(y)):.1f}") for x, y in points]
        first, rest = placed[0], placed[1:]
        if not rest:
            return f"M{first[0]} {first[1]}h2"
        return f"M{first[0]} {first[1]}{''.join(f'L{x} {y}' for x, y in rest)}"

    def _grid(self, place: float) -> Markup:
        y = _percent(1 - place)
        return Markup('<line class="grid" x1="0" x2="100%" y1="{0}%" y2="{0}%"/>').format(y)

    def _band(self, band: Band) -> Markup:
        if band.across:
            low, high = 1 - self.y.place(band.high), 1 - self.y.place(band.low)
            box = Markup('<rect class="band {}" x="0" width="100%" y="{}%" height="{}%"/>')
        else:
            low, high = self.x.place(band.low), self.x.place(band.high)
            box = Markup('<rect class="band {}" y="0" height="100%" x="{}%" width="{}%"/>')
        return box.format(band.style, _percent(low), _percent(high - low))

    def _bound(self, bound: Bound) -> Markup:
        place = self.y.place(bound.value)
        return Markup(
            '<line class="{0}" x1="0" x2="100%" y1="{1}%" y2="{1}%"/><text class="{0}-text" x="100%" y="{1}%" dy="{2}">{3}</text>'
        ).format(bound.style, _percent(1 - place), 14 if place > NEAR_TOP else -5, bound.label)

    def _mark(self, mark: Mark) -> Markup:
        place = self.x.place(mark.at[0]), self.y.place(mark.at[1])
        x, y = _percent(place[0]), _percent(1 - place[1])
        shape = Markup('<circle class="mark {}" cx="{}%" cy="{}%" r="5"><title>{}</title></circle>')
        drawn = shape.format(mark.style, x, y, mark.label)
        if mark.text:
            text = Markup('<text class="mark-text {}" x="{}%" y="{}%" dy="{}">{}</text>')
            drawn += text.format(_side(place[0]), x, y, 20 if place[1] > NEAR_TOP else -10, mark.text)
        return drawn

    def _x_tick(self, tick: float) -> Markup:
        place = self.x.place(tick)
        text = Markup('<text class="x {}" x="{}%" y="100%" dy="18">{}</text>')
        return text.format(_side(place), _percent(place), self.x_words(tick))


def range_svg(interval: tuple[float, float] | None, measured: float, bound: float, scale: Scale) -> Markup:
    """An interval, what was measured and the bound, on one line."""
    ends = interval if interval is not None else (measured, measured)
    low, high = (_percent(scale.place(end)) for end in ends)
    return Markup(
        '<svg class="range" aria-hidden="true"><line class="rail" x1="0" x2="100%" y1="50%" y2="50%"/>'
        '<line class="span" x1="{0}%" x2="{1}%" y1="50%" y2="50%"/><circle class="at" cx="{2}%" cy="50%" r="4"/>'
        '<line class="limit" x1="{3}%" x2="{3}%" y1="10%" y2="90%"/></svg>'
    ).format(low, high, _percent(scale.place(measured)), _percent(scale.place(bound)))


def bars_svg(parts: Sequence[tuple[str, float]], whole: float) -> Markup:
    """Parts of a whole side by side, each by its style and size."""
    drawn, start = [], 0.0
    for style, size in parts:
        rect = Markup('<rect class="part {}" x="{}%" width="{}%" y="0" height="100%"/>')
        drawn.append(rect.format(style, _percent(start / whole), _percent(size / whole)))
        start += size
    return Markup('<svg class="bars" aria-hidden="true">') + Markup("").join(drawn) + Markup("</svg>")


def _side(place: float) -> str:
    """The class of a text that would reach beyond the plot on one side."""
    return "start" if place < 0.03 else "end" if place > 0.97 else "middle"


def _percent(place: float) -> str:
    return f"{100 * place:.3f}".rstrip("0").rstrip(".")
