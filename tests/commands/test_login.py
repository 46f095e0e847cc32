"""Signing in for good: by password, with Google, with Microsoft; on real mail servers."""

import json
import socket
import stat
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from guard.mail.token import Token, decode, encode
from tests.commands.practice import Practice, Ran, letter
from tests.commands.signing import Conversation
from tests.servers.desk import Fault
from tests.servers.dovecot import PASSWORD, Dovecot, free_port, insist
from tests.servers.provider import SignInServer, refusal
from tests.servers.smtpd import SmtpSink


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInServer]:
    """A provider for all tests of this file."""
    with SignInServer(tmp_path_factory.mktemp("provider")) as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(provider: SignInServer) -> Iterator[Dovecot]:
    """A Dovecot that takes the provider's tokens."""
    insist()
    where = provider.url.replace("localhost", "127.0.0.1")
    with Dovecot(sign_in=where) as server:
        yield server


@dataclass
class Home:
    """A practice that signs in with a provider."""

    practice: Practice
    provider: SignInServer

    @property
    def file(self) -> Path:
        """Where the sign-in is kept."""
        return self.practice.folder / "mail.token"

    @property
    def token(self) -> Token:
        """The sign-in that is kept."""
        return decode(self.file.read_text())

    def age(self, **change: object) -> None:
        """Change the sign-in that is kept."""
        self.file.write_bytes(encode(msgspec.structs.replace(self.token, **change)))

    def start(self, *words: str) -> Conversation:
        """Run guard login, to talk to it."""
        return Conversation(self.practice.config, words)

    def login(self) -> Ran:
        """Sign in as she would."""
        talk = self.start()
        if self.provider.client_id == "microsoft":
            return talk.end()
        with urllib.request.urlopen(self.provider.visit(talk.page())) as shown:
            assert b"go back to the terminal" in shown.read()
        return talk.end()


def at_home(
    folder: Path, dovecot: Dovecot, sink: SmtpSink, provider: SignInServer, auth: str
) -> Home:
    """A practice that is set up, and has not signed in yet."""
    user = dovecot.new_user()
    provider.heard.clear()
    provider.fault, provider.declines, provider.ends_in = None, "", 0
    provider.rotates = auth == "microsoft"
    provider.client_id = auth
    rights = (
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
    )
    provider.scope = rights if auth == "microsoft" else "https://mail.google.com/"
    provider.user = user.name
    sink.tokens = provider.access
    chosen: dict[str, object] = {"auth": auth, "client_id": auth if auth == "microsoft" else ""}
    file: dict[str, object] = {"client_file": "client.json" if auth == "google" else ""}
    practice = Practice(folder=folder, user=user, sink=sink, settings=chosen | file)
    practice.change('server = ""', f'server = "{provider.url}"')
    practice.change('ca_file = ""   ', 'ca_file = "provider.pem"   ')
    (practice.folder / "provider.pem").write_text(provider.ca_file.read_text())
    kept = {"client_id": auth, "client_secret": provider.client_secret}
    (practice.folder / "client.json").write_text(json.dumps({"installed": kept}))
    (practice.folder / "mail.secret").unlink()
    return Home(practice, provider)


@pytest.fixture(params=["google", "microsoft"])
def home(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    dovecot: Dovecot,
    smtp_sink: SmtpSink,
    provider: SignInServer,
) -> Home:
    """A practice with Gmail, and one with Microsoft 365."""
    return at_home(tmp_path / "practice", dovecot, smtp_sink, provider, request.param)


@pytest.fixture
def gmail(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, provider: SignInServer) -> Home:
    """A practice with Gmail."""
    return at_home(tmp_path / "practice", dovecot, smtp_sink, provider, "google")


@pytest.fixture
def office(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, provider: SignInServer) -> Home:
    """A practice with Microsoft 365."""
    return at_home(tmp_path / "practice", dovecot, smtp_sink, provider, "microsoft")


# --- Google and Microsoft -------------------------------------------------------------------


def test_one_sign_in_serves_mailbox_and_sending(home: Home) -> None:
    ran = home.login()

    assert ran.status == 0, ran.err
    assert ran.out.splitlines() == ["signed in to localhost", "signed in to localhost"]
    assert stat.S_IMODE(home.file.stat().st_mode) == 0o600
    assert home.token.access_token in home.provider.access
    assert len(home.provider.heard) == 1


def test_the_code_and_the_page_for_microsoft_are_shown(office: Home) -> None:
    ran = office.login()

    assert "https://microsoft.example/devicelogin" in ran.err
    assert "GUARD-123" in ran.err


def test_after_it_the_scans_run_on_their_own(home: Home) -> None:
    home.login()
    home.practice.deliver(letter("Could we move to 3?"))

    first, second = home.practice.scan(), home.practice.scan()

    assert (first["filed"], second["filed"]) == (1, 0)
    assert len(home.provider.heard) == 1


