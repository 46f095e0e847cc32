"""Who vouches for senders: what her mail names, and whom she trusts, for ``guard check``.

Nobody is trusted by itself (RFC 8601 section 7.1). On a terminal she is asked, and guard.toml is
changed in that one line; unattended, the line to write is printed.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from guard.commands import judges, post
from guard.config import Settings, load, parse
from guard.errors import ConfigError, RecordError
from guard.mail.message import Message
from guard.mail.sender import seen_authserv_ids, trusted_field
from guard.record import durable

_LOOKED_AT = 50
"""How many of the newest messages are looked at."""

_TABLE = re.compile(r"(?m)^[ \t]*\[[ \t]*reminders[ \t]*\][ \t]*(?:#.*)?$")
_NEXT_TABLE = re.compile(r"(?m)^[ \t]*\[")
_LIST = re.compile(
    r"(?m)^([ \t]*trust_authserv[ \t]*=[ \t]*\[)((?:[^\]\"'#]|\"[^\"\n]*\"|'[^'\n]*'|#.*)*)\]"
)
_STRING = re.compile(r"[\"']")


class Seen(msgspec.Struct, kw_only=True):
    """What the newest mail says of who vouches for it."""

    looked_at: int = 0
    """Messages."""

    named: Counter[str] = msgspec.field(default_factory=Counter)
    """Every name, and in how many messages it stands."""

    placed: Counter[str] = msgspec.field(default_factory=Counter)
    """The same for those that stand where only the last mail server can have written them."""

    def take(self, message: Message) -> None:
        """Look at one more message."""
        self.looked_at += 1
        names = seen_authserv_ids(message)
        self.named.update(names)
        # The first of them in its place: a border writes its own above whatever came in.
        for name in names:
            if trusted_field(message, trusted=[name]) is not None:
                self.placed[name] += 1
                break

    @property
    def likely(self) -> list[str]:
        """Names that stand in their place in most of the mail: the provider's own, most likely."""
        return [name for name, count in self.placed.most_common() if count * 2 > self.looked_at]

    @property
    def told(self) -> str:
        """The names most seen, with counts."""
        found = [f'"{name}" ({count})' for name, count in self.named.most_common(5)]
        return ", ".join(found) or "none"


def vouching(settings: Settings) -> Iterator[str]:
    """Say who vouches for senders; on a terminal, offer to trust who most likely is her own.

    Raises:
        ConfigError: Nobody is trusted, or nobody whom her mail names.
    """
    trusted = settings.reminders.trust_authserv
    seen = _seen(settings)
    known = {one.casefold() for one in trusted}
    if trusted and (not seen.named or known & {*seen.named}):
        yield f"trusted: {', '.join(trusted)}; your newest mail names: {seen.told}"
        return
    for name in seen.likely:
        if name not in known and _says_yes(settings, seen, name):
            yield f"trusted from now on: {trust(_file(), name)}"
            return
    raise _nobody(settings, seen)


def trust(file: Path, name: str) -> str:
    """Write one more name into guard.toml, all else untouched; returns all that are trusted.

    Raises:
        ConfigError: The file cannot be changed so; nothing was.
    """
    before = load(file)
    wanted = [name, *before.reminders.trust_authserv]
    text = trusting(file.read_text(encoding="utf-8"), name)
    try:
        after = parse(text, name=file.name, folder=before.folder)
    except ConfigError:
        after = None
    reminders = msgspec.structs.replace(before.reminders, trust_authserv=wanted)
    if after != msgspec.structs.replace(before, reminders=reminders):
        raise ConfigError(f"{file.name} cannot be changed by guard", hint=_line(wanted))
    _write(file.resolve(), text, hint=_line(wanted))
    return ", ".join(wanted)


def _write(file: Path, text: str, *, hint: str) -> None:
    """Write guard.toml anew, for the same user and with the same rights."""
    was = file.stat()
    if was.st_uid != os.geteuid():
        # What root writes, cron's user could no longer read.
        raise ConfigError(f"{file.name} belongs to another user", hint=hint)
    try:
        durable.write(file, text.encode())
        file.chmod(was.st_mode & 0o777)
    except (RecordError, OSError):
        raise ConfigError(f"cannot write {file.name}", hint=hint) from None


def trusting(text: str, name: str) -> str:
    """Return the text of guard.toml with one more trusted name; comments stay. Pure."""
    table = _TABLE.search(text)
    if table is None:
        return f'{text.rstrip()}\n\n[reminders]\ntrust_authserv = ["{name}"]\n'
    end = _NEXT_TABLE.search(text, table.end())
    stop = end.start() if end else len(text)
    found = _LIST.search(text, table.end(), stop)
    if found is None:
        return f'{text[: table.end()]}\ntrust_authserv = ["{name}"]{text[table.end() :]}'
    # In front, because a comment may stand behind the last one.
    comma = ", " if _STRING.search(re.sub(r"#.*", "", found[2])) else ""
    return f'{text[: found.end(1)]}"{name}"{comma}{text[found.end(1) :]}'


def _seen(settings: Settings) -> Seen:
    seen = Seen()
    with post.sign_in(settings) as mailbox:
        state = mailbox.examine(settings.mailbox.inbox[0])
        uids = mailbox.new_uids(0, state.uidnext)[-_LOOKED_AT:]
        # Strangers' bytes are read in the child alone.
        with judges.reader(settings) as reader:
            for batch in mailbox.fetch(uids):
                for reading in reader.start([mail.raw for mail in batch.messages])():
                    if reading.message is not None:
                        seen.take(reading.message)
    return seen


def _says_yes(settings: Settings, seen: Seen, name: str) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    click.echo(
        f"\n{seen.placed[name]} of your {seen.looked_at} newest messages say that {name} checked "
        f"who sent them.\nYour mailbox is at {settings.mailbox.host}. Say yes only if {name} is "
        "your own mail provider:\nwhom you trust here decides who gets a reminder."
    )
    return click.confirm(f"Trust {name}?", default=False)


def _nobody(settings: Settings, seen: Seen) -> ConfigError:
    trusted = settings.reminders.trust_authserv
    what = (
        "your newest mail names nobody whom you trust to vouch for senders"
        if trusted
        else "nobody is trusted to vouch for senders, so no reminder is ever sent"
    )
    if not seen.named:
        return ConfigError(
            what,
            hint="Your newest mail names: none. guard check looks again when mail has come.",
        )
    line = _line([*trusted, (seen.likely or [*seen.named])[0]])
    return ConfigError(what, hint=f"Your newest mail names: {seen.told}. {line}")


def _line(names: list[str]) -> str:
    listed = ", ".join(f'"{one}"' for one in names)
    return f"If it is your own provider's, write in guard.toml: trust_authserv = [{listed}]"


def _file() -> Path:
    file: Path = click.get_current_context().obj
    return file
