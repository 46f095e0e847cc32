"""``guard init``: asks, writes guard.toml, makes the keys, shows how to start the scan."""

import secrets
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TypedDict, Unpack

import click

from guard.commands import asking, sheets, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.policy import shown
from guard.commands.providers import PRESETS
from guard.commands.questions import ask, provider_of, sign_in
from guard.commands.template import Answers, guard_toml
from guard.config import Auth, Security, Settings, parse
from guard.errors import ConfigError
from guard.record import init as record_init
from guard.record import sheet
from guard.record.seal import Identity
from guard.reply.wording import approve, wordings

_SECURITY = click.Choice(["tls", "starttls", "plain"])


class _Options(TypedDict):
    name: str | None
    addresses: tuple[str, ...]
    provider: str | None
    auth: Auth | None
    imap_host: str | None
    imap_port: int | None
    imap_security: Security | None
    imap_user: str | None
    smtp_host: str | None
    smtp_port: int | None
    smtp_security: Security | None
    smtp_user: str | None
    client_id: str | None
    client_file: str | None
    tenant: str | None
    token_file: str
    password_file: str | None
    ca_file: str
    alerts_to: str | None
    mode: str
    trusted: tuple[str, ...]
    executor: str | None
    executor_sheet: Path | None
    passphrase_file: Path | None
    recovery_file: Path
    approve_text: bool | None


@click.command()
@click.option("--name", help="Name of the practice.")
@click.option("--address", "addresses", multiple=True, help="An own address; may be repeated.")
@click.option(
    "--provider",
    type=click.Choice([*PRESETS]),
    help="Where the mailbox is; fills in servers, ports and who vouches for senders.",
)
@click.option(
    "--auth",
    type=click.Choice(["password", "google", "microsoft"]),
    help="How to sign in; an app password is a password. Default: as the provider wants it.",
)
@click.option("--imap-host", help="IMAP server, such as imap.provider.example.")
@click.option("--imap-port", type=int, help="Default: 993.")
@click.option("--imap-security", type=_SECURITY, help="Default: tls.")
@click.option("--imap-user", help="User name; usually the address.")
@click.option("--smtp-host", help="Server for sending; empty: nothing is ever sent.")
@click.option("--smtp-port", type=int, help="Default: 465.")
@click.option("--smtp-security", type=_SECURITY, help="Default: tls.")
@click.option("--smtp-user", help="User name for sending; empty: no sign-in.")
@click.option("--client-id", help="For Microsoft: the id of the application.")
@click.option("--client-file", help="For Google: the JSON file of the desktop client.")
@click.option("--tenant", help="For Microsoft: directory id or domain. Default: common.")
@click.option(
    "--token-file",
    default="mail.token",
    show_default=True,
    help="Where a sign-in with Google or Microsoft is kept; empty: the keyring.",
)
@click.option(
    "--password-file",
    help="File (mode 0600) with the password of both servers; seen from guard.toml's folder.",
)
@click.option(
    "--ca-file",
    default="",
    help="A private certificate authority, PEM; seen from guard.toml's folder.",
)
@click.option("--alerts-to", help="Your private address, for alerts without content.")
@click.option(
    "--mode",
    type=click.Choice(["auto", "approve", "shadow", "off"]),
    default="auto",
    show_default=True,
    help="Whether reminders go out without you.",
)
@click.option("--trust-authserv", "trusted", multiple=True, help="See: guard check.")
@click.option("--executor", help="age public key of the executor of your clinical will.")
@click.option(
    "--executor-sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Make a key for the executor; it stands on this sheet alone.",
)
@PASSPHRASE
@click.option(
    "--recovery-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("recovery-sheet.txt"),
    show_default=True,
    help="The recovery sheet; printable if it ends in .pdf. Print it, then delete it.",
)
@click.option(
    "--approve-text/--no-approve-text",
    default=None,
    help="Whether the reminder's words may go out as they are; init shows them and asks. "
    "Unattended, --mode auto approves the shipped words unless you say no, and prints them.",
)
@click.pass_obj
def init(config: Path, **options: Unpack[_Options]) -> None:
    """Set guard up: settings, keys, record. Asks for what no option says.

    Nothing is read from the mailbox and nothing is sent. An existing guard.toml, record or
    recovery sheet is never overwritten (exit status 78, or 74 for the record). With options for
    all that has no default, and --passphrase-file, it asks nothing and runs unattended.
    """
    recovery = options["recovery_file"]
    papers = list(filter(None, (recovery, options["executor_sheet"])))
    sheets.refuse_used(config, *papers)
    text = guard_toml(_answers(options))
    settings = parse(text, name=config.name, folder=config.absolute().parent)
    passphrase = asking.ask_passphrase(options["passphrase_file"], confirm=True)
    with ExitStack() as undo:
        # Made before the keys: a sheet that cannot be written must not leave keys without one.
        for file in papers:
            sheets.reserve(file)
            undo.callback(file.unlink)
        wiring.write_private(config, "")
        undo.callback(config.unlink)
        key = _make(settings, passphrase, _executor(options))
        undo.pop_all()
    sheets.write(recovery, sheet.recovery(Identity(key)))
    config.write_text(text, encoding="utf-8")
    approved = _approve(settings, asked=options["approve_text"])
    click.echo(_next(config, recovery, approved=approved))
    if options["executor_sheet"] is not None:
        click.echo(f"Print {options['executor_sheet']} too, seal it in an envelope, delete it.")


