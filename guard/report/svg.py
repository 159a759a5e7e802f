"""Numbers → charts as inline SVG: axes from zero, units, a title and a description for those who cannot see them.

Colours are classes (`.s-healed`), so that the page decides for light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from guard.report.amounts import clean

_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 10, 24
_ROW = 34
_CHARACTER = 6.4
"""Width of a character at the charts' font size, on average."""


@dataclass(frozen=True)
class Series:
    """One colour of a chart."""

    name: str
    css: str
    values: Sequence[float]


@dataclass(frozen=True)
class Frame:
    """What every chart has: its id on the page, title and description, width and CSS class."""

    name: str
    title: str
    description: str
    width: int
    css: str


def columns(frame: Frame, labels: Sequence[str], series: Sequence[Series], unit: str, height: int = 220) -> str:
    """Stacked columns over time."""
    tops = [sum(one.values[at] for one in series) for at in range(len(labels))]
    ticks = scale(max(tops, default=0.0))
    plot = _Plot(frame.width, height, 0.0, ticks[-1])
    parts = [plot.grid(ticks, unit), plot.dates(labels)]
    below = [0.0] * len(labels)
    for one in series:
        parts.append(plot.column_path(one, below))
        below = [low + value for low, value in zip(below, one.values, strict=True)]
    return _svg(frame, height, "".join(parts))


def opposed(frame: Frame, labels: Sequence[str], up: Series, down: Series, unit: str, height: int = 220) -> str:
    """One series above the zero line, the other below it, on one scale."""
    step = scale(max([*up.values, *down.values], default=0.0), 3)
    top = [tick for tick in step if tick < max(up.values, default=0.0)]
    bottom = [tick for tick in step if tick < max(down.values, default=0.0)]
    size = step[1]
    high, low = (len(top) or 1) * size, (len(bottom) or 1) * size
    ticks = [size * at for at in range(-round(low / size), round(high / size) + 1)]
    plot = _Plot(frame.width, height, -low, high)
    parts = [
        plot.grid(ticks, unit),
        plot.dates(labels),
        plot.column_path(up, [0.0] * len(labels)),
        plot.column_path(down, [-value for value in down.values]),
    ]
    return _svg(frame, height, "".join(parts))


def bars(frame: Frame, rows: Sequence[str], series: Sequence[Series], notes: Sequence[str]) -> str:
    """Stacked horizontal bars: a row's name above its bar, its note behind it."""
    longest = max((sum(one.values[at] for one in series) for at in range(len(rows))), default=0.0) or 1.0
    room = frame.width - max((len(note) for note in notes), default=0) * _CHARACTER - 12
    parts = []
    for at, name in enumerate(rows):
        y = at * _ROW
        parts.append(f'<text x="0" y="{y + 12}">{_fitting(name, frame.width)}</text>')
        x = 0.0
        for one in series:
            wide = one.values[at] / longest * room
            if wide > 0:
                parts.append(f'<rect class="{one.css}" x="{_n(x)}" y="{y + 17}" width="{_n(max(wide, 1))}" height="10"/>')
            x += wide
        parts.append(f'<text class="m" x="{_n(x + 6)}" y="{y + 26}">{escape(notes[at])}</text>')
    return _svg(frame, max(len(rows), 1) * _ROW, "".join(parts))


def ranges(frame: Frame, rows: Sequence[str], points: Sequence[tuple[float, float, float]], notes: Sequence[str]) -> str:
    """Shares with their intervals on an axis from 0 to 100 %: `points` are (value, low, high) from 0 to 1."""
    left, right, foot = 4, 14, 20
    room = frame.width - left - right
    height = max(len(rows), 1) * _ROW + foot
    parts = []
    for tick in (0, 25, 50, 75, 100):
        x = left + room * tick / 100
        anchor = "start" if tick == 0 else "end" if tick == 100 else "middle"
        at = x if tick != 100 else frame.width
        parts.append(f'<path class="g" d="M{_n(x)} 0V{height - foot}"/>')
        parts.append(f'<text class="m" x="{_n(at if tick else 0)}" y="{height - 5}" text-anchor="{anchor}">{tick} %</text>')
    for at, (name, (value, low, high), note) in enumerate(zip(rows, points, notes, strict=True)):
        y = at * _ROW
        begin, end, middle = (left + room * share for share in (low, high, value))
        space = frame.width - len(note) * _CHARACTER - 10
        parts.append(f'<text x="{left}" y="{y + 12}">{_fitting(name, space)}</text>')
        parts.append(f'<text class="m" x="{frame.width}" y="{y + 12}" text-anchor="end">{escape(note)}</text>')
        parts.append(f'<path class="range" d="M{_n(begin)} {y + 22}H{_n(end)}"/>')
        parts.append(f'<circle class="s-healed" cx="{_n(middle)}" cy="{y + 22}" r="5"/>')
    return _svg(frame, height, "".join(parts))


