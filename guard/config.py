"""`guard.toml` to frozen, validated settings.

Edge only in that it reads one file. An unknown key or a bad value is an error that names
key and line. No secret ever stands in the file: only where one is found.
"""

import ipaddress
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from guard.errors import ConfigError

Security = Literal["tls", "starttls", "plain"]
Auth = Literal["password", "google", "microsoft"]
DEFAULT_NAME = "guard.toml"


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


def load(file: Path) -> Settings:
    """Read and check guard.toml.

    Raises:
        ConfigError: The file is missing, is not TOML, or a key or value is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no {file}", hint="Run: guard init   (or name the file: guard --config FILE)"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {type(error).__name__}") from None
    return parse(text, name=file.name, folder=file.absolute().parent)


def parse(text: str, *, name: str = DEFAULT_NAME, folder: Path) -> Settings:
    """Turn the text of guard.toml into settings; `name` is only for messages.

    Raises:
        ConfigError: The text is not TOML, or a key or value is wrong; names key and line.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not TOML: {error}", hint="Mend that line.") from None
    if "folder" in tree:
        raise _wrong(text, name, "folder", "unknown key `folder`")
    try:
        settings = msgspec.convert(tree, Settings)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        key = place.rstrip("`").lstrip(".")
        unknown = re.match(r"Object contains unknown field `(.*)`$", what)
        missing = re.match(r"Object missing required field `(.*)`$", what)
        if unknown:
            key, what = f"{key}.{unknown[1]}".strip("."), f"unknown key `{unknown[1]}`"
        elif missing:
            what = f"the key `{missing[1]}` is missing"
        raise _wrong(text, name, key, what) from None
    settings = msgspec.structs.replace(settings, folder=folder)
    for key, what in _doubts(settings):
        raise _wrong(text, name, key, what)
    return settings


def with_record(settings: Settings, **changes: str) -> Settings:
    """Return the settings with another place of the record.

    Raises:
        ConfigError: What is said of the place is wrong.
    """
    record = msgspec.structs.replace(settings.record, **changes)
    for key, what in _record_doubts(record):
        raise ConfigError(f"{what} ({key})")
    return msgspec.structs.replace(settings, record=record)


def listening(address: str) -> tuple[str, int] | Path:
    """Return a loopback address and port, or the path of a Unix socket.

    Raises:
        ValueError: It is neither; nothing else is ever listened on.
    """
    if address.startswith("/"):
        return Path(address)
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not ipaddress.ip_address(host).is_loopback or not 0 < int(port) < 65536:  # noqa: PLR2004  # the range of TCP ports
        raise ValueError(address)
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether a host name means this machine, so that plain text may pass."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _doubts(settings: Settings) -> Iterator[tuple[str, str]]:
    """What the types alone cannot tell: pairs of key and what is wrong with it."""
    if not settings.practice.addresses:
        yield "practice.addresses", "name at least one address"
    addresses = [("practice.addresses", one) for one in settings.practice.addresses]
    addresses.append(("smtp.from", settings.smtp.sender if settings.smtp else ""))
    addresses.append(("alerts.to", settings.alerts.to))
    addresses.append(("alerts.second", settings.alerts.second))
    addresses.append(("record.witness", settings.record.witness))
    for key, one in addresses:
        if one and not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", one):
            yield key, "this is not an e-mail address"
    yield from _server_doubts("mailbox", settings.mailbox)
    if settings.smtp is not None:
        yield from _server_doubts("smtp", settings.smtp)
    yield from _alert_doubts(settings.alerts)
    yield from _sign_in_doubts(settings)
    yield from _record_doubts(settings.record)
    if settings.record.witness and settings.smtp is None:
        yield "record.witness", "needs [smtp] to be sent by"
    if not re.fullmatch(r"(https?://[!-~]+)?", settings.record.timestamp_url):
        yield "record.timestamp_url", "a web address starts with https:// or http://"
    yield from _period_doubts(settings)
    if settings.serve is not None:
        yield from _serve_doubts(settings.serve)


def _record_doubts(record: RecordSettings) -> Iterator[tuple[str, str]]:
    if record.database and not re.match(r"postgres(ql)?://", record.database):
        yield "record.database", "this is written as postgresql://user@host/name"
    if re.search(r"://[^/@]*:[^/@]*@|[?&]password=", record.database):
        yield "record.database", "no secret in this file: put it into ~/.pgpass"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", record.practice):
        yield "record.practice", "up to 63 of a-z, 0-9, _ and -"
    if record.blobs and not (record.database and record.blobs.startswith("s3://")):
        yield "record.blobs", "this is written as s3://bucket/prefix, beside a database"
    if record.endpoint and not re.match(r"https://|http://(localhost|127\.)", record.endpoint):
        yield "record.endpoint", "https:// and a host"


def _period_doubts(settings: Settings) -> Iterator[tuple[str, str]]:
    if not 0 < settings.mailbox.timeout <= 3600:  # noqa: PLR2004  # an hour
        yield "mailbox.timeout", "more than 0 and at most 3600 seconds"
    if not 1 <= settings.retention.years <= 100:  # noqa: PLR2004  # a slip of the pen, surely
        yield "retention.years", "between 1 and 100 years"
    if not 18 <= settings.retention.minors_until <= 100:  # noqa: PLR2004  # of age; as above
        yield "retention.minors_until", "between 18 and 100 years"
    yield from _reminder_doubts(settings.reminders)