def _executor(options: _Options) -> str | None:
    """Public key of the executor, made with its sheet if that is wanted."""
    file = options["executor_sheet"]
    if file is None:
        return options["executor"]
    if options["executor"] is not None:
        raise ConfigError("say one of --executor and --executor-sheet")
    theirs = Identity.make()
    sheets.write(file, sheet.executors(theirs))
    return theirs.recipient


def _approve(settings: Settings, *, asked: bool | None) -> bool:
    """Show the words of the reminder and let her approve them; returns whether she did."""
    words = wordings(settings).known[settings.reminders.language]
    if asked is None:
        click.echo(f"\nThe reminder says, to the letter:\n\n{shown(words)}\n")
        if sys.stdin.isatty():
            asked = click.confirm("May guard send these words to your clients?", default=False)
        else:
            # Who lets guard answer by itself, unasked, and has its words before them, means them.
            asked = settings.reminders.mode == "auto"
    if asked:
        with wiring.locked(settings), wiring.open_record(settings) as record:
            record.append([approve(words)], now=wiring.milliseconds())
    return bool(asked)


def _make(settings: Settings, passphrase: str, executor: str | None) -> str:
    """Make the record; returns the recovery key."""
    try:
        return record_init.create(
            settings.record_folder,
            passphrase=passphrase,
            executor=executor,
            random=secrets.token_bytes,
            now=wiring.milliseconds(),
        )
    except ValueError as error:
        hint = "It concerns --passphrase-file or --executor. Nothing was made; run it again."
        raise ConfigError(str(error), hint=hint) from None


def _answers(options: _Options) -> Answers:
    """Take the options, and ask for what they leave open if there is somebody to ask."""
    addresses = options["addresses"] or (ask("Your e-mail address", "--address"),)
    preset = provider_of(options["provider"], address=addresses[0], host=options["imap_host"])
    auth = options["auth"] or preset.auth
    smtp_host = preset.smtp_host if options["smtp_host"] is None else options["smtp_host"]
    if smtp_host is None:
        smtp_host = ask("Server for sending (SMTP; empty for none)", "--smtp-host", empty=True)
    alerts = options["alerts_to"]
    if alerts is None:
        alerts = ask("Private address for alerts (empty for none)", "--alerts-to", empty=True)
    return Answers(
        name=options["name"] or ask("Name of the practice", "--name"),
        addresses=addresses,
        imap_host=options["imap_host"]
        or preset.imap_host
        or ask("Server for reading (IMAP)", "--imap-host"),
        imap_port=_first(options["imap_port"], preset.imap_port),
        imap_security=options["imap_security"] or preset.imap_security,
        imap_user=options["imap_user"] or addresses[0],
        smtp_host=smtp_host,
        smtp_port=_first(options["smtp_port"], preset.smtp_port),
        smtp_security=options["smtp_security"] or preset.smtp_security,
        smtp_user=addresses[0] if options["smtp_user"] is None else options["smtp_user"],
        **sign_in(
            auth,
            password_file=options["password_file"],
            client_file=options["client_file"],
            client_id=options["client_id"],
            tenant=options["tenant"],
        ),
        token_file=options["token_file"],
        ca_file=options["ca_file"],
        alerts_to=alerts,
        mode=options["mode"],
        trusted=options["trusted"] or preset.trusted,
    )


def _first(given: int | None, usual: int) -> int:
    return usual if given is None else given


def _next(config: Path, recovery: Path, *, approved: bool) -> str:
    words = "" if approved else _UNAPPROVED
    line = f"{shlex.quote(sys.executable)} -m guard --config {shlex.quote(str(config.absolute()))}"
    return f"""\
Written: {config} (settings), the record with its keys, and {recovery}.

1. Print {recovery}, keep it with your clinical will, then delete the file.
2. Sign in:                     guard login
3. Check every part:            guard check
4. Say who your clients are:    guard clients add NAME ADDRESS
5. See what a scan would do:    guard scan --dry-run
6. Let cron run it; the line for crontab -e:

*/5 * * * * {line} scan

   or with systemd, as ~/.config/systemd/user/guard.service and guard.timer:

[Service]
Type=oneshot
ExecStart={line} scan

[Timer]
OnCalendar=*:0/5
Persistent=true
[Install]
WantedBy=timers.target

   and, to hear of danger within seconds, besides either of them, guard-watch.service:

[Service]
ExecStart={line} watch
Restart=always
RestartSec=60
[Install]
WantedBy=default.target
{words}"""


_UNAPPROVED = """
Until you approve the words of the reminder, each waits for your click. Read them, and approve
them when they are yours:    guard policy approve
"""
