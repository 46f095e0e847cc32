import contextlib
import os
import pty
import shutil
from pathlib import Path

import pyrage  # type: ignore[import-untyped,unused-ignore] # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import LockedError
from guard.record.passphrase import CHEAPEST, WORK, open_with_passphrase, seal_with_passphrase


def sealed_with(data: bytes = b"key", passphrase: str = "right", work: int = CHEAPEST) -> bytes:
    return seal_with_passphrase(data, passphrase, random=os.urandom, work=work)


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_both_we_and_pyrage_open_it(size: int) -> None:
    data = os.urandom(size)
    sealed = sealed_with(data)

    assert open_with_passphrase(sealed, "right") == data
    assert pyrage.passphrase.decrypt(sealed, "right") == data


def test_costs_64_mebibytes_unless_told_otherwise() -> None:
    sealed = seal_with_passphrase(b"key", "right", random=os.urandom)

    assert f" {WORK}\n".encode() in sealed
    assert WORK == 16
    assert open_with_passphrase(sealed, "right") == b"key"


@pytest.mark.parametrize("passphrase", ["", "wrong", "right ", "Right"])
def test_a_wrong_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(LockedError):
        open_with_passphrase(sealed_with(), passphrase)


def test_keyboards_that_write_accents_differently_open_it_alike() -> None:
    assert open_with_passphrase(sealed_with(passphrase="caf\u00e9"), "cafe\u0301") == b"key"


@settings(deadline=None)
@given(st.data())
def test_no_changed_or_missing_byte_goes_unnoticed(data: st.DataObject) -> None:
    sealed = bytearray(sealed_with())
    position = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        del sealed[position:]
    else:
        sealed[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(LockedError):
        open_with_passphrase(bytes(sealed), "right")


def test_a_file_that_would_exhaust_the_memory_is_not_tried() -> None:
    greedy = sealed_with().replace(b" %d\n" % CHEAPEST, b" 22\n")

    with pytest.raises(LockedError, match="memory"):
        open_with_passphrase(greedy, "right")


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        sealed_with(passphrase="")


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
def test_the_age_program_opens_it(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(sealed_with(b"her key", work=10))
    # age asks a terminal for the passphrase, so it gets one.
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(tmp_path)
        os.execvp("age", ["age", "-d", "-o", "opened", "sealed"])
    os.write(terminal, b"right\n")
    # Linux ends a terminal with EIO.
    with contextlib.suppress(OSError):
        while os.read(terminal, 1024):
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert (tmp_path / "opened").read_bytes() == b"her key"