def _reminder_doubts(reminders: Reminders) -> Iterator[tuple[str, str]]:
    for key, least, what in (
        ("every_days", 1, "at least 1 day"),
        ("newest_hours", 1, "at least 1 hour"),
        ("note_days", 0, "0 or more days"),
        ("delay_minutes", 0, "0 or more minutes"),
        ("most_an_hour", 1, "at least 1"),
    ):
        if getattr(reminders, key) < least:
            yield f"reminders.{key}", what
    if reminders.delay_minutes >= 60 * reminders.newest_hours:
        yield "reminders.delay_minutes", "less than newest_hours, or nothing would ever be sent"
    languages = {"en", *reminders.texts, *reminders.signpost_texts}
    if not all(re.fullmatch(r"[a-z]{2,8}(-[A-Za-z0-9]{1,8})*", one) for one in languages):
        yield "reminders.texts", 'a language is written as "en" or "cy"'
    if reminders.language not in {"en", *reminders.texts}:
        yield "reminders.language", "there is no text in this language"


def _alert_doubts(alerts: Alerts) -> Iterator[tuple[str, str]]:
    if alerts.repeat_minutes < 0:
        yield "alerts.repeat_minutes", "0 or more minutes"
    if alerts.second_after < 1:
        yield "alerts.second_after", "at least 1 repeat"
    if alerts.second and not (alerts.to and alerts.repeat_minutes):
        yield "alerts.second", "is only told after repeats: set `to` and `repeat_minutes`"
    if not re.fullmatch(r"(https?://[!-~]+)?", alerts.heartbeat):
        yield "alerts.heartbeat", "a web address starts with https:// or http://"
    if alerts.smtp is not None:
        yield from _server_doubts("alerts.smtp", alerts.smtp)
        if alerts.smtp.auth != "password":
            yield "alerts.smtp.auth", "a password: a sign-in that ends must not silence alerts"
        if not re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", alerts.smtp.sender):
            yield "alerts.smtp.from", "name the address that alerts come from"


def _server_doubts(table: str, server: Mailbox | Smtp) -> Iterator[tuple[str, str]]:
    if not 0 < server.port < 65536:  # noqa: PLR2004  # the range of TCP ports
        yield f"{table}.port", "a port lies between 1 and 65535"
    if server.security == "plain" and not is_loopback(server.host):
        yield f"{table}.security", '"plain" is only for this machine; use "tls"'
    if server.password_file and server.password_command:
        yield f"{table}.password_command", "give a file or a command, not both"


def _sign_in_doubts(settings: Settings) -> Iterator[tuple[str, str]]:
    oauth, smtp = settings.oauth, settings.smtp
    if smtp is not None and smtp.auth != "password":
        if smtp.auth != settings.provider:
            yield "smtp.auth", "one sign-in serves both: take the one of [mailbox]"
        if not smtp.user:
            yield "smtp.user", "whose sign-in is it? usually the mailbox's user"
    if settings.provider == "google" and not oauth.client_file:
        yield "oauth.client_file", "name the JSON file of Google's desktop client"
    if settings.provider == "microsoft" and not oauth.client_id:
        yield "oauth.client_id", "name the id of the application"
    if not re.fullmatch(r"[A-Za-z0-9.-]+", oauth.tenant):
        yield "oauth.tenant", "a directory id, a domain, or common, organizations, consumers"
    if oauth.server and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?", oauth.server):
        yield "oauth.server", "https:// and a host"


def _serve_doubts(serve: Serve) -> Iterator[tuple[str, str]]:
    host = r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{1,4})?"
    if not re.fullmatch(host, serve.url) or serve.url.endswith(":443"):
        yield "serve.url", "https:// and a host, in small letters, with no path behind it"
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[!-~]*)?", serve.issuer) or (
        {"?", "#"} & set(serve.issuer)
    ):
        yield "serve.issuer", "https:// and a host; a path may follow"
    if not re.fullmatch(r"[!-~]+", serve.client_id):
        yield "serve.client_id", "name the id that the issuer gave to guard"
    if not re.fullmatch(r"[!-~]+", serve.who):
        yield "serve.who", "name one person: a verified e-mail address, or the issuer's sub"
    if serve.client_secret_file and serve.client_secret_command:
        yield "serve.client_secret_command", "give a file or a command, not both"
    try:
        listening(serve.listen)
    except ValueError:
        yield (
            "serve.listen",
            "127.0.0.1 and a port, or a Unix socket's path; a reverse proxy is what others reach",
        )


def _wrong(text: str, name: str, key: str, what: str) -> ConfigError:
    line = _line_of(text, key)
    place = f"{name}:{line}" if line else name
    shown = f" ({key})" if key and f"`{key}`" not in what else ""
    return ConfigError(
        f"{place}: {what}{shown}",
        hint="The keys are explained in the file that guard init writes.",
    )


def _line_of(text: str, key: str) -> int:
    """Line of a dotted key, counted from 1; of its table if the key is absent; else 0."""
    table, _, leaf = key.rpartition(".")
    leaf = leaf.partition("[")[0]
    here, best = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\s*([^\]\s]+)\s*\]", line):
            here = head[1]
            if here in (table, leaf):
                best = number
        elif here == table and re.match(rf"\s*\"?{re.escape(leaf)}\"?\s*=", line):
            return number
    return best
