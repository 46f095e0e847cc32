"""A real Chromium does what she does: on a desktop, a phone, by keyboard, without JavaScript."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from guard.review.web import create_app
from guard.review.web_server import Server, host_of, listen
from guard.verdict.label import Label
from tests.review.browsing import browser, go
from tests.review.practice import PASSPHRASE, Practice, letter

# A browser on a busy machine takes its time to start.
pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.timeout(240)]

PATHS = ["/", "ITEM", "ITEM/reminder", "/clients", "/client/ctom", "/search", "/report", "/model", "/check", "/keys", "/away"]  # fmt: skip  # noqa: E501


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as ours:
        yield ours


@contextmanager
def served(practice: Practice) -> Iterator[str]:
    """The practice's page on a real port."""
    listening = listen()
    host = host_of(listening)
    app = create_app(practice.desk, host=host)
    server = Server(app, listening)
    running = Thread(target=server.run, daemon=True)
    running.start()
    try:
        yield f"http://{host}"
    finally:
        server.stop()
        running.join(10)
        assert not running.is_alive()


@pytest.fixture
def full(practice: Practice) -> Practice:
    """A practice with one of everything, and some answers."""
    owner = practice.add_client("Tom", "tom@home.example")
    practice.add(letter("I do not want to live. " * 3, subject="sorry"), Label.CRISIS,
                 grounds=("crisis", "sensitive"), evidence=("I do not want to live.",), owner=owner)  # fmt: skip  # noqa: E501
    for number in range(3):
        practice.add(letter(f"I cried on day {number}."), owner=owner, evidence=("I cried",))
    practice.add(letter("Who are you?", sender="Ann <ann@b.example>"), Label.OTHER, grounds=("abstained",))  # fmt: skip  # noqa: E501
    practice.add(letter("See you at 4", subject="4pm"), Label.SCHEDULING, grounds=(), owner=owner)
    return practice


@pytest.fixture
def page(full: Practice, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A browser's page, unlocked; its parameters are those of a browser context."""
    options = {"viewport": {"width": 1200, "height": 800}} | getattr(request, "param", {})
    with served(full) as base:
        context = chromium.new_context(base_url=base, **options)
        context.set_default_timeout(5_000)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"/open/{full.desk.session.link}")
        page.get_by_label("Your passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Unlock guard").click()
        page.wait_for_url(f"{base}/")
        yield page
        # Closing a context in the middle of a navigation can hang: it ends with the browser.
        page.goto("about:blank")


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NARROW = {"viewport": {"width": 320, "height": 640}}
PLAIN = {"java_script_enabled": False}


@pytest.mark.parametrize("page", [{}, PHONE, PLAIN], indirect=True, ids=["desk", "phone", "no-js"])
def test_she_answers_the_first_and_stands_at_the_second(page: Any, full: Practice) -> None:
    go(page, page.locator(".rows a").first)
    assert page.locator("h1").inner_text() == "sorry"
    go(page, page.get_by_role("button", name="Danger: I have seen it"))
    assert "you have seen it" in page.get_by_role("status").inner_text()
    assert page.locator("h1").inner_text() == "Tuesday"
    go(page, page.get_by_role("button", name="Undo").first)
    assert page.locator("h1").inner_text() == "sorry"
    with full.open() as record:
        assert record.tasks("alert")


@pytest.mark.parametrize("page", [{}, PLAIN], indirect=True, ids=["js", "no-js"])
def test_she_sends_a_reminder_after_she_has_read_it(page: Any, full: Practice) -> None:
    go(page, page.get_by_role("link", name="Tuesday").first)
    go(page, page.get_by_role("link", name="See the reminder"))
    assert "tom@home.example" in page.locator(".letter").inner_text()
    go(page, page.get_by_role("button", name="File as therapy content and send"))
    assert "The reminder was sent" in page.get_by_role("status").inner_text()
    assert len(full.postman.sent) == 1


def test_she_works_by_keyboard_alone(page: Any, full: Practice) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.locator(".rows a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/item/*")
    for key in ("4", "2", "3"):
        with page.expect_navigation():
            page.keyboard.press(key)
    assert len(full.desk.shelf.standing) == 3
    with page.expect_navigation():
        page.keyboard.press("u")
    assert len(full.desk.shelf.standing) == 2
    with page.expect_navigation():
        page.keyboard.press("l")
    assert page.get_by_label("Your passphrase").is_visible()


def test_twenty_quick_keys_never_answer_one_message_twice(page: Any, full: Practice) -> None:
    go(page, page.locator(".rows a").first)
    for _ in range(20):
        page.keyboard.press("2")
    page.wait_for_load_state("networkidle")
    items = [one.item for one in full.desk.shelf.standing.values()]
    assert len(items) == len(set(items))


def test_keys_do_nothing_while_she_types_and_can_be_turned_off(page: Any, full: Practice) -> None:
    go(page, page.locator(".rows a").first)
    page.get_by_label("Note for the record").type("1 2 l u")
    assert full.desk.shelf.standing == {}
    page.goto("/keys")
    go(page, page.get_by_role("button", name="Turn single keys off"))
    page.goto("/")
    page.keyboard.press("l")
    page.goto("/")
    assert page.locator("h1").inner_text().startswith("5 messages")


