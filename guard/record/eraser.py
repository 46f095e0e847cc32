"""Taking out of the record what an order of hers covers, and nothing else.

Edge: the order, the sealed bytes and the names go in one transaction, the keys after it; a
crash in between is mended by `finish`. What is deleted is overwritten with zeros.
Source: FORMAT.md, "Erasing"; sqlite.org/pragma.html, secure_delete.
"""

import json
import shutil
from collections.abc import Mapping, Sequence

from guard.errors import LockedError, RecordBrokenError, RecordError
from guard.record import durable
from guard.record.batch import Batch
from guard.record.entry import JSON, UNSORTED, Entry
from guard.record.ledger import Record
from guard.record.note import Verifier
from guard.record.order import Order, signer, succession, verifier
from guard.record.seal import Identity


def erase(
    record: Record,
    owner: str,
    *,
    identity: Identity,
    body: Mapping[str, JSON],
    now: int,
    items: Sequence[int] = (),
) -> int:
    """Destroy what is sealed to an owner alone, and the keys, for ever; say so in the log.

    The one function that destroys. A message of several owners stays readable through the
    others. Mail that comes later gets a new key.

    Args:
        record: Open for writing.
        owner: Whose.
        identity: Hers: it signs the order, which nothing else can.
        body: What the certificate says; public.
        now: Milliseconds since 1970-01-01 UTC.
        items: Further messages that go too, whoever they are sealed to.

    Returns:
        The number of the `shredded` entry, which is the certificate.

    Raises:
        LockedError: The identity is not the one that may order. Nothing was done.
        BusyError: Another process is writing. Nothing was done.
        RecordError: A legal hold stands, or the disk would not. Nothing was done.
    """
    if owner == UNSORTED:
        raise ValueError("what belongs to nobody has no owner to erase")
    _drop_cache(record)
    with record.writing(now) as batch:
        _refuse_held(record, owner)
        origin = insist_orderer(record, batch, identity)
        order = Order(origin=origin, size=batch.size, owner=owner, items=tuple(sorted(items)))
        seq = _carry_out(
            record, batch, order, note=signer(identity, origin).sign(order.encode()), body=body
        )
    # Once more: somebody may have searched while the entries went.
    _drop_cache(record)
    finish(record)
    return seq


def replay(record: Record, entry: Entry) -> bool:
    """Carry out an order of hers again, in a record restored from before it was given.

    Args:
        record: Open for writing.
        entry: A `shredded` entry of this log, read from a newer copy of it.

    Returns:
        Whether there was anything left to do.

    Raises:
        RecordBrokenError: She did not sign it, or it is for another record.
        RecordError: A legal hold stands, or the disk would not. Nothing was done.
    """
    note, body = entry.fields.get("order"), {**entry.data, "again": True}
    with record.writing(entry.at) as batch:
        order = _read(record.erasures().orderer, note, batch.scanner.verifier.name)
        keyed = record.latest("keyed", owner=order.owner)
        if keyed is None or keyed.seq < record.erasures().end(order.owner):
            return False
        _refuse_held(record, order.owner)
        _carry_out(record, batch, order, note=str(note), body=body)
    _drop_cache(record)
    finish(record)
    return True


def finish(record: Record) -> None:
    """Destroy the keys that an order covers and a crash left behind; cheap when none are.

    Raises:
        BusyError: Another process is writing. Nothing was done.
        RecordError: The disk would not.
    """
    if not _condemned(record):
        return
    # Inside a transaction, so that nobody makes a new key under the same name meanwhile.
    with record.writing(0):
        for owner in _condemned(record):
            record.keys.destroy(owner)


def complete(record: Record, owner: str, *, now: int) -> int:
    """Destroy what orders took and that is here all the same; the orders stand, none is filed.

    An older guard that shared the database may have left it, or a file was put back.

    Args:
        record: Open for writing.
        owner: Who was erased.
        now: Milliseconds since 1970-01-01 UTC.

    Returns:
        Number of messages that went.

    Raises:
        BusyError: Another process is writing. Nothing was done.
        RecordError: The disk would not. Nothing was done.
    """
    with record.writing(now) as batch:
        gone = _take_out(record, batch, owner, record.erasures().items())
    if gone:
        _drop_cache(record)
    return gone


