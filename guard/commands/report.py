"""``guard report``: a month in numbers, in the terminal."""

from pathlib import Path

import click

from guard.commands import wiring
from guard.commands.options import PASSPHRASE
from guard.commands.review import unlocked_book
from guard.config import load
from guard.errors import ConfigError
from guard.review import report as monthly
from guard.review.chart import Bar, Chart
from guard.review.month import TREND_MONTHS, Month, cases

_WIDTH = 30
"""Characters of the longest bar."""


@click.command()
@click.argument("month", required=False)
@PASSPHRASE
@click.pass_obj
def report(config: Path, month: str | None, passphrase_file: Path | None) -> None:
    """Show a month in numbers: what came, what guard did, what you said of it.

    MONTH is such as 2026-11; this one if left out. Needs the passphrase. What came, what guard
    did, how often you said otherwise, what it misses by the random sample, and how far its
    probabilities held. No subject, name or sentence is shown. The review page has the same in
    pictures.
    """
    try:
        wanted = Month.named(month) if month else Month.of(wiring.clock())
        months = wanted.before(TREND_MONTHS)
    except ValueError as error:
        raise ConfigError(str(error), hint="Such as: guard report 2026-11") from None
    with unlocked_book(load(config), passphrase_file) as book:
        each = [(one.words, cases(book, one)) for one in months]
    found = each[-1][1]
    click.echo(f"{wanted.words}: {len(found)} messages came in.")
    if not found:
        return
    for chart in (*monthly.charts(found), *monthly.trends(each)):
        click.echo("\n" + drawn(chart))
    click.echo(f"\nWhat guard misses\n  {monthly.misses(found)}")
    click.echo(f"\nWhat guard does not know\n  {monthly.drift(found)}")


def drawn(chart: Chart) -> str:
    """Return a picture as text."""
    most = max((bar.value for bar in chart.bars), default=0) or 1
    names = max((len(bar.name) for bar in chart.bars), default=0)
    rows = [f"  {bar.name:<{names}}  {_bar(bar, most)} {bar.words}" for bar in chart.bars]
    return "\n".join([chart.title, f"  ({chart.note})", *rows])


def _bar(bar: Bar, most: float) -> str:
    length = round(_WIDTH * min(1.0, bar.value / (bar.total or most)))
    return "#" * length + "." * (_WIDTH - length)