def test_a_scan_an_hour_later_renews_it_once_and_keeps_what_it_got(home: Home) -> None:
    home.login()
    before = home.token
    home.age(access_until=before.renewed)
    home.provider.access.clear()

    home.practice.scan()
    home.practice.scan()

    assert len(home.provider.heard) == 2
    assert home.token.access_token != before.access_token
    assert home.token.refresh_token in home.provider.refresh


@pytest.mark.parametrize(
    ("fault", "status", "says", "hint"),
    [
        (Fault(status=503), 75, "out of order", "the next scan carries on"),
        (Fault(body=b"<html>"), 75, "cannot read", "log in to this network"),
        (refusal("invalid_grant"), 77, "is over or was withdrawn", "guard login"),
        (refusal("invalid_client"), 78, "not know this application", "[oauth]"),
    ],
    ids=["down", "garbage", "revoked", "application"],
)
def test_a_scan_that_cannot_renew_it_says_why_and_loses_nothing(
    home: Home, fault: Fault, status: int, says: str, hint: str
) -> None:
    home.login()
    home.age(access_until=home.token.renewed)
    before = home.token
    home.practice.deliver(letter("Could we move to 3?"))
    home.provider.fault = fault

    ran = home.practice.guard("scan")

    lines = ran.err.splitlines()
    assert ran.status == status
    assert says in lines[0]
    assert hint in lines[1]
    assert home.token == before
    home.provider.fault = None
    assert home.practice.scan()["filed"] == 1


def test_a_scan_before_any_sign_in_says_what_to_run(home: Home) -> None:
    ran = home.practice.guard("scan")

    assert ran.status == 77
    assert ran.err.splitlines() == [
        "guard: nobody has signed in yet",
        "guard: hint: Run: guard login",
    ]


def test_check_renews_it_and_says_how_long_it_lasts(home: Home) -> None:
    home.login()
    home.practice.scan()

    ran = home.practice.guard("check")

    days = {"google": 180, "microsoft": 90}[home.provider.client_id]
    name = home.provider.client_id.title()
    assert f"ok      sign-in: renewed with {name}; unused, it would last {days} days" in ran.out
    assert "ok      mailbox: signed in to localhost" in ran.out
    assert "ok      sending: signed in to localhost; nothing was sent" in ran.out
    assert len(home.provider.heard) == 2


def test_check_warns_of_an_application_in_testing(gmail: Home) -> None:
    gmail.provider.ends_in = 604_799
    gmail.login()

    ran = gmail.practice.guard("check")

    assert "not ok  sign-in: the sign-in ends in 6 days, however much it is used" in ran.out
    assert "publish it" in ran.out


def test_check_says_when_it_was_withdrawn_though_the_access_token_still_lives(home: Home) -> None:
    home.login()
    home.provider.refresh.clear()

    ran = home.practice.guard("check")

    assert "not ok  sign-in: the sign-in with" in ran.out
    assert "ok      mailbox: signed in to localhost" in ran.out


def test_a_new_sign_in_mends_it(home: Home) -> None:
    home.login()
    home.provider.refresh.clear()
    home.age(access_until=home.token.renewed)
    assert home.practice.guard("scan").status == 77

    assert home.login().status == 0

    home.practice.scan()


def test_a_sign_in_as_somebody_else_is_not_kept(home: Home) -> None:
    home.login()
    before = home.token
    home.provider.user = "somebody.else@practice.example"
    home.practice.sink.tokens = set()

    ran = home.login()

    assert ran.status == 77
    assert "refused the sign-in" in ran.err
    assert "Was it made as this mailbox's user?" in ran.err
    assert home.token == before


def test_a_mailbox_that_cannot_send_is_signed_in_all_the_same(office: Home) -> None:
    office.practice.sink.answers["AUTH"] = (
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
        "Tenant. Visit https://aka.ms/smtp_auth_disabled for more information."
    )

    ran = office.login()

    assert ran.status == 77
    assert "says that sending by SMTP is switched off (535 5.7.139)" in ran.err
    assert "tick Authenticated SMTP" in ran.err
    assert office.token.access_token in office.provider.access


def test_a_mail_server_that_is_down_does_not_waste_the_sign_in(home: Home) -> None:
    home.practice.change(f"port = {home.practice.user.port}", f"port = {free_port()}")

    ran = home.login()

    assert ran.status == 75
    assert home.token.access_token in home.provider.access


@pytest.mark.parametrize("error", ["access_denied", "admin_policy_enforced"])
def test_no_means_no(gmail: Home, error: str) -> None:
    gmail.provider.declines = error

    ran = gmail.login()

    assert ran.status in {77, 78}
    assert not gmail.file.exists()


@pytest.mark.parametrize("error", ["authorization_declined", "expired_token"])
def test_no_and_too_late_at_microsoft(office: Home, error: str) -> None:
    office.provider.declines = error

    ran = office.login()

    assert ran.status == 77
    assert not office.file.exists()


