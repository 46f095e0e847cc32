"""A real Chromium, a real nginx, a real sign-in, and ``guard review --serve`` behind them.

Guard, issuer and browser are on three names, as in a clinic, so that cookies are where they would
be there. Needs Chromium, playwright and nginx.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands.serving import URL, practice_of, running, serve_table, write
from tests.review.browsing import browser, go
from tests.review.practice import PASSPHRASE, at, letter
from tests.servers.issuer import IssuerServer
from tests.servers.nginx import insist, nginx

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(240)]

CANARY = "xylophone-canary"


@dataclass
class Clinic:
    url: str
    port: int
    folder: Path
    issuer: IssuerServer
    process: subprocess.Popen[str]
    browser: Any

    def new_page(self, **options: Any) -> Any:
        context = self.browser.new_context(base_url=self.url, ignore_https_errors=True, **options)
        context.set_default_timeout(10_000)
        return context.new_page()

    def sign_in(self, page: Any) -> None:
        page.goto("/")
        go(page, page.get_by_role("link", name="Sign in"))
        go(page, page.get_by_role("button", name="I am Anna"))

    def enter(self, page: Any) -> None:
        self.sign_in(page)
        page.get_by_label("Your passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Unlock guard").click()
        page.wait_for_url(f"{self.url}/")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser("--host-resolver-rules=MAP *.example 127.0.0.1") as ours:
        yield ours


@pytest.fixture
def clinic(chromium: Any, tmp_path: Path) -> Iterator[Clinic]:
    insist()
    with IssuerServer(tmp_path) as issuer, nginx(tmp_path, tmp_path / "page.sock") as port:
        url = f"{URL}:{port}"
        folder = practice_of(issuer)
        at(folder).add(letter(f"I cried. {CANARY}", subject=CANARY), evidence=("I cried.",))
        write(folder, serve_table(issuer, url=url))
        with running(folder) as process:
            yield Clinic(url, port, folder, issuer, process, chromium)


@pytest.mark.parametrize("script", [True, False], ids=["js", "no-js"])
def test_she_signs_in_answers_a_letter_and_locks(clinic: Clinic, script: bool) -> None:  # noqa: FBT001  # a parameter of the browser
    page = clinic.new_page(java_script_enabled=script)
    clinic.enter(page)
    go(page, page.locator(".rows a").first)
    assert page.locator("h1").inner_text() == CANARY
    go(page, page.locator("button[data-key='2']"))
    assert page.get_by_role("status").is_visible()
    page.get_by_role("button", name="Lock guard").click()
    page.wait_for_url(f"{clinic.issuer.url}/end?*")
    assert page.locator("h1").inner_text() == "You have signed out"
    assert clinic.issuer.left[0].keys() == {"client_id", "id_token_hint"}
    page.goto("/")
    assert page.url == f"{clinic.url}/sign-in"
    page.go_back()
    assert CANARY not in page.content()


def test_the_key_that_locks_signs_out_too(clinic: Clinic) -> None:
    page = clinic.new_page()
    clinic.enter(page)
    page.keyboard.press("l")
    page.wait_for_url(f"{clinic.issuer.url}/end?*")
    assert len(clinic.issuer.left) == 1


def test_the_address_bar_keeps_nothing_of_the_sign_in(clinic: Clinic) -> None:
    page = clinic.new_page()
    clinic.sign_in(page)
    page.wait_for_url(f"{clinic.url}/unlock")
    cookies = {one["name"]: one for one in page.context.cookies(clinic.url)}
    assert cookies.keys() == {"__Host-guard"}
    assert cookies["__Host-guard"]["secure"]
    assert cookies["__Host-guard"]["httpOnly"]
    assert cookies["__Host-guard"]["sameSite"] == "Strict"


def test_a_colleague_reads_why_she_may_not_and_her_own_page_goes_on(clinic: Clinic) -> None:
    hers = clinic.new_page()
    clinic.enter(hers)
    clinic.issuer.person = {"sub": "0816-berta", "email": "berta@clinic.example"}
    theirs = clinic.new_page()
    clinic.sign_in(theirs)
    assert "somebody whose record this is not" in theirs.locator("main").inner_text()
    assert CANARY not in theirs.content()
    hers.goto("/")
    assert CANARY in hers.content()


def test_a_link_on_another_site_shows_nothing_of_hers(clinic: Clinic) -> None:
    page = clinic.new_page()
    clinic.enter(page)
    evil = page.context.new_page()
    evil.goto(f"{clinic.issuer.url}/end")
    forged = f"<a href='{clinic.url}/'>win</a><form method=post action='{clinic.url}/lock'>"
    evil.set_content(f"{forged}<button>lock</button></form>")
    evil.get_by_role("link", name="win").click()
    evil.wait_for_url(f"{clinic.url}/")
    assert "Another web site led here" in evil.locator("main").inner_text()
    evil.goto(f"{clinic.issuer.url}/end")
    evil.set_content(f"{forged}<button>lock</button></form>")
    evil.get_by_role("button", name="lock").click()
    evil.wait_for_url(f"{clinic.url}/lock")
    page.goto("/")
    assert CANARY in page.content()
    evil.get_by_role("link", name="Open guard").click()
    evil.wait_for_url(f"{clinic.url}/")
    assert CANARY in evil.content()


def test_axe_finds_nothing_on_the_pages_of_the_sign_in(clinic: Clinic) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = clinic.new_page(viewport={"width": 390, "height": 844})
    # An answer without content leaves the browser where it is.
    page.route("**/realm/end*", lambda route: route.fulfill(status=204))
    page.goto("/")
    assert axe.run(page).response["violations"] == []
    clinic.enter(page)
    assert axe.run(page).response["violations"] == []
    page.get_by_role("button", name="Lock guard").click()
    assert axe.run(page).response["violations"] == []
    clinic.issuer.person = {"sub": "0816-berta"}
    clinic.sign_in(page)
    assert axe.run(page).response["violations"] == []


def asked(clinic: Clinic, path: str, *more: str) -> str:
    """What curl is told by the proxy: status and headers."""
    there = f"{clinic.url.removeprefix('https://')}:127.0.0.1"
    line = ["curl", "--silent", "--insecure", "--include", "--max-time", "20"]
    done = subprocess.run(
        [*line, "--resolve", there, *more, f"{clinic.url}{path}"], capture_output=True, check=True
    )
    return done.stdout.decode()


def test_spoofed_headers_change_nothing_and_logs_hold_status_alone(clinic: Clinic) -> None:
    spoofed = [
        "-HX-Forwarded-Host: evil.example",
        "-HX-Forwarded-Proto: http",
        "-HX-Forwarded-User: anna@clinic.example",
        "-HForwarded: host=evil.example",
    ]
    told = asked(clinic, "/item/1", *spoofed)
    assert re.search(r"^HTTP/1.1 303 ", told)
    assert re.search(r"^Location: /sign-in\r$", told, re.MULTILINE)
    assert "Strict-Transport-Security: max-age=31536000" in told
    assert "evil" not in asked(clinic, "/sign-in/go", *spoofed)
    assert "HTTP/1.1 403 " in asked(clinic, "/", "-HHost: evil.example")
    assert "HTTP/1.1 403 " in asked(clinic, f"/signed-in?state={CANARY}&code={CANARY}")
    huge = clinic.folder / "huge"
    huge.write_bytes(b"x" * 1_000_000)
    assert "HTTP/1.1 413 " in asked(clinic, "/unlock", f"-d@{huge}")
    clinic.process.terminate()
    assert clinic.process.wait(20) == 0
    assert clinic.process.stdout is not None
    logs = [clinic.process.stdout.read()]
    logs += [file.read_text() for file in clinic.issuer.folder.glob("*.log")]
    assert CANARY not in "".join(logs)
    assert re.fullmatch(r"(\S+ \d{3}\n)+", (clinic.issuer.folder / "guard.log").read_text())
    assert not (clinic.issuer.folder / "page.sock").exists()


def test_a_crowd_at_the_door_is_turned_away_and_she_goes_on(clinic: Clinic) -> None:
    page = clinic.new_page()
    clinic.enter(page)
    told = [asked(clinic, "/signed-in?state=x&code=x")[:13] for _ in range(15)]
    assert told.count("HTTP/1.1 429 ") >= 3
    page.goto("/")
    assert CANARY in page.content()
