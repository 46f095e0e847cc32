"""``guard demo``: the whole job on a sample inbox, with servers of its own on this machine."""

import secrets
import tempfile
import tomllib
from contextlib import ExitStack
from pathlib import Path

import click

from guard import shipped
from guard.clients import directory
from guard.commands import entering, lastscan, wiring
from guard.commands.demomail import Letter, letters, redated
from guard.commands.demoserver import DemoServers
from guard.commands.review import minutes_of_item
from guard.commands.scan import counts
from guard.commands.template import Answers, guard_toml
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.pipeline import scan as corridor
from guard.pipeline.house import Summary
from guard.policy import words
from guard.policy.decision import Action
from guard.policy.minutes import Minutes
from guard.record import init as record_init
from guard.record import verify as record_verify
from guard.record.ledger import Record
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.reply.wording import approve, wordings

PASSPHRASE = "demo"  # noqa: S105  # opens made-up mail only
OWN = "andrea@practice.example"


@click.command()
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything in this new folder, to look around in.",
)
def demo(keep: Path | None) -> None:
    """Show the whole job on a sample inbox. Nothing to set up, nothing left behind.

    Starts a mail server and a sending server of its own on this machine, delivers some forty
    made-up letters, and runs the real scan twice. No network is used.
    """
    with ExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guard-")))
        _make(folder)
        servers = stack.enter_context(DemoServers())
        sample = letters(shipped.folder("demo"))
        settings = _set_up(folder, servers)
        _deliver(sample, servers)
        click.echo(f"{len(sample)} made-up letters lie in the mailbox of {OWN}.\n")
        first = _scan(settings)
        second = _scan(settings)
        for problem in (*first.problems, *second.problems):
            raise problem
        with wiring.open_record(settings, readonly=True) as record:
            reader = Reader(record, record.keys.unlock(PASSPHRASE))
            _show_table(record, reader)
            _show_reminder(servers)
            _show_end(first, second, record, reader)
    if keep is not None:
        click.echo(f"\nKept in {keep}; the passphrase is: {PASSPHRASE}")
        click.echo(f"The page she would see: guard --config {keep / 'guard.toml'} review")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"there is something in {folder}", hint="Name a new folder.")
    except OSError as error:
        raise ConfigError(f"cannot use {folder}: {error.strerror}") from None


def _set_up(folder: Path, servers: DemoServers) -> Settings:
    secret = folder / "mail.secret"
    wiring.write_private(secret, servers.password + "\n")
    text = guard_toml(
        Answers(
            name="ASO Therapy Centre",
            addresses=(OWN,),
            imap_host="localhost",
            imap_port=servers.imap_port,
            imap_security="tls",
            imap_user=servers.user,
            smtp_host="localhost",
            smtp_port=servers.smtp_port,
            smtp_security="tls",
            smtp_user=servers.user,
            password_file=secret.name,
            ca_file="ca.pem",
            alerts_to="andrea.private@home.example",
            mode="auto",
            trusted=("mx.practice.example",),
        )
    )
    wiring.write_private(folder / "ca.pem", servers.ca_file.read_text())
    wiring.write_private(folder / "guard.toml", text)
    settings = load(folder / "guard.toml")
    record_init.create(
        settings.record_folder,
        passphrase=PASSPHRASE,
        executor=None,
        random=secrets.token_bytes,
        now=wiring.milliseconds(),
        work=CHEAPEST,
    )
    with wiring.open_record(settings) as record:
        words = approve(wordings(settings).known["en"])
        enrolled = [directory.enrol(one) for one in _clients()]
        record.append([words, *enrolled], now=wiring.milliseconds())
    return settings


def _clients() -> list[directory.Client]:
    rows = tomllib.loads((shipped.folder("demo") / "clients.toml").read_text(encoding="utf-8"))
    return [
        directory.Client(
            id=f"c{secrets.token_hex(5)}",
            name=row["name"],
            addresses=tuple(directory.normalise(one) for one in row["addresses"]),
            automatic=not row.get("no_automatic_mail", False),
        )
        for row in rows["client"]
    ]


def _deliver(sample: tuple[Letter, ...], servers: DemoServers) -> None:
    now = wiring.clock()
    for letter in sample:
        received = now - letter.age
        raw = redated(letter.raw, received)
        for folder in letter.folders:
            servers.deliver(raw, folder, received)


def _scan(settings: Settings) -> Summary:
    with ExitStack() as stack:
        house = entering.enter_house(stack, settings)
        summary = corridor.scan(house)
        entries = house.record.size()
    # Else the page would say that no scan has ended yet.
    lastscan.note(settings.record_folder, counts(summary), entries=entries, now=wiring.clock())
    return summary


def _show_table(record: Record, reader: Reader) -> None:
    by_subject = {}
    for entry in record.entries():
        if entry.kind == "decided" and entry.item is not None:
            minutes = minutes_of_item(record, reader, entry.item)
            if minutes is not None:
                by_subject[(minutes.sender, minutes.subject)] = minutes
    click.echo(f"{'Who':<28}{'What it is':<13}{'What guard did':<45}Why")
    for minutes in sorted(by_subject.values(), key=lambda one: one.received):
        click.echo(_row(minutes))


def _row(minutes: Minutes) -> str:
    decision = minutes.decision
    done = ", ".join(
        _SHORT[one]
        for one in (Action.ALERT, Action.REMIND, Action.REVIEW)
        if one in decision.actions
    )
    if Action.REMIND in decision.actions or not decision.grounds:
        why = ""
    else:
        why = "; ".join(words.GROUNDS[one] for one in decision.grounds)
    who = minutes.sender.partition("<")[0].strip() or minutes.sender
    label = minutes.verdict.label.value if not minutes.verdict.abstained else "unknown"
    return f"{who[:26]:<28}{label:<13}{'filed' + (', ' + done if done else ''):<45}{why}".rstrip()


_SHORT = {
    Action.ALERT: "told you at once",
    Action.REMIND: "reminder sent",
    Action.REVIEW: "kept for your eyes",
}


def _show_reminder(servers: DemoServers) -> None:
    sent = [one for one in servers.sent if b"auto-replied" in one.raw]
    click.echo(f"\n{len(sent)} reminders were sent. This is one of them:\n")
    if sent:
        from email import message_from_bytes  # noqa: PLC0415  # only the demo shows a letter

        letter = message_from_bytes(sent[0].raw)
        click.echo(f"  To:      {letter['To']}")
        click.echo(f"  Subject: {letter['Subject']}\n")
        body = letter.get_payload(decode=True)
        assert isinstance(body, bytes)
        for line in body.decode().splitlines():
            click.echo(f"  {line}")


def _show_end(first: Summary, second: Summary, record: Record, reader: Reader) -> None:
    click.echo(
        f"\nThe first scan saw {first.seen}: {first.filed} filed, {first.duplicates} seen before, "
        f"{first.reminded} reminders sent, {first.held} kept for your eyes, {first.crisis} urgent."
    )
    click.echo(f"The second scan found {second.seen or 'nothing'} new.")
    findings = list(record_verify.verify(record, identity=reader.identity))
    told = "verifies" if not findings else f"DOES NOT VERIFY: {len(findings)} findings"
    click.echo(f"The record has {record.size()} entries and {told}.")
    click.echo(
        "\nNext: guard demo --keep DIR   keeps it all, to look around in"
        "\n      guard init             sets guard up for a real mailbox"
        "\n      guard --help           shows the rest"
    )
