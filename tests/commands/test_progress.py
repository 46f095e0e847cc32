"""A long scan says how far it is, on a terminal and nowhere else."""

import io

from guard.commands.progress import Progress, told


class Terminal(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self) -> bool:
        return True


def run(out: io.StringIO, total: int) -> str:
    times = iter([0.0, 2.0, 4.0])
    with Progress(out, clock=lambda: next(times)) as bar:
        bar.expect(total)
        bar.step(total // 2)
        bar.step(total - total // 2)
    return out.getvalue()


def test_a_long_scan_on_a_terminal_shows_rate_and_time_left() -> None:
    assert run(Terminal(), 200) == (
        "\rfiled 100 of 200, 50 a second, 2 s left\rfiled 200 of 200, 50 a second, 0 s left\n"
    )


def test_a_short_scan_shows_nothing() -> None:
    assert run(Terminal(), 99) == ""


def test_a_cron_job_shows_nothing() -> None:
    assert run(io.StringIO(), 200) == ""


def test_the_time_left_is_told_in_the_words_of_its_size() -> None:
    assert told(100, 60_000, 10) == "filed 100 of 60000, 10 a second, 1.7 h left"
    assert told(100, 3_000, 10) == "filed 100 of 3000, 10 a second, 5 min left"
    assert told(0, 3_000, 10) == "filed 0 of 3000"
