"""``guard clients import``: a whole directory from a file, or nothing of it."""

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import click

from guard.clients import csv_file, directory, vcard
from guard.clients.contacts import Contact, Contacts, Fault
from guard.clients.directory import Client
from guard.clients.retention import plausible
from guard.commands import wiring
from guard.commands.clients_change import MOST_OF_A_LIFE
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.record.ledger import Record

_VCARDS = frozenset({".vcf", ".vcard"})


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show who would be added, and add nobody.")
@click.option("--shared", is_flag=True, help="Addresses may belong to several clients.")
@click.pass_obj
def import_(config: Path, file: Path, *, dry_run: bool, shared: bool) -> None:
    """Add everybody in FILE: CSV, or vCard (.vcf).

    A CSV file's first line names its columns: name (or first name and last name) and email,
    and if you like born, ended, kind (client, couple, parent, professional), about (a parent's
    child) and no automatic mail. Whoever is known already is left as they are. If any line is
    wrong, every such line is named and nobody is added. Delete the file afterwards.
    """
    settings = load(config)
    read = vcard.read if file.suffix.lower() in _VCARDS else csv_file.read
    try:
        contacts = read(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the file: {error.strerror}") from None
    lock = contextlib.nullcontext() if dry_run else wiring.locked(settings)
    with lock, wiring.open_record(settings, readonly=dry_run) as record:
        new, faults = _new(settings, record, contacts, shared=shared)
        faults += [one for contact in contacts.people for one in _slips(contact)]
        clients, lost = _clients(record, new)
        faults = sorted([*contacts.faults, *contacts.namesakes(), *faults, *lost])
        for fault in faults:
            click.echo(f"{file.name}:{fault.line}: {fault.what}", err=True)
        if faults:
            raise ConfigError(
                f"{len(faults)} of its lines cannot be taken over, so nobody was added",
                hint="Mend them and run it again. To look first: --dry-run",
            )
        if not dry_run and clients:
            facts = [directory.enrol(one) for one in clients]
            record.append(facts, now=wiring.milliseconds())
    for one in clients if dry_run else ():
        click.echo(f"{one.name}  {', '.join(one.addresses)}")
    known = len(contacts.people) - len(clients)
    click.echo(f"{len(clients)} {'would be' if dry_run else 'were'} added.")
    click.echo(f"{known} known already, {contacts.without_address} without an e-mail address.")


def _new(
    settings: Settings, record: Record, contacts: Contacts, *, shared: bool
) -> tuple[list[Contact], list[Fault]]:
    """Return whom nobody knows yet, and what stands in the way."""
    own = {directory.normalise(one) for one in settings.practice.addresses}
    taken: dict[str, Contact] = {}
    new: list[Contact] = []
    faults: list[Fault] = []
    for one in contacts.people:
        owners = [record.owners_named(text) for text in one.addresses]
        if own & {*one.addresses}:
            faults.append(Fault(line=one.line, what="this is one of your own addresses"))
        elif all(owners) and len({*owners}) == 1:
            continue
        elif any(owners) and not shared:
            what = "one of the addresses belongs to a client already (see guard clients change)"
            faults.append(Fault(line=one.line, what=what))
        elif (other := next((taken[a] for a in one.addresses if a in taken), None)) and not shared:
            what = f"line {other.line} has the same address; if both share it, add: --shared"
            faults.append(Fault(line=one.line, what=what))
        else:
            new.append(one)
        taken.update(dict.fromkeys(one.addresses, one))
    return new, faults


def _slips(one: Contact) -> Iterator[Fault]:
    """Yield the dates that can only be slips of the pen."""
    today = wiring.today()
    if not plausible(one.born, today, back=MOST_OF_A_LIFE, ahead=0):
        yield Fault(line=one.line, what="born: nobody was born then")
    if not plausible(one.ended, today, back=MOST_OF_A_LIFE, ahead=1):
        yield Fault(line=one.line, what="ended: more than a year ahead, or long past")


def _clients(record: Record, new: list[Contact]) -> tuple[list[Client], list[Fault]]:
    """Return them with ids, and those whose child cannot be found."""
    ids = [f"c{secrets.token_hex(5)}" for _ in new]
    named: dict[str, list[str]] = {}
    for one, token in zip(new, ids, strict=True):
        named.setdefault(one.name.casefold(), []).append(token)
    clients: list[Client] = []
    faults: list[Fault] = []
    for one, token in zip(new, ids, strict=True):
        about = [_meant(record, named, text) for text in one.about]
        if None in about:
            what = "about: neither the name of one person in this file nor a client's id"
            faults.append(Fault(line=one.line, what=what))
        clients.append(
            Client(
                id=token,
                name=one.name,
                addresses=one.addresses,
                automatic=one.automatic,
                kind=one.kind,
                ended=one.ended,
                born=one.born,
                about=tuple(found for found in about if found),
            )
        )
    return clients, faults


def _meant(record: Record, named: dict[str, list[str]], text: str) -> str | None:
    found = named.get(text.casefold(), [])
    if len(found) == 1:
        return found[0]
    return text if not found and record.latest(directory.KIND, owner=text) is not None else None
