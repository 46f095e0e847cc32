"""The mailbox, over IMAP: what is new, byte for byte, without a trace.

Edge. Turns what imapclient, imaplib, ssl and socket raise into errors of guard; no other
module sees one. Folders are opened read-only and bodies are peeked at, so nothing is ever
marked as read. Source: RFC 3501, RFC 4315, RFC 6154.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from imapclient import FLAGGED, SEEN

from guard.errors import ConfigError, UnreachableError
from guard.mail import gmail, idle
from guard.mail.answers import MOST_FOUND, RefusedError, groups, size, windows
from guard.mail.bodies import HUGE, IN_PARTS, bodies
from guard.mail.connection import Place, Security
from guard.mail.facts import WANTED, Facts, facts
from guard.mail.folders import Listed, listed, spelled, wire, with_role
from guard.mail.session import MICROSOFT, Session
from guard.mail.shown import Batch, FolderState, batch

_MOST_NAMED = 500
"""UIDs in one command: at 11 bytes each below the 8,000 that RFC 7162 section 4 asks for."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where the mailbox is."""

    host: str
    port: int
    security: Security
    user: str
    ca_file: Path | None = None
    """A private CA, PEM; None: those that the system trusts."""

    connect_timeout: float = 15
    """Seconds for TCP, and again for TLS."""

    read_timeout: float = 60
    """Seconds without a single byte."""

    deadline: float = 3600
    """Seconds that one connection may last; the next scan carries on from there."""


