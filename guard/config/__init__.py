"""guard.toml: settings, what may be wrong with them, and how they are read."""

from guard.config.doubts import is_loopback, listening
from guard.config.file import DEFAULT_NAME, load, parse, with_record
from guard.config.settings import (
    Alerts,
    Auth,
    Mailbox,
    ModelSettings,
    OAuth,
    Practice,
    RecordSettings,
    Reminders,
    Retention,
    Security,
    Serve,
    Settings,
    Smtp,
)

__all__ = [
    "DEFAULT_NAME",
    "Alerts",
    "Auth",
    "Mailbox",
    "ModelSettings",
    "OAuth",
    "Practice",
    "RecordSettings",
    "Reminders",
    "Retention",
    "Security",
    "Serve",
    "Settings",
    "Smtp",
    "is_loopback",
    "listening",
    "load",
    "parse",
    "with_record",
]
