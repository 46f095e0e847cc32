"""Bars as SVG, made here: nothing is fetched, nothing runs in the browser.

Pure. The same numbers stand beside each picture as a table, so the picture is never the only
way to them. Colours are the style sheet's, so that both light and dark hold.
"""

from html import escape

import msgspec

_WIDTH, _ROW, _BAR = 420, 30, 18
_LEFT, _RIGHT = 150, 70


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar."""

    name: str
    """What it is of."""

    value: float
    """How long it is."""

    total: float = 0.0
    """Of how many; 0: of the longest bar in the picture."""

    shown: str = ""
    """The number in words; empty: the value."""

    @property
    def words(self) -> str:
        """The number in words."""
        return self.shown or f"{self.value:g}"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One picture, and the same as a table."""

    title: str
    """What it shows."""

    note: str
    """How to read it, in a sentence."""

    bars: tuple[Bar, ...]
    """From top to bottom."""

    @property
    def svg(self) -> str:
        """The picture, safe as markup: every text in it is escaped."""
        most = max((one.value for one in self.bars), default=0) or 1
        height = _ROW * len(self.bars) + 4
        title = f"{self.title}: " + "; ".join(f"{one.name} {one.words}" for one in self.bars)
        rows = "".join(_row(at, one, most) for at, one in enumerate(self.bars))
        return (
            f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" '
            f'aria-label="{escape(title)}">{rows}</svg>'
        )


def percent(name: str, part: int, whole: int) -> Bar:
    """Return a bar that shows a share."""
    return Bar(name=name, value=part, total=whole, shown=f"{part} of {whole}" if whole else "none")


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, 0 to 1.

    Source: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212.
    """
    if not whole:
        return 0.0, 1.0
    z = 1.959964
    share, spread = part / whole, z * z / whole
    middle = share + spread / 2
    half = z * (share * (1 - share) / whole + spread / (4 * whole)) ** 0.5
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _row(at: int, bar: Bar, most: float) -> str:
    room = _WIDTH - _LEFT - _RIGHT
    y = at * _ROW + 2
    length = room * min(1.0, bar.value / (bar.total or most))
    rest = f'<rect class="rest" x="{_LEFT}" y="{y + 4}" width="{room}" height="{_BAR}"/>'
    return (
        f'<text x="{_LEFT - 10}" y="{y + 18}" text-anchor="end">{escape(bar.name)}</text>'
        f"{rest if bar.total else ''}"
        f'<rect class="bar" x="{_LEFT}" y="{y + 4}" width="{length:.1f}" height="{_BAR}"/>'
        f'<text x="{_LEFT + (room if bar.total else length) + 8:.1f}" y="{y + 18}">'
        f"{escape(bar.words)}</text>"
    )
