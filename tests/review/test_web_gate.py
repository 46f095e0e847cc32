"""Attacks from outside: other sites, other names, other users, planted cookies."""

import pytest

from tests.review.practice import HOST, PASSPHRASE, Practice

PAGES = ["/", "/unlock", "/item/1", "/item/1/message.eml", "/item/1/attachment/0", "/keys"]
FORMS = ["/unlock", "/lock", "/stay", "/keys", "/undo", "/item/1/rule", "/item/1/sender", "/item/1/remind"]  # fmt: skip  # noqa: E501


def test_the_link_leads_to_the_passphrase_and_the_passphrase_to_the_queue(
    practice: Practice,
) -> None:
    answer = practice.get(f"/open/{practice.desk.session.link}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/unlock")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    answer = practice.post("/unlock", passphrase=PASSPHRASE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert practice.get("/").status_code == 200


def test_a_wrong_passphrase_says_how_many_tries_are_left_and_stays_locked(
    practice: Practice,
) -> None:
    practice.get(f"/open/{practice.desk.session.link}")
    answer = practice.post("/unlock", passphrase="wrong")
    assert answer.status_code == 403
    assert "9 more times" in answer.get_data(as_text=True)
    assert practice.get("/").headers["Location"] == "/unlock"


def test_a_link_that_was_used_opens_nothing(practice: Practice) -> None:
    link = f"/open/{practice.desk.session.link}"
    practice.get(link)
    stranger = practice.app.test_client().get(link, base_url=f"http://{HOST}")
    assert stranger.status_code == 403
    assert "Set-Cookie" not in stranger.headers


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_without_the_cookie(open_practice: Practice, path: str) -> None:
    stranger = open_practice.app.test_client()
    assert stranger.get(path, base_url=f"http://{HOST}").status_code == 403


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["evil.example", "localhost:4321", "127.0.0.1", f"{HOST}.evil"])
def test_no_page_answers_to_another_name(open_practice: Practice, path: str, host: str) -> None:
    assert open_practice.get(path, Host=host).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_nothing_answers_when_another_site_leads_here(open_practice: Practice, site: str) -> None:
    assert open_practice.get("/", **{"Sec-Fetch-Site": site}).status_code == 403
    headers = {"Origin": f"http://{HOST}", "Sec-Fetch-Site": site}
    assert open_practice.post("/lock", headers).status_code == 403
    assert open_practice.desk.session.identity is not None


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:99", None])
def test_no_form_of_another_origin_is_taken(
    open_practice: Practice, path: str, origin: str | None
) -> None:
    headers = {} if origin is None else {"Origin": origin}
    assert open_practice.post(path, headers).status_code == 403


@pytest.mark.parametrize("path", FORMS)
def test_no_form_without_our_token_is_taken(open_practice: Practice, path: str) -> None:
    assert open_practice.post(path, csrf="guessed").status_code == 403
    assert open_practice.desk.session.identity is not None


def test_a_cookie_that_was_planted_before_is_worth_nothing(practice: Practice) -> None:
    practice.browser.set_cookie("guard-4321", "planted", domain="127.0.0.1")
    practice.enter()
    thief = practice.app.test_client()
    thief.set_cookie("guard-4321", "planted", domain="127.0.0.1")
    assert thief.get("/", base_url=f"http://{HOST}").status_code == 403


def test_a_locked_page_leads_to_the_passphrase_and_forgets_what_it_knew(
    open_practice: Practice,
) -> None:
    open_practice.page("/")
    open_practice.post("/lock")
    assert open_practice.desk.session.identity is None
    assert not open_practice.desk.memory.minutes
    assert open_practice.get("/").headers["Location"] == "/unlock"


def test_a_late_click_meets_the_passphrase_and_a_timely_one_keeps_it_open(
    open_practice: Practice,
) -> None:
    open_practice.clock.pass_(minutes=14)
    assert open_practice.post("/stay", back="/keys").headers["Location"] == "/keys"
    open_practice.clock.pass_(minutes=14)
    assert open_practice.get("/").status_code == 200
    open_practice.clock.pass_(minutes=16)
    assert open_practice.get("/").headers["Location"] == "/unlock"


def test_it_locks_by_itself_though_nobody_asks(open_practice: Practice) -> None:
    open_practice.clock.pass_(minutes=16)
    open_practice.desk.expire()
    assert open_practice.desk.session.identity is None


@pytest.mark.parametrize("back", ["//evil.example", "http://evil.example", "/\\evil.example", ""])
def test_staying_open_never_leads_to_another_site(open_practice: Practice, back: str) -> None:
    assert open_practice.post("/stay", back=back).headers["Location"] == "/"


@pytest.mark.parametrize("path", [*PAGES, "/nothing-here", "/asset/page.css"])
def test_every_answer_carries_the_rules_for_the_browser(
    open_practice: Practice, path: str
) -> None:
    headers = open_practice.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "form-action 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/asset/../web.py", "/asset/..%2fweb.py", "/asset/queue.html", "/asset/%2fetc%2fpasswd"],
)
def test_no_path_leads_out_of_our_own_assets(open_practice: Practice, path: str) -> None:
    assert open_practice.get(path).status_code == 404


def test_a_huge_form_is_refused(open_practice: Practice) -> None:
    assert open_practice.post("/lock", note="x" * 100_000).status_code == 413
    assert open_practice.desk.session.identity is not None


def test_a_mistake_of_ours_tells_its_kind_and_nothing_else(
    open_practice: Practice, capfd: pytest.CaptureFixture[str]
) -> None:
    open_practice.desk.shelf.standing = None  # type: ignore[assignment]  # a mistake on purpose
    answer = open_practice.get("/")
    assert answer.status_code == 500
    assert "AttributeError" in answer.get_data(as_text=True)
    assert capfd.readouterr() == ("", "")


def test_a_tab_that_was_put_away_does_not_keep_the_page_open(open_practice: Practice) -> None:
    open_practice.clock.pass_(minutes=10)
    assert "put away" in open_practice.page("/away")
    open_practice.clock.pass_(minutes=10)
    assert open_practice.get("/").headers["Location"] == "/unlock"


def test_who_only_looks_at_the_link_does_not_use_it_up(practice: Practice) -> None:
    link = f"/open/{practice.desk.session.link}"
    looked = practice.app.test_client().head(link, base_url=f"http://{HOST}")
    assert looked.status_code == 405
    assert practice.get(link).status_code == 303


@pytest.mark.parametrize("path", ["/", "/open/guessed", "/nothing-here"])
def test_a_stranger_is_not_told_whether_it_is_open(practice: Practice, path: str) -> None:
    stranger = practice.app.test_client()
    locked = stranger.get(path, base_url=f"http://{HOST}").get_data()
    practice.enter()
    assert stranger.get(path, base_url=f"http://{HOST}").get_data() == locked
