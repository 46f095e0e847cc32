"""Realistic mail for benchmarks, the same bytes every time: a seed and a number to messages.

Shaped like a mailbox of 10,000: median 3 KB, mean 9 KB, four in ten with HTML, some with
attachments, a few of a megabyte. Every word is made up. Pure.
"""

import base64
import quopri
from collections.abc import Iterator
from random import Random

OWN = "andrea@practice.example"

_SENTENCES = """\
Could we move Thursday's appointment to three o'clock?
I am running ten minutes late, the train is stuck.
Thank you for the invoice; I have paid it by bank transfer.
Is the room on the second floor free next Tuesday?
I have been thinking about what we said in the last session.
My mother rang again on Sunday and I could not sleep afterwards.
The newsletter of the counselling directory is attached.
Please find the minutes of the supervision group below.
I will be on holiday from the fourth to the eighteenth.
The anxiety was there again when I walked past the house.
Shall we keep the same time after the bank holiday?
Your parcel will be delivered between ten and twelve.
I felt calmer after writing it down, as you suggested.
Could you send the receipt for the insurance?
The heating engineer comes on Monday, so the bell may not work.
It was good to talk. I am still tired, though better than in March.
Sorry, I have to cancel tomorrow; the little one has a temperature.
The course on record keeping starts at nine in the library.
I dreamt of the long corridor again, and of my father's coat.
Could you ring me back when you have a minute?
"""
_NAMES = ("Tom", "Priya", "Gwen", "Marcus", "Judith", "Kofi", "Aoife", "Sam", "Ruth", "Daniel")
_SUBJECTS = ("Thursday", "Re: our session", "Invoice", "A question", "Hello", "Next week")
_STYLE = "p { margin: 0 0 12px; font-family: Arial, sans-serif; color: #333333 } "


def mails(count: int, *, seed: int = 1) -> Iterator[bytes]:
    """Make so many messages, CRLF, each other than all before."""
    rng = Random(seed)
    lines = _SENTENCES.splitlines()
    for number in range(count):
        yield _mail(rng, lines, number)


def _mail(rng: Random, lines: list[str], number: int) -> bytes:
    text = _text(rng, lines)
    head = _head(rng, number)
    part = _plain(rng, text)
    if rng.random() < 0.43:
        part = _multipart("alternative", number, part, _html(rng, text))
    luck = rng.random()
    if luck < 0.035:
        size = 1_000_000 if luck < 0.002 else int(min(rng.lognormvariate(11, 0.8), 600_000))
        part = _multipart("mixed", number, part, _attachment(rng, size))
    return head + part


def _head(rng: Random, number: int) -> bytes:
    name = rng.choice(_NAMES)
    address = f"{name.lower()}{rng.randrange(400)}@mail{rng.randrange(40)}.example"
    stamp = (
        f"{rng.randrange(1, 29)} Mar 2026 {rng.randrange(24):02}:{rng.randrange(60):02}:00 +0000"
    )
    hops = "".join(
        f"Received: from relay{hop}.mail.example (relay{hop}.mail.example [192.0.2.{hop}])\r\n"
        f"\tby mx{hop}.practice.example (Postfix) with ESMTPS id {rng.getrandbits(64):016x}\r\n"
        f"\tfor <{OWN}>; {stamp}\r\n"
        for hop in range(1, rng.randrange(3, 6))
    )
    signature = base64.b64encode(rng.randbytes(256)).decode()
    folded = "\r\n\t".join(signature[at : at + 70] for at in range(0, len(signature), 70))
    return (
        f"Return-Path: <{address}>\r\n{hops}"
        f"Authentication-Results: mx.practice.example; dmarc=pass header.from={address[-14:]}\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=mail.example; s=s1;\r\n\tb={folded}\r\n"
        f"Message-ID: <{number}.{rng.getrandbits(48):x}@mail.example>\r\nDate: {stamp}\r\n"
        f"From: {name} <{address}>\r\nTo: Andrea <{OWN}>\r\n"
        f"Subject: {rng.choice(_SUBJECTS)}\r\n"
        "MIME-Version: 1.0\r\n"
    ).encode()


def _text(rng: Random, lines: list[str]) -> str:
    count = max(1, min(int(rng.lognormvariate(1.9, 0.9)), 120))
    said = [rng.choice(lines) for _ in range(count)]
    quoted = [f"> {rng.choice(lines)}" for _ in range(count)] if rng.random() < 0.4 else []
    opened = ["", "On Mon, 2 Mar 2026 at 09:00, Andrea <andrea@practice.example> wrote:"]
    return "\r\n".join([*said, "", rng.choice(_NAMES), *(opened if quoted else []), *quoted, ""])


def _plain(rng: Random, text: str) -> bytes:
    if rng.random() < 0.5:
        return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    head = (
        b"Content-Type: text/plain; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head + quopri.encodestring(f"{text}Grüße\r\n".encode("latin-1"))


def _html(rng: Random, text: str) -> bytes:
    paragraphs = "".join(f'<p class="x">{line}</p>\r\n' for line in text.split("\r\n"))
    style = _STYLE * rng.randrange(1, 40)
    page = f"<html><head><style>{style}</style></head><body>{paragraphs}</body></html>\r\n"
    return (
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + _base64(page.encode())
    )


def _attachment(rng: Random, size: int) -> bytes:
    return (
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        b'Content-Disposition: attachment; filename="scan.pdf"\r\n\r\n'
        + _base64(rng.randbytes(size * 3 // 4))
    )


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _multipart(kind: str, number: int, *parts: bytes) -> bytes:
    line = f"--={kind}_{number}".encode()
    body = b"".join(b"--" + line + b"\r\n" + part + b"\r\n" for part in parts)
    head = f'Content-Type: multipart/{kind}; boundary="{line.decode()}"\r\n\r\n'.encode()
    return head + body + b"--" + line + b"--\r\n"
