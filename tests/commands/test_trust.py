"""guard check offers to trust who vouches: asked on a terminal, printed elsewhere."""

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from guard.commands.trust import Seen, trust, trusting
from guard.errors import ConfigError
from guard.mail.parse import parse
from tests.commands.practice import Practice, letter

NAME = "mx.practice.example"
HEAD = '[practice]\naddresses = ["a@practice.example"]\n[mailbox]\nhost = "h"\nuser = "u"\n'

TEXTS = {
    "empty list": '[reminders]\nmode = "auto"   # why\ntrust_authserv = []   # who vouches\n',
    "one": '[reminders]\ntrust_authserv = ["mx.old.example"] # who\n[alerts]\nto = ""\n',
    "several lines": '[reminders]\ntrust_authserv = [\n  "mx.old.example",  # the old one]\n]\n',
    "no key": "[reminders] # when\nevery_days = 9\n\n[alerts]\n",
    "no table": '[alerts]\nto = ""\n',
    "single quotes": "[reminders]\ntrust_authserv = ['mx.old.example']\n",
    "the key in a comment": "[reminders]\n# trust_authserv = []\nevery_days = 9\n",
    "tables after": "[reminders]\n\n[alerts]\n[model]\npath = ''\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_one_name_more_is_trusted_and_every_other_byte_stays(name: str) -> None:
    before = HEAD + TEXTS[name]
    after = trusting(before, NAME)

    was, now = tomllib.loads(before), tomllib.loads(after)
    old = was.get("reminders", {}).pop("trust_authserv", [])
    assert now["reminders"].pop("trust_authserv") == [NAME, *old]
    assert {**now, "reminders": now["reminders"]} == {**was, "reminders": was.get("reminders", {})}
    left = iter(after)
    assert all(letter in left for letter in before.rstrip())


def test_a_file_that_reads_otherwise_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "guard.toml"
    text = HEAD + '["reminders"]\ntrust_authserv = []\n'
    file.write_text(text)

    with pytest.raises(ConfigError, match="cannot be changed by guard") as caught:
        trust(file, NAME)

    assert f'trust_authserv = ["{NAME}"]' in caught.value.hint
    assert file.read_text() == text


def test_its_rights_stay_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "guard.toml"
    file.write_text(HEAD)
    file.chmod(0o640)

    assert trust(file, NAME) == NAME
    assert file.stat().st_mode & 0o777 == 0o640
    assert trust(file, "mx.two.example") == f"mx.two.example, {NAME}"


def seen(*heads: str) -> Seen:
    found = Seen()
    for head in heads:
        found.take(parse(f"{head}From: a@b.example\r\n\r\nx".encode()))
    return found


OURS = f"Authentication-Results: {NAME}; none\r\n"
THEIRS = "Authentication-Results: mx.evil.example; none\r\n"
HOP = "Received: from a by mx.other.example; x\r\n"


def test_only_who_wrote_in_its_place_in_most_of_the_mail_is_offered() -> None:
    assert seen(OURS + THEIRS, OURS, OURS + HOP).likely == [NAME]
    assert seen(OURS + THEIRS, OURS, OURS + HOP).named == {NAME: 3, "mx.evil.example": 1}


@pytest.mark.parametrize(
    "heads",
    [(HOP + THEIRS, HOP + THEIRS), (OURS, THEIRS), (THEIRS, "", ""), ()],
    ids=["below a foreign hop", "half of it", "a third of it", "no mail"],
)
def test_nobody_else_is(heads: tuple[str, ...]) -> None:
    assert seen(*heads).likely == []


@pytest.fixture
def untrusting(practice: Practice) -> Practice:
    """A practice that trusts nobody yet, with mail."""
    practice.change(f'["{NAME}"]', "[]")
    practice.deliver(letter("Could we move to 3?"))
    practice.deliver(letter("Could we move to 4?"))
    return practice


def at_a_terminal(practice: Practice, answer: str) -> str:
    """Run guard check at a terminal, and answer what it asks."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "guard", "--config", str(practice.config), "check"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=practice.folder,
        start_new_session=True,
    ) as running:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said = b""
        try:
            while piece := os.read(ours, 4_096):
                said += piece
        except OSError:
            # Linux says so when the last one has closed the terminal.
            pass
        running.wait(60)
    os.close(ours)
    return said.decode()


def test_on_a_terminal_yes_writes_the_line_and_the_next_scan_answers(
    untrusting: Practice,
) -> None:
    before = untrusting.config.read_text()

    said = at_a_terminal(untrusting, "y")

    assert f"2 of your 2 newest messages say that {NAME} checked" in said
    assert "ok      vouching: trusted from now on: mx.practice.example" in said
    assert untrusting.config.read_text() == before.replace(
        "trust_authserv = []", f'trust_authserv = ["{NAME}"]'
    )


def test_on_a_terminal_anything_else_changes_nothing(untrusting: Practice) -> None:
    before = untrusting.config.read_text()

    said = at_a_terminal(untrusting, "")

    assert "not ok  vouching: nobody is trusted" in said
    assert untrusting.config.read_text() == before


def test_unattended_the_exact_line_is_printed_and_nothing_is_changed(untrusting: Practice) -> None:
    before = untrusting.config.read_text()

    ran = untrusting.guard("check", stdin=b"y\n")

    assert f'write in guard.toml: trust_authserv = ["{NAME}"]' in ran.out
    assert untrusting.config.read_text() == before
