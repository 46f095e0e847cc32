import os
import shutil
import subprocess
from mmap import mmap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import LockedError
from guard.record.seal import Identity, check_recipient, seal, unseal

HER, EXECUTOR, STRANGER = Identity.make(), Identity.make(), Identity.make()
SEALED = seal(b"some words", [HER.recipient])


@given(st.binary())
def test_each_recipient_alone_opens_it(data: bytes) -> None:
    sealed = seal(data, [HER.recipient, EXECUTOR.recipient])

    assert unseal(sealed, [HER]) == unseal(sealed, [STRANGER, EXECUTOR]) == data


def test_what_lies_in_a_map_is_sealed_from_its_beginning() -> None:
    data = mmap(-1, 5_000)
    data.write(b"x" * 4_999)

    assert unseal(seal(data, [HER.recipient]), [HER]) == b"x" * 4_999 + b"\0"
    assert len(data) == 5_000


@given(data=st.binary(max_size=200_000), tail=st.binary(max_size=40))
def test_a_tail_comes_right_behind_bytes_and_maps_alike(data: bytes, tail: bytes) -> None:
    held = mmap(-1, len(data) + 1)
    held.write(data)

    for one in (data + b"\0", held):
        assert unseal(seal(one, [HER.recipient], tail=tail), [HER]) == data + b"\0" + tail


def test_a_stranger_does_not_open_it() -> None:
    with pytest.raises(LockedError):
        unseal(seal(b"x", [HER.recipient]), [STRANGER])


@given(st.data())
def test_no_changed_or_missing_byte_goes_unnoticed(data: st.DataObject) -> None:
    sealed = bytearray(SEALED)
    position = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        del sealed[position:]
    else:
        sealed[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(LockedError):
        unseal(bytes(sealed), [HER])


def test_seals_to_nobody_never() -> None:
    with pytest.raises(ValueError, match="recipient"):
        seal(b"x", [])


@pytest.mark.parametrize(
    "text",
    ["", "age1", "age1\n", HER.secret, HER.recipient[:-1]],
    ids=["nothing", "a beginning", "a line", "a secret key", "one letter short"],
)
def test_what_is_not_a_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an age public key"):
        check_recipient(text)


def test_a_recovery_sheet_typed_by_hand_is_read() -> None:
    typed = f"# my key\n  {HER.secret[:20].lower()} {HER.secret[20:]}  \n"

    assert Identity.decode(typed) == HER


@pytest.mark.parametrize(
    "text",
    ["", "no key", HER.secret[:-1], HER.secret[:-1] + ("Q" if HER.secret[-1] != "Q" else "P")],
    ids=["nothing", "no key", "one letter short", "one letter wrong"],
)
def test_a_mistyped_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(LockedError) as caught:
        Identity.decode(text)

    assert "AGE-SECRET" not in str(caught.value)


def test_an_identity_shows_nothing_when_printed() -> None:
    assert "SECRET" not in repr(HER)
    assert HER.secret not in str(HER)


@pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")
def test_the_age_program_opens_it(tmp_path: Path) -> None:
    data = os.urandom(200_000)
    (tmp_path / "sealed").write_bytes(seal(data, [HER.recipient, EXECUTOR.recipient]))
    (tmp_path / "key").write_text(f"{EXECUTOR.secret}\n")

    opened = subprocess.run(
        ["age", "-d", "-i", tmp_path / "key", tmp_path / "sealed"], capture_output=True, check=True
    )

    assert opened.stdout == data
