"""Models that learned from a client who is erased: made again without, and destroyed."""

import click

from guard import shipped
from guard.commands import judges, wiring
from guard.commands.model import put_in_use
from guard.config import Settings
from guard.errors import ConfigError, ModelError, RecordError
from guard.record.entry import Fact
from guard.record.ledger import Record
from guard.record.reading import Reader
from guard.verdict import cabinet
from guard.verdict.chosen import chosen

_TRAINED = "trained"
_WHY = "made again without a client who was erased"


def learned_from(settings: Settings, record: Record, owner: str) -> list[cabinet.Kept]:
    """Return the practice's own models that learned, or may have, from a client's mail.

    A model of which the record does not say from whom it learned may have.
    """
    told: dict[str, set[str]] = {}
    for entry in record.of_kind(_TRAINED):
        told.setdefault(str(entry.data["sha256"])[:12], set()).update(entry.data["clients"])
    kept = cabinet.kept(judges.cabinet_of(settings))
    return [one for one in kept if owner in told.get(one.name, {owner})]


def forget(
    settings: Settings, owner: str, items: frozenset[int], reader: Reader, *, shipped_model: bool
) -> list[str]:
    """Make the model in use again without a client if it knows them, and destroy all that do.

    Safe to do again after a crash: it begins with what is still there.

    Args:
        settings: The practice's choices.
        owner: Id of the client.
        items: Their letters, from which nothing may be learned.
        reader: For the record, unlocked.
        shipped_model: Do not train; go back to the shipped model.

    Returns:
        Names of the models that were destroyed.

    Raises:
        ModelError: It cannot be made again now. No model was destroyed.
        BusyError: Another scan is running.
    """
    with wiring.open_record(settings, readonly=True) as record:
        doomed = learned_from(settings, record, owner)
    if any(one.in_use for one in doomed):
        name = None if shipped_model else _made_again(settings, items, reader)
        put_in_use(settings, name, why=_WHY)
    for one in doomed:
        cabinet.destroy(judges.cabinet_of(settings), one.name)
    if doomed:
        body = {"models": [one.name for one in doomed], "why": _WHY}
        with wiring.locked(settings), wiring.open_record(settings) as record:
            record.append([Fact(kind="unlearned", body=body)], now=wiring.milliseconds())
    return [one.name for one in doomed]


def _made_again(settings: Settings, items: frozenset[int], reader: Reader) -> str | None:
    """Train without some items; returns the new model's name, None for the shipped one."""
    # scikit-learn takes a second to import.
    from guard.commands.train import Fresh, keep, ruled_examples  # noqa: PLC0415

    try:
        with wiring.open_record(settings, readonly=True) as record:
            ruled = ruled_examples(settings, record, reader.of(record), without=items)
        if not ruled:
            return None
        fresh = Fresh(shipped.folder("corpus"), ruled)
        if fresh.worse_than(chosen(shipped.folder("models")), ruled):
            return None
    except (ConfigError, ModelError, RecordError, OSError, ValueError, MemoryError) as error:
        click.echo(f"Training failed ({type(error).__name__}).", err=True)
        raise ModelError(
            "the model cannot be made again without this client now, so nothing was erased",
            hint="Add --shipped-model to go back to the shipped one, and run guard train later.",
        ) from None
    return keep(settings, fresh, ruled).name
