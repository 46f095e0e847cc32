"""A server that plays Gmail: folders are labels, and every message has one number in them all."""

import re
import socketserver
from dataclasses import dataclass, field

from tests.servers.scripted import Scripted, body

INBOX, ALL, SENT, SPAM = "INBOX", "[Gmail]/All Mail", "[Gmail]/Sent Mail", "[Gmail]/Spam"
_MARKS = {INBOX: "", ALL: "\\All", SENT: "\\Sent", SPAM: "\\Junk"}
_LABELS = {INBOX: '"\\\\Inbox"', SENT: '"\\\\Sent"'}
_NOW = '"22-Nov-2026 12:00:00 +0000"'


@dataclass
class Message:
    """One message, wherever it is shown."""

    number: int
    raw: bytes
    labels: set[str]
    draft: bool = False
    when: str = _NOW

    def told(self) -> str:
        labels = [_LABELS[one] for one in sorted(self.labels) if one in _LABELS]
        labels += ['"\\\\Draft"'] if self.draft else []
        return f"X-GM-MSGID {self.number} X-GM-LABELS ({' '.join(labels)})"


@dataclass
class Gmail(Scripted):
    """`put` is a delivery; `label` and `unlabel` are what she does in her mail program."""

    capabilities: str = "IMAP4rev1 AUTH=PLAIN SPECIAL-USE X-GM-EXT-1 IDLE"
    shown: dict[str, dict[int, Message]] = field(
        default_factory=lambda: {name: {} for name in _MARKS}
    )
    given: list[int] = field(default_factory=list)
    """Numbers of the messages whose bytes were fetched, in order."""

    _next: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_MARKS, 1))
    _folder: str = INBOX

    def put(self, raw: bytes, *labels: str, draft: bool = False, when: str = _NOW) -> Message:
        number = 1_278_455_344_230_334_865 + sum(self._next.values())
        message = Message(number, raw, set(), draft=draft, when=when)
        for one in (*labels, *((ALL,) if SPAM not in labels else ())):
            self.label(message, one)
        return message

    def label(self, message: Message, folder: str) -> None:
        self.shown[folder][self._next[folder]] = message
        self._next[folder] += 1
        message.labels.add(folder)

    def unlabel(self, message: Message, folder: str) -> None:
        box = self.shown[folder]
        del box[next(uid for uid, one in box.items() if one is message)]
        message.labels.discard(folder)

    def _usual(self, command: str, line: socketserver.StreamRequestHandler) -> bytes:
        box = self.shown[self._folder]
        word = command.upper()
        if word.startswith("LIST"):
            lines = [f'* LIST ({mark}) "/" "{name}"\r\n' for name, mark in _MARKS.items()]
            return ("".join(lines) + "TAG OK done\r\n").encode()
        if word.startswith(("EXAMINE", "SELECT")):
            self._folder = re.sub(r'^\w+ "?(.*?)"?$', r"\1", command)
            box = self.shown[self._folder]
            return (
                f"* {len(box)} EXISTS\r\n* OK [UIDVALIDITY 7] .\r\n"
                f"* OK [UIDNEXT {self._next[self._folder]}] .\r\nTAG OK done\r\n"
            ).encode()
        if word.startswith("UID SEARCH"):
            found = re.search(r"UID (\d+):(\d+|\*)", word.removeprefix("UID SEARCH"))
            assert found is not None
            last = 10**9 if found[2] == "*" else int(found[2])
            uids = [uid for uid in box if int(found[1]) <= uid <= last]
            return f"* SEARCH {' '.join(map(str, uids))}\r\nTAG OK done\r\n".encode()
        if word.startswith("UID FETCH"):
            asked = [int(uid) for uid in word.split()[2].split(",")]
            return b"".join(self._told(uid, box[uid], word) for uid in asked if uid in box) + (
                b"TAG OK done\r\n"
            )
        return super()._usual(command, line)

    def _told(self, uid: int, message: Message, asked: str) -> bytes:
        if "BODY" in asked:
            self.given.append(message.number)
            return body(uid, message.raw)
        told = [f"UID {uid}", f"RFC822.SIZE {len(message.raw)}", f"INTERNALDATE {message.when}"]
        told += [message.told()] if "X-GM" in asked else []
        return f"* 1 FETCH ({' '.join(told)})\r\n".encode()