class Mailbox:
    """One signed-in connection. A context manager; after a lost line every call raises."""

    def __init__(self, server: Server, password: str, *, oauth: bool = False) -> None:
        """Connect and sign in.

        Args:
            server: Where, and as whom.
            password: The password, or the access token.
            oauth: Whether `password` is an OAuth access token.

        Raises:
            UnreachableError: The server cannot be reached or turns us away for now.
            SignInError: It refused the user or the password.
            ConfigError: A certificate or a setting is wrong.
        """
        self._place = Place(
            what=f"mail server {server.host}:{server.port}",
            host=server.host,
            port=server.port,
            security=server.security,
            ca_file=server.ca_file,
            timeout=server.connect_timeout,
        )
        self._open: FolderState | None = None
        self._list: tuple[Listed, ...] | None = None
        self._session = Session(
            self._place,
            user=server.user,
            password=password,
            oauth=oauth,
            read_timeout=server.read_timeout,
            deadline=server.deadline,
        )

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server can, upper case."""
        return self._session.capabilities

    @property
    def stores_sent(self) -> bool:
        """Whether the provider puts what its submission server takes into Sent by itself."""
        host = f".{self._place.host.lower()}"
        return gmail.CAPABILITY in self.capabilities or host.endswith(MICROSOFT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def names(self) -> tuple[str, ...]:
        """Name every folder that can hold mail. Only for her eyes: a name may be a client's."""
        return tuple(one.name for one in self._listed())

    def folders(self, role: str) -> tuple[str, ...]:
        """Name the folders of a role, the most likely first; empty when there is none.

        Args:
            role: ``sent``, ``junk`` or ``all``.
        """
        return with_role(self._listed(), role)

    def spelled(self, folder: str) -> str:
        """Return the server's own spelling of a folder's name; as it is when there is none."""
        return folder if folder.isascii() else spelled(folder, self._listed())

    def examine(self, folder: str) -> FolderState:
        """Open a folder read-only; it stays open until another one is.

        Raises:
            ConfigError: There is no such folder.
            UnreachableError: The line is lost, or the server says no.
        """
        self._open = None
        self._open = self._select(folder, readonly=True)
        return self._open

    def new_uids(self, after: int, uidnext: int) -> list[int]:
        """Find the UIDs in the open folder between two bounds.

        Args:
            after: Highest UID that is not wanted.
            uidnext: Lowest UID above `after` that is not wanted; 0 for no bound.

        Returns:
            Ascending.
        """
        state = self._opened()
        if state.exists == 0 or (uidnext and uidnext <= after + 1):
            return []
        # An answer can hold no more than lies between the bounds, nor more than there is.
        few = bool(uidnext) and uidnext - after <= MOST_FOUND
        last = str(uidnext - 1) if uidnext else "*"
        found: set[int] = set()
        for window in windows(0 if few else state.exists):
            with self._session.asking() as client:
                found.update(client.search([*window, "UID", f"{after + 1}:{last}"]))
        # "5:*" also means the last message, however low its UID (RFC 3501 section 6.4.8).
        return sorted(uid for uid in found if uid > after and (not uidnext or uid < uidnext))

    def numbers(self, uids: Sequence[int]) -> dict[int, gmail.Numbered]:
        """Tell the account's own numbers of messages of the open folder; only Gmail has them.

        Raises:
            UnreachableError: The line is lost, or the server says no.
        """
        self._opened()
        found: dict[int, gmail.Numbered] = {}
        if gmail.CAPABILITY in self.capabilities:
            for start in range(0, len(uids), _MOST_NAMED):
                found |= gmail.numbers(self._ask, uids[start : start + _MOST_NAMED])
        return found

    def fetch(
        self,
        uids: Sequence[int],
        *,
        max_bytes: int = 8_000_000,
        max_count: int = _MOST_NAMED,
        before_huge: Callable[[], None] = lambda: None,
    ) -> Iterator[Batch]:
        """Fetch whole messages of the open folder, without marking them as read.

        Another folder may be opened between two batches.

        Args:
            uids: Ascending.
            max_bytes: Most in one batch, by the sizes that the server tells; a message that
                is larger comes alone.
            max_count: Most messages in one batch.
            before_huge: Called before a message is fetched that takes much memory.

        Raises:
            UnreachableError: The line is lost, or the server says no to all.
        """
        state = self._opened()
        for start in range(0, len(uids), _MOST_NAMED):
            some = uids[start : start + _MOST_NAMED]
            self._return_to(state)
            told = self._facts(some)
            sizes = {uid: size(told.get(uid, {})) for uid in some}
            for group in groups(sizes, alone=IN_PARTS, max_bytes=max_bytes, max_count=max_count):
                self._return_to(state)
                if any((sizes[uid] or 0) > HUGE for uid in group):
                    before_huge()
                # Nothing here keeps a batch: its taker decides how long it stays in memory.
                yield batch(group, bodies(self._ask, {uid: sizes[uid] for uid in group}), told)

    def flag(self, folder: str, uids: Sequence[int]) -> None:
        r"""Set ``\Flagged``, which every mail program shows. The open folder stays open.

        Raises:
            UnreachableError: The server says no, the folder may only be read, or it was
                rebuilt since it was opened, so that the UIDs now name other messages.
        """
        before = self._open
        known = before if before and before.name == folder else self.examine(folder)
        self._open = None
        if self._select(folder, readonly=False).validity != known.validity:
            raise UnreachableError(f"a folder of the {self._place.what} was rebuilt meanwhile")
        for start in range(0, len(uids), _MOST_NAMED):
            with self._session.asking() as client:
                client.add_flags(list(uids[start : start + _MOST_NAMED]), [FLAGGED], silent=True)
        self._return_to(before or known)

    def idle(
        self, came: Callable[[], None], lost: Callable[[], None]
    ) -> AbstractContextManager[object]:
        """Let the server tell of new mail in the open folder; nothing else can be asked after.

        Args:
            came: Called from another thread when mail came.
            lost: Called from another thread when the line ended by itself.

        Returns:
            Waits as long as it is entered; tells nothing where the server cannot or will not.

        Raises:
            UnreachableError: The line is lost.
        """
        self._opened()
        if idle.CAPABILITY not in self.capabilities:
            return nullcontext()
        try:
            with self._session.asking() as client:
                return idle.Idle(client, came=came, lost=lost)
        except RefusedError:
            return nullcontext()

    def append(self, folder: str, raw: bytes, *, seen: bool = True) -> None:
        r"""Put a message into a folder.

        Args:
            folder: Where.
            raw: With CRLF line ends; those are kept byte for byte.
            seen: Whether it is marked as read.

        Raises:
            ConfigError: There is no such folder.
            UnreachableError: The server says no, or the line is lost; it may have been stored.
        """
        name = self._wire(folder)
        try:
            with self._session.asking() as client:
                client.append(name, raw, flags=(SEEN,) if seen else ())
        except RefusedError:
            self._insist(folder)
            raise

    def _select(self, folder: str, *, readonly: bool) -> FolderState:
        name = self._wire(folder)
        try:
            with self._session.asking() as client:
                shown = client.select_folder(name, readonly=readonly)
        except RefusedError:
            self._insist(folder)
            raise
        validity = int(shown.get(b"UIDVALIDITY", 0))
        return FolderState(
            name=folder,
            validity=validity,
            uidnext=int(shown.get(b"UIDNEXT", 0)),
            exists=int(shown.get(b"EXISTS", 0)),
            sticky=validity > 0 and b"UIDNOTSTICKY" not in shown,
        )

    def _return_to(self, state: FolderState) -> None:
        """Open a folder again if another one was opened; its UIDs must still mean the same."""
        now = self._open or self.examine(state.name)
        if now.name != state.name:
            now = self.examine(state.name)
        if now.validity != state.validity:
            raise UnreachableError(f"a folder of the {self._place.what} was rebuilt meanwhile")

    def _opened(self) -> FolderState:
        if self._open is None:
            raise UnreachableError(f"no folder of the {self._place.what} is open")
        return self._open

    def _insist(self, folder: str) -> None:
        """Raise ConfigError if a folder that was refused does not exist."""
        known = self.names()
        if folder not in known and folder.upper() != "INBOX":
            # Their names stay untold: people call folders after clients.
            raise ConfigError(
                f"the mailbox has no folder that guard.toml calls {folder!r}",
                hint=f"It has {len(known)} folders; guard check lists their names.",
            )

    def _listed(self) -> tuple[Listed, ...]:
        if self._list is None:
            with self._session.asking() as client:
                # Not list_folders: one name that it cannot decode would hide all the others.
                status, lines = client._imap.list()  # noqa: SLF001  # see above
                client._checkok("list", status, lines)  # noqa: SLF001  # as above
                self._list = listed(lines)
        return self._list

    def _wire(self, folder: str) -> str:
        try:
            return wire(folder)
        except ValueError:
            raise ConfigError("a folder's name in guard.toml holds a control character") from None

    def _ask(self, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, Any]]:
        with self._session.asking() as client:
            answer: Mapping[int, Mapping[bytes, Any]] = client.fetch(list(uids), list(items))
        return answer

    def _facts(self, uids: Sequence[int]) -> Facts:
        with self._session.asking() as client:
            # Not fetch, whose parser is slow on plain lines: see `facts`.
            asked = ",".join(map(str, uids))
            status, lines = client._imap.uid("FETCH", asked, WANTED)  # noqa: SLF001  # see above
            client._checkok("fetch", status, lines)  # noqa: SLF001  # as above
            return facts(lines)
