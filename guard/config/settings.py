"""The settings of guard.toml: frozen values, each key documented where it stands.

Pure. What their types cannot tell is in `guard.config.doubts`. No secret ever stands in the file:
only where one is found.
"""

from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

Security = Literal["tls", "starttls", "plain"]
Auth = Literal["password", "google", "microsoft"]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; unknown keys are refused."""


class Practice(_Section, frozen=True, kw_only=True):
    """Whose mail it is."""

    addresses: list[str]
    """Every own address and alias."""

    name: str = ""
    """Shown on the review page and in exports, never to a client."""

    nation: Literal["england", "wales", "scotland", "northern-ireland"] = "england"
    """Whose bank holidays count when the law gives days."""


class Mailbox(_Section, frozen=True, kw_only=True):
    """The IMAP account that is read."""

    host: str
    user: str
    port: int = 993
    security: Security = "tls"
    auth: Auth = "password"
    password_file: str = ""
    password_command: list[str] = []
    ca_file: str = ""
    inbox: list[str] = msgspec.field(default_factory=lambda: ["INBOX"])
    sent: Literal["auto"] | list[str] = "auto"
    junk: Literal["auto"] | list[str] = "auto"
    also: list[str] = []
    """Further folders; what comes from an own address there is sent mail."""

    timeout: float = 60
    """Seconds without a single byte after which the server is given up for now."""

    flag: bool = True
    """Whether therapy and crisis mail gets the flag that every mail program shows."""


class Smtp(_Section, frozen=True, kw_only=True):
    """The submission server that reminders and alerts leave by."""

    host: str
    user: str = ""
    port: int = 465
    security: Security = "tls"
    auth: Auth = "password"
    password_file: str = ""
    password_command: list[str] = []
    ca_file: str = ""
    sender: str = msgspec.field(name="from", default="")
    """Address in the From header; empty: the first address of the practice."""


class OAuth(_Section, frozen=True, kw_only=True):
    """The sign-in with Google or Microsoft; one for the mailbox and for sending."""

    client_id: str = ""
    """Microsoft: the id of the application."""

    client_file: str = ""
    """Google: the JSON file of the desktop client."""

    tenant: str = "common"
    """Microsoft: whose users may sign in."""

    token_file: str = ""
    """Where the sign-in is kept, mode 0600; empty: the keyring."""

    server: str = ""
    """Another sign-in server, ``https://`` and a host: a national cloud. Empty: the usual."""

    ca_file: str = ""
    """A private CA for that server."""


class Reminders(_Section, frozen=True, kw_only=True):
    """When a client gets the policy's notice."""

    mode: Literal["auto", "approve", "shadow", "off"] = "auto"
    every_days: int = 7
    note_days: int = 30
    """Further therapy mail within so many days of a reminder becomes a note; 0: never."""
    newest_hours: int = 72
    delay_minutes: int = 0
    """So long a reminder waits, and an answer of hers cancels it."""
    most_an_hour: int = 20
    """More than so many reminders within an hour are held, and she is told."""
    language: str = "en"
    """Of every client of whom she says nothing else."""
    texts: dict[str, str] = {}
    """Language to a file of her own words."""
    trust_authserv: list[str] = []
    crisis_signpost: bool = False
    """Whether who may be in danger is told where to turn."""
    signpost_texts: dict[str, str] = {}
    """Language to a file of her own words for that."""
    numbers_checked: date | None = None
    """When she last checked the numbers in her texts herself."""


class Alerts(_Section, frozen=True, kw_only=True):
    """Where the content-free alerts go, and how often."""

    to: str = ""

    repeat_minutes: int = 30
    """An alert is repeated after so long, until she answers; 0: never."""

    second: str = ""
    """Somebody who is asked to ring her if she does not answer; empty: nobody."""

    second_after: int = 3
    """After so many repeats."""

    smtp: Smtp | None = None
    """Another server for alerts, tried first: they must not depend on the mailbox."""

    heartbeat: str = ""
    """Web address that is fetched after each good scan, with ``/fail`` after a bad one."""


class RecordSettings(_Section, frozen=True, kw_only=True):
    """Where the record lies, and who outside sees its head."""

    path: str = "record"
    """Folder on this machine; with `database` only for what belongs to the machine."""

    database: str = ""
    """A clinic's record: ``postgresql://...``, without a password; empty: a file in `path`."""

    practice: str = "practice"
    """Whose record in the database."""

    blobs: str = ""
    """Where its sealed messages lie: ``s3://bucket/prefix``; empty: in the database."""

    endpoint: str = ""
    """Address of that store; empty: AWS, or what boto3's own settings say."""

    witness: str = ""
    """Address that the signed head is mailed to once a day; empty: nobody's."""

    timestamp_url: str = ""
    """Time-stamp authority (RFC 3161) that stamps the head once a day; empty: none."""

    timestamp_ca: str = ""
    """The authority's root, PEM; empty: whom the system trusts."""


class Retention(_Section, frozen=True, kw_only=True):
    """How long a client's record is kept after therapy; see `guard.clients.retention`."""

    years: int = 7
    """Years after the end of therapy that she entered."""

    minors_until: int = 25
    """The birthday until which a minor's record is kept at least; the next one if they were 17
    at the end."""


class ModelSettings(_Section, frozen=True, kw_only=True):
    """Which model judges; empty: the shipped one."""

    path: str = ""


class Serve(_Section, frozen=True, kw_only=True):
    """The review page behind a clinic's reverse proxy; see ``guard/clinic/OPERATE.md``."""

    url: str
    """What her browser's address bar shows: ``https://``, a host, and no path."""

    issuer: str
    """Where she signs in (OpenID Connect), as the provider itself writes it."""

    client_id: str
    who: str
    """Who may: an e-mail address that the issuer has verified, or its number (`sub`) for her."""

    client_secret_file: str = ""
    """Neither this nor the command: a public client, by PKCE alone."""

    client_secret_command: list[str] = []
    ca_file: str = ""
    """A private CA of the issuer."""

    listen: str = "127.0.0.1:8460"
    """Where the reverse proxy finds it: a loopback address and port, or a Unix socket's path."""

    sign_out: bool = True
    """Whether locking signs her out at the issuer too, where the issuer offers it."""


class Settings(_Section, frozen=True, kw_only=True):
    """The whole of guard.toml."""

    practice: Practice
    mailbox: Mailbox
    smtp: Smtp | None = None
    oauth: OAuth = OAuth()
    reminders: Reminders = Reminders()
    alerts: Alerts = Alerts()
    record: RecordSettings = RecordSettings()
    retention: Retention = Retention()
    model: ModelSettings = ModelSettings()
    serve: Serve | None = None
    folder: Path = Path()
    """Where guard.toml lies; relative paths start here. Not a key of the file."""

    @property
    def provider(self) -> Literal["google", "microsoft"] | None:
        """With whom to sign in; None when passwords do for all."""
        for section in (self.mailbox, self.smtp):
            if section is not None and section.auth != "password":
                return section.auth
        return None

    def path(self, name: str) -> Path:
        """Return a path of the file as an absolute one."""
        return (self.folder / Path(name).expanduser()).absolute()

    @property
    def record_folder(self) -> Path:
        """The folder of the record."""
        return self.path(self.record.path)

    @property
    def reply_address(self) -> str:
        """The address that reminders come from."""
        return (self.smtp.sender if self.smtp else "") or self.practice.addresses[0]
