"""One e-mail, parsed once from its raw bytes, never changed.

Pure values. They cross a process boundary as JSON (a child reads the untrusted bytes),
so every field is plain text, a number, a flag or a tuple of those.
"""

import msgspec


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox of a header, unfolded and decoded."""

    name: str
    """Display name, decoded; may be empty, may lie."""

    email: str
    """Bare address: local part as written, domain in lower case."""


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is not the text of the mail."""

    name: str
    """File name as given, without control characters; may be empty."""

    content_type: str
    """Media type, lower case, such as ``application/pdf``."""

    size: int
    """Decoded size, bytes."""

    text: str = ""
    """What a text attachment says, at most 20,000 characters; empty for all others."""


class CalendarPart(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation or an answer to one (RFC 5545, RFC 5546)."""

    method: str
    """REQUEST, REPLY, CANCEL, ..., upper case; empty when absent."""

    summary: str
    """The event's title."""

    text: str
    """Description and comments, which people do write in."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One parsed e-mail."""

    subject: str
    """Decoded, unfolded; empty when absent."""

    new_text: str
    """What the writer wrote new: no quoted history, signature, disclaimer or reminder of ours."""

    full_text: str
    """The whole text as shown, before anything was removed."""

    sender: tuple[Address, ...] = ()
    """The From header: usually one, sometimes none or several."""

    on_behalf: tuple[Address, ...] = ()
    """The Sender header."""

    recipients: tuple[Address, ...] = ()
    """To, Cc, Bcc, Resent-To, Resent-Cc and Resent-Bcc together."""

    return_path: str | None = None
    """Envelope sender as the topmost Return-Path tells it; empty for ``<>``, None when absent."""

    message_id: str | None = None
    """With angle brackets, only if well formed; safe to copy into a header of ours."""

    references: tuple[str, ...] = ()
    """Message-IDs of References, then In-Reply-To; only well-formed ones."""

    date: str = ""
    """The Date header as ISO 8601 with offset; empty when absent or nonsense. Never trusted."""

    content_type: str = "text/plain"
    """Media type of the whole, lower case."""

    headers: tuple[tuple[str, str], ...] = ()
    """In order: name in lower case, value unfolded; at most 500 of at most 4,000 characters."""

    attachments: tuple[Attachment, ...] = ()
    """Named or not, in order."""

    calendar: tuple[CalendarPart, ...] = ()
    """Calendar parts, in order."""

    aside: str = ""
    """Words that are in the mail and not shown: hidden ones, the alternative that was not read,
    names of files, further headers. Nobody judges them, but danger in them bars an answer."""

    encrypted: bool = False
    """Whether the content is S/MIME- or PGP-encrypted, so that guard cannot read it."""

    faults: tuple[str, ...] = msgspec.field(default=())
    """What could not be read, as short fixed words without content, such as ``charset``."""

    @property
    def text(self) -> str:
        """Subject, new text, calendar words and text attachments: all that is judged."""
        parts = [self.subject, self.new_text]
        parts += [f"{part.summary}\n{part.text}" for part in self.calendar]
        parts += [part.text for part in self.attachments]
        return "\n".join(part for part in parts if part.strip())

    def values(self, name: str) -> tuple[str, ...]:
        """All values of one header, in order; the name in lower case."""
        return tuple(value for key, value in self.headers if key == name)
