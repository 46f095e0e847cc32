"""Time stamps from a real authority on loopback: `openssl ts`."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from guard.errors import ConfigError, GuardError, RecordBrokenError, UnreachableError
from guard.record import rfc3161
from tests.servers.tsa import TimeStampAuthority

NOTE = b"guard-record/x\n1\nroot\n"


@pytest.fixture(scope="module", params=[False, True], ids=["library", "openssl"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TimeStampAuthority:  # fmt: skip  # noqa: E501
    """An authority that is not running; with a chain, the library cannot decode its answers."""
    authority = TimeStampAuthority(tmp_path_factory.mktemp("tsa"), chain=request.param)
    with authority:
        return authority


@pytest.fixture
def tsa(made: TimeStampAuthority) -> Iterator[TimeStampAuthority]:
    """It, running."""
    with TimeStampAuthority(made.folder, chain=made.chain, made=True) as running:
        yield running


def trusted(tsa: TimeStampAuthority) -> rfc3161.Roots:
    return rfc3161.roots(tsa.root)


def stamped(tsa: TimeStampAuthority, data: bytes = NOTE) -> tuple[bytes, rfc3161.Question]:
    asked = rfc3161.question(data)
    return rfc3161.ask(tsa.url, asked), asked


def test_a_stamp_says_when(tsa: TimeStampAuthority) -> None:
    answer, asked = stamped(tsa)
    at = rfc3161.examine(answer, NOTE, trusted=trusted(tsa), asked=asked)

    assert abs(datetime.now(UTC) - at) < timedelta(minutes=2)  # noqa: TID251 - the authority's clock is the real one
    assert rfc3161.examine(answer, NOTE, trusted=trusted(tsa)) == at


def test_a_question_shows_a_digest_and_nothing_else(tsa: TimeStampAuthority) -> None:
    stamped(tsa)

    assert len(tsa.asked[0]) < 80
    assert b"guard" not in tsa.asked[0]


def test_a_stamp_is_of_these_bytes_only(tsa: TimeStampAuthority) -> None:
    answer, _ = stamped(tsa)

    with pytest.raises(RecordBrokenError, match="no good"):
        rfc3161.examine(answer, NOTE + b"!", trusted=trusted(tsa))


def test_an_answer_to_an_earlier_question_is_refused(tsa: TimeStampAuthority) -> None:
    earlier, _ = stamped(tsa)

    with pytest.raises(RecordBrokenError, match="no good"):
        rfc3161.examine(earlier, NOTE, trusted=trusted(tsa), asked=rfc3161.question(NOTE))


def test_an_answer_that_repeats_the_nonce_for_other_bytes_is_refused(
    tsa: TimeStampAuthority,
) -> None:
    answer, asked = stamped(tsa, b"other")

    with pytest.raises(RecordBrokenError, match="no good"):
        rfc3161.examine(answer, NOTE, trusted=trusted(tsa), asked=asked)


def test_a_stamp_of_somebody_who_is_not_trusted_is_refused(
    tsa: TimeStampAuthority, tmp_path: Path
) -> None:
    answer, asked = stamped(tsa)
    with TimeStampAuthority(tmp_path / "other", chain=tsa.chain) as other:
        for roots in (trusted(other), rfc3161.roots(None)):
            with pytest.raises(RecordBrokenError, match="no good"):
                rfc3161.examine(answer, NOTE, trusted=roots, asked=asked)


@pytest.mark.parametrize("place", [0, 4, 20, 60, 200, -1, -30, -200])
def test_a_flipped_byte_makes_it_no_stamp(tsa: TimeStampAuthority, place: int) -> None:
    answer, asked = stamped(tsa)
    data = bytearray(answer)
    data[place] ^= 1

    with pytest.raises(RecordBrokenError):
        rfc3161.examine(bytes(data), NOTE, trusted=trusted(tsa), asked=asked)


@pytest.mark.parametrize("answer", [b"", b"0", b"0\x03\x02\x01\x02", b"<html>", os.urandom(5000)])
def test_an_answer_that_is_none_is_refused(tsa: TimeStampAuthority, answer: bytes) -> None:
    with pytest.raises(RecordBrokenError):
        rfc3161.examine(answer, NOTE, trusted=trusted(tsa))


def test_the_chain_is_kept_up_to_the_root(tsa: TimeStampAuthority) -> None:
    answer, _ = stamped(tsa)
    kept = rfc3161.chain(answer, trusted(tsa))

    assert kept.count(b"BEGIN CERTIFICATE") == (3 if tsa.chain else 2)
    assert tsa.root.read_bytes().split()[-3] in kept
    assert rfc3161.chain(b"nonsense", trusted(tsa)) == b""


def test_without_the_library_openssl_checks_a_stamp(
    tsa: TimeStampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, _ = stamped(tsa)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)

    assert rfc3161.examine(answer, NOTE, trusted=trusted(tsa))
    with pytest.raises(ConfigError, match="extra"):
        rfc3161.question(NOTE)


def test_with_neither_it_says_what_to_install(
    tsa: TimeStampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, _ = stamped(tsa)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(ConfigError, match="neither"):
        rfc3161.examine(answer, NOTE, trusted=trusted(tsa))


# --- the road there -------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "", "//x", "data:,x"])
def test_only_the_web_is_asked(url: str) -> None:
    with pytest.raises(ConfigError):
        rfc3161.ask(url, rfc3161.question(NOTE))


@pytest.mark.parametrize("status", [301, 403, 404, 500, 503])
def test_an_authority_that_says_no_may_be_asked_later(
    tsa: TimeStampAuthority, status: int
) -> None:
    tsa.status = status

    with pytest.raises(UnreachableError):
        stamped(tsa)


def test_an_endless_answer_is_cut_off(tsa: TimeStampAuthority) -> None:
    tsa.spoil = lambda _answer: b"x" * 1_000_000

    with pytest.raises(UnreachableError, match="without end"):
        stamped(tsa)


def test_nobody_there_is_to_be_tried_later() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]

    for url in (f"http://127.0.0.1:{port}/", "http://nowhere.invalid/", "http://[/"):
        with pytest.raises(GuardError):
            rfc3161.ask(url, rfc3161.question(NOTE))


def test_somebody_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rfc3161, "_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(UnreachableError):
            rfc3161.ask(url, rfc3161.question(NOTE))


def test_a_root_that_is_missing_or_nonsense_is_a_setting(
    tsa: TimeStampAuthority, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="timestamp_ca"):
        rfc3161.roots(tmp_path / "nothing.pem")
    (tmp_path / "empty.pem").write_text("nonsense")
    answer, _ = stamped(tsa)
    with pytest.raises(RecordBrokenError):
        rfc3161.examine(answer, NOTE, trusted=rfc3161.roots(tmp_path / "empty.pem"))