def scale(most: float, about: int = 4) -> list[float]:
    """Ticks from zero in steps of 1, 2 or 5 times a power of ten, the last not below `most`."""
    if most <= 0 or not math.isfinite(most):
        return [0.0, 1.0]
    rough = most / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [step * at for at in range(math.ceil(most / step - 1e-9) + 1)]


class _Plot:
    """The area inside the axes: where a value and a step lie."""

    def __init__(self, width: int, height: int, low: float, high: float) -> None:
        self.width, self.height = width - _LEFT - _RIGHT, height - _TOP - _BOTTOM
        self.low, self.high = low, high

    def y(self, value: float) -> float:
        return _TOP + self.height * (self.high - value) / (self.high - self.low)

    def grid(self, ticks: Sequence[float], unit: str) -> str:
        parts = []
        for at, tick in enumerate(ticks):
            y = self.y(tick)
            css = "zero" if tick == 0 else "g"
            word = f"{abs(tick):,.6g}" + (f" {unit}" if unit and at == len(ticks) - 1 else "")
            parts.append(f'<path class="{css}" d="M{_LEFT} {_n(y)}H{_LEFT + self.width}"/>')
            parts.append(f'<text class="m" x="{_LEFT - 6}" y="{_n(y + 4)}" text-anchor="end">{escape(word)}</text>')
        return "".join(parts)

    def dates(self, labels: Sequence[str]) -> str:
        """As many dates below the axis as there is room for, the first and the last among them."""
        y = self.height + _TOP + 17
        room = max(int(self.width / 90), 1)
        last = len(labels) - 1
        every = max(math.ceil(last / room), 1)
        parts = []
        for at in sorted({*range(0, last + 1, every), last}):
            if at < 0 or (at != last and last - at < every * 0.7 and at != 0):
                continue
            x = _LEFT + self.width * (at + 0.5) / len(labels)
            anchor = "start" if at == 0 and last else "end" if at == last and last else "middle"
            x = _LEFT if anchor == "start" else _LEFT + self.width if anchor == "end" else x
            parts.append(f'<text class="m" x="{_n(x)}" y="{y}" text-anchor="{anchor}">{escape(labels[at])}</text>')
        return "".join(parts)

    def column_path(self, series: Series, below: Sequence[float]) -> str:
        """One path for all columns of a series, each from `below` upwards."""
        slot = self.width / max(len(series.values), 1)
        wide = min(max(slot * 0.72, 1.0), 40.0)
        parts = []
        for at, (value, low) in enumerate(zip(series.values, below, strict=True)):
            if value > 0:
                x = _LEFT + slot * (at + 0.5) - wide / 2
                top, bottom = self.y(low + value), self.y(low)
                # What is there is seen, however small.
                tall = max(bottom - top, 1.0)
                parts.append(f"M{_n(x)} {_n(bottom)}v{_n(-tall)}h{_n(wide)}v{_n(tall)}z")
        return f'<path class="{series.css}" d="{"".join(parts)}"/>' if parts else ""


def _svg(frame: Frame, height: int, body: str) -> str:
    return (
        f'<svg class="{frame.css}" viewBox="0 0 {frame.width} {height}" role="img" aria-labelledby="{frame.name}-t {frame.name}-d">'
        f'<title id="{frame.name}-t">{escape(frame.title)}</title><desc id="{frame.name}-d">{escape(frame.description)}</desc>'
        f"{body}</svg>"
    )


def _fitting(text: str, width: float) -> str:
    return escape(clean(text, max(int(width / _CHARACTER), 6)))


def _n(number: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{number:.1f}".removesuffix(".0")
