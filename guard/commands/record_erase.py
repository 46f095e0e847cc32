"""``guard record erase``: the end of one client's record, in two steps with a day between."""

from contextlib import ExitStack
from pathlib import Path

import click

from guard.clients import rights
from guard.clients.directory import Client
from guard.clients.register import everyone, the_one
from guard.clients.retention import standing
from guard.commands import asking, wiring
from guard.commands.options import PASSPHRASE
from guard.commands.record_models import forget, learned_from
from guard.config import Settings, load
from guard.errors import ConfigError
from guard.record.entry import JSON, Entry
from guard.record.eraser import complete, finish
from guard.record.eraser import erase as carry_out
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.record.times import from_ms
from guard.review.earlier import earlier
from guard.review.index import Index
from guard.review.letters import Letters
from guard.review.shelf import Shelf
from guard.rights.erasing import Plan, plan

_HOLD_HINT = "End the hold first: guard record release CLIENT"
_AGAIN = "Nothing was erased. To order it anew: guard record erase CLIENT"


@click.command()
@click.argument("client")
@click.option("--code", default="", help="The second step: the code that the first one printed.")
@click.option("--reason", default="", help="First step: why; stands sealed in the record.")
@click.option("--anyway", is_flag=True, help="Also letters that you gave to somebody else.")
@click.option("--shipped-model", is_flag=True, help="Second step: do not train a new model.")
@PASSPHRASE
@click.pass_obj
def erase(
    config: Path,
    client: str,
    *,
    code: str,
    reason: str,
    anyway: bool,
    shipped_model: bool,
    passphrase_file: Path | None,
) -> None:
    """Erase everything of CLIENT, for ever, in two steps. Needs the passphrase for both.

    The first step changes nothing but to file the order, says what it will do, and prints a
    code. A day later at the earliest, thirty at the latest, the second step with --code does
    it: letters, decisions, rulings, notes, name and addresses are destroyed with the client's
    key, models that learned from them are made again without them. The log goes on to verify,
    and holds the certificate. The mailbox is yours: guard deletes nothing there. Backups of
    keys/ must be gone too before nothing can be read.
    """
    settings = load(config)
    with ExitStack() as stack:
        stack.enter_context(wiring.locked(settings))
        record = stack.enter_context(wiring.open_record(settings))
        # What a crash left undone is done first, whatever is asked now.
        finish(record)
        reader = asking.unlock(record, passphrase_file)
        erased = _erased(record, client)
        if erased is not None:
            left = complete(record, str(erased.owner), now=wiring.milliseconds())
            if left:
                click.echo(f"Letters that had been left behind, destroyed now: {left}\n")
            click.echo(certificate(erased))
            return
        who = the_one(everyone(record, reader), client)
        _refuse(record, who)
        planned = _planned(record, who.id)
        _refuse_foreign(planned, anyway=anyway)
        if not code:
            _order(settings, record, reader, who, planned, reason)
            return
        order = _ripe(record, who.id, code, planned)
    _destroy(settings, who.id, order, reader, shipped_model=shipped_model)


def certificate(entry: Entry) -> str:
    """Return what an erasure's entry certifies, in words."""
    told, when = entry.data, from_ms(entry.at)
    ordered = f"{told.get('ordered', 'unknown')}, entry {told.get('order', 'unknown')}"
    letters, said = told.get("letters", "?"), told.get("said", "?")
    lines = [
        "CERTIFICATE OF DESTRUCTION",
        f"Record of:   {entry.owner} (a pseudonym; write the name by hand if you need it)",
        f"Erased on:   {when:%Y-%m-%d %H:%M} UTC, entry {entry.seq} of the log",
        f"Ordered on:  {ordered}",
        f"Destroyed:   {letters} letters, {said} further entries, name, addresses, the key to all",
        f"Stays:       {told.get('shared', 0)} letters that other clients share",
        f"Models:      {', '.join(told.get('models', ())) or 'none had learned from them'}",
        f"Proof:       guard record verify; the order is signed, SHA-256 {entry.leaf.hex()}",
    ]
    return "\n".join(lines)


def _erased(record: Record, text: str) -> Entry | None:
    """The certificate of a client who is erased and did not come back."""
    if not record.erasures().end(text) or record.keys.is_owner(text):
        return None
    return record.latest("shredded", owner=text)


