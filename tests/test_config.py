"""guard.toml: what is read, and how each mistake is named."""

from pathlib import Path

import pytest

from guard.config import Settings, is_loopback, listening, load, parse
from guard.errors import ConfigError

GOOD = """\
[practice]
name = "ASO Therapy Centre"
addresses = ["andrea@practice.example"]

[mailbox]
host = "imap.practice.example"
user = "andrea@practice.example"
password_file = "imap.secret"

[smtp]
host = "smtp.practice.example"
from = "andrea@practice.example"
"""
HERE = Path("/etc/guard")


def read(text: str) -> Settings:
    return parse(text, folder=HERE)


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def test_a_short_file_is_filled_with_safe_defaults() -> None:
    settings = read(GOOD)

    assert settings.mailbox.port == 993
    assert settings.mailbox.security == "tls"
    assert settings.reminders.mode == "auto"
    assert settings.record_folder == HERE / "record"
    assert settings.reply_address == "andrea@practice.example"


def test_without_smtp_the_first_own_address_speaks() -> None:
    settings = read(GOOD.partition("[smtp]")[0])

    assert settings.reply_address == "andrea@practice.example"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('user = "andrea', 'uzer = "andrea', "guard.toml:7: unknown key `uzer` (mailbox.uzer)"),
        ('user = "andrea@practice.example"\n', "", "guard.toml:5: the key `user` is missing"),
        ("[smtp]", "[smpt]", "guard.toml:10: unknown key `smpt`"),
        ('host = "imap', 'port = 0\nhost = "imap', "guard.toml:6: a port lies between"),
        ('host = "imap', 'security = "plain"\nhost = "imap', 'guard.toml:6: "plain" is only'),
        ('["andrea@practice.example"]', "[]", "guard.toml:3: name at least one address"),
        ('["andrea@practice.example"]', '["andrea"]', "guard.toml:3: this is not an e-mail"),
        ('from = "andrea@', 'from = "and rea@', "guard.toml:12: this is not an e-mail"),
        ("[smtp]", '[smtp]\nauth = "google"', "guard.toml:10: whose sign-in is it?"),
        ('user = "andrea', 'auth = "google"\nuser = "andrea', "oauth.client_file"),
        ('user = "andrea', 'auth = "microsoft"\nuser = "andrea', "oauth.client_id"),
        ("[smtp]", '[oauth]\ntenant = "a/b"\n[smtp]', "guard.toml:11: a directory id"),
        ("[smtp]", '[oauth]\nserver = "http://x"\n[smtp]', "guard.toml:11: https:// and a host"),
        ("[smtp]", "[alerts]\nto = 'x'\n[smtp]", "guard.toml:11: this is not an e-mail"),
        ("[smtp]", "[reminders]\nevery_days = 0\n[smtp]", "guard.toml:11: at least 1 day"),
        ("[smtp]", "[reminders]\nnewest_hours = 0\n[smtp]", "guard.toml:11: at least 1 hour"),
        ("[practice]", "folder = 3\n[practice]", "guard.toml:1: unknown key `folder`"),
        ("[practice]", "[practice", "guard.toml is not TOML"),
        (
            'password_file = "imap.secret"',
            'password_file = "a"\npassword_command = ["b"]',
            "guard.toml:9: give a file or a command, not both",
        ),
    ],
)
def test_names_key_and_line_of_a_mistake(old: str, new: str, said: str) -> None:
    assert said in complaint(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('[mailbox]\nport = "x"', "write a whole number here, not text in quotes (mailbox.port)"),
        ("[mailbox]\nport = 1.5", "write a whole number here, not a number with a point"),
        ("[mailbox]\ntimeout = true", "write a number here, not true or false"),
        ('[mailbox]\nsecurity = "ssl"', 'write "tls", "starttls" or "plain" here'),
        ("[mailbox]\nsecurity = 3", 'write "tls", "starttls" or "plain" here, not a number'),
        ('[mailbox]\nsent = "x"', 'write "auto" or a list, as in ["one", "two"] here'),
        ("[mailbox]\nsent = 3", 'write "auto" or a list, as in ["one", "two"] here, not a number'),
        ("[mailbox]\nsent = [3]", "write text in quotes here, not a number (mailbox.sent[0])"),
        (
            '[mailbox]\nflag = "yes"',
            "write true or false, without quotes here, not text in quotes",
        ),
        ('[mailbox]\nalso = "x"', 'write a list, as in ["one", "two"] here, not text in quotes'),
        ('[reminders]\nnumbers_checked = "x"', "write a date without quotes, as in 2026-07-31"),
        ("[reminders]\nnumbers_checked = 3", "write a date without quotes, as in 2026-07-31"),
        ("[reminders]\ntexts = { cy = 1 }", "write text in quotes here, not a number"),
        ("[[smtp]]", "write a table such as [smtp] here, not a list"),
        ("[alerts]\nsmtp = 3", "write a table such as [alerts.smtp] here, not a number"),
    ],
)
def test_says_in_plain_words_how_a_value_is_written(line: str, said: str) -> None:
    head = "[practice]\naddresses = ['a@b.example']\n"
    box = "[mailbox]\nhost = 'x'\nuser = 'y'\n"
    text = head + line.replace("[mailbox]\n", box, 1) + ("" if "[mailbox]" in line else "\n" + box)

    told = complaint(text)

    assert said in told
    assert "`" not in told


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("[reminder]", "`reminders`"), ("[alerts]\nrepeat_minute = 3", "`repeat_minutes`")],
)
def test_an_unknown_key_says_which_one_may_be_meant(wrong: str, meant: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(GOOD + wrong)

    assert caught.value.hint.startswith(f"Did you mean {meant}?")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "guard.toml")

    assert "guard init" in caught.value.hint


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "guard.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path / "guard.toml")


