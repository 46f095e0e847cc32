"""``guard review`` as it is started: the link, the port, the terminal's view, and no leak."""

import http.client
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from guard.commands.review import review
from tests.commands.serving import opened
from tests.review.practice import PASSPHRASE, TOML, Practice, at, found, letter

CANARY = "xylophone-canary"


@pytest.fixture
def kept(tmp_path: Path) -> Practice:
    """A practice with one letter, and a guard.toml that names it."""
    found(tmp_path)
    practice = at(tmp_path)
    (practice.settings.folder / "guard.toml").write_text(TOML)
    (practice.settings.folder / "passphrase").write_text(PASSPHRASE)
    (practice.settings.folder / "passphrase").chmod(0o600)
    practice.add(letter(f"I cried. {CANARY}", subject=CANARY), evidence=("I cried.",))
    return practice


def ask(
    host: str, path: str, cookie: str = "", form: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """One request; gives status, body and cookie."""
    connection = http.client.HTTPConnection(host, timeout=20)
    headers = {"Cookie": cookie}
    body = None
    if form is not None:
        body = urlencode(form)
        headers |= {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{host}",
        }
    connection.request("GET" if form is None else "POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    new = (answer.headers.get("Set-Cookie") or cookie).partition(";")[0]
    connection.close()
    return answer.status, text, new


def test_the_printed_link_leads_to_the_queue_and_no_content_is_logged(kept: Practice) -> None:
    with opened(kept.settings.folder) as (process, host, link):
        status, _, cookie = ask(host, link)
        assert status == 303
        _, page, _ = ask(host, "/unlock", cookie)
        token = re.search(r'name="csrf" value="(\w+)"', page)
        assert token is not None
        form = {"csrf": token[1], "passphrase": PASSPHRASE}
        status, _, cookie = ask(host, "/unlock", cookie, form)
        assert status == 303
        status, page, _ = ask(host, "/", cookie)
        assert status == 200
        assert CANARY in page
        assert ask(host, link)[0] == 403
        assert ask(host, f"/{CANARY}", cookie)[0] == 404
        process.terminate()
        assert process.stdout is not None
        assert CANARY not in process.stdout.read()


def run(kept: Practice, *arguments: str) -> str:
    file = str(kept.settings.folder / "passphrase")
    done = CliRunner().invoke(
        review, [*arguments, "--passphrase-file", file], obj=kept.settings.folder / "guard.toml"
    )
    assert done.exception is None, done.exception
    return done.output


def test_the_terminal_lists_what_waits(kept: Practice) -> None:
    listed = run(kept, "--list")
    assert "1 waiting for your eyes" in listed
    assert "Tom Ash <tom@home.example>" in listed
    assert "“I cried.”" in listed


def test_the_terminal_prints_one_object_an_item(kept: Practice) -> None:
    assert '"lane": "held"' in run(kept, "--json")


def test_the_terminal_prints_one_message(kept: Practice) -> None:
    (item,) = (row for row in kept.open().tasks("review"))
    assert f"I cried. {CANARY}" in run(kept, "--item", str(item))


def test_the_terminal_prints_one_message_as_an_object(kept: Practice) -> None:
    (item,) = (row for row in kept.open().tasks("review"))
    said = json.loads(run(kept, "--item", str(item), "--json"))
    assert said["item"] == item
    assert f"I cried. {CANARY}" in said["text"]


def test_no_letter_makes_a_terminal_do_anything(kept: Practice) -> None:
    bad = "a&#27;[2Jb\u202ec\u009b"
    item = kept.add(
        letter(bad, subject=bad, extra="Content-Type: text/html; charset=utf-8\r\n"),
        evidence=("a\x1b[2Jb\u202ec\u009b",),
    )
    said = run(kept, "--item", str(item)) + run(kept, "--list") + run(kept, "--json")
    assert "a[2Jbc" in said
    assert not {"\x1b", "\u009b", "\u202e"} & set(said)


def test_an_item_that_is_none_is_an_error_without_a_trace(kept: Practice) -> None:
    file = str(kept.settings.folder / "passphrase")
    done = CliRunner().invoke(
        review,
        ["--item", "4711", "--passphrase-file", file],
        obj=kept.settings.folder / "guard.toml",
    )
    assert "there is no item 4711" in str(done.exception)


def test_without_the_extra_the_exact_line_to_type_is_shown(
    kept: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "waitress", None)
    monkeypatch.delitem(sys.modules, "guard.review.web_server", raising=False)
    done = CliRunner().invoke(review, [], obj=kept.settings.folder / "guard.toml")
    assert "waitress, which is not installed" in str(done.exception)
    assert "pip install 'guard[review]'" in getattr(done.exception, "hint", "")
