"""Sealed images, one for each owner: a cache that may be deleted at any time.

Edge: files in `search/`. An image is sealed to its owner's key, so that erasing the owner
destroys it, too; the catalogue is authenticated by her identity, so that nobody can plant
one. Whatever does not fit is as if it were not there. Source: FORMAT.md, "The search cache".
"""

import contextlib
import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from guard.errors import GuardError, LockedError
from guard.record import durable
from guard.record.audit import Audit
from guard.record.entry import canonical
from guard.record.note import Checkpoint
from guard.record.seal import Identity, seal, unseal

_CATALOGUE = "catalogue.json"
_VERSION = "search v1"


class _Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    guard: str
    what: str
    head: str
    images: dict[str, str]

    def encode(self) -> bytes:
        return canonical(msgspec.to_builtins(self))


class Images:
    """The images of one record, for somebody who has unlocked it."""

    def __init__(
        self, record: Audit, identity: Identity, *, what: str, digests: dict[str, str]
    ) -> None:
        """Get ready.

        Args:
            record: Open.
            identity: Hers, or the executor's.
            what: What is in the images, and of which version; others do not fit.
            digests: Of the images that are kept; filled and changed here.
        """
        self._record, self._identity, self._what = record, identity, what
        self._folder = record.folder / "search"
        self._digests = digests

    def load(self) -> tuple[int, dict[str, bytes]]:
        """The number of entries that the images know of, and each owner's; else 0 and none.

        Raises:
            RecordError: The record itself cannot be read.
        """
        self._digests.clear()
        catalogue = self._catalogue()
        size = -1 if catalogue is None else self._size(catalogue.head)
        order = self._record.latest("shredded")
        if catalogue is None or size < 0 or (order is not None and order.seq >= size):
            return 0, {}
        found: dict[str, bytes] = {}
        for owner, digest in catalogue.images.items():
            image = self._image(owner, digest)
            if image is None:
                return 0, {}
            found[owner] = image
        self._digests.update(catalogue.images)
        return size, found

    def save(self, head: str, changed: Mapping[str, Callable[[], bytes]]) -> None:
        """Keep images. That they cannot be kept is no reason to fail.

        Args:
            head: The checkpoint of the entries that all images know of.
            changed: Owner to what makes the image, of those that changed since `load`.
        """
        with contextlib.suppress(GuardError, OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for owner, make in changed.items():
                recipient = self._record.keys.recipient(owner)
                if recipient is None:
                    # Erased meanwhile.
                    return
                sealed = seal(make(), [recipient])
                durable.write(self._folder / f"{owner}.age", sealed)
                self._digests[owner] = sha256(sealed).hexdigest()
            catalogue = _Catalogue(
                guard=_VERSION, what=self._what, head=head, images=self._digests
            ).encode()
            durable.write(self._folder / _CATALOGUE, self._mac(catalogue) + b"\n" + catalogue)
            for path in self._folder.glob("*.age"):
                if path.stem not in self._digests:
                    path.unlink()

    def _catalogue(self) -> _Catalogue | None:
        data = _read(self._folder / _CATALOGUE)
        mac, _, text = (data or b"").partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(text)):
            return None
        found = msgspec.json.decode(text, type=_Catalogue)
        return found if (found.guard, found.what) == (_VERSION, self._what) else None

    def _size(self, head: str) -> int:
        """How many entries a checkpoint is of; -1 when it is none of this record."""
        try:
            size = Checkpoint.decode(self._record.verifier().text_of(head)).size
        except ValueError:
            return -1
        known = next(self._record.checkpoints(size, size), None)
        return size if known is not None and known[2] == head else -1

    def _image(self, owner: str, digest: str) -> bytes | None:
        sealed = _read(self._folder / f"{owner}.age")
        if sealed is None or sha256(sealed).hexdigest() != digest:
            return None
        secrets = self._record.keys.secrets(owner, self._identity)
        try:
            return unseal(sealed, secrets) if secrets else None
        except LockedError:
            return None

    def _mac(self, text: bytes) -> bytes:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"guard search key v1")
        key = derived.derive(self._identity.secret.encode())
        return hmac.digest(key, text, "sha256").hex().encode()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
