"""The servers that mail comes and goes by, as guard.toml names them: mailbox, outbox, alerts."""

from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

from guard.commands import signin, wiring
from guard.config import Settings, Smtp
from guard.errors import GuardError
from guard.pipeline.house import Folder

if TYPE_CHECKING:
    from guard.mail.imap import Mailbox, Server
    from guard.reply.alerting import Alerting
    from guard.reply.smtp import Outbox


def sign_in(settings: Settings, given: str | None = None) -> "Mailbox":
    """Connect to the mailbox and sign in, with what is given or what is kept."""
    # The page, and most commands, speak to no mailbox.
    from guard.mail.imap import Mailbox  # noqa: PLC0415

    box = settings.mailbox
    secret = given or signin.secret(settings, box, "mailbox", wiring.clock())
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
        roles.setdefault(mailbox.spelled(name), direction)
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
    secret = given or signin.secret(settings, smtp, table, wiring.clock())
    return Outbox(server, secret, oauth=smtp.auth != "password")


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
    return Alerting(ways=tuple(ways), settings=settings.alerts, token=wiring.token)


def put_into_sent(settings: Settings, raw: bytes) -> None:
    """Put a copy of what was sent into the Sent folder, unless the provider does.

    It is filed and sent: that its copy is missing there stops nobody.
    """
    with suppress(GuardError), sign_in(settings) as mailbox:
        sent = [one.name for one in folders(settings, mailbox) if one.direction == "out"]
        if sent and not mailbox.stores_sent:
            mailbox.append(sent[0], raw)
