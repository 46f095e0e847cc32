"""The one place with the clock, the randomness and the edges, and where they are joined."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from guard.clients.workdays import day_of
from guard.commands import lastscan, signin
from guard.config import Settings, Smtp
from guard.errors import ConfigError, GuardError, ModelError, RecordError
from guard.pipeline.house import Folder, House
from guard.record.eraser import finish as finish_erasures
from guard.record.ledger import Record
from guard.record.lock import scan_lock
from guard.record.sqlite import SqliteRecord
from guard.reply.wording import Wordings, shipped, wordings
from guard.shipped import folder
from guard.verdict import cabinet
from guard.verdict.child import ChildReader
from guard.verdict.chosen import MODEL, Chosen, chosen

if TYPE_CHECKING:
    from guard.mail.imap import Mailbox, Server
    from guard.policy.sharing import Sharing
    from guard.record.postgres import Where
    from guard.record.verify import Opener
    from guard.reply.alerting import Alerting
    from guard.reply.smtp import Outbox

Readers = Callable[[Settings, Record], AbstractContextManager[ChildReader]]
"""Gives a mailbox's reader."""


def clock() -> datetime:
    """Return the time now, aware."""
    return datetime.now(UTC)  # noqa: TID251  # the one clock


def today() -> date:
    """Return the day that it is here; a day of the law is a local one."""
    return day_of(clock())


def milliseconds() -> int:
    """Return the time now in milliseconds since 1970-01-01 UTC."""
    return int(clock().timestamp() * 1000)


def token() -> str:
    """Return a new token for a Message-ID: letters and digits, unguessable."""
    return f"guard.{secrets.token_hex(16)}"


def open_record(settings: Settings, *, readonly: bool = False, strict: bool = True) -> Record:
    """Open the practice's record."""
    folder, where = settings.record_folder, clinic(settings)
    if where is None:
        return SqliteRecord.open(folder, readonly=readonly, strict=strict)
    from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

    return PostgresRecord.open(folder, where, readonly=readonly, strict=strict)


def sharing(record: Record) -> "Sharing | None":
    """Return what of a record is open to others; None when nothing is, to nobody."""
    if record.keys.place.together:
        from guard.record.postgres import PostgresRecord  # noqa: PLC0415  # an extra

        if isinstance(record, PostgresRecord) and record.shareable:
            from guard.policy.sharing import Sharing  # noqa: PLC0415  # few open anything

            return Sharing(record)
    return None


def opener(settings: Settings) -> "Opener":
    """Return how a verification opens the practice's record."""

    def opened(_folder: Path, /, *, readonly: bool, strict: bool) -> Record:
        return open_record(settings, readonly=readonly, strict=strict)

    return opened


