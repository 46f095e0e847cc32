"""``guard record backup``, ``restore`` and ``drill``."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from guard.commands import asking, beside, wiring
from guard.commands.options import PASSPHRASE
from guard.config import Settings, load
from guard.errors import ConfigError, GuardError, RecordBrokenError
from guard.policy.circumstances import RESTORED
from guard.record import backup as record_backup
from guard.record import durable
from guard.record.backup_beside import open_beside
from guard.record.backup_folder import BackupFolder
from guard.record.entry import Entry, Fact
from guard.record.eraser import replay
from guard.record.keys import Keys
from guard.record.lock import backup_lock
from guard.record.manifest import NAME
from guard.record.restore import open_scanner, openable, orders
from guard.record.restore import restore as record_restore
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.times import from_ms

_DAY_MS = 86_400_000
_S3 = "s3://"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("target")
@click.option(
    "--horizon",
    type=click.IntRange(0, 30),
    default=30,
    show_default=True,
    help="Days that a replaced key file is kept; those of erased clients go at once.",
)
@click.pass_obj
def backup(config: Path, target: str, horizon: int) -> None:
    """Back the record up to TARGET, a folder or s3://bucket/prefix; only what is new.

    Everything is sealed as it is in the record, so TARGET needs no trust to keep it secret. A
    scan may run meanwhile. What is copied is verified on the way, and a record that was rolled
    back never replaces its backup. For cron, once a day; keep two, one of them elsewhere.
    guard.toml, words of your own and models of your own are in it, too; passwords are not.
    """
    settings = load(config)
    now = wiring.milliseconds()
    with (
        backup_lock(wiring.record_folder(settings), now=now),
        wiring.open_record(settings) as record,
    ):
        done = record_backup.back_up(
            record,
            _store(target),
            now=now,
            horizon=horizon * _DAY_MS,
            beside=beside.found(config, settings),
        )
    _note(settings, done.entries)
    click.echo(
        f"{done.entries} entries in the backup, {done.added} of them new; "
        f"{done.size / 1e6:.1f} MB written, {done.removed} old pieces destroyed."
    )


@click.command()
@click.argument("source")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--orders", "newer", help="A newer backup or record: erase orders in it are carried out again."
)
@click.option("--read-only", is_flag=True, help="Without the passphrase: guard can only read it.")
@click.option("--anyway", is_flag=True, help="Restore even what does not verify.")
@PASSPHRASE
def restore(
    source: str,
    folder: Path,
    newer: str | None,
    *,
    read_only: bool,
    anyway: bool,
    passphrase_file: Path | None,
) -> None:
    """Make the record in FOLDER from the backup in SOURCE, a folder or s3://bucket/prefix.

    FOLDER must be empty or not there. The whole log is verified first. The passphrase is that
    of the day of the backup; if it is forgotten: --read-only, then guard record recover.
    """
    if newer is not None and read_only:
        raise ConfigError("--orders needs the passphrase", hint="Leave --read-only out.")
    found = list(_orders(newer)) if newer is not None else []

    def unlock(keys: Keys) -> Identity:
        return keys.unlock(asking.ask_passphrase(passphrase_file))

    done = record_restore(
        _source(source), folder, unlock=None if read_only else unlock, anyway=anyway
    )
    click.echo(f"{done.entries} entries restored, as of {_day(done.at)}.")
    for finding in done.findings:
        click.echo(str(finding))
    if not done.findings:
        click.echo("All verified.")
    if not read_only:
        with SqliteRecord.open(folder) as record:
            again = sum([replay(record, entry) for entry in found])
            # Whom guard wrote to since the backup is not known: nobody gets a reminder twice.
            record.append([Fact(kind=RESTORED)], now=wiring.milliseconds())
        if found:
            click.echo(f"{again} erase orders carried out again.")
    beside.tell(folder)
    click.echo(f'To use it, set [record] path = "{folder}" in guard.toml, or move it there.')
    click.echo("Of a clinic: take database, practice, blobs and endpoint out of [record] as well.")


@click.command()
@click.argument("source")
@click.option(
    "--at",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with room for the whole record; default: the system's for temporary files.",
)
@click.option("--locked", is_flag=True, help="Without the passphrase: verify, and open nothing.")
@PASSPHRASE
@click.pass_obj
def drill(
    config: Path, source: str, at: Path | None, *, locked: bool, passphrase_file: Path | None
) -> None:
    """Prove that the backup in SOURCE can be restored: do it, in a place that is cleared after.

    The whole log is verified, compared with the record in use, the newest message of every
    client is opened, and settings and own models are read. Nothing is left behind. Exit status
    65 when anything is wrong.
    """
    store = _source(source)
    words = None if locked else asking.ask_passphrase(passphrase_file)
    with tempfile.TemporaryDirectory(prefix="guard-drill-", dir=at) as place:
        folder = Path(place) / "record"
        done = record_restore(store, folder, unlock=None)
        click.echo(f"{done.entries} entries restored and verified, as of {_day(done.at)}.")
        _compare(config, store)
        if words is None:
            return
        identity = Keys(folder / "keys").unlock(words)
        opened, failed = openable(folder, identity)
        bad = open_beside(folder, identity) if open_scanner(folder, identity) else []
        if not (failed or bad):
            beside.prove(folder)
    click.echo(f"The newest message of {opened} of {opened + len(failed)} owners was opened.")
    if failed or bad:
        what = f"no message of {', '.join(failed)}" if failed else f"not {', '.join(bad)}"
        raise RecordBrokenError(
            f"{what} could be opened",
            hint="Make a new backup in an empty folder, and try that one.",
        )


def _compare(config: Path, store: record_backup.Store) -> None:
    """Compare with the record in use, if there is one here."""
    if not config.exists():
        click.echo("There is no guard.toml here, so it was not compared with a record in use.")
        return
    with wiring.open_record(load(config), readonly=True) as record:
        behind = record.size() - record_backup.compare(record, store)
    click.echo(f"It is the record in use, without the newest {behind} entries.")


def _store(target: str) -> record_backup.Store:
    if not target.startswith(_S3):
        return BackupFolder(Path(target).expanduser().absolute())
    from guard.record.backup_s3 import BackupBucket  # noqa: PLC0415  # an extra, slow to load

    bucket, _, prefix = target.removeprefix(_S3).partition("/")
    if not bucket:
        raise ConfigError("a bucket is missing", hint="Such as: s3://bucket/guard")
    return BackupBucket(bucket, prefix)


def _source(source: str) -> record_backup.Store:
    if not source.startswith(_S3) and not Path(source).expanduser().is_dir():
        raise ConfigError(
            f"there is no folder {source}",
            hint="Name the folder that guard record backup wrote to. Is its disk plugged in?",
        )
    return _store(source)


def _orders(newer: str) -> Iterator[Entry]:
    if newer.startswith(_S3) or (Path(newer) / NAME).exists():
        yield from orders(_source(newer))
        return
    with SqliteRecord.open(Path(newer), readonly=True) as record:
        yield from record.of_kind("shredded")


def _day(milliseconds: int) -> str:
    return f"{from_ms(milliseconds):%Y-%m-%d %H:%M} UTC"


def _note(settings: Settings, entries: int) -> None:
    """Note the backup for ``guard check``; that it cannot be noted is no reason to fail."""
    note = {"at": wiring.clock().isoformat(timespec="seconds"), "entries": entries}
    with contextlib.suppress(GuardError):
        durable.write(settings.record_folder / "last-backup.json", json.dumps(note).encode())
