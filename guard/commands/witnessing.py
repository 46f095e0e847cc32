"""Show the record's head to the witnesses that guard.toml names, and read what they kept."""

from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

from guard.commands import post, wiring
from guard.config import Settings
from guard.errors import ConfigError, GuardError, RecordBrokenError
from guard.record import durable, note, rfc3161, witness
from guard.record.witness import MAILED, STAMPED, Seen
from guard.reply import compose

_DER = b"\x30"
"""How every .tsr begins: an ASN.1 SEQUENCE."""


def daily(settings: Settings) -> None:
    """Show the head to whoever has not seen one for a day, if it is another one.

    A witness that cannot be reached is noted, and tried again in an hour.

    Raises:
        RecordBrokenError: The head is not good, or older than what a witness has seen.
        RecordError: The disk would not.
    """
    due = [one for one in _witnesses(settings) if _is_due(settings, one)]
    if due:
        show(settings, due)


def show(settings: Settings, names: list[str]) -> dict[str, GuardError | None]:
    """Show the head to some witnesses now; what went wrong with each, if anything did.

    Raises:
        RecordBrokenError: The head is not good, or older than what a witness has seen.
        RecordError: The disk would not.
    """
    with wiring.open_record(settings, readonly=True) as record:
        size, head = witness.head_to_show(record)
    ended: dict[str, GuardError | None] = {}
    for name in names:
        before = witness.seen(settings.record_folder).get(name, Seen())
        now = wiring.milliseconds()
        try:
            _SHOWS[name](settings, size, head)
        except GuardError as problem:
            ended[name] = problem
            after = Seen(at=before.at, size=before.size, tried=now, why=str(problem))
        else:
            ended[name] = None
            after = Seen(at=now, size=size)
        witness.note_seen(settings.record_folder, name, after)
    return ended


def chosen(settings: Settings) -> list[str]:
    """The witnesses that guard.toml names.

    Raises:
        ConfigError: There is none.
    """
    names = list(_witnesses(settings))
    if not names:
        raise ConfigError(
            "no witness is named",
            hint="Set witness = an address, or timestamp_url, in [record] of guard.toml.",
        )
    return names


def heads_in(file: Path, settings: Settings) -> list[str]:
    """The signed heads that somebody kept in a file: a mail, a checkpoint, a time stamp.

    Raises:
        ConfigError: The file cannot be read, or holds none.
        RecordBrokenError: It is a stamp of none of this record's heads, or a bad one.
    """
    try:
        data = durable.read(file)
    except OSError as error:
        hint = "Name the file that the witness kept: their mail, or a time stamp."
        raise ConfigError(f"cannot read {file}: {error.strerror}", hint=hint) from None
    if data.startswith(_DER):
        return [_stamped(file, data, settings)]
    found = note.notes_in(data.decode(errors="replace"))
    for part in message_from_bytes(data).walk():
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            found += note.notes_in(payload.decode(errors="replace"))
    if not found:
        raise ConfigError(
            f"there is no signed head in {file}",
            hint="Save the witness's whole message as a file, or the lines from guard-record/ on.",
        )
    return list(dict.fromkeys(found))


def _stamped(file: Path, stamp: bytes, settings: Settings) -> str:
    beside = file.with_suffix(".txt")
    head = durable.read(beside).decode(errors="replace") if beside.is_file() else None
    if head is None or not witness.stamps(stamp, head):
        with wiring.open_record(settings, readonly=True) as record:
            head = witness.stamped_note(record, stamp)
    if head is None:
        raise RecordBrokenError(
            "the record has no head that this time stamp is about: rolled back, or another record"
        )
    rfc3161.examine(stamp, head.encode(), trusted=_roots(settings))
    return head


def _witnesses(settings: Settings) -> Iterator[str]:
    if settings.record.witness:
        yield MAILED
    if settings.record.timestamp_url:
        yield STAMPED


def _is_due(settings: Settings, name: str) -> bool:
    before = witness.seen(settings.record_folder).get(name, Seen())
    if not before.due(wiring.milliseconds()):
        return False
    with wiring.open_record(settings, readonly=True) as record:
        return record.size() != before.size


def _mail(settings: Settings, size: int, head: str) -> None:
    assert settings.smtp is not None, "the settings insist on it"
    sender = settings.reply_address
    letter = compose.checkpoint(
        note=head,
        sender=sender,
        to=settings.record.witness,
        token=wiring.token(),
        now=wiring.clock(),
    )
    with post.outbox(settings, settings.smtp) as outbox:
        outbox.send(letter.raw, envelope_from=sender, to=letter.to)
    # Only what somebody has seen: a head that nobody got is no witness of anything.
    witness.keep(settings.record_folder, size, head)


def _stamp(settings: Settings, size: int, head: str) -> None:
    trusted, data = _roots(settings), head.encode()
    asked = rfc3161.question(data)
    answer = rfc3161.ask(settings.record.timestamp_url, asked)
    rfc3161.examine(answer, data, trusted=trusted, asked=asked)
    chain = rfc3161.chain(answer, trusted)
    witness.keep(settings.record_folder, size, head, stamp=answer, chain=chain)


def _roots(settings: Settings) -> rfc3161.Roots:
    name = settings.record.timestamp_ca
    return rfc3161.roots(settings.path(name) if name else None)


_SHOWS: dict[str, Callable[[Settings, int, str], None]] = {MAILED: _mail, STAMPED: _stamp}
