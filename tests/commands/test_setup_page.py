"""The lines of guard/mail/SETUP.md, run as they stand there; only the servers are stand-ins."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.practice import PASSPHRASE, Ran, guard
from tests.commands.signing import Conversation
from tests.servers.dovecot import PASSWORD, Dovecot, MailUser, insist
from tests.servers.provider import SignInServer
from tests.servers.smtpd import SmtpSink

PAGE = Path(__file__).parents[2] / "guard" / "mail" / "SETUP.md"
ADDRESS = "you@practice.example"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInServer]:
    """Stands in for Google and Microsoft."""
    with SignInServer(tmp_path_factory.mktemp("provider")) as server:
        yield server


@pytest.fixture(scope="module")
def dovecot(provider: SignInServer) -> Iterator[Dovecot]:
    """Stands in for every mail server."""
    insist()
    where = provider.url.replace("localhost", "127.0.0.1")
    with Dovecot(sign_in=where) as server:
        yield server


def commands(section: str) -> list[list[str]]:
    """The words of every guard command of one section."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    found = re.search(r"```bash\n(.*?)```", text, re.DOTALL)
    assert found is not None, section
    lines = found[1].replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [one[1:] for one in words if one[0] == "guard"]


class House:
    """A folder to set up in, and servers that stand in for the provider's."""

    def __init__(
        self, folder: Path, user: MailUser, sink: SmtpSink, provider: SignInServer
    ) -> None:
        self.folder, self.user, self.sink, self.provider = folder, user, sink, provider
        sink.user, sink.password = ADDRESS, PASSWORD
        provider.user, provider.scope = ADDRESS, "https://mail.google.com/"
        provider.rotates, provider.declines, provider.ends_in = False, "", 0
        sink.tokens = None
        for name, text in {
            "ca.pem": user.ca_file.read_text() + sink.ca_file.read_text(),
            "provider.pem": provider.ca_file.read_text(),
            "pass.secret": PASSPHRASE,
        }.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)

    def init(self, words: list[str]) -> None:
        """Run guard init as the page says, with our servers in place of the provider's."""
        ours = {
            "--imap-host": "localhost",
            "--imap-port": str(self.user.port),
            "--smtp-host": "localhost",
            "--smtp-port": str(self.sink.port),
            "--smtp-security": "tls",
            "--ca-file": "ca.pem",
            "--passphrase-file": "pass.secret",
        }
        named = [word for pair in ours.items() for word in pair]
        ran = guard(*words, *named, cwd=self.folder)
        assert (ran.status, ran.err) == (0, "")
        config = self.folder / "guard.toml"
        text = config.read_text().replace('\nserver = ""', f'\nserver = "{self.provider.url}"')
        head, oauth, tail = text.partition("[oauth]")
        config.write_text(head + oauth + tail.replace('ca_file = ""', 'ca_file = "provider.pem"'))

    def check(self) -> Ran:
        """Look at every part."""
        return guard("check", cwd=self.folder)

    def login(self, *words: str) -> Conversation:
        """Sign in."""
        return Conversation(self.folder / "guard.toml", words)


@pytest.fixture
def house(tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, provider: SignInServer) -> House:
    """A folder to set up in."""
    folder = tmp_path / "practice"
    folder.mkdir(mode=0o700)
    return House(folder, MailUser(name=ADDRESS, dovecot=dovecot), smtp_sink, provider)


def signed_in(ran: Ran) -> None:
    assert "ok      mailbox: signed in to localhost" in ran.out
    assert "ok      sending: signed in to localhost; nothing was sent" in ran.out


@pytest.mark.parametrize("section", ["Any IMAP provider", "Gmail, with an app password"])
def test_a_password(house: House, section: str) -> None:
    init, login, check = commands(section)
    house.init(init)

    ran = house.login(*login[1:]).end(f"{PASSWORD}\n")

    assert (ran.status, ran.err) == (0, "")
    assert check == ["check"]
    signed_in(house.check())


def test_google(house: House) -> None:
    init, login, check = commands("Gmail, signing in with Google")
    house.provider.client_id = "google"
    known = {"client_id": "google", "client_secret": house.provider.client_secret}
    (house.folder / "google-client.json").write_text(json.dumps({"installed": known}))
    house.sink.tokens = house.provider.access
    house.init(init)

    talk = house.login(*login[1:], "--no-browser")
    ran = talk.end(f"{house.provider.visit(talk.page())}\n")

    assert ran.status == 0, ran.err
    assert check == ["check"]
    signed_in(house.check())


def test_microsoft(house: House) -> None:
    init, login, check = commands("Microsoft 365")
    house.provider.client_id = init[init.index("--client-id") + 1]
    house.provider.scope = "IMAP.AccessAsUser.All SMTP.Send"
    house.sink.tokens = house.provider.access
    house.init(init)

    ran = house.login(*login[1:]).end()

    assert ran.status == 0, ran.err
    assert check == ["check"]
    signed_in(house.check())


def test_every_block_is_run() -> None:
    assert PAGE.read_text(encoding="utf-8").count("```bash") == 4
