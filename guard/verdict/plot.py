"""Points and lines on a unit square, as SVG that stands alone.

Pure. Nothing is fetched and nothing runs; every text is escaped. Whoever shows a plot shows its
numbers as a table too, so that the picture is never the only way to them.
"""

from collections.abc import Sequence
from html import escape

import msgspec

_SIDE, _MARGIN = 260, 46
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """One picture."""

    title: str
    """What it shows, for those who do not see it too."""

    across: str
    """What the horizontal axis is."""

    up: str
    """What the vertical axis is."""

    points: tuple[tuple[float, float], ...]
    """0 to 1 in both directions, or as `least` and `most` say."""

    line: bool = True
    """Whether the points are joined."""

    diagonal: bool = False
    """Whether the line of what should be is drawn."""

    least: tuple[float, float] = (0.0, 0.0)
    """Lower left corner."""

    most: tuple[float, float] = (1.0, 1.0)
    """Upper right corner."""

    @property
    def svg(self) -> str:
        """The picture as markup."""
        size = _SIDE + 2 * _MARGIN
        middle = f'y="{size / 2}" text-anchor="middle"'
        shape = [self._place(x, y) for x, y in self.points]
        drawn = _joined(shape) if self.line else ""
        if self.diagonal:
            drawn += _joined([self._place(*self.least), self._place(*self.most)], css="wanted")
        drawn += "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in shape)
        return (
            f'<svg viewBox="0 0 {size} {size}" role="img" aria-label="{escape(self.title)}">'
            f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIDE}" height="{_SIDE}"/>'
            f"{self._ticks()}{drawn}"
            f'<text x="{size / 2}" y="{size - 6}" text-anchor="middle">'
            f"{escape(self.across)}</text>"
            f'<text x="12" {middle} transform="rotate(-90 12 {size / 2})">'
            f"{escape(self.up)}</text></svg>"
        )

    def _place(self, x: float, y: float) -> tuple[float, float]:
        right = (x - self.least[0]) / (self.most[0] - self.least[0])
        above = (y - self.least[1]) / (self.most[1] - self.least[1])
        return _MARGIN + _SIDE * right, _MARGIN + _SIDE * (1 - above)

    def _ticks(self) -> str:
        found = ""
        for share in _TICKS:
            x = self.least[0] + share * (self.most[0] - self.least[0])
            y = self.least[1] + share * (self.most[1] - self.least[1])
            at, _ = self._place(x, self.least[1])
            _, level = self._place(self.least[0], y)
            below = _MARGIN + _SIDE + 16
            found += f'<text x="{at:.0f}" y="{below}" text-anchor="middle">{x:g}</text>'
            found += f'<text x="{_MARGIN - 6}" y="{level + 4:.0f}" text-anchor="end">{y:g}</text>'
        return found


def _joined(places: Sequence[tuple[float, float]], css: str = "found") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline class="{css}" points="{path}"/>'
