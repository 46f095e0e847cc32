"""``guard policy announce``: tell every client of a change, in writing, with a copy."""

import contextlib
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import click

from guard.clients.directory import Client
from guard.clients.register import everyone
from guard.commands import asking, post, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, load
from guard.errors import BusyError, ConfigError, GuardError, NotSentError, TransientError
from guard.record.ledger import Record
from guard.reply import compose, wording
from guard.reply.announcement import Announcement, Recipient, recipients
from guard.reply.announcing import UNCERTAIN, Announcing
from guard.reply.outbox import Outcome, settle

_HOUR = timedelta(hours=1)
_TRIES = 120
"""How often a letter waits a second for a scan to end."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--cover",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='The words around it; its first line may be "Subject: ...".',
)
@click.option(
    "--most-an-hour",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="Further letters wait until the hour is over, as providers want it.",
)
@click.option("--dry-run", is_flag=True, help="Show the letter and the list; send nothing.")
@click.option("--yes", is_flag=True, help="You have seen the letter and the list: --dry-run")
@PASSPHRASE
@click.pass_obj
def announce(  # an argument an option
    config: Path,
    file: Path,
    cover: Path | None,
    most_an_hour: int,
    *,
    dry_run: bool,
    yes: bool,
    passphrase_file: Path | None,
) -> None:
    """Send the changed policy in FILE to every client: a PDF, Word, ODT or text.

    Each gets a letter of their own; a text stands in it, anything else is attached. Former
    clients and professionals get none. Who gets no automatic mail is listed, for you to tell in
    person. Every letter is filed. Stopped at any moment, the same command goes on where it was:
    nobody gets it twice, nobody is left out. Exit status 75: some are still to be told.
    """
    settings = load(config)
    told = _announcement(file, cover)
    if settings.smtp is None:
        raise ConfigError("no [smtp]: nothing can be sent", hint="Add it to guard.toml.")
    with ExitStack() as stack:
        record = stack.enter_context(wiring.open_record(settings, readonly=dry_run))
        clients = everyone(record, asking.unlock(record, passphrase_file))
        letters, personal = recipients(clients, today=wiring.today())
        job = Announcing(
            told,
            record=record,
            sender=settings.reply_address,
            account=settings.mailbox.user,
        )
        _show(told, letters, personal, job)
        if dry_run or not letters:
            return
        if not (yes or asking.confirmed(f"Send {len(letters)} letters?", option="--yes")):
            return
        with wiring.locked(settings):
            settle(record, now=wiring.clock())
            job.begin(
                letters=len(letters),
                in_person=[one.id for one in personal],
                now=wiring.clock(),
            )
        sender = stack.enter_context(post.LateOutbox(settings, settings.smtp))
        left = _Run(settings, record, job, sender, most_an_hour).tell(letters)
        _end(job, letters, left)


class _Run:
    """One run of the command over everybody who is left."""

    def __init__(
        self,
        settings: Settings,
        record: Record,
        job: Announcing,
        sender: post.LateOutbox,
        most: int,
    ) -> None:
        self._settings, self._record, self._job = settings, record, job
        self._sender, self._most = sender, most

    def tell(self, letters: list[Recipient]) -> int:
        """Send what is left; returns how many are still to be told.

        Raises:
            TransientError: The server went away.
            FatalError: It would not let us in, or the record could not be written.
        """
        for one in letters:
            if not self._job.left(one):
                continue
            self._pace()
            outcome, problem = self._tell(one)
            click.echo(f"{_SAID[outcome]}  {one.names}")
            alone = isinstance(problem, NotSentError) and problem.this_letter
            if outcome is Outcome.POSTPONED and problem is not None and not alone:
                # Whoever is next would be told the same.
                raise problem
        return sum(bool(self._job.left(one)) for one in letters)

    def _tell(self, one: Recipient) -> tuple[Outcome, GuardError | None]:
        with ExitStack() as held:
            self._lock(held)
            outcome, raw, problem = self._job.tell(one, sender=self._sender, now=wiring.clock())
        if outcome is Outcome.SENT and raw:
            post.put_into_sent(self._settings, raw)
        return outcome, problem

    def _lock(self, held: ExitStack) -> None:
        """Wait for a scan to end; it will not be long."""
        for _ in range(_TRIES):
            # Only this may be tried again: whatever comes after may have sent a letter.
            with contextlib.suppress(BusyError):
                held.enter_context(wiring.locked(self._settings))
                return
            wiring.wait(1)
        held.enter_context(wiring.locked(self._settings))

    def _pace(self) -> None:
        while True:
            now = wiring.clock()
            left = self._job.within_the_hour(now)
            if len(left) < self._most:
                return
            until = left[-self._most] + _HOUR
            click.echo(f"Waiting until {until.astimezone():%H:%M}; it may be stopped.", err=True)
            wiring.wait(max(1.0, (until - now).total_seconds()))


_SAID = {
    Outcome.SENT: "sent      ",
    Outcome.REFUSED: "refused   ",
    Outcome.UNCERTAIN: "uncertain ",
    Outcome.POSTPONED: "not sent  ",
}


def _announcement(file: Path, cover: Path | None) -> Announcement:
    words = (
        compose.text("announcement.en") if cover is None else cover.read_bytes().decode("utf-8")
    )
    try:
        text = wording.parse(words, name="announcement")
        return Announcement(cover=text, name=file.name, copy=file.read_bytes())
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8", hint="Save it as a PDF.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be sent: {error}", hint="Try a PDF.") from None


def _show(
    told: Announcement, letters: list[Recipient], personal: list[Client], job: Announcing
) -> None:
    where = "its text follows below" if told.inline else f"attached: {told.name}"
    words = "\n".join(f"  {line}".rstrip() for line in told.cover.words.splitlines())
    click.echo(f"  Subject: {told.cover.subject}\n\n{words}\n\n  ({where})\n")
    for one in letters:
        done = "" if job.left(one) else "   has it"
        click.echo(f"By letter:  {one.names} <{one.address}>{done}")
    for client in personal:
        click.echo(f"In person:  {client.name}")
    click.echo()


def _end(job: Announcing, letters: list[Recipient], left: int) -> None:
    unknown = [one.names for one in letters if UNCERTAIN in map(job.ended, one.ids)]
    for name in unknown:
        click.echo(f"It may or may not have reached {name}: look in your Sent folder.")
    if left:
        raise TransientError(
            f"{left} are still to be told",
            hint="Mend a refused address (guard clients change), and run it again.",
        )
    click.echo(f"{len(letters) - len(unknown)} have it in writing.")
