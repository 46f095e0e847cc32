"""How long a client's copy of 1,000 letters takes, part by part.

Run: python tests/bench/client_copy.py   The promise: the whole of it in less than a minute.
"""

import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from guard.clients import directory
from guard.clients.directory import Client
from guard.commands.record_export import book_of, make_copy
from guard.config import parse
from guard.record import init
from guard.record.entry import Incoming
from guard.record.export import new_folder, put
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.review.letters import Letters
from guard.rights import copy as copying
from guard.rights.typst_pdf import pdf
from tests.bench.mails import mails

LETTERS = 1_000
TOML = """
[practice]
name = "The Practice"
addresses = ["andrea@practice.example"]
[mailbox]
host = "localhost"
user = "andrea@practice.example"
"""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long something took, seconds."""
    begun = time.perf_counter()
    yield
    print(f"{what:<32}{time.perf_counter() - begun:8.2f} s", flush=True)


def timing(what: str, function: Callable[..., bytes]) -> Callable[..., bytes]:
    """A function that prints how long it took."""

    def run(*given: object) -> bytes:
        with timed(what):
            return function(*given)

    return run


def main() -> None:
    """Make a record, and a copy of it."""
    vars(copying)["pdf"] = timing("  the PDF", pdf)
    copying._verification = timing("  verifying the whole record", copying._verification)
    with tempfile.TemporaryDirectory() as name:
        settings = parse(TOML, folder=Path(name))
        recovery = init.create(
            settings.record_folder,
            passphrase="x",
            executor=None,
            random=secrets.token_bytes,
            work=CHEAPEST,
        )
        client = Client(id="cjo", name="Jo", addresses=("jo@home.example",))
        with SqliteRecord.open(settings.record_folder) as record, Letters() as letters:
            record.append([directory.enrol(client)], now=1)
            record.file(
                [
                    Incoming(
                        raw=raw, account="a", locations=(), owners=("cjo",),
                        direction="in", received=1_767_225_600_000 + number * 60_000,
                    )
                    for number, raw in enumerate(mails(LETTERS))
                ],
                cursor=None,
                now=2,
            )  # fmt: skip
            book = book_of(settings, record, Reader(record, Identity.decode(recovery)), letters)
            with timed(f"{LETTERS} letters, all in all"), new_folder(Path(name) / "copy") as to:
                done = make_copy(settings, book, client, partial(put, to))
            size = sum(one.stat().st_size for one in (Path(name) / "copy").rglob("*.*"))
            print(f"{done.letters} letters, {size / 1e6:.1f} MB, PDF: {not done.without_pdf}")


if __name__ == "__main__":
    main()
