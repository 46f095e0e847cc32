"""Programs that only download: how each is set up to pull the same mailbox as guard.

Each returns the command that is then run again and again. From PyPI: getmail6, offlineimap.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.servers.dovecot import MailUser

SetUp = Callable[[Path, MailUser], list[str]]
"""Sets a program up in a folder for a mailbox, and returns its command."""

_MBSYNC = """\
{fsync}

IMAPAccount a
Host localhost
Port {port}
User {user}
Pass {password}
{tls} IMAPS
CertificateFile {ca}

IMAPStore far
Account a

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Sync Pull
Create Near
Patterns INBOX Sent Junk
SyncState *
"""

_GETMAIL = """\
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = {port}
username = {user}
password = {password}
mailboxes = ("INBOX", "Sent", "Junk")
ca_certs = {ca}
[destination]
type = Maildir
path = {folder}/mail/
{owner}
[options]
read_all = false
delivered_to = false
received = false
verbose = 0
"""

_OFFLINEIMAP = """\
[general]
accounts = a
metadata = {folder}/meta
ui = quiet
[Account a]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {folder}/mail
[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
ssl = yes
sslcacertfile = {ca}
remoteuser = {user}
remotepass = {password}
readonly = True
folderfilter = lambda name: name in ("INBOX", "Sent", "Junk")
"""


def program(name: str) -> str | None:
    """Where it is: beside this Python, or in the PATH; None when it is not installed."""
    beside = Path(sys.executable).parent
    return shutil.which(name, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")


def mbsync(fsync: str) -> SetUp:
    """Set mbsync up, with its default fsync or another."""

    def made(folder: Path, user: MailUser) -> list[str]:
        (folder / "mail").mkdir()
        told = subprocess.run(["mbsync", "--version"], capture_output=True, check=True)
        tls = "TLSType" if told.stdout.split()[1] >= b"1.5" else "SSLType"
        _write(folder / "mbsyncrc", _MBSYNC, folder, user, tls=tls, fsync=fsync)
        return ["mbsync", "--quiet", "--config", str(folder / "mbsyncrc"), "--all"]

    return made


def getmail(folder: Path, user: MailUser) -> list[str]:
    """Set getmail6 up. It will not deliver as root, so then it delivers as nobody."""
    root = os.geteuid() == 0
    _write(folder / "getmailrc", _GETMAIL, folder, user, owner="user = nobody" if root else "")
    for name in ("cur", "new", "tmp"):
        (folder / "mail" / name).mkdir(parents=True)
    if root:
        for one in (folder, *folder.rglob("*")):
            shutil.chown(one, "nobody")
    found = program("getmail") or ""
    return [found, "--getmaildir", str(folder), "--rcfile", str(folder / "getmailrc")]


def offlineimap(folder: Path, user: MailUser) -> list[str]:
    """Set offlineimap up, of PyPI: the successor called offlineimap3 elsewhere."""
    _write(folder / "offlineimaprc", _OFFLINEIMAP, folder, user)
    return [program("offlineimap") or "", "-o", "-c", str(folder / "offlineimaprc")]


def _write(file: Path, text: str, folder: Path, user: MailUser, **more: str) -> None:
    told = {"port": str(user.port), "user": user.name, "password": user.password}
    file.write_text(text.format(**told, ca=user.ca_file, folder=folder, **more))
