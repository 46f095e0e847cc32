"""Every client that can be read, and the one that a person means by a name or an address.

Touches the world only through the record and the reader that it is given.
"""

from collections.abc import Iterable

from guard.clients.directory import KIND, Client, is_client, read
from guard.errors import ConfigError, RecordError
from guard.record.queries import Queries
from guard.record.reading import Reader

_SEE = "See: guard clients list   Name, address or id will do."


def everyone(record: Queries, reader: Reader) -> list[Client]:
    """Return every client, by name; those whose keys were destroyed are left out.

    Raises:
        LockedError: The reader's identity does not open this record.
    """
    found: list[Client] = []
    for owner in record.keys.owners():
        entry = record.latest(KIND, owner=owner)
        if entry is None or not is_client(entry):
            continue
        try:
            found.append(read(reader.secret(entry.seq)))
        except (RecordError, ValueError):
            continue
    return sorted(found, key=lambda one: (one.name.casefold(), one.id))


def the_one(clients: Iterable[Client], text: str) -> Client:
    """Return the client whom a person means by an id, a name or an address.

    Raises:
        ConfigError: Nobody is meant, or it could be several.
    """
    text = text.strip()
    everybody = list(clients)
    found = [one for one in everybody if text in (one.id, one.name, *one.addresses)]
    if not found:
        folded = text.casefold()
        found = [one for one in everybody if folded in (one.name.casefold(), *one.addresses)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError("there is no such client", hint=_SEE)
    raise ConfigError(f"{len(found)} clients are called so", hint=f"{_SEE} Give the id.")
