"""The witness from the command line: mail, time stamp, and what they show years later."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.commands.practice import SCHEDULING, Practice, letter
from tests.servers.tsa import TimeStampAuthority


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[TimeStampAuthority]:
    """A time-stamp authority."""
    with TimeStampAuthority(tmp_path / "tsa") as authority:
        yield authority


@pytest.fixture
def witnessed(practice: Practice, tsa: TimeStampAuthority) -> Practice:
    """A practice with both kinds of witness."""
    practice.change('witness = ""', 'witness = "supervisor@far.example"')
    practice.change('timestamp_url = ""', f'timestamp_url = "{tsa.url}"')
    practice.change('timestamp_ca = ""', f'timestamp_ca = "{tsa.root}"')
    return practice


def mails(practice: Practice) -> list[bytes]:
    return [one.raw for one in practice.sink.received if b"please keep this" in one.raw]


def forget(practice: Practice) -> None:
    """As if a day had passed."""
    with suppress(FileNotFoundError):
        (practice.record_folder / "checkpoints" / "witnesses.json").unlink()


def kept(practice: Practice) -> list[str]:
    return sorted(one.name for one in (practice.record_folder / "checkpoints").iterdir())


def test_a_scan_shows_the_head_once_a_day_and_says_nothing(
    witnessed: Practice, tsa: TimeStampAuthority
) -> None:
    witnessed.deliver(letter(SCHEDULING))
    witnessed.scan()
    witnessed.deliver(letter("More"))
    witnessed.scan()

    assert len(mails(witnessed)) == len(tsa.asked) == 1
    assert [name[10:] for name in kept(witnessed)] == [".pem", ".tsr", ".txt", "json"]


def test_a_day_later_only_another_head_is_shown(
    witnessed: Practice, tsa: TimeStampAuthority
) -> None:
    witnessed.deliver(letter(SCHEDULING))
    witnessed.scan()
    state = witnessed.record_folder / "checkpoints" / "witnesses.json"
    told = json.loads(state.read_text())
    state.write_text(json.dumps({name: seen | {"at": 1} for name, seen in told.items()}))
    witnessed.scan()
    assert len(mails(witnessed)) == len(tsa.asked) == 1

    witnessed.deliver(letter("More"))
    witnessed.scan()
    assert len(mails(witnessed)) == len(tsa.asked) == 2


def test_the_mail_holds_the_head_and_no_word_of_anybody(witnessed: Practice) -> None:
    witnessed.deliver(letter("quokka", subject="quokka", sender="Quokka <quokka@zoo.example>"))
    witnessed.scan()

    [raw] = mails(witnessed)
    with witnessed.record() as record:
        head = next((witnessed.record_folder / "checkpoints").glob("*.txt")).read_text()
        record.verifier().text_of(head)
    payload = message_from_bytes(raw).get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert head in payload.decode().replace("\r\n", "\n")
    assert b"quokka" not in raw.lower()
    assert b"To: supervisor@far.example\r\n" in raw


def test_a_witness_who_cannot_be_reached_is_noted_and_stops_nothing(
    witnessed: Practice, tsa: TimeStampAuthority
) -> None:
    tsa.status = 503
    witnessed.deliver(letter(SCHEDULING))
    assert witnessed.scan()["filed"] == 1
    witnessed.scan()

    assert len(tsa.asked) == 1
    assert len(mails(witnessed)) == 1
    ran = witnessed.guard("check")
    assert "not ok  witness: not stamped: the time-stamp authority says 503" in ran.out


def test_now_means_now_and_says_how_it_went(witnessed: Practice, tsa: TimeStampAuthority) -> None:
    ran = witnessed.guard("record", "witness")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "The signed head was mailed to the witness.",
        "The signed head was stamped.",
    ]

    tsa.status = 500
    ran = witnessed.guard("record", "witness")
    assert ran.status == 75
    assert ran.out == "The signed head was mailed to the witness.\n"
    assert ran.err.startswith("guard: the time-stamp authority says 500\n")


def test_without_a_witness_it_says_what_to_set(practice: Practice) -> None:
    ran = practice.guard("record", "witness")

    assert ran.status == 78
    assert "no witness is named" in ran.err


def test_a_stamp_of_nobody_who_is_trusted_is_not_kept(
    witnessed: Practice, tsa: TimeStampAuthority
) -> None:
    witnessed.change(f'timestamp_ca = "{tsa.root}"', 'timestamp_ca = ""')

    ran = witnessed.guard("record", "witness")

    assert ran.status == 65
    assert "this time stamp is no good" in ran.err
    assert [name[10:] for name in kept(witnessed)] == [".txt", "json"]


@pytest.mark.parametrize("kind", ["mail", "txt", "tsr", "tsr alone"])
def test_what_a_witness_kept_shows_that_the_record_was_rolled_back(
    witnessed: Practice, tmp_path: Path, kind: str
) -> None:
    witnessed.deliver(letter(SCHEDULING))
    witnessed.scan()
    older = tmp_path / "older.db"
    shutil.copy(witnessed.record_folder / "record.db", older)
    witnessed.deliver(letter("A mail that somebody would like to be gone"))
    witnessed.scan()
    forget(witnessed)
    witnessed.guard("record", "witness")
    folder = witnessed.record_folder / "checkpoints"
    newest = max(folder.glob("*.tsr")).stem
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept.eml").write_bytes(mails(witnessed)[-1])
    for suffix in ("txt", "tsr"):
        shutil.copy(folder / f"{newest}.{suffix}", outside / f"kept.{suffix}")
    file = outside / {"mail": "kept.eml", "tsr alone": "kept.tsr"}.get(kind, f"kept.{kind}")
    if kind == "tsr alone":
        (outside / "kept.txt").unlink()
    assert witnessed.guard("record", "verify", "--against", file).status == 0

    # The thief cleans up after himself: nothing within reach remembers.
    shutil.copy(older, witnessed.record_folder / "record.db")
    shutil.rmtree(folder)
    assert witnessed.guard("record", "verify").status == 0

    ran = witnessed.guard("record", "verify", "--against", file)
    assert ran.status == 65
    assert "rolled back" in ran.out + ran.err


def test_a_scan_over_a_record_that_was_rolled_back_is_loud(
    witnessed: Practice, tmp_path: Path
) -> None:
    shutil.copy(witnessed.record_folder / "record.db", tmp_path / "older.db")
    witnessed.deliver(letter(SCHEDULING))
    witnessed.scan()
    shutil.copy(tmp_path / "older.db", witnessed.record_folder / "record.db")
    forget(witnessed)

    ran = witnessed.guard("record", "witness")

    assert ran.status == 65
    assert "a witness has seen" in ran.err


@pytest.mark.parametrize("content", [b"", b"nothing here", b"\xff\xfe", b"0\x82\x01\x00garbage"])
def test_a_file_without_a_head_is_refused(practice: Practice, content: bytes) -> None:
    file = practice.folder / "kept"
    file.write_bytes(content)

    ran = practice.guard("record", "verify", "--against", file)

    assert ran.status in {65, 78}
    assert len(ran.err.splitlines()) == 2


def test_a_file_that_is_not_there_is_refused(practice: Practice) -> None:
    ran = practice.guard("record", "verify", "--against", "nowhere")

    assert (ran.status, ran.out) == (78, "")


def test_the_second_verify_reads_on_and_full_reads_all(practice: Practice) -> None:
    practice.deliver(letter(SCHEDULING))
    practice.scan()
    first, second = practice.guard("record", "verify"), practice.guard("record", "verify")

    assert first.out == second.out == practice.guard("record", "verify", "--full").out
    assert "verified.note" in kept(practice)


def test_a_proof_is_made_for_an_outsider_with_the_stamp(
    witnessed: Practice, tsa: TimeStampAuthority
) -> None:
    witnessed.deliver(letter(SCHEDULING))
    witnessed.scan()
    [item] = [seq for seq, raw in witnessed.filed().items() if SCHEDULING.encode() in raw]

    ran = witnessed.unlocked("record", "prove", str(item))

    folder = witnessed.folder / f"proof-{item}"
    assert (ran.status, ran.err) == (0, "")
    assert (folder / "message.eml").read_bytes() == witnessed.filed()[item]
    assert (folder / "checkpoint.tsr").exists()
    assert witnessed.unlocked("record", "prove", str(item)).status == 74
    assert witnessed.unlocked("record", "prove", str(item), "--out", "other").status == 0


@pytest.mark.parametrize("item", ["0", "99999", "x", "-1"])
def test_what_is_no_message_is_not_proved(practice: Practice, item: str) -> None:
    ran = practice.unlocked("record", "prove", item)

    assert ran.status in {64, 74}
    assert not list(practice.folder.glob("proof*"))
