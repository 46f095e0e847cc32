"""What one huge mail costs among sixty ordinary ones: time, and the memory of all processes.

Used by scan.py (`--large`). One kind is an attachment beside a few words, the other is words
alone, as a log that somebody pastes.
"""

import shutil
import tempfile
from base64 import encodebytes
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import TypeVar

from tests.bench import peers
from tests.bench.mails import OWN, mails
from tests.servers.dovecot import Dovecot, MailUser

ORDINARY = 60
Run = TypeVar("Run")
_HEAD = (
    f"From: Tom <tom@mail1.example>\r\nTo: {OWN}\r\nSubject: The file\r\n"
    "Message-ID: <huge@mail1.example>\r\nMIME-Version: 1.0\r\n"
)
_SAID = "Content-Type: text/plain; charset=utf-8\r\n\r\nHere it is. See you on Thursday.\r\n"
_MOST_DRAWN = 1_000_000


def attached(size: int) -> bytes:
    """Make a mail of about so many bytes: a few words, and a file in base64."""
    file = (
        "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="session.zip"\r\n\r\n'
    )
    # A line of 57 bytes becomes 76 letters and a line end.
    data = encodebytes(_drawn(size * 57 // 78)).replace(b"\n", b"\r\n")
    head = (
        f'{_HEAD}Content-Type: multipart/mixed; boundary="=z"\r\n\r\n--=z\r\n{_SAID}--=z\r\n{file}'
    )
    return head.encode() + data + b"--=z--\r\n"


def written(size: int) -> bytes:
    """Make a mail of about so many bytes, all of it text."""
    line = "Thursday at three would suit me, if the room is free; else Friday.\r\n"
    return (_HEAD + _SAID + line * (size // len(line))).encode()


KINDS = {"a file": attached, "text": written}
"""What the bulk of a huge mail is, and what makes one of so many bytes."""


def large(
    size: int,
    folder: Path,
    names: dict[str, peers.SetUp],
    measured: Callable[[list[str]], Run],
) -> Iterator[tuple[str, dict[str, list[Run]]]]:
    """Fill a mailbox for each kind of huge mail, and run everything on it.

    Args:
        size: Of the huge mail, bytes.
        folder: Where the programs store.
        names: What is run.
        measured: Runs a command.

    Yields:
        What the mailbox holds, and the runs.
    """
    for kind, make in KINDS.items():
        with Dovecot() as server:
            user = server.new_user()
            _fill(user, make(size))
            found: dict[str, list[Run]] = {}
            for name, set_up in names.items():
                home = Path(tempfile.mkdtemp(dir=folder, prefix="bench-"))
                found[name] = [measured(set_up(home, user))]
                shutil.rmtree(home)
            yield f"{ORDINARY} mails and one of {size // 1_000_000} MB: {kind}", found


def _fill(user: MailUser, huge: bytes) -> None:
    ordinary = mails(ORDINARY)
    # In the middle: whatever reads mail is at work already, and goes on.
    for raw in (*islice(ordinary, ORDINARY // 2), huge, *ordinary):
        user.deliver(raw)


def _drawn(size: int) -> bytes:
    rng, drawn = Random(1), bytearray()
    while len(drawn) < size:
        drawn += rng.randbytes(min(_MOST_DRAWN, size - len(drawn)))
    return bytes(drawn)