def test_paths_start_where_the_file_lies(tmp_path: Path) -> None:
    (tmp_path / "guard.toml").write_text(GOOD)

    assert load(tmp_path / "guard.toml").path("imap.secret") == tmp_path / "imap.secret"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("x", False)],
)
def test_only_this_machine_may_be_spoken_to_in_plain_text(host: str, *, expected: bool) -> None:
    assert is_loopback(host) is expected


SERVE = """
[serve]
url = "https://guard-anna.clinic.example"
issuer = "https://login.clinic.example/realms/clinic"
client_id = "guard-anna"
who = "anna@clinic.example"
"""


def test_a_page_behind_a_proxy_listens_on_this_machine_and_signs_out() -> None:
    serve = read(GOOD + SERVE).serve

    assert serve is not None
    assert listening(serve.listen) == ("127.0.0.1", 8460)
    assert serve.sign_out
    assert read(GOOD).serve is None


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:8460", ("::1", 8460)),
        ("/run/guard/page.sock", Path("/run/guard/page.sock")),
    ],
)
def test_an_address_of_this_machine_or_a_socket_may_be_listened_on(
    address: str, found: tuple[str, int] | Path
) -> None:
    assert listening(address) == found


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("url", "http://guard-anna.clinic.example", "https:// and a host"),
        ("url", "https://guard-anna.clinic.example/", "https:// and a host"),
        ("url", "https://guard-anna.clinic.example/guard", "https:// and a host"),
        ("url", "https://Guard.clinic.example", "https:// and a host"),
        ("url", "https://guard.clinic.example:443", "https:// and a host"),
        ("url", "https://anna@guard.clinic.example", "https:// and a host"),
        ("issuer", "http://login.clinic.example", "https:// and a host; a path may follow"),
        ("issuer", "https://login.clinic.example/?realm=x", "https:// and a host; a path"),
        ("client_id", "", "name the id"),
        ("who", "", "name one person"),
        ("who", "anna clinic", "name one person"),
        ("listen", "0.0.0.0:8460", "127.0.0.1 and a port"),
        ("listen", "192.0.2.1:8460", "127.0.0.1 and a port"),
        ("listen", "[::]:8460", "127.0.0.1 and a port"),
        ("listen", "localhost:8460", "127.0.0.1 and a port"),
        ("listen", "127.0.0.1:0", "127.0.0.1 and a port"),
        ("listen", "127.0.0.1:65536", "127.0.0.1 and a port"),
        ("listen", "8460", "127.0.0.1 and a port"),
        ("listen", "page.sock", "127.0.0.1 and a port"),
        ("listen", "", "127.0.0.1 and a port"),
    ],
)
def test_a_page_that_others_could_reach_or_listen_to_is_refused(
    key: str, value: str, said: str
) -> None:
    kept = "".join(line for line in SERVE.splitlines(keepends=True) if not line.startswith(key))
    assert said in complaint(f'{GOOD}{kept}{key} = "{value}"\n')


def test_the_issuers_secret_comes_from_one_place() -> None:
    two = 'client_secret_file = "a"\nclient_secret_command = ["b"]\n'
    assert "not both (serve.client_secret_command)" in complaint(GOOD + SERVE + two)
