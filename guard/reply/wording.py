"""The words that guard sends in her name: shipped, or files of her own; each version approved.

Edge only in that it reads the files that guard.toml names. A version is known by its hash, and
none leaves without her before its approval stands in the record. Which language a client gets
is hers to say: it is never guessed from a mail.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from guard.clients.directory import known
from guard.config import Settings
from guard.errors import ConfigError
from guard.record.entry import UNSORTED, Entry, Fact, canonical
from guard.reply import compose
from guard.reply.numbers import filled

KIND = "approved"
"""Kind of the entry by which she approves one version of a text."""

ENGLISH = "en"
REMINDER, SIGNPOST = "reminder", "signpost"
"""What a text is for; the first part of its name."""

_SUBJECT = re.compile(r"Subject:[ \t]*([^\r\n]*)\r?\n\s*", re.IGNORECASE)
_LONGEST_SUBJECT = 60
"""Characters; a longer one is cut off on a telephone."""
_LONGEST = 4_000
"""Characters. Source: RFC 3834 section 3.2, which asks for brief ones."""

_SIGNPOSTS = ("999", "116 123", "85258")
"""Where to turn in danger, in case the label was wrong: what every nation has."""
_TELLING = re.compile(
    r"\b(?:therap\w*|session\w*|client\w*|counsel\w*|psycho\w*)\b", re.IGNORECASE
)
"""What a subject line on a locked telephone must not say."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """One text in one language, as it would be sent."""

    name: str
    """What it is for and in which language, such as ``reminder.en``."""

    subject: str
    """The whole subject line."""

    words: str
    """The whole text."""

    @property
    def language(self) -> str:
        """The language that it is in."""
        return self.name.partition(".")[2]

    @property
    def version(self) -> str:
        """SHA-256 of subject and text, hex: another comma is another version."""
        return compose.version(f"{self.subject}\n\n{self.words}")


class Record(Protocol):
    """What is asked of the record."""

    def latest(
        self, kind: str, *, item: int | None = None, owner: str | None = None
    ) -> Entry | None:
        """Return the newest entry of a kind."""

    def of_kind(self, kind: str, *, owner: str | None = None, since: int = 0) -> list[Entry]:
        """Entries of a kind, oldest first."""


class Wordings(msgspec.Struct, frozen=True, kw_only=True):
    """Every text that there is, by language."""

    known: Mapping[str, Wording]
    """Language to its text."""

    signposts: Mapping[str, Wording] = msgspec.field(default_factory=dict)
    """Every text that tells somebody in danger where to turn, by language; empty when she has
    not switched that on."""

    usual: str = ENGLISH
    """Language of a client of whom nothing else is said."""

    problems: tuple[ConfigError, ...] = ()
    """Files that guard.toml names and that cannot be used."""

    def of(self, client: str, record: Record) -> Wording | None:
        """Return the text for one client; None when there is none in their language."""
        return self.known.get(self._language(client, record))

    def signpost(self, client: str, record: Record) -> Wording | None:
        """Return what one client in danger is told; None if there are no words for them."""
        return self.signposts.get(self._language(client, record))

    @property
    def all(self) -> list[Wording]:
        """Every text that may go out, each of which she approves."""
        return [*self.known.values(), *self.signposts.values()]

    @property
    def lines(self) -> list[str]:
        """Every line of every text, by which our own words are known again in a quotation."""
        return [line for one in self.all for line in one.words.splitlines()]

    def _language(self, client: str, record: Record) -> str:
        found = record.latest("client", owner=client)
        language = known(found.data).language if found is not None else ""
        return language or self.usual


def wordings(settings: Settings) -> Wordings:
    """Read every text. A file that cannot be used leaves its language without."""
    chosen, nation = settings.reminders, settings.practice.nation
    problems: list[ConfigError] = []

    def read(what: str, own: Mapping[str, str], key: str) -> dict[str, Wording]:
        found = {ENGLISH: shipped(what, nation=nation)}
        for language, name in own.items():
            found.pop(language, None)
            try:
                found[language] = _read(
                    settings.path(name), f"{what}.{language}", key=key, nation=nation
                )
            except ConfigError as problem:
                problems.append(problem)
        return found

    reminders = read(REMINDER, chosen.texts, "texts")
    signposts = (
        read(SIGNPOST, chosen.signpost_texts, "signpost_texts") if chosen.crisis_signpost else {}
    )
    return Wordings(
        known=reminders, signposts=signposts, usual=chosen.language, problems=tuple(problems)
    )


def parse(text: str, *, name: str) -> Wording:
    """Return the text of a file: a line ``Subject: ...`` if it has one, then the words.

    Raises:
        ValueError: It is empty, too long, or holds what a letter cannot.
    """
    head = _SUBJECT.match(text)
    subject = head[1].strip() if head else compose.REMINDER_SUBJECT
    words = (text[head.end() :] if head else text).strip()
    if not words or not subject:
        raise ValueError("there is no text in it")
    if len(subject) > _LONGEST_SUBJECT or len(words) > _LONGEST:
        raise ValueError(f"it is longer than {_LONGEST_SUBJECT} letters of subject and {_LONGEST}")
    if any(ord(one) < ord(" ") and one not in "\r\n\t" for one in subject + words):
        raise ValueError("it holds control characters")
    return Wording(name=name, subject=subject, words="\n".join(words.splitlines()) + "\n")


def doubts(wording: Wording) -> Iterator[str]:
    """Say what she may want to mend before she approves a text."""
    if missing := [one for one in _SIGNPOSTS if one not in wording.words]:
        yield f"it does not say where to turn in danger ({', '.join(missing)})"
    if _TELLING.search(wording.subject):
        yield "its subject line says what the practice is, and can be seen on a locked telephone"
    if "automat" not in (wording.subject + wording.words).casefold():
        yield "it does not say that it is automatic"


def approve(wording: Wording) -> Fact:
    """Return the entry by which she approves a text; the words themselves are sealed."""
    return Fact(
        kind=KIND,
        body={"name": wording.name, "text": wording.version},
        secret=canonical({"subject": wording.subject, "words": wording.words}),
        owners=(UNSORTED,),
    )


def approved(record: Record, wording: Wording) -> int | None:
    """When she approved a text, milliseconds since 1970-01-01 UTC; None if she did not."""
    found = [one.at for one in record.of_kind(KIND) if one.data.get("text") == wording.version]
    return found[-1] if found else None


def shipped(what: str = REMINDER, *, nation: str = "england") -> Wording:
    """Return an English text that comes with guard."""
    name = f"{what}.{ENGLISH}"
    return parse(compose.text(name, nation=nation), name=name)


def _read(file: Path, name: str, *, key: str, nation: str) -> Wording:
    hint = f"It is named in guard.toml: [reminders] {key}, {name.partition('.')[2]}."
    try:
        return parse(filled(file.read_text(encoding="utf-8"), nation), name=name)
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8", hint=hint) from None
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", hint=hint) from None
    except ValueError as error:
        raise ConfigError(f"{file} cannot be sent: {error}", hint=hint) from None
