"""Time stamps: somebody outside vouches that some bytes existed at some time.

Edge: HTTP to the authority, rfc3161-client, and the program openssl for answers that the
library cannot decode. Source: RFC 3161; RFC 5816.
"""

import contextlib
import http.client
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from guard.errors import ConfigError, RecordBrokenError, UnreachableError

_TIMEOUT_S = 15
"""Seconds for the connection, and again between two pieces of the answer."""

_DEADLINE_S = 30
"""Seconds for the whole answer."""

_LONGEST = 200_000
"""Bytes that an answer may have; one with a long chain has some 6,000."""

_OPENSSL_S = 20
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")
_EXTRA = "pip install 'guard[witness]'"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a stamp."""

    raw: bytes
    """DER, as it is sent."""

    nonce: int | None
    """What the answer must repeat."""


class Roots(msgspec.Struct, frozen=True, kw_only=True):
    """Authorities that are trusted to stamp."""

    file: Path
    """PEM."""

    named: bool
    """Whether somebody chose the file; else it is the system's."""


def roots(file: Path | None) -> Roots:
    """Whom to trust: the authorities in a file, or those that the system trusts.

    Raises:
        ConfigError: The file is missing, or the system names none.
    """
    paths = [file] if file else [Path(one) for one in (_system(), *_SYSTEM) if one]
    for path in paths:
        if path.is_file():
            return Roots(file=path, named=file is not None)
    what = f"there is no {file} (record.timestamp_ca)" if file else "the system trusts nobody"
    raise ConfigError(what, hint="Set record.timestamp_ca to the authority's root, in PEM.")


def question(data: bytes) -> Question:
    """Ask for a stamp over some bytes.

    Raises:
        ConfigError: The extra is not installed.
    """
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("time stamps need an extra", hint=f"Install it: {_EXTRA}") from None
    builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
    built = builder.cert_request(cert_request=True).build()
    return Question(raw=built.as_bytes(), nonce=built.nonce)


