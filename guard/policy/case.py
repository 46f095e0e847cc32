"""All that a decision rests on: the therapist's choices, and the case of one message.

Pure values.
"""

from datetime import datetime, timedelta

import msgspec

from guard.clients.directory import Known
from guard.mail.message import Message
from guard.verdict.label import Verdict


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers and switches the therapist may choose."""

    mode: str = "auto"
    """``auto``: guard sends; ``approve``, ``shadow``, ``off``: it never does by itself."""

    quiet: timedelta = timedelta(days=7)
    """Least time between two reminders to one client (RFC 5230 section 4.1)."""

    notes: timedelta = timedelta(days=30)
    """So long after a reminder further therapy mail becomes a note for the next session."""

    most: int = 20
    """Most reminders within an hour: more of them mean that something is wrong."""

    alarm: timedelta = timedelta(days=14)
    """Danger older than this at first sight is not announced (a first run brings years of mail),
    only reviewed; longer than the machine is likely to be switched off."""

    newest: timedelta = timedelta(hours=72)
    """A message older than this at first sight is never answered (first run, restored mailbox)."""

    flag: bool = True
    """Whether sensitive mail is flagged in the mailbox."""

    signpost: bool = False
    """Whether who may be in danger is told where to turn."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All that a decision about one incoming message rests on."""

    message: Message | None
    """As parsed; None when its bytes cannot be read."""

    verdict: Verdict
    """What the model said."""

    received: datetime
    """When the server took it in (INTERNALDATE), aware. The Date header is never trusted."""

    now: datetime
    """The moment of the decision, aware."""

    own: tuple[str, ...]
    """Every address of the practice."""

    clients: tuple[str, ...] = ()
    """Ids of the clients whose address wrote; several for a shared address."""

    known: tuple[Known, ...] = ()
    """What stands of each of them in clear."""

    poses: bool = False
    """Whether the sender's name is the address of a client who is not the sender."""

    authenticated: bool = False
    """Whether the provider vouches that it is really from that address."""

    trusts: bool = True
    """Whether any host is trusted to vouch; if none is, that nobody vouches means nothing."""

    junk: bool = False
    """Whether it was found in the Junk folder."""

    reminded: datetime | None = None
    """When one of these clients last got this reminder in these words, aware."""

    wrote: datetime | None = None
    """When the practice last wrote to one of these clients, aware."""

    restored: datetime | None = None
    """When the record was last put back to an earlier state, aware."""

    can_send: bool = True
    """Whether a submission server is set up."""

    has_text: bool = True
    """Whether there are words in the client's language."""

    approved: bool = True
    """Whether she approved them."""

    alarmed: datetime | None = None
    """When mail of one of these clients was last announced to her at once, aware."""

    signposted: datetime | None = None
    """When one of these clients was last told where to turn, aware."""

    signpost_approved: bool = False
    """Whether there are words for that in the client's language that she approved."""

    within_the_hour: int = 0
    """How many reminders left within the hour, or are about to."""

    tripped: bool = False
    """Whether she was told within the hour that too many are held."""