def test_a_box_left_unticked_is_told(home: Home) -> None:
    home.provider.scope = "openid profile"

    ran = home.login()

    assert ran.status == 77
    assert "tick every box" in ran.err
    assert not home.file.exists()


def test_a_browser_on_another_machine_ends_at_an_address_that_she_pastes(gmail: Home) -> None:
    talk = gmail.start("--no-browser")
    page = talk.page()

    ran = talk.end(f"{gmail.provider.visit(page)}\n")

    assert ran.status == 0, ran.err


@pytest.mark.parametrize("pasted", ["", "http://127.0.0.1/?code=x&state=wrong", "help"])
def test_an_address_that_is_not_ours_is_refused(gmail: Home, pasted: str) -> None:
    talk = gmail.start("--no-browser")
    talk.page()

    ran = talk.end(f"{pasted}\n")

    assert ran.status in {77, 78}
    assert not gmail.file.exists()


def test_strangers_at_the_door_are_sent_away_and_she_is_still_awaited(gmail: Home) -> None:
    talk = gmail.start()
    back = gmail.provider.visit(talk.page())
    door = back.partition("?")[0]

    for stranger in ("favicon.ico", "?code=x&state=guess", "?error=access_denied"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{door}{stranger}")
    with urllib.request.urlopen(back):
        pass

    assert talk.end().status == 0


def test_without_a_screen_the_way_by_another_machine_is_named(gmail: Home) -> None:
    talk = gmail.start()
    with urllib.request.urlopen(gmail.provider.visit(talk.page())):
        ran = talk.end()

    assert "guard login --no-browser" in ran.err


def test_lines_that_a_browser_opens_in_advance_hold_nothing_up(gmail: Home) -> None:
    talk = gmail.start()
    back = gmail.provider.visit(talk.page())
    door = urllib.parse.urlsplit(back)

    with (
        socket.create_connection((door.hostname or "", door.port or 0)),
        socket.create_connection((door.hostname or "", door.port or 0)),
        urllib.request.urlopen(back, timeout=30) as shown,
    ):
        assert shown.status == 200
        assert talk.end().status == 0


def test_the_key_of_a_web_application_is_refused(gmail: Home) -> None:
    (gmail.practice.folder / "client.json").write_text('{"web": {"client_id": "x"}}')

    ran = gmail.practice.guard("login")

    assert ran.status == 78
    assert '"Desktop app"' in ran.err


def test_no_secret_is_printed(home: Home) -> None:
    ran = home.login()

    told = ran.out + ran.err + home.practice.guard("check").out
    held = [home.token.refresh_token, home.token.access_token, home.provider.client_secret]
    assert not [one for one in held if one in told]


def test_the_record_folder_holds_no_token(home: Home) -> None:
    home.login()
    home.practice.scan()

    secret = home.token.refresh_token.encode()
    assert not [name for name, data in home.practice.bytes_on_disk().items() if secret in data]


# --- passwords ------------------------------------------------------------------------------


def test_a_password_is_tried_and_then_kept_for_both(practice: Practice) -> None:
    (practice.folder / "mail.secret").unlink()

    ran = practice.guard("login", stdin=f"{PASSWORD}\n".encode())

    file = practice.folder / "mail.secret"
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines() == ["signed in to localhost", "signed in to localhost"]
    assert file.read_text() == f"{PASSWORD}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_wrong_password_is_not_kept(practice: Practice) -> None:
    ran = practice.guard("login", stdin=b"wrong\n")

    assert ran.status == 77
    assert (practice.folder / "mail.secret").read_text() == f"{PASSWORD}\n"


def test_no_password_with_nobody_to_ask(practice: Practice) -> None:
    ran = practice.guard("login")

    assert ran.status == 78
    assert "no password was given" in ran.err


def test_spaces_of_an_app_password_are_left_out(practice: Practice) -> None:
    practice.sink.password = "abcdefghijklmnop"
    before, _, after = practice.config.read_text().rpartition('password_file = "mail.secret"')
    practice.config.write_text(f'{before}password_file = "smtp.secret"{after}')

    ran = practice.guard("login", "--smtp", stdin="abcd\xa0efgh ijkl mnop\n".encode())

    assert (ran.status, ran.err) == (0, "")
    assert (practice.folder / "smtp.secret").read_text() == "abcdefghijklmnop\n"


def test_sending_without_a_user_needs_no_sign_in(practice: Practice) -> None:
    practice.change(f'user = "{practice.sink.user}"\nauth', 'user = ""\nauth')

    assert practice.guard("login", "--smtp").status == 78


def test_a_password_command_is_only_tried(practice: Practice) -> None:
    text = practice.config.read_text()
    command = f'password_command = ["echo", "{PASSWORD}"]'
    lines = [command if one.startswith("password_file") else one for one in text.splitlines()]
    practice.config.write_text("\n".join(lines))

    ran = practice.guard("login")

    assert (ran.status, ran.err) == (0, "")