def _refuse(record: Record, who: Client) -> None:
    if record.held(who.id):
        raise ConfigError(
            "this client is under a legal hold, so nothing may be erased", hint=_HOLD_HINT
        )
    if any(one.open for one in rights.asked(record, who.id)):
        raise ConfigError(
            "this client has asked for a copy, and is still owed an answer",
            hint="Answer first, then: guard record access done CLIENT",
        )


def _refuse_foreign(planned: Plan, *, anyway: bool) -> None:
    if planned.foreign and not anyway:
        numbers = ", ".join(map(str, planned.foreign[:20]))
        raise ConfigError(
            f"{len(planned.foreign)} letters are sealed to this client's key that you gave to"
            f" somebody else, and would be lost: items {numbers}",
            hint="Export that other client first (guard record export), then add --anyway.",
        )


def _planned(record: Record, owner: str) -> Plan:
    shelf = Shelf()
    shelf.take(record.entries())
    gone = frozenset(record.erasures().owners()) - set(record.keys.owners())
    return plan(shelf, owner, record.entries(), gone, erased=record.erasures().covers)


def _order(
    settings: Settings, record: Record, reader: Reader, who: Client, planned: Plan, reason: str
) -> None:
    today = wiring.today()
    rank, words = standing(who, settings.retention, today, held=False)
    models = learned_from(settings, record, who.id)
    now = wiring.milliseconds()
    (seq,) = record.append([rights.erasing(who.id, reason, planned.letters)], now=now)
    click.echo(f"Ordered, and not done yet: to erase {who.id}, {who.name}.")
    click.echo(f"  destroyed: {planned.letters} letters and {planned.said} further entries")
    if planned.shared:
        click.echo(f"  stays:     {len(planned.shared)} letters that other clients share")
    for one in models:
        click.echo(f"  model:     {one.name} learned from them: made again without, destroyed")
    if before := _before(record, reader, who):
        click.echo(f"  Mind:      {before} letters with these addresses were filed before you")
        click.echo("             entered the client, and stay; guard review, the client's page,")
        click.echo("             adds them. Then order anew")
    if rank:
        click.echo(f"  Mind:      {words}")
    if settings.model.path:
        click.echo("  Mind:      model.path names a model of your own; guard cannot know whom")
        click.echo("             it learned from")
    click.echo("After a day, and within thirty, this does it; nothing brings it back:")
    click.echo(f"  guard record erase {who.id} --code {rights.code(record.entry(seq))}")


def _before(record: Record, reader: Reader, who: Client) -> int:
    """How many letters came before somebody was a client, and lie in nobody's record."""
    shelf = Shelf()
    shelf.take(record.entries())
    known = tuple(everyone(record, reader))
    with Letters() as letters:
        index = Index(letters)
        return len(earlier(shelf, record, reader, index, who, parents=known, most_read=None))


def _ripe(record: Record, owner: str, code: str, planned: Plan) -> Entry:
    """Return the order that a code carries out now.

    Raises:
        ConfigError: There is none, it must rest, it lapsed, or letters came since.
    """
    order = record.latest(rights.ERASING, owner=owner)
    if order is None or rights.code(order) != code.strip().lower():
        raise ConfigError("this code fits no order for this client", hint=_AGAIN)
    not_yet = rights.ripe(order, wiring.milliseconds())
    if not_yet:
        raise ConfigError(not_yet, hint="Nothing was erased.")
    if planned.letters != order.data["letters"]:
        raise ConfigError(
            f"the order was for {order.data['letters']} letters, now there are {planned.letters}",
            hint=_AGAIN,
        )
    return order


def _destroy(
    settings: Settings, owner: str, order: Entry, reader: Reader, *, shipped_model: bool
) -> None:
    with wiring.open_record(settings, readonly=True) as record:
        planned = _planned(record, owner)
    items = frozenset({*planned.alone, *planned.given, *planned.shared})
    models = forget(settings, owner, items, reader, shipped_model=shipped_model)
    with wiring.locked(settings), wiring.open_record(settings) as record:
        # A letter may have come while a model was made.
        planned = _planned(record, owner)
        _ripe(record, owner, rights.code(order), planned)
        ordered = from_ms(order.at)
        body: dict[str, JSON] = {
            "letters": planned.letters,
            "said": planned.said,
            "shared": len(planned.shared),
            "models": models,
            "order": order.seq,
            "ordered": f"{ordered:%Y-%m-%d %H:%M} UTC",
        }
        seq = carry_out(
            record,
            owner,
            identity=reader.identity,
            body=body,
            now=wiring.milliseconds(),
            items=planned.given,
        )
        click.echo(certificate(record.entry(seq)))
