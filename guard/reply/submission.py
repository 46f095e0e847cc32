"""One SMTP connection up to the first letter: greeting, STARTTLS, sign-in, and its answers.

Edge, the half of SMTP that knows no letter; `guard.reply.smtp` is the other. A server's words
are never shown, for they may quote a recipient; its codes are. Source: RFC 5321, RFC 4954.
"""

import base64
import re
import smtplib
import socket

import msgspec

from guard.errors import ConfigError, NotSentError, SendRefusedError, SignInError
from guard.mail import refusals
from guard.mail.bearer import shown
from guard.mail.connection import Place, connect, context

OK, GO_ON = 250, 354
"""Replies to commands and to DATA (RFC 5321 section 4.2.3)."""

_READY, _CHALLENGE, _SIGNED_IN, _SIGN_IN_FIRST = 220, 334, 235, 530
_NEVER = 5
"""First digit of a final no."""

_SERVER_SAYS = frozenset({421, 452, 454})
"""Closing down, no room, no sign-in for now: whatever it was asked, it speaks of itself."""

_ENHANCED = re.compile(rb"\b([245]\.\d{1,3}\.\d{1,3})\b")
"""RFC 3463."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs in, and how."""

    user: str
    password: str
    oauth: bool


class Smtp(smtplib.SMTP):
    """smtplib that opens its line as guard does, and tells the server no name of this computer."""

    sock: socket.socket | None

    def __init__(self, place: Place) -> None:
        self._place = place
        super().__init__(local_hostname="[127.0.0.1]", timeout=place.timeout)
        # The name that STARTTLS checks the certificate against.
        self._host = place.host

    def _get_socket(self, *_: object) -> socket.socket:
        return connect(self._place)


def greet(smtp: Smtp, place: Place) -> None:
    """Connect, and change to TLS if that is agreed."""
    expect(_READY, f"the {place.what} turned us away", smtp.connect(place.host, place.port))
    expect(OK, f"the {place.what} turned us away", smtp.ehlo())
    if place.security == "starttls":
        if not smtp.has_extn("starttls"):
            raise ConfigError(
                f"the {place.what} offers no STARTTLS, so letters would travel openly",
                hint='Set security = "tls" and the port for it, usually 465.',
            )
        answer = smtp.starttls(context=context(place.ca_file))
        expect(_READY, f"the {place.what} does not start TLS", answer)
        expect(OK, f"the {place.what} turned us away", smtp.ehlo())


def sign_in(smtp: Smtp, place: Place, who: Credentials) -> None:
    """Sign in by the first way that the server offers and guard knows."""
    if "\0" in who.user + who.password:
        raise ConfigError("the user or the password of [smtp] holds a NUL")
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if who.oauth:
        answer = _show_token(smtp, place, who, offered)
    elif "PLAIN" in offered:
        plain = _base64(f"\0{who.user}\0{who.password}")
        answer = smtp.docmd("AUTH", f"PLAIN {plain}")
    elif "LOGIN" in offered:
        answer = smtp.docmd("AUTH", "LOGIN")
        for word in (who.user, who.password):
            if answer[0] == _CHALLENGE:
                answer = smtp.docmd(_base64(word))
    else:
        raise ConfigError(
            f"the {place.what} offers no way to sign in with a password",
            hint="Check host, port and security in [smtp]; leave user empty for none.",
        )
    if answer[0] // 100 == _NEVER:
        raise _refusal(place, who, answer)
    expect(_SIGNED_IN, f"the {place.what} refuses sign-in for now", answer)


def _show_token(
    smtp: Smtp, place: Place, who: Credentials, offered: list[str]
) -> tuple[int, bytes]:
    way = shown(who.user, who.password, host=place.host, port=place.port, offered=offered)
    answer = smtp.docmd("AUTH", f"{way.mechanism} {_base64(way.first)}")
    if answer[0] == _CHALLENGE:
        # The server's reasons; the no comes only after an answer.
        answer = smtp.docmd(_base64(way.second))
    return answer


def _refusal(place: Place, who: Credentials, answer: tuple[int, bytes]) -> SignInError:
    meant = refusals.of_mail_server(answer[1].decode("latin-1"))
    if meant is not None:
        return SignInError(f"the {place.what} {meant[0]} ({_codes(answer)})", hint=meant[1])
    if who.oauth:
        return SignInError(
            f"the {place.what} refused the sign-in ({_codes(answer)})",
            hint="Was it made as this user, with the right to send? Run: guard login",
        )
    return SignInError(
        f"the {place.what} refused the user or the password ({_codes(answer)})",
        hint="Check user and password, or run: guard login   Many providers want an app password.",
    )


def expect(code: int, problem: str, answer: tuple[int, bytes], *, of_letter: bool = False) -> None:
    """Raise unless the server agreed: 4yz means later, 5yz never (RFC 5321 section 4.2.1).

    Args:
        code: The answer that agrees.
        problem: What went wrong if it does not.
        answer: What the server said.
        of_letter: It speaks of one recipient or one text, so a "later" holds for no other.

    Raises:
        NotSentError: It said later, or nonsense.
        SendRefusedError: It said never.
        SignInError: It wants a sign-in first.
    """
    given = answer[0]
    if given == code or (code == OK and given // 100 == OK // 100):
        return
    if given == _SIGN_IN_FIRST:
        raise SignInError(f"{problem} ({_codes(answer)})", hint="Set user and password in [smtp].")
    if given // 100 == _NEVER:
        raise SendRefusedError(f"{problem} ({_codes(answer)})")
    alone = of_letter and given not in _SERVER_SAYS
    raise NotSentError(f"{problem} ({_codes(answer)})", this_letter=alone)


def _codes(answer: tuple[int, bytes]) -> str:
    """Return the codes of an answer, which hold no word of anybody (RFC 3463)."""
    enhanced = _ENHANCED.search(answer[1])
    return f"{answer[0]} {enhanced[1].decode('ascii')}" if enhanced else str(answer[0])


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
