"""A line to a mail server: TCP, TLS and how their failures are told.

Edge, shared by IMAP and SMTP. Turns what socket and ssl raise into errors of guard, and cuts
a server's words to one line that holds no address and nothing quoted.
"""

import contextlib
import functools
import re
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from guard.config import is_loopback
from guard.errors import ConfigError, GuardError, UnreachableError

Security = Literal["tls", "starttls", "plain"]

_LONGEST_WORDS = 120
"""Characters of a server's words that an error may show."""

_EXPIRED, _NOT_YET, _WRONG_HOST, _WRONG_IP = 10, 9, 62, 64
"""X509_V_ERR_... of OpenSSL's x509_vfy.h."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is, and how to reach it."""

    what: str
    """For messages: ``mail server imap.practice.example:993``."""

    host: str
    port: int
    security: Security
    ca_file: Path | None
    timeout: float
    """Seconds for the connection and its TLS handshake, each."""


def connect(place: Place) -> socket.socket:
    """Open a connection, with TLS if it starts at the first byte.

    Raises:
        UnreachableError: The server is not found, refuses, or does not answer.
        ConfigError: Plain text to another machine, no TLS on this port, or a certificate
            that cannot be trusted.
    """
    if place.security == "plain" and not is_loopback(place.host):
        raise ConfigError(
            f"plain text to the {place.what} is not allowed",
            hint='Set security to "tls" or "starttls"; "plain" is only for this machine.',
        )
    try:
        line = socket.create_connection((place.host, place.port), timeout=place.timeout)
    except (OSError, UnicodeError, OverflowError) as error:
        raise explained(error, place) from None
    try:
        # A command in two writes would wait 40 ms for the other side's delayed ACK.
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if place.security == "tls":
            line = context(place.ca_file).wrap_socket(line, server_hostname=place.host)
    except GuardError:
        line.close()
        raise
    except (OSError, ValueError) as error:
        line.close()
        raise explained(error, place) from None
    return line


@functools.cache
def context(ca_file: Path | None) -> ssl.SSLContext:
    """TLS that checks the certificate and the name, against the system's CAs or one file.

    Raises:
        ConfigError: The file cannot be read or holds no certificate.
    """
    try:
        made = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ValueError) as error:
        why = "it is not there" if isinstance(error, FileNotFoundError) else type(error).__name__
        raise ConfigError(
            f"cannot use the certificates in {ca_file} (ca_file): {why}",
            hint="It must be a file in PEM format that guard may read.",
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


class Watchdog:
    """Cuts a line after a time, because socket timeouts start anew with every byte."""

    def __init__(self, line: Callable[[], socket.socket | None], seconds: float) -> None:
        """Start to watch.

        Args:
            line: Gives the socket as it is when the time is up; STARTTLS changes it.
            seconds: The longest life of the line.
        """
        self.barked = False
        self._line = line
        self._timer = threading.Timer(seconds, self._bark)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Watch no more. After this the line is not touched."""
        self._timer.cancel()
        self._timer.join()

    def _bark(self) -> None:
        self.barked = True
        line = self._line()
        if line is not None:
            # Not SSLSocket.shutdown: it drops TLS first, and a reader in the other thread
            # would then take ciphertext for mail.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)


def explained(error: BaseException, place: Place) -> GuardError:
    """Tell what socket or ssl raised, in guard's words."""
    # A certificate error is an OSError and a ValueError as well, so it is asked for first.
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error, place)
    if isinstance(error, ssl.SSLError) and error.reason in {
        "WRONG_VERSION_NUMBER",
        "RECORD_LAYER_FAILURE",
        "PACKET_LENGTH_TOO_LONG",
        "HTTP_REQUEST",
    }:
        return ConfigError(
            f"the {place.what} does not speak TLS on this port",
            hint='Check the port; security = "starttls" is usual on 143 and 587.',
        )
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return UnreachableError(
            f"the {place.what} is not found",
            hint="Check the network, and the host's spelling in guard.toml.",
        )
    if isinstance(error, ConnectionRefusedError):
        return UnreachableError(
            f"nothing answers at the {place.what}", hint="Check host and port in guard.toml."
        )
    if isinstance(error, TimeoutError):
        return UnreachableError(f"the {place.what} does not answer in time")
    return UnreachableError(f"the {place.what} hung up ({type(error).__name__})")


def safe_words(text: str | bytes) -> str:
    """Cut a server's words to one short ASCII line without addresses or anything quoted."""
    words = text.decode("latin-1") if isinstance(text, bytes) else text
    words = re.sub(r"\S*@\S*", "...", words)
    words = re.sub(r"\"[^\"]*(\"|$)|<[^>]*(>|$)", "...", words)
    words = re.sub(r"[^\x20-\x7e]+", " ", words)
    return " ".join(words.split())[:_LONGEST_WORDS]


def _certificate(error: ssl.SSLCertVerificationError, place: Place) -> ConfigError:
    match error.verify_code:
        case code if code in (_EXPIRED, _NOT_YET):
            why = "has expired" if code == _EXPIRED else "is not valid yet"
            hint = "Check this computer's date; else the provider must renew its certificate."
        case code if code in (_WRONG_HOST, _WRONG_IP):
            why = "is for another name"
            hint = "Check the host in guard.toml: it must be the name the provider gives."
        case _:
            why = "is signed by nobody this computer trusts"
            hint = "If the server has a private CA, name its certificate: ca_file in guard.toml."
    return ConfigError(f"the certificate of the {place.what} {why}", hint=hint)