def _drop_cache(record: Record) -> None:
    """Delete what can be searched: it may hold words of letters that go by number."""
    try:
        shutil.rmtree(record.folder / "search")
    except FileNotFoundError:
        return
    except OSError as error:
        raise durable.disk_error(error) from error


def _condemned(record: Record) -> list[str]:
    erasures = record.erasures()
    return [
        owner
        for owner in erasures.owners()
        if record.keys.has_any(owner)
        if (keyed := record.latest("keyed", owner=owner)) is not None
        if keyed.seq < erasures.end(owner)
    ]


def _refuse_held(record: Record, owner: str) -> None:
    if record.held(owner):
        raise RecordError(
            "this client is under a legal hold, so nothing was destroyed",
            hint="End the hold first: guard record release CLIENT",
        )


def insist_orderer(record: Record, batch: Batch, identity: Identity) -> str:
    """Return the origin of the log, if this identity may order anything of it.

    Raises:
        LockedError: It may not.
    """
    origin = batch.scanner.verifier.name
    if record.erasures().orderer is None:
        # A record older than erase orders: the first who unlocks it is taken for her.
        name_orderer(record, batch, identity, identity)
    if record.erasures().orderer != verifier(identity, origin):
        raise LockedError("this key may not order anything of this record")
    return origin


def name_orderer(record: Record, batch: Batch, successor: Identity, identity: Identity) -> None:
    """File that a new identity of hers orders from now on, signed by the one before."""
    origin = batch.scanner.verifier.name
    text = succession(origin, verifier(successor, origin))
    batch.add("orderer", {"order": signer(identity, origin).sign(text)})
    assert record.erasures().orderer == verifier(successor, origin)


def _read(orderer: Verifier | None, note: object, origin: str) -> Order:
    try:
        order = None if orderer is None else Order.decode(orderer.text_of(str(note)))
    except ValueError:
        order = None
    if order is None or order.origin != origin:
        raise RecordBrokenError("an order that she did not sign for this record")
    return order


def _carry_out(
    record: Record, batch: Batch, order: Order, *, note: str, body: Mapping[str, JSON]
) -> int:
    names = batch.store.ask("SELECT mac FROM name WHERE owner = ? ORDER BY mac", order.owner)
    unnames = [mac.hex() for (mac,) in names]
    fields: dict[str, JSON] = {"owner": order.owner, "body": body, "order": note}
    seq = batch.add("shredded", fields | ({"unnames": unnames} if unnames else {}))
    _take_out(record, batch, order.owner, order.items)
    if record.keys.place.together:
        for owner in _condemned(record):
            record.keys.destroy(owner)
    return seq


def _take_out(record: Record, batch: Batch, owner: str, items: Sequence[int]) -> int:
    """Destroy what is covered, and what waits because of it; returns the number of messages."""
    gone = _wipe(record, batch, owner, items)
    for item in gone:
        tasks = batch.store.ask("SELECT name FROM task WHERE item = ? ORDER BY name", item)
        if closes := [name for (name,) in tasks]:
            batch.add("dropped", {"item": item, "closes": closes})
    return len(gone)


def _wipe(record: Record, batch: Batch, owner: str, items: Sequence[int]) -> list[int]:
    """Destroy every sealed part and message that is covered now; returns the messages."""
    covers = record.erasures().covers
    left = "(sealed IS NOT NULL OR seq IN (SELECT seq FROM blob))"
    # Over every body, because an entry of two owners is in the index under the first only.
    inside = f"{batch.store.contains}(body, ?) > 0"
    found = batch.store.ask(
        f"SELECT seq, kind, body FROM entry WHERE {left} AND {inside}",  # noqa: S608 - our own names
        json.dumps(owner).encode(),
    )
    for item in items:
        query = f"SELECT seq, kind, body FROM entry WHERE {left} AND item = ?"  # noqa: S608 - as above
        found += batch.store.ask(query, item)
    doomed = {seq: kind for seq, kind, body in found if covers(json.loads(body))}
    batch.store.shred(sorted(doomed))
    return sorted(seq for seq, kind in doomed.items() if kind == "filed")