def ask(url: str, asked: Question) -> bytes:
    """Send a question; give the raw answer, unchecked.

    Raises:
        UnreachableError: The authority cannot be reached, or gave no answer.
        ConfigError: The address is not one.
    """
    if not url.startswith(("http://", "https://")):
        raise ConfigError("record.timestamp_url is not a web address")
    head = {"Content-Type": "application/timestamp-query", "User-Agent": "guard"}
    try:
        request = urllib.request.Request(url, data=asked.raw, headers=head)  # noqa: S310 - seen above
    except ValueError:
        raise ConfigError("record.timestamp_url is not a web address") from None
    until = time.monotonic() + _DEADLINE_S
    answer = b""
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 - as above
            while piece := response.read1(65_536):
                answer += piece
                if len(answer) > _LONGEST or time.monotonic() > until:
                    raise UnreachableError("the time-stamp authority talks without end")
    except urllib.error.HTTPError as error:
        # It holds the connection open.
        error.close()
        raise UnreachableError(f"the time-stamp authority says {error.code}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        kind = type(getattr(error, "reason", error)).__name__
        raise UnreachableError(f"the time-stamp authority cannot be reached ({kind})") from None
    return answer


def examine(
    answer: bytes, data: bytes, *, trusted: Roots, asked: Question | None = None
) -> datetime:
    """Check that an answer stamps some bytes, and is signed by whom we trust.

    Args:
        answer: The raw answer.
        data: What it must be about.
        trusted: Whose stamps count.
        asked: What was asked, when it comes fresh from the authority.

    Returns:
        When it was stamped, aware.

    Raises:
        RecordBrokenError: It does not, or is not.
        ConfigError: Neither the library nor openssl can read it.
    """
    try:
        from rfc3161_client import decode_timestamp_response  # noqa: PLC0415 - an extra

        decoded = decode_timestamp_response(answer)
    except (ImportError, ValueError):
        # RFC 3161 answers of openssl itself hold certificates in an order that the library
        # refuses; and it may not be installed where only a stamp is checked.
        return _by_openssl(answer, data, trusted, asked)
    from rfc3161_client import VerificationError, VerifierBuilder  # noqa: PLC0415 - as above

    nonce = asked.nonce if asked else None
    try:
        builder = VerifierBuilder(roots=_certificates(_read(trusted.file)), nonce=nonce)
        builder.build().verify_message(decoded, data)
    except (VerificationError, ValueError) as error:
        raise _no_good(str(error)) from None
    return decoded.tst_info.gen_time.astimezone(UTC)


def chain(answer: bytes, trusted: Roots) -> bytes:
    """The certificates of an answer and the trusted one that they lead to, PEM; as far as found.

    Only for whoever checks the stamp years later, when the authority's root is hard to come by.
    """
    with warnings.catch_warnings():
        # It complains of the order that openssl's answers have, and reads them all the same.
        warnings.simplefilter("ignore")
        try:
            found = pkcs7.load_der_pkcs7_certificates(_token(answer))
        except (ValueError, IndexError):
            found = []
    issuers = [one.issuer for one in found]
    for root in _certificates(_read(trusted.file)):
        if root.subject in issuers and root not in found:
            for one in found:
                with contextlib.suppress(ValueError, TypeError, InvalidSignature):
                    one.verify_directly_issued_by(root)
                    found = [*found, root]
                    break
    return b"".join(one.public_bytes(Encoding.PEM) for one in found)


def _by_openssl(answer: bytes, data: bytes, trusted: Roots, asked: Question | None) -> datetime:
    program = shutil.which("openssl")
    if program is None:
        raise ConfigError(
            "this time stamp can be read neither by rfc3161-client nor by openssl",
            hint=f"Install openssl, or: {_EXTRA}",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in (("a", answer), ("d", data), ("q", asked.raw if asked else b"")):
            (folder / file).write_bytes(content)
        shown = _run([program, "ts", "-reply", "-in", "a", "-text"], folder)
        stamped = re.search(
            r"^Time stamp: (\w+ +\d+ [\d:]+)(?:\.\d+)? (\d+) GMT$", shown, re.MULTILINE
        )
        if stamped is None:
            raise _no_good("it holds no time")
        at = datetime.strptime(" ".join(stamped.groups()), "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        about = ["-queryfile", "q"] if asked else ["-data", "d"]
        # Valid then is enough: stamps are kept for longer than certificates last.
        when = ["-attime", str(int(at.timestamp()))]
        trust = ["-CAfile", str(trusted.file.absolute())]
        _run([program, "ts", "-verify", *about, "-in", "a", *trust, *when], folder)
        if asked:
            _run([program, "ts", "-verify", "-data", "d", "-in", "a", *trust, *when], folder)
    return at


def _run(command: list[str], folder: Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no word of anybody's mail
            command, cwd=folder, capture_output=True, timeout=_OPENSSL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise ConfigError("openssl does not work") from None
    if done.returncode != 0:
        reasons = re.findall(
            r"Verify error:(.+)|::?([\w ]+):\.\./", done.stderr.decode(errors="replace")
        )
        raise _no_good(
            next((one for pair in reasons for one in pair if one), "openssl refuses it")
        )
    return done.stdout.decode(errors="replace")


def _no_good(why: str) -> RecordBrokenError:
    found = re.search(r"Verify error: ?([\w -]+)", why)
    told = found[1] if found else re.sub(r"[^\w .:-]", " ", why)[:80].strip()
    return RecordBrokenError(
        f"this time stamp is no good: {told}",
        hint="Is record.timestamp_ca the root of the authority that gave it?",
    )


def _token(answer: bytes) -> bytes:
    """The part of an answer that is signed. Source: RFC 3161 section 2.4.2, TimeStampResp."""
    start, end = _inside(answer, 0)
    _, status_end = _inside(answer, start)
    return answer[status_end:end]


def _inside(der: bytes, at: int) -> tuple[int, int]:
    """Where the content of the element at a place begins and ends. Source: X.690 section 8.1."""
    length, head = der[at + 1], 2
    if length & 0x80:
        head += length & 0x7F
        length = int.from_bytes(der[at + 2 : at + head], "big")
    return at + head, at + head + length


def _system() -> str | None:
    return ssl.get_default_verify_paths().cafile


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {type(error).__name__}") from None


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """All that can be read; a system's bundle may hold one that cannot."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in re.findall(
            b"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.DOTALL
        ):
            with contextlib.suppress(ValueError):
                found.append(x509.load_pem_x509_certificate(text))
    return list(dict.fromkeys(found))
