"""What is wrong with settings whose types are right: rules of one key, and between keys.

Pure. Each doubt is a pair: the dotted key, and what is wrong with it or how it is written.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path

from guard.config.settings import Alerts, Mailbox, RecordSettings, Reminders, Serve, Settings, Smtp

Doubt = tuple[str, str]
"""Key, and what is wrong with it."""


def doubts(settings: Settings) -> Iterator[Doubt]:
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
    yield from record_doubts(settings.record)
    if settings.record.witness and settings.smtp is None:
        yield "record.witness", "needs [smtp] to be sent by"
    if not re.fullmatch(r"(https?://[!-~]+)?", settings.record.timestamp_url):
        yield "record.timestamp_url", "a web address starts with https:// or http://"
    yield from _period_doubts(settings)
    if settings.serve is not None:
        yield from _serve_doubts(settings.serve)


def record_doubts(record: RecordSettings) -> Iterator[Doubt]:
    """Yield what is wrong with the place of a record."""
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


def _period_doubts(settings: Settings) -> Iterator[Doubt]:
    if not 0 < settings.mailbox.timeout <= 3600:  # noqa: PLR2004  # an hour
        yield "mailbox.timeout", "more than 0 and at most 3600 seconds"
    if not 1 <= settings.retention.years <= 100:  # noqa: PLR2004  # a slip of the pen, surely
        yield "retention.years", "between 1 and 100 years"
    if not 18 <= settings.retention.minors_until <= 100:  # noqa: PLR2004  # of age; as above
        yield "retention.minors_until", "between 18 and 100 years"
    yield from _reminder_doubts(settings.reminders)


def _reminder_doubts(reminders: Reminders) -> Iterator[Doubt]:
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


def _alert_doubts(alerts: Alerts) -> Iterator[Doubt]:
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


def _server_doubts(table: str, server: Mailbox | Smtp) -> Iterator[Doubt]:
    if not 0 < server.port < 65536:  # noqa: PLR2004  # the range of TCP ports
        yield f"{table}.port", "a port lies between 1 and 65535"
    if server.security == "plain" and not is_loopback(server.host):
        yield f"{table}.security", '"plain" is only for this machine; use "tls"'
    if server.password_file and server.password_command:
        yield f"{table}.password_command", "give a file or a command, not both"


def _sign_in_doubts(settings: Settings) -> Iterator[Doubt]:
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


def _serve_doubts(serve: Serve) -> Iterator[Doubt]:
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