def clinic(settings: Settings) -> "Where | None":
    """Return where a clinic's record lies; None for a record in one file."""
    if not settings.record.database:
        return None
    from guard.record.postgres import Where  # noqa: PLC0415  # an extra

    kept = settings.record
    return Where(
        database=kept.database, practice=kept.practice, blobs=kept.blobs, endpoint=kept.endpoint
    )


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Hold the record's lock, so that nobody else writes; a clinic's, on no machine.

    Raises:
        BusyError: Another scan is running.
        RecordError: There is no record, or its folder cannot be written.
    """
    with ExitStack() as stack:
        stack.enter_context(scan_lock(record_folder(settings), now=milliseconds()))
        if where := clinic(settings):
            from guard.record.postgres import only_one  # noqa: PLC0415  # an extra

            stack.enter_context(only_one(where))
        yield


def record_folder(settings: Settings) -> Path:
    """Return the record's folder.

    Raises:
        RecordError: There is none.
    """
    if not settings.record_folder.exists():
        # A new one beside a record that was only moved would split it in two.
        raise RecordError(
            "there is no record here",
            hint=f"It should be {settings.record_folder}. Was it moved, or is its disk not there? "
            "Name its folder in guard.toml: [record] path. If there was none yet: guard init",
        )
    return settings.record_folder


def sign_in(settings: Settings, given: str | None = None) -> "Mailbox":
    """Connect to the mailbox and sign in, with what is given or what is kept."""
    # The page, and most commands, speak to no mailbox.
    from guard.mail.imap import Mailbox  # noqa: PLC0415

    box = settings.mailbox
    secret = given or signin.secret(settings, box, "mailbox", clock())
    return Mailbox(imap_server(settings), secret, oauth=box.auth != "password")


def imap_server(settings: Settings) -> "Server":
    """Return where the mailbox is."""
    from guard.mail.imap import Server  # noqa: PLC0415  # as above

    box = settings.mailbox
    return Server(
        host=box.host,
        port=box.port,
        security=box.security,
        user=box.user,
        ca_file=settings.path(box.ca_file) if box.ca_file else None,
        connect_timeout=min(15, box.timeout),
        read_timeout=box.timeout,
    )


def folders(settings: Settings, mailbox: "Mailbox") -> tuple[Folder, ...]:
    """Return what is scanned, Sent first, so that her own answers are known."""
    box = settings.mailbox
    sent = mailbox.folders("sent") if box.sent == "auto" else box.sent
    junk = mailbox.folders("junk") if box.junk == "auto" else box.junk
    named = [("out", one) for one in sent]
    named += [("in", one) for one in box.inbox]
    named += [("junk", one) for one in junk]
    named += [("also", one) for one in box.also]
    roles: dict[str, str] = {}
    for direction, name in named:
        # Named twice, a folder would be walked twice; its first role is the one that counts.
        roles.setdefault(name, direction)
    return tuple(Folder(name=name, direction=direction) for name, direction in roles.items())


class LateOutbox:
    """A submission server whose password is only fetched when something is sent.

    A password that cannot be had must not stop the filing.
    """

    def __init__(self, settings: Settings, smtp: Smtp, *, table: str = "smtp") -> None:
        self._settings = settings
        self._smtp = smtp
        self._table = table
        self._stack = ExitStack()
        self._outbox: Outbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def send(self, raw: bytes, *, envelope_from: str, to: str, bounces: bool = False) -> str:
        """Hand one message over. See `guard.reply.smtp.Outbox.send`."""
        if self._outbox is None:
            made = outbox(self._settings, self._smtp, table=self._table)
            self._outbox = self._stack.enter_context(made)
        return self._outbox.send(raw, envelope_from=envelope_from, to=to, bounces=bounces)


def outbox(
    settings: Settings, smtp: Smtp, given: str | None = None, *, table: str = "smtp"
) -> "Outbox":
    """Return a submission server; nothing is connected yet.

    Args:
        settings: The practice's choices.
        smtp: Which server.
        given: The password, if it is not the one that is kept.
        table: Where in guard.toml the server stands; the keyring knows its password by it.
    """
    from guard.reply.smtp import Outbox, SmtpServer  # noqa: PLC0415  # most scans send nothing

    server = SmtpServer(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        user=smtp.user,
        ca_file=settings.path(smtp.ca_file) if smtp.ca_file else None,
    )
    if not smtp.user:
        return Outbox(server, None)
    secret = given or signin.secret(settings, smtp, table, clock())
    return Outbox(server, secret, oauth=smtp.auth != "password")


def reader(settings: Settings | None, record: Record | None = None) -> ChildReader:
    """Return a reader with the chosen model; its process starts when first needed.

    A model that cannot be had must not stop the filing: it is the reader's problem.
    """
    try:
        model, problem = chosen_model(settings), None
        if settings is not None and record is not None:
            _insist_on_adopted(settings, record, model)
    except ModelError as error:
        model, problem = Chosen(file=Path(MODEL), digest=""), error
    own = (Wordings(known={"en": shipped()}) if settings is None else wordings(settings)).lines
    made = ChildReader(model.file, model.digest, own_text=own)
    made.problem = problem
    return made


def chosen_model(settings: Settings | None) -> Chosen:
    """Return the model that guard.toml names, else the shipped one."""
    return chosen(_model_folder(settings))


def enter_house(
    stack: ExitStack,
    settings: Settings,
    *,
    readonly: bool = False,
    progress: Callable[[int], None] = lambda _count: None,
    expect: Callable[[int], None] = lambda _count: None,
    readers: Readers | None = None,
) -> House:
    """Open every edge, to be closed with the stack, and join them for one scan.

    Args:
        stack: Closes what is opened here.
        settings: The practice's choices.
        readonly: For a dry run: without the lock, and nothing can be filed.
        progress: Told how many more messages were filed.
        expect: Told how many more there are to file.
        readers: Gives a reader; None for one of its own.

    Raises:
        BusyError: Another scan is running.
        FatalError: An edge cannot be opened.
        TransientError: A server cannot be reached.
    """
    if not readonly:
        stack.enter_context(locked(settings))
    record = stack.enter_context(open_record(settings, readonly=readonly))
    if not readonly:
        # A crash may have come between an order to erase and the end of the keys.
        finish_erasures(record)
    mailbox = stack.enter_context(sign_in(settings))
    read = stack.enter_context((readers or reader)(settings, record))
    places = folders(settings, mailbox)

    def keep(raw: bytes) -> None:
        sent = [one.name for one in places if one.direction == "out"]
        if sent and not mailbox.stores_sent:
            mailbox.append(sent[0], raw)

    words = wordings(settings)
    errands, sender = None, None
    if settings.smtp is not None:
        sender = stack.enter_context(LateOutbox(settings, settings.smtp))
        from guard.reply.errands import Errands  # noqa: PLC0415  # not without a server to send by

        errands = Errands(
            record=record,
            sender=sender,
            settings=settings,
            wordings=words,
            token=token,
            keep=keep,
        )
    return House(
        settings=settings,
        mailbox=mailbox,
        record=record,
        folders=places,
        reader=read,
        errands=errands,
        alerts=alerting(stack, settings, sender),
        clock=clock,
        sharing=None if readonly else sharing(record),
        last=lastscan.ended(settings.record_folder),
        noted=lastscan.entries(settings.record_folder),
        wordings=words,
        progress=progress,
        expect=expect,
    )


def alerting(
    stack: ExitStack, settings: Settings, usual: LateOutbox | None = None
) -> "Alerting | None":
    """Return how she is told; None when there is no address, or nothing to send with.

    Args:
        stack: Closes what is opened here.
        settings: The practice's choices.
        usual: The server that reminders leave by, if it is at hand.
    """
    if not settings.alerts.to:
        return None
    from guard.reply.alerting import Alerting, Way  # noqa: PLC0415  # not without an address

    own = settings.alerts.smtp
    ways = []
    if own is not None:
        late = stack.enter_context(LateOutbox(settings, own, table="alerts.smtp"))
        ways.append(Way(sender=late, address=own.sender))
    if usual is None and settings.smtp is not None:
        usual = stack.enter_context(LateOutbox(settings, settings.smtp))
    if usual is not None:
        ways.append(Way(sender=usual, address=settings.reply_address))
    if not ways:
        return None
    return Alerting(ways=tuple(ways), settings=settings.alerts, token=token)


def put_into_sent(settings: Settings, raw: bytes) -> None:
    """Put a copy of what was sent into the Sent folder, unless the provider does.

    It is filed and sent: that its copy is missing there stops nobody.
    """
    with suppress(GuardError), sign_in(settings) as mailbox:
        sent = [one.name for one in folders(settings, mailbox) if one.direction == "out"]
        if sent and not mailbox.stores_sent:
            mailbox.append(sent[0], raw)


def wait(seconds: float) -> None:
    """Do nothing for so long."""
    time.sleep(seconds)


def write_private(file: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        ConfigError: It is there already, or cannot be written.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from None


def free_bytes(folder: Path) -> int:
    """Return the room left on the disk of a folder."""
    return shutil.disk_usage(folder).free


def cabinet_of(settings: Settings) -> Path:
    """Return the folder of the practice's own models."""
    return settings.record_folder / "models"


def _model_folder(settings: Settings | None) -> Path:
    if settings is not None and settings.model.path:
        return settings.path(settings.model.path)
    own = cabinet.in_use(cabinet_of(settings)) if settings is not None else None
    return own or folder("models")


def _insist_on_adopted(settings: Settings, record: Record, model: Chosen) -> None:
    """Refuse a model that is not the one that the record says was adopted."""
    adopted = record.latest("model")
    if settings.model.path or adopted is None or adopted.data["sha256"] == model.digest:
        return
    if adopted.data["name"] == "shipped" and cabinet.in_use(cabinet_of(settings)) is None:
        # A newer guard ships a newer model.
        return
    raise ModelError(
        "the model in use is not the one that was adopted",
        hint="guard goes on filing and holds every message. Run: guard model adopt NAME",
    )
