"""The files in `vectors/`, that any other program can be checked against too."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from guard.errors import LockedError
from guard.record import schema
from guard.record.entry import canonical
from guard.record.log import leaf_hash
from guard.record.note import Verifier
from guard.record.passphrase import open_with_passphrase
from guard.record.scanner import ScannerKey
from guard.record.tree_check import TreeCheck

FOLDER = Path(__file__).parent / "vectors"


def read(path: Path) -> tuple[dict[str, str], list[str]]:
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    return dict(line.split(": ", 1) for line in head.split("\n")), body.splitlines()


def told_of_log(head: dict[str, str], lines: list[str]) -> str:
    entries = [line.removeprefix("entry ") for line in lines if line.startswith("entry ")]
    rest = [json.loads(line.partition(" ")[2]) for line in lines if line.startswith("checkpoint ")]
    checkpoints = [(one["size"], bytes.fromhex(one["frontier"]), one["note"]) for one in rest]
    tree = TreeCheck(iter(checkpoints), Verifier.decode(head["vkey"]), [])
    findings = []
    for seq, body in enumerate(entries):
        assert canonical(json.loads(body)) == body.encode()
        findings += [*tree.take(seq, leaf_hash(body.encode())), *tree.compare()]
    findings += tree.finish()
    if not findings:
        return "whole"
    if "not signed by this key" in findings[0].detail:
        return "wrong key"
    return f"broken at {findings[0].seq}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("log-*.txt")), ids=lambda path: path.stem)
def test_a_log_is_judged_as_its_vector_says(path: Path) -> None:
    head, lines = read(path)

    assert told_of_log(head, lines) == head["expect"]


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("passphrase-*.txt")), ids=lambda path: path.stem
)
def test_a_passphrase_file_opens_as_its_vector_says(path: Path) -> None:
    head, lines = read(path)

    try:
        opened = open_with_passphrase(b64decode(lines[0]), head["passphrase"])
        told = "opens" if opened == b"# guard therapist key v1\nthe secret\n" else "wrong key"
    except LockedError:
        told = "wrong key"

    assert told == head["expect"]


def test_the_scanners_codes_are_those_of_the_vector() -> None:
    head, lines = read(FOLDER / "codes.txt")
    scanner = ScannerKey.decode(bytes.fromhex(head["scanner"]).decode())
    told = []
    for line in lines:
        what, *rest = line.split(" ")
        given = [bytes.fromhex(part) for part in rest]
        code = {
            "content": lambda given: scanner.content(given[0].decode(), given[1]),
            "name": lambda given: scanner.name(given[0].decode()),
            "commitment": lambda given: sha256(given[0] + given[1]).digest(),
        }[what](given)
        told.append(code == given[-1])

    assert told == [True] * 5
    assert scanner.verifier.encode() == head["vkey"]
    assert ScannerKey.decode(scanner.encode()).encode() == scanner.encode()


@pytest.mark.parametrize(
    "text", ["", "guard scanner key v2\na\nb\n", "guard scanner key v1\n\n\n"]
)
def test_a_scanner_key_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        ScannerKey.decode(text)


def test_every_vector_is_used() -> None:
    names = {path.stem.partition("-")[0] for path in FOLDER.iterdir()}

    assert names == {"log", "passphrase", "codes", "format"}


def test_the_example_of_the_format_page_is_right() -> None:
    page = Path(str(schema.__file__)).with_name("FORMAT.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in page.partition("### Example")[2].splitlines()]
    body = bytes.fromhex("".join(line for line in lines if set(line) <= set("0123456789abcdef")))

    assert f"`{body.decode()}`" in page
    assert f"`{leaf_hash(body).hex()}`" in page
    assert f"{schema.APPLICATION_ID:#010x}" in page
