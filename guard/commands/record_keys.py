"""``guard record`` for keys: passphrase, sheet, recovery, executor, a new identity."""

import secrets
from contextlib import ExitStack
from pathlib import Path

import click

from guard.commands import asking, sheets, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, load
from guard.errors import ConfigError, LockedError
from guard.policy.circumstances import RESTORED
from guard.record.backup_beside import open_beside
from guard.record.entry import Fact
from guard.record.keys import sealed_identity
from guard.record.ledger import Record
from guard.record.readers import change_readers
from guard.record.rekey import Change
from guard.record.restore import open_scanner
from guard.record.seal import Identity
from guard.record.sheet import executors
from guard.record.sheet import recovery as recovery_sheet

_FILE = click.Path(dir_okay=False, path_type=Path)
_NEW = click.option(
    "--new-passphrase-file", type=_FILE, help="File (mode 0600) with the new passphrase."
)


@click.command()
@PASSPHRASE
@_NEW
@click.pass_obj
def passphrase(
    config: Path, passphrase_file: Path | None, new_passphrase_file: Path | None
) -> None:
    """Change the passphrase. The recovery sheet stays as it is."""
    with wiring.open_record(load(config), readonly=True) as record:
        identity = record.keys.unlock(asking.ask_passphrase(passphrase_file))
        _store(load(config), record, identity, _new_passphrase(new_passphrase_file))
    click.echo("The passphrase is changed. Backups of keys/ open by the old one until replaced.")


@click.command()
@click.argument("file", type=_FILE)
@PASSPHRASE
@click.pass_obj
def sheet(config: Path, file: Path, passphrase_file: Path | None) -> None:
    """Write the recovery sheet again, to FILE: printable if it ends in .pdf, else plain."""
    with wiring.open_record(load(config), readonly=True) as record:
        identity = record.keys.unlock(asking.ask_passphrase(passphrase_file))
    sheets.reserve(file)
    sheets.write(file, recovery_sheet(identity))
    click.echo(f"Written: {file}. Print it, keep it with your clinical will, delete the file.")


@click.command()
@click.option("--key-file", type=_FILE, help="File with the key from the sheet, or the sheet.")
@click.option("--try", "only_try", is_flag=True, help="Only say whether the key opens the record.")
@_NEW
@click.pass_obj
def recover(
    config: Path, *, key_file: Path | None, only_try: bool, new_passphrase_file: Path | None
) -> None:
    """Open the record by a sheet, and set a new passphrase.

    Asks for the key that is printed on the recovery sheet, or on the executor's. The
    executor's passphrase does not replace hers: both open the record then.
    """
    with wiring.open_record(load(config), readonly=True) as record:
        identity = Identity.decode(_key(key_file))
        masters = record.keys.masters()
        if identity.recipient not in masters:
            raise LockedError(
                "this key does not open this record",
                hint="It belongs to another record, or guard record rekey has replaced it.",
            )
        whose = "hers" if identity.recipient == masters[0] else "the executor's"
        opened = [
            owner for owner in record.active_owners() if record.keys.secrets(owner, identity)
        ]
        click.echo(f"This key is {whose}; it opens the keys of {len(opened)} owners.")
        if not only_try:
            if open_scanner(record.folder, identity):
                for path in open_beside(record.folder, identity):
                    click.echo(f"{path} is not what guard put into the backup: left sealed.")
                _note_restored(load(config))
                click.echo("The scanner's key is back, too: guard can add to the record again.")
            _store(load(config), record, identity, _new_passphrase(new_passphrase_file))
            click.echo("The new passphrase is set.")


@click.command()
@click.option("--public", help="Their age public key, if they have one (age1...).")
@click.option("--sheet", "file", type=_FILE, help="Make a key for them; it stands on this sheet.")
@click.option("--remove", is_flag=True, help="Nobody but you can read the record any more.")
@PASSPHRASE
@click.pass_obj
def executor(
    config: Path,
    *,
    public: str | None,
    file: Path | None,
    remove: bool,
    passphrase_file: Path | None,
) -> None:
    """Say who else can read the record: the executor of your clinical will.

    Without an option it says whether there is somebody. Naming somebody replaces who was named
    before, who can open copies of keys/ from before, and nothing else.
    """
    settings = load(config)
    if sum((public is not None, file is not None, remove)) > 1:
        raise ConfigError("say one of --public, --sheet and --remove")
    if public is None and file is None and not remove:
        with wiring.open_record(settings, readonly=True) as record:
            named = record.keys.masters()[1:]
        click.echo("\n".join(named) or "Nobody but you can read the record.")
        return
    with wiring.locked(settings), wiring.open_record(settings) as record, ExitStack() as undo:
        identity = _hers(record, passphrase_file)
        named = () if public is None else (public,)
        if file is not None:
            theirs = Identity.make()
            sheets.reserve(file)
            undo.callback(file.unlink)
            sheets.write(file, executors(theirs))
            named = (theirs.recipient,)
        _change(record, _changed(identity, (identity.recipient, *named)))
        undo.pop_all()
    if file is not None:
        click.echo(f"Written: {file}. Print it, seal it in an envelope, delete the file.")
    click.echo(
        f"{'Somebody else' if named else 'Nobody but you'} can read the record from now on."
    )