def test_a_key_of_her_own_works_and_its_old_place_does_nothing(page: Any, full: Practice) -> None:
    page.goto("/keys")
    page.get_by_label("Danger: I have seen it").fill("g")
    go(page, page.get_by_role("button", name="Use my own keys"))
    page.goto("/")
    go(page, page.locator(".rows a").first)
    page.wait_for_url("**/item/*")
    page.keyboard.press("4")
    assert page.locator("h1").inner_text() == "sorry"
    page.keyboard.press("g")
    page.get_by_text("you have seen it").first.wait_for()
    assert len(full.desk.shelf.standing) == 1


def test_she_writes_a_note_and_files_it_with_her_answer_by_keyboard_alone(
    page: Any, full: Practice
) -> None:
    go(page, page.locator(".rows a").first)
    page.wait_for_url("**/item/*")
    page.keyboard.press(".")
    page.keyboard.type("rang at 2. she is safe")
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    page.get_by_text("you have seen it").first.wait_for()
    (seq,) = full.desk.shelf.standing
    with full.desk.open() as book:
        answer = book.answer(seq)
    assert answer is not None
    assert (answer.label, answer.note) == (Label.CRISIS, "rang at 2. she is safe")


def test_she_covers_the_screen_at_once(page: Any) -> None:
    page.keyboard.press("c")
    assert page.get_by_role("button", name="Show guard again").is_visible()
    assert page.locator("main").evaluate("node => node.inert")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).is_visible()


def test_it_warns_before_it_locks_and_stays_open_when_asked(page: Any, full: Practice) -> None:
    page.clock.install()
    page.goto("/clients")
    page.clock.fast_forward(14 * 60 * 1000 + 1000)
    assert "guard is about to lock" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="Stay open").click()
    page.wait_for_url("**/clients")
    assert full.desk.session.identity is not None
    page.clock.fast_forward(15 * 60 * 1000 + 1000)
    page.wait_for_url("**/away")
    assert "put away" in page.locator("h1").inner_text()
    full.clock.pass_(minutes=16)
    go(page, page.get_by_role("link", name="Open guard again"))
    assert page.get_by_label("Your passphrase").is_visible()
    assert full.desk.session.identity is None


def paths(page: Any, full: Practice) -> list[str]:
    first = re.search(r"/item/\d+", page.content())
    assert first is not None
    assert full
    return [path.replace("ITEM", first[0]) for path in PATHS]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", [{}, PHONE], indirect=True, ids=["desk", "phone"])
def test_axe_finds_nothing_on_any_page(page: Any, full: Practice, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    found = {}
    for path in paths(page, full):
        page.goto(path)
        page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        broken = axe.run(page).response["violations"]
        if broken:
            found[path] = [(one["id"], one["nodes"][0]["html"]) for one in broken]
    page.goto("/nothing")
    assert axe.run(page).response["violations"] == []
    go(page, page.get_by_role("button", name="Lock guard"))
    assert axe.run(page).response["violations"] == []
    assert found == {}


@pytest.mark.parametrize("page", [{}, PLAIN], indirect=True, ids=["js", "no-js"])
def test_she_starts_the_clock_holds_and_makes_a_copy(page: Any, full: Practice) -> None:
    item = full.add(letter("Please send me a copy of my notes."), owner="ctom")
    page.goto(f"/item/{item}")
    go(page, page.get_by_role("button", name="Start the clock from"))
    assert "an answer is due on" in page.get_by_role("status").inner_text()
    page.get_by_label("Why everything has to be kept").fill("an inquest")
    go(page, page.get_by_role("button", name="Set a legal hold"))
    assert "Your reason: an inquest" in page.locator("main").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Make the copy and save it").click()
    assert saved.value.suggested_filename == "copy-ctom.zip"
    go(page, page.get_by_role("button", name="The answer went out"))
    assert "answered on" in page.get_by_role("status").inner_text()


def test_axe_finds_nothing_where_a_letter_asks_and_a_clock_runs(page: Any, full: Practice) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    item = full.add(letter("Delete all my data, and a copy of my notes first."), owner="ctom")
    page.goto(f"/item/{item}")
    assert axe.run(page).response["violations"] == []
    go(page, page.get_by_role("button", name="Start the clock from"))
    assert axe.run(page).response["violations"] == []
    page.goto(f"/item/{item}")
    assert "A clock runs already" in page.locator("main").inner_text()
    assert axe.run(page).response["violations"] == []


@pytest.mark.parametrize("page", [PHONE, NARROW], indirect=True, ids=["phone", "400-percent"])
def test_no_page_scrolls_sideways_and_every_button_can_be_hit(page: Any, full: Practice) -> None:
    for path in paths(page, full):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path
        for button in page.locator("button:visible, .rows a:visible").all():
            box = button.bounding_box()
            assert box["height"] >= 44, (path, button.inner_text())


def test_the_browser_has_nothing_to_complain_of_and_asks_nobody_else(
    page: Any, full: Practice
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in paths(page, full):
        page.goto(path)
    assert [said for said in page.complaints if "Password forms" not in said] == []
    assert {url.split("/")[2] for url in asked} == {page.url.split("/")[2]}


def test_a_hostile_letter_runs_nothing(page: Any, full: Practice) -> None:
    attack = "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>"
    item = full.add(letter(attack, subject=attack, extra="Content-Type: text/html\r\n"))
    for path in ("/", f"/item/{item}", f"/item/{item}/layout"):
        page.goto(path)
        assert page.title() != "owned"
