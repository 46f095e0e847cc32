"""What was filed is what the server holds, byte for byte: over 2,000 mixed and broken mails."""

import csv
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.bench.mails import mails
from tests.commands.practice import Practice

DEMO = Path(__file__).parents[2] / "data" / "demo"
FOLDERS = ("INBOX", "Junk", "Sent")
ORDINARY = 1700


def broken(rng: Random) -> list[bytes]:
    """One mail of every way to be broken that we could think of."""
    mark = b"%016x" % rng.getrandbits(64)
    head = b"From: a@b.example\r\nSubject: " + mark + b"\r\n"
    mixed = head + b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    return [
        head.replace(b"\r\n", b"\n") + b"\nbare LF\nto the end",
        head + b"\r\nbare CR\rin the\rmiddle\r\n",
        head + b"\r\nNUL \x00 and more \x00\x00 of it\r\n",
        b"From: \xc3\xa4\xff <a@b.example>\r\nSubject: \xe4\xf6\xfc " + mark + b"\r\n\r\n\xff\xfe",
        mixed + b"--x\r\nContent-Type: text/plain\r\n\r\ntruncated in the mid",
        mixed + b"no boundary at all\r\n",
        head + b"Content-Transfer-Encoding: base64\r\n\r\n!!!! not base64 ####\r\n",
        head + b"Content-Type: text/plain; charset=no-such-charset\r\n\r\nhm\r\n",
        head + b"Content-Type: text/html\r\n\r\n<table><tr><td><b>unclosed <i>\r\n",
        head + b"X-Long: " + b"a" * rng.randrange(2_000, 40_000) + b"\r\n\r\nlong line\r\n",
        head + b"\r\n" + b"y" * rng.randrange(2_000, 40_000),
        head + b"no colon in this line\r\n\r\nbody\r\n",
        head,
        mark,
        b"\r\n\r\n" + mark + b"\r\n\r\n\r\n",
        head + b"\r\n.\r\n..\r\n. dots\r\nFrom here on\r\n>From there\r\n",
        head + b"\r\ntrailing blanks   \t \r\n\r\n\r\n\r\n",
        head + b"\r\n" + rng.randbytes(rng.randrange(1, 4_000)),
        rng.randbytes(rng.randrange(1, 300)),
        _nested(mark, rng.randrange(2, 40)),
    ]


def monsters() -> list[bytes]:
    """Mails of a size that only one of each is affordable."""
    head = b"From: a@b.example\r\nSubject: big\r\n"
    return [
        head + b"\r\n" + b"a line\r\n" * 100_000,
        head + b"X-Huge: " + b"word " * 200_000 + b"\r\n\r\nbody\r\n",
        head + b"".join(b"X-%d: y\r\n" % one for one in range(20_000)) + b"\r\nmany\r\n",
        head + b"\r\n" + b"Z" * 2_000_000,
        _nested(b"deep", 3_000),
        head + b"To: " + b"a@b.example, " * 20_000 + b"c@d.example\r\n\r\nmany\r\n",
    ]


def _nested(mark: bytes, depth: int) -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (at, at)
        for at in range(depth)
    )
    return b"Subject: " + mark + b"\r\n" + opened + b"\r\ntext\r\n"


def fill(practice: Practice) -> None:
    """Some 2,200 mails into three folders, some of them into two."""
    rng = Random(2)
    ours = [file.read_bytes() for file in sorted(DEMO.glob("*.eml"))]
    bad = [one for _ in range(22) for one in broken(rng)]
    for at, raw in enumerate([*ours, *bad, *monsters(), *mails(ORDINARY, seed=2)]):
        practice.deliver(raw, FOLDERS[at % 8 if at % 8 < 3 else 0])
        if at % 50 == 0:
            practice.deliver(raw, "Junk")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_2000_mixed_mails_come_out_as_the_server_holds_them(
    practice: Practice, tmp_path: Path
) -> None:
    fill(practice)
    held = [raw for name in FOLDERS for raw in practice.user.raw_messages(name).values()]
    wanted = {sha256(raw).hexdigest() for raw in held}

    told = practice.scan()
    again = practice.scan()
    ran = practice.unlocked("record", "export", tmp_path / "out")

    assert (ran.status, ran.err) == (0, "")
    files = sorted((tmp_path / "out").glob("*.eml"))
    exported = Counter(sha256(file.read_bytes()).hexdigest() for file in files)
    assert len(held) > 2_100
    assert exported == Counter(wanted)
    assert told["seen"] == len(held)
    assert told["filed"] == len(wanted)
    assert told["duplicates"] == len(held) - len(wanted)
    assert told["errors"] == 0
    assert again["seen"] == 0
    with (tmp_path / "out" / "index.csv").open(newline="") as index:
        assert {row["sha256"] for row in csv.DictReader(index)} == wanted
    assert practice.wrong() == []
    assert set(practice.tasks()) <= {"review"}
