"""Signed notes, against the vectors of their inventors."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.record.note import Checkpoint, Signer, Verifier

# Source: golang.org/x/mod/sumdb/note, ExampleSign.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_reads_the_note_of_the_go_library() -> None:
    assert Verifier.decode(VKEY).text_of(NOTE) == TEXT


def test_signs_as_the_go_library_does() -> None:
    assert Signer("PeterNeumann", SEED).sign(TEXT) == NOTE


def test_writes_a_key_as_the_go_library_does() -> None:
    assert Signer("PeterNeumann", SEED).verifier.encode() == VKEY


def test_ignores_signatures_of_strangers() -> None:
    stranger = Signer("example.org/stranger", bytes(32)).sign(TEXT).removeprefix(f"{TEXT}\n")

    assert Verifier.decode(VKEY).text_of(NOTE + stranger) == TEXT


def test_a_stranger_of_the_same_name_is_not_believed() -> None:
    with pytest.raises(ValueError, match="not signed by this key"):
        Verifier.decode(VKEY).text_of(Signer("PeterNeumann", bytes(32)).sign(TEXT))


@given(st.integers(0, len(NOTE.encode()) - 2), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(position: int, change: int) -> None:
    data = bytearray(NOTE.encode())
    data[position] ^= change

    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do, bad UTF-8 among them
        Verifier.decode(VKEY).text_of(data.decode())


@pytest.mark.parametrize(
    "note",
    ["", "\n\n", TEXT, NOTE[:-1], f"{TEXT}\nPeterNeumann x08g\n", f"{TEXT}\n\u2014 P x08g\n"],
)
def test_what_is_not_a_note_is_refused(note: str) -> None:
    with pytest.raises(ValueError, match=r"note|line|key"):
        Verifier.decode(VKEY).text_of(note)


@pytest.mark.parametrize(
    "vkey",
    ["", "a+b", VKEY.replace("c74f", "c74e"), VKEY.replace("+AR", "+BB"), VKEY[:-4], f"a {VKEY}"],
)
def test_a_damaged_key_is_refused(vkey: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64"):
        Verifier.decode(vkey)


@pytest.mark.parametrize("text", ["", "no end", "tab\t\n"])
def test_only_whole_lines_without_control_characters_are_signed(text: str) -> None:
    with pytest.raises(ValueError, match="text of a note"):
        Signer("a", SEED).sign(text)


@pytest.mark.parametrize("size", [0, 1, 2**60])
def test_a_checkpoint_survives_being_written(size: int) -> None:
    checkpoint = Checkpoint(origin="o/1", size=size, root=bytes(32), extensions=("x",))

    assert Checkpoint.decode(checkpoint.encode()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAA\n",
        "o\n-1\nAAAA\n",
        "o\n1\nAAAA\n",
        "\n1\nAAAA\n",
        "o\n1\nAAAA\nx",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"checkpoint|root"):
        Checkpoint.decode(text)