@click.command()
@click.argument("file", type=_FILE)
@PASSPHRASE
@_NEW
@click.pass_obj
def rekey(
    config: Path, file: Path, passphrase_file: Path | None, new_passphrase_file: Path | None
) -> None:
    """Take a new identity, after a theft; FILE gets the new recovery sheet.

    Every client's keys are sealed anew, and mail from now on goes to new keys. The old sheet
    and the old passphrase open copies of keys/ from before, and nothing else: delete those
    backups. What a thief has copied already stays protected by the old passphrase alone.
    """
    settings = load(config)
    with wiring.locked(settings), wiring.open_record(settings) as record, ExitStack() as undo:
        old = _hers(record, passphrase_file)
        new, words = Identity.make(), _new_passphrase(new_passphrase_file)
        sealed = _sealed(new, words)
        sheets.reserve(file)
        undo.callback(file.unlink)
        # Before the change, so that no key ever counts that stands on no sheet.
        sheets.write(file, recovery_sheet(new))
        recipients = (new.recipient, *record.keys.masters()[1:])
        owners = len(record.active_owners())
        _change(
            record,
            Change(
                identity=old,
                recipients=recipients,
                files={"therapist.key.age": sealed},
                successor=new,
            ),
        )
        undo.pop_all()
    click.echo(f"The keys of {owners} owners are sealed to your new identity.")
    click.echo(f"Written: {file}. Print it, keep it with your clinical will, delete the file.")
    click.echo("Destroy the old sheet, and back up so that no backup keeps the old files:")
    click.echo("guard record backup TARGET --horizon 0")


def _note_restored(settings: Settings) -> None:
    """Whom guard wrote to since the backup is not known: nobody gets a reminder twice."""
    with wiring.open_record(settings) as record:
        record.append([Fact(kind=RESTORED)], now=wiring.milliseconds())


def _changed(identity: Identity, recipients: tuple[str, ...]) -> Change:
    try:
        return Change(identity=identity, recipients=recipients, files={})
    except ValueError as error:
        raise ConfigError(str(error), hint="It concerns --public. Nothing was changed.") from None


def _change(record: Record, change: Change) -> None:
    change_readers(record, change, now=wiring.milliseconds())


def _hers(record: Record, passphrase_file: Path | None) -> Identity:
    identity = record.keys.unlock(asking.ask_passphrase(passphrase_file))
    if identity.recipient != record.keys.masters()[0]:
        raise LockedError(
            "this is the executor's passphrase, and only hers changes who can read",
            hint="Everything can be read and exported with it all the same.",
        )
    return identity


def _store(settings: Settings, reading: Record, identity: Identity, words: str) -> None:
    with ExitStack() as stack:
        record = reading
        if settings.record.database:
            # There keys are rows, which whoever only reads may not change.
            record = stack.enter_context(wiring.open_record(settings))
        try:
            record.keys.store_identity(identity, words, random=secrets.token_bytes)
        except ValueError as error:
            raise _bad(error) from None


def _sealed(identity: Identity, words: str) -> bytes:
    try:
        return sealed_identity(identity, words, random=secrets.token_bytes)
    except ValueError as error:
        raise _bad(error) from None


def _bad(error: ValueError) -> ConfigError:
    return ConfigError(str(error), hint="Nothing was changed. Choose six words, say.")


def _new_passphrase(file: Path | None) -> str:
    return asking.ask_passphrase(
        file, confirm=True, prompt="New passphrase", option="--new-passphrase-file"
    )


def _key(file: Path | None) -> str:
    if file is None:
        return asking.ask_passphrase(None, prompt="Key from the sheet", option="--key-file")
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"cannot read {file}", hint="It is named by --key-file.") from None
