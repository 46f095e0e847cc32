"""Signing in at an issuer, as her browser does it, and as those do who are not she."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from guard.review import openid
from guard.review.desk import Desk
from guard.review.openid import Issuer
from guard.review.session import MOST_SECONDS, MOST_TRIES, Session
from guard.review.signing import Signing
from guard.review.web import create_app
from tests.review.practice import PASSPHRASE, Practice, letter
from tests.servers.desk import Fault
from tests.servers.issuer import CLIENT, SECRET, IssuerServer

HOST = "guard.clinic.example"
HERE = f"https://{HOST}"
NAMES_ITSELF = {"authorization_response_iss_parameter_supported": True}
FROM_ISSUER = {"Sec-Fetch-Site": "cross-site"}
PAGES = ["/", "/unlock", "/item/1", "/item/1/message.eml", "/keys", "/away", "/nothing"]


@dataclass
class Clinic:
    """A practice behind a reverse proxy, an issuer, and her browser."""

    practice: Practice
    issuer: IssuerServer

    def __post_init__(self) -> None:
        self.desk = Desk(self.practice.edges(), Session(self.practice.token, by_link=False))
        self.practice.desk = self.desk
        self.signing = self.signing_in()
        self.practice.app = create_app(self.desk, host=HOST, signing=self.signing)
        self.browser = self.new_browser()

    def signing_in(self, who: str = "anna@clinic.example", *, out: bool = True) -> Signing:
        issuer = Issuer(
            url=self.issuer.url,
            client_id=CLIENT,
            secret="" if self.issuer.public else SECRET,
            back=f"{HERE}/signed-in",
            ca_file=self.issuer.ca_file,
        )
        return Signing(issuer, who, out=out, token=self.practice.token)

    def new_browser(self) -> FlaskClient:
        return self.practice.app.test_client()

    def get(
        self,
        path: str,
        browser: FlaskClient | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        return (browser or self.browser).get(path, base_url=HERE, headers=headers)

    def post(self, path: str, origin: str = HERE, **form: str) -> TestResponse:
        form.setdefault("csrf", self.desk.session.csrf)
        headers = {"Origin": origin}
        return self.browser.post(path, base_url=HERE, headers=headers, data=form)

    def to_issuer(self, browser: FlaskClient | None = None) -> str:
        """She presses the button; returns the issuer's page."""
        answer = self.get("/sign-in/go", browser)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return answer.headers["Location"]

    def answer(self, browser: FlaskClient | None = None) -> str:
        """She signs in at the issuer; returns the path that she is led back to."""
        back = urlsplit(self.issuer.visit(self.to_issuer(browser)))
        assert f"{back.scheme}://{back.netloc}" == HERE
        return f"{back.path}?{back.query}"

    def sign_in(self, browser: FlaskClient | None = None) -> TestResponse:
        return self.get(self.answer(browser), browser, headers=FROM_ISSUER)

    def enter(self) -> TestResponse:
        assert self.sign_in().status_code == 200
        return self.post("/unlock", passphrase=PASSPHRASE)


@pytest.fixture
def clinic(practice: Practice, tmp_path: Path) -> Iterator[Clinic]:
    with IssuerServer(tmp_path, clock=practice.clock) as issuer:
        yield Clinic(practice, issuer)


def refused(answer: TestResponse, why: str, status: int = 403) -> None:
    page = answer.get_data(as_text=True)
    assert (answer.status_code, why) == (status, why if why in page else page)
    assert "__Host-guard=" not in "".join(answer.headers.getlist("Set-Cookie"))


# --- she ------------------------------------------------------------------------------------


def test_she_signs_in_gives_her_passphrase_and_stands_at_the_queue(clinic: Clinic) -> None:
    assert clinic.get("/").headers["Location"] == "/sign-in"
    assert 'href="/sign-in/go"' in clinic.get("/sign-in").get_data(as_text=True)
    page = clinic.sign_in()
    assert 'content="0;url=/unlock"' in page.get_data(as_text=True)
    assert "signed in as anna@clinic.example" in clinic.get("/unlock").get_data(as_text=True)
    assert clinic.post("/unlock", passphrase=PASSPHRASE).headers["Location"] == "/"
    assert clinic.get("/").status_code == 200


def test_signing_in_alone_shows_nothing(clinic: Clinic) -> None:
    clinic.practice.add(letter())
    clinic.sign_in()
    for path in ("/", "/item/1", "/item/1/message.eml", "/clients", "/report"):
        assert clinic.get(path).headers["Location"] == "/unlock"
    assert clinic.get("/unlock").status_code == 200


def test_the_issuer_is_asked_with_pkce_state_and_nonce(clinic: Clinic) -> None:
    asked = parse_qs(urlsplit(clinic.to_issuer()).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{HERE}/signed-in"]
    secrets = [asked[key][0] for key in ("state", "nonce", "code_challenge")]
    assert len(set(secrets)) == 3
    assert min(map(len, secrets)) == 43


def test_the_cookies_are_ours_alone_and_only_the_first_comes_from_elsewhere(
    clinic: Clinic,
) -> None:
    begun = clinic.get("/sign-in/go").headers["Set-Cookie"]
    assert begun.startswith("__Host-guard-signing-in=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(begun.split("; "))
    kept = [one.split("; ") for one in clinic.sign_in().headers.getlist("Set-Cookie")]
    session = next(one for one in kept if one[0].startswith("__Host-guard="))
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(session)
    assert not any(part.startswith("Domain") for part in session)
    over = next(one for one in kept if one[0] == "__Host-guard-signing-in=")
    assert "Max-Age=0" in over
    unlocked = clinic.post("/unlock", passphrase=PASSPHRASE).headers["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(unlocked)


def test_every_answer_tells_the_browser_to_come_by_https_alone(clinic: Clinic) -> None:
    for path in [*PAGES, "/sign-in", "/signed-in", "/asset/page.css"]:
        answer = clinic.get(path)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_client_without_a_secret_signs_in_by_pkce_alone(clinic: Clinic) -> None:
    clinic.issuer.public = True
    clinic.__post_init__()
    assert clinic.enter().status_code == 303


def test_an_issuer_that_wants_the_secret_in_a_header_gets_it_there(clinic: Clinic) -> None:
    clinic.issuer.described = {"token_endpoint_auth_methods_supported": None}
    assert clinic.enter().status_code == 303


def test_an_address_that_only_the_userinfo_endpoint_tells_is_asked_for(clinic: Clinic) -> None:
    clinic.sign_in()
    assert "/realm/person" not in clinic.issuer.heard
    clinic.issuer.thin = True
    assert clinic.enter().status_code == 303


# --- the lock -------------------------------------------------------------------------------


def test_locking_ends_both_and_leads_to_where_she_signs_out(clinic: Clinic) -> None:
    clinic.enter()
    page = clinic.post("/lock").get_data(as_text=True)
    assert "signed out of it" in page
    out = re.search(r'content="0;url=([^"]+)"', page)
    assert out is not None
    query = parse_qs(urlsplit(out[1].replace("&amp;", "&")).query)
    assert out[1].startswith(f"{clinic.issuer.url}/end?")
    assert query["client_id"] == [CLIENT]
    assert "id_token_hint" in query
    assert clinic.desk.session.identity is None
    assert clinic.get("/unlock").headers["Location"] == "/sign-in"


def test_where_the_issuer_cannot_or_she_would_not_only_guard_is_left(clinic: Clinic) -> None:
    clinic.issuer.described = {"end_session_endpoint": None}
    clinic.enter()
    page = clinic.post("/lock").get_data(as_text=True)
    assert "you may still be signed in" in page
    assert "http-equiv" not in page
    assert clinic.signing_in(out=False).farewell("word") == ""


def test_an_idle_page_is_locked_and_signed_out(clinic: Clinic) -> None:
    clinic.enter()
    clinic.practice.clock.pass_(minutes=16)
    assert clinic.get("/").headers["Location"] == "/sign-in"
    assert clinic.desk.session.identity is None
    assert clinic.get("/unlock").headers["Location"] == "/sign-in"


def test_who_signed_in_and_went_away_is_signed_out_too(clinic: Clinic) -> None:
    clinic.sign_in()
    clinic.practice.clock.pass_(minutes=16)
    clinic.desk.expire()
    assert clinic.get("/unlock").headers["Location"] == "/sign-in"


def test_a_day_of_clicks_ends_after_twelve_hours(clinic: Clinic) -> None:
    clinic.enter()
    for _ in range(MOST_SECONDS // 600):
        assert clinic.get("/keys").status_code == 200
        clinic.practice.clock.pass_(minutes=10)
    clinic.practice.clock.pass_(seconds=1)
    assert clinic.get("/keys").headers["Location"] == "/sign-in"


def test_ten_wrong_passphrases_close_the_page_for_every_later_sign_in(clinic: Clinic) -> None:
    clinic.sign_in()
    for _ in range(MOST_TRIES):
        answer = clinic.post("/unlock", passphrase="wrong")
    refused(answer, "has to be started anew")
    refused(clinic.sign_in(), "has to be started anew")
    assert clinic.get("/unlock").headers["Location"] == "/sign-in"


# --- others ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_signed_in_is_led_to_sign_in(clinic: Clinic, path: str) -> None:
    clinic.enter()
    assert clinic.get(path, clinic.new_browser()).headers["Location"] == "/sign-in"


@pytest.mark.parametrize("path", ["/sign-in", "/signed-in", "/open/guessed"])
def test_no_stranger_sees_whether_she_is_there_or_whose_page_it_is(
    clinic: Clinic, path: str
) -> None:
    stranger = clinic.new_browser()
    locked = clinic.get(path, stranger).get_data(as_text=True)
    clinic.enter()
    assert clinic.get(path, stranger).get_data(as_text=True) == locked
    assert "The Practice" not in locked


def test_somebody_else_of_the_clinic_is_told_so_and_how_guard_toml_would_name_them(
    clinic: Clinic,
) -> None:
    clinic.issuer.person = {"sub": "0816-berta", "email": "berta@clinic.example",
                            "email_verified": True}  # fmt: skip
    answer = clinic.sign_in()
    refused(answer, "You signed in as somebody whose record this is not")
    page = answer.get_data(as_text=True)
    assert "who = &#34;0816-berta&#34;" in page
    assert "anna" not in page


def test_signing_in_a_second_time_locks_what_the_first_opened(clinic: Clinic) -> None:
    """With her account but not her passphrase nobody takes over her open page."""
    clinic.enter()
    thief = clinic.new_browser()
    assert clinic.sign_in(thief).status_code == 200
    assert clinic.desk.session.identity is None
    assert clinic.get("/", thief).headers["Location"] == "/unlock"
    assert clinic.get("/").headers["Location"] == "/sign-in"


def test_what_another_may_not_finish_leaves_her_open_page_alone(clinic: Clinic) -> None:
    clinic.enter()
    clinic.issuer.person = {"sub": "0816-berta"}
    assert clinic.sign_in(clinic.new_browser()).status_code == 403
    assert clinic.get("/").status_code == 200


def test_an_answer_that_was_begun_in_another_browser_is_refused(clinic: Clinic) -> None:
    """Login CSRF: an attacker's own answer, opened in her browser, and the other way round."""
    his = clinic.answer(clinic.new_browser())
    refused(clinic.get(his, headers=FROM_ISSUER), "was not begun in this browser")
    clinic.to_issuer()
    refused(clinic.get(his, headers=FROM_ISSUER), "was not begun in this browser")


def test_a_replayed_answer_is_refused_though_the_cookie_is_still_there(clinic: Clinic) -> None:
    path = clinic.answer()
    cookie = clinic.browser.get_cookie("__Host-guard-signing-in", domain=HOST)
    assert cookie is not None
    assert clinic.get(path, headers=FROM_ISSUER).status_code == 200
    clinic.browser.set_cookie("__Host-guard-signing-in", cookie.value, domain=HOST)
    refused(clinic.get(path, headers=FROM_ISSUER), "was used already")


def test_a_code_of_another_attempt_is_worth_nothing(clinic: Clinic) -> None:
    """Code injection: PKCE binds the code to who began."""
    stolen = parse_qs(urlsplit(clinic.answer(clinic.new_browser())).query)["code"][0]
    path = re.sub(r"code=[^&]+", f"code={stolen}", clinic.answer())
    refused(clinic.get(path, headers=FROM_ISSUER), "does not know this sign-in")


def test_a_session_cookie_that_was_planted_is_worth_nothing(clinic: Clinic) -> None:
    clinic.browser.set_cookie("__Host-guard", "planted", domain=HOST)
    clinic.enter()
    thief = clinic.new_browser()
    thief.set_cookie("__Host-guard", "planted", domain=HOST)
    assert clinic.get("/", thief).headers["Location"] == "/sign-in"


def test_the_cookie_from_before_the_passphrase_is_void_after_it(clinic: Clinic) -> None:
    clinic.sign_in()
    before = clinic.browser.get_cookie("__Host-guard", domain=HOST)
    assert before is not None
    clinic.post("/unlock", passphrase=PASSPHRASE)
    thief = clinic.new_browser()
    thief.set_cookie("__Host-guard", before.value, domain=HOST)
    assert clinic.get("/", thief).headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    ("added", "described"),
    [
        ({"iss": "https://evil.example"}, {}),
        (
            {"iss": "https://evil.example"},
            {"authorization_response_iss_parameter_supported": True},
        ),
        ({}, {"authorization_response_iss_parameter_supported": True}),
    ],
)
def test_an_answer_of_another_issuer_is_refused(
    clinic: Clinic, added: dict[str, str], described: dict[str, object]
) -> None:
    """Mix-up (RFC 9207)."""
    clinic.issuer.described, clinic.issuer.answer = dict(described), added
    refused(clinic.sign_in(), "comes from another issuer")
    assert "/realm/token" not in clinic.issuer.heard


def test_an_answer_that_names_its_issuer_is_believed(clinic: Clinic) -> None:
    clinic.issuer.described = dict(NAMES_ITSELF)
    clinic.issuer.answer = {"iss": clinic.issuer.url}
    assert clinic.sign_in().status_code == 200


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"aud": "another-client"}, "is meant for another application"),
        ({"iss": "https://evil.example"}, "was made by another issuer"),
        ({"nonce": "replayed"}, "belongs to another sign-in"),
        ({"exp": 1}, "has expired"),
    ],
)
def test_a_word_that_is_not_for_this_sign_in_is_refused(
    clinic: Clinic, claims: dict[str, object], why: str
) -> None:
    clinic.issuer.claims = claims
    refused(clinic.sign_in(), why)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"sub": "0816-berta"}, "told of somebody else than who signed in"),
        ({"sub": None}, "told of somebody else than who signed in"),
        ({"email": "berta@clinic.example"}, "somebody whose record this is not"),
        ({"email": ""}, "does not tell guard your e-mail address"),
        ({"email_verified": False}, "has not verified your e-mail address"),
        ({"email_verified": "true"}, "has not verified your e-mail address"),
    ],
)
def test_what_the_userinfo_endpoint_tells_counts_for_who_signed_in_alone(
    clinic: Clinic, told: dict[str, object], why: str
) -> None:
    clinic.issuer.thin, clinic.issuer.told = True, told
    refused(clinic.sign_in(), why)


def test_an_issuer_without_a_userinfo_endpoint_tells_no_address(clinic: Clinic) -> None:
    clinic.issuer.thin = True
    clinic.issuer.described = {"userinfo_endpoint": None}
    refused(clinic.sign_in(), "does not tell guard your e-mail address")


def test_answers_that_say_no_or_nothing_are_told_in_our_words(clinic: Clinic) -> None:
    for added, why in (
        ({"error": "access_denied", "error_description": "Call 555-EVIL"}, "did not let you"),
        ({"error": "Call-555-EVIL"}, "The issuer refused, or you turned back"),
        ({"code": ""}, "holds no code"),
    ):
        clinic.issuer.answer = added
        answer = clinic.sign_in()
        refused(answer, why)
        assert "EVIL" not in answer.get_data(as_text=True)


def test_an_answer_that_says_a_thing_twice_is_refused(clinic: Clinic) -> None:
    for again in ("state", "code"):
        refused(clinic.get(f"{clinic.answer()}&{again}=x", headers=FROM_ISSUER), "")


@pytest.mark.parametrize("path", ["/sign-in?next=", "/sign-in/go?next=", "/?next="])
def test_no_address_leads_on_to_another_site(clinic: Clinic, path: str) -> None:
    answer = clinic.get(f"{path}https://evil.example")
    assert "evil" not in answer.headers.get("Location", "")
    assert "evil" not in answer.get_data(as_text=True)


def test_an_answer_leads_nowhere_but_to_the_passphrase(clinic: Clinic) -> None:
    page = clinic.get(f"{clinic.answer()}&next=https://evil.example", headers=FROM_ISSUER)
    assert "evil" not in page.get_data(as_text=True)


SPOOFED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-User": "anna@clinic.example",
    "X-Remote-User": "anna@clinic.example",
    "Forwarded": "for=127.0.0.1;host=evil.example;proto=http",
}


def test_nothing_that_a_header_claims_is_believed(clinic: Clinic) -> None:
    assert clinic.get("/", headers=SPOOFED).headers["Location"] == "/sign-in"
    led = clinic.get("/sign-in/go", headers=SPOOFED)
    assert parse_qs(urlsplit(led.headers["Location"]).query)["redirect_uri"] == [
        f"{HERE}/signed-in"
    ]
    assert "Secure" in led.headers["Set-Cookie"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8460", f"{HOST}:443", f"x.{HOST}"])
def test_it_answers_to_its_public_name_alone(clinic: Clinic, host: str) -> None:
    for path in [*PAGES, "/sign-in", "/sign-in/go", "/signed-in"]:
        refused(clinic.get(path, headers=SPOOFED | {"Host": host}), "must pass on the Host")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_lead_to_the_sign_in_page_and_no_further(clinic: Clinic, site: str) -> None:
    clinic.enter()
    led = {"Sec-Fetch-Site": site}
    for path in ["/", "/sign-in/go", "/unlock", "/item/1"]:
        assert clinic.get(path, headers=led).status_code == 403
    assert clinic.get("/sign-in", headers=led).status_code == 200
    assert clinic.get("/").status_code == 200


@pytest.mark.parametrize("origin", ["http://guard.clinic.example", "null", "https://evil.example"])
def test_no_form_of_another_origin_is_taken(clinic: Clinic, origin: str) -> None:
    clinic.enter()
    assert clinic.post("/lock", origin=origin).status_code == 403
    assert clinic.get("/").status_code == 200


# --- the issuer -----------------------------------------------------------------------------


def test_an_issuer_that_is_away_is_told_and_tried_again(clinic: Clinic) -> None:
    description = "/realm/.well-known/openid-configuration"
    clinic.issuer.fault[description] = Fault(status=503)
    refused(clinic.get("/sign-in/go"), "The issuer is out of order (status 503)", 503)
    del clinic.issuer.fault[description]
    assert clinic.enter().status_code == 303


def test_an_issuer_that_takes_long_to_fail_is_left_alone_for_a_minute(clinic: Clinic) -> None:
    """Else strangers could keep the one thread waiting, and her open page with it."""
    clock = clinic.practice.clock
    clinic.issuer.fault["/realm/token"] = Fault(status=503)
    clinic.issuer.meanwhile = lambda: clock.pass_(seconds=9)
    refused(clinic.sign_in(), "out of order", 503)
    heard = len(clinic.issuer.heard)
    for path in ("/sign-in/go", "/signed-in?state=x&code=x"):
        refused(clinic.get(path), "gave no answer just now", 503)
    assert len(clinic.issuer.heard) == heard
    clock.pass_(seconds=61)
    clinic.issuer.fault.clear()
    assert clinic.sign_in().status_code == 200


def test_an_issuer_that_fails_at_once_is_asked_again_at_once(clinic: Clinic) -> None:
    clinic.issuer.fault["/realm/token"] = Fault(status=503)
    refused(clinic.sign_in(), "out of order", 503)
    clinic.issuer.fault.clear()
    assert clinic.sign_in().status_code == 200


@pytest.mark.parametrize(
    ("path", "fault", "status", "why"),
    [
        ("/realm/token", Fault(body=b"<html>"), 503, "cannot read"),
        ("/realm/token", Fault(body=b"[]"), 503, "cannot read"),
        ("/realm/token", Fault(body=b"[" * 100_000), 503, "cannot read"),
        ("/realm/token", Fault(body=b" " * 300_000), 503, "cannot read"),
        ("/realm/token", Fault(body=b"{}"), 500, "gave no ID token"),
        ("/realm/token", Fault(body=b'{"id_token": 1}'), 500, "gave no ID token"),
        ("/realm/token", Fault(body=b'{"id_token": "x"}'), 403, "is not signed as it must be"),
        ("/realm/token", Fault(status=302), 500, "gave nothing for its code"),
        ("/realm/token", Fault(status=400, body=b'{"error": "invalid_grant"}'), 403, "not know"),
        ("/realm/token", Fault(status=401, body=b'{"error": "invalid_client"}'), 500, "not take"),
        ("/realm/token", Fault(status=500), 503, "out of order"),
        ("/realm/person", Fault(status=401), 403, "does not tell guard your e-mail address"),
        ("/realm/person", Fault(status=502), 503, "out of order"),
        ("/realm/person", Fault(body=b"a.b.c"), 503, "cannot read"),
        ("/realm/keys", Fault(status=404), 503, "list of keys"),
        ("/realm/keys", Fault(body=b'{"keys": []}'), 403, "is not signed as it must be"),
    ],
)
def test_whatever_the_issuer_gets_wrong_is_told_and_lets_nobody_in(
    clinic: Clinic, path: str, fault: Fault, status: int, why: str
) -> None:
    clinic.issuer.thin = True
    clinic.issuer.fault[path] = fault
    refused(clinic.sign_in(), why, status)
    assert clinic.get("/unlock").headers["Location"] == "/sign-in"


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"issuer": "https://evil.example"}, "calls itself by another name: https://evil.example"),
        ({"issuer": "<b>evil</b>"}, "calls itself by another name."),
        ({"issuer": None}, "calls itself by another name."),
        ({"issuer": "https://login.example/{tenantid}/v2.0"}, "directory&#39;s id stands for"),
        ({"userinfo_endpoint": "http://localhost/person"}, "no https userinfo_endpoint"),
        ({"token_endpoint": "http://localhost/token"}, "no https token_endpoint"),
        ({"jwks_uri": "http://localhost/keys"}, "no https jwks_uri"),
        ({"authorization_endpoint": None}, "no https authorization_endpoint"),
        ({"end_session_endpoint": "javascript:alert(1)"}, "no https end_session_endpoint"),
    ],
)
def test_an_issuer_that_is_another_or_not_on_https_is_refused(
    clinic: Clinic, described: dict[str, object], why: str
) -> None:
    clinic.issuer.described = described
    refused(clinic.get("/sign-in/go"), why, 500)


def test_an_issuer_with_a_certificate_that_nobody_vouches_for_is_refused(clinic: Clinic) -> None:
    there = clinic.signing.issuer
    clinic.signing.issuer = Issuer(
        url=there.url, client_id=there.client_id, secret="", back=there.back, ca_file=None
    )
    refused(clinic.get("/sign-in/go"), "signed by nobody this computer trusts", 500)


def test_a_new_key_of_the_issuer_is_known_at_the_next_sign_in(clinic: Clinic) -> None:
    clinic.enter()
    clinic.issuer.key = type(clinic.issuer.key).generate_key(2048, {"kid": "two"})  # type: ignore[arg-type]  # an RSA key
    clinic.issuer.header = {"alg": "RS256", "kid": "two"}
    assert clinic.sign_in(clinic.new_browser()).status_code == 200


def test_the_description_is_asked_for_anew_after_an_hour(clinic: Clinic) -> None:
    description = "/realm/.well-known/openid-configuration"
    clinic.sign_in()
    clinic.sign_in()
    assert clinic.issuer.heard.count(description) == 1
    clinic.practice.clock.pass_(minutes=61)
    clinic.sign_in()
    assert clinic.issuer.heard.count(description) == 2


def test_the_secrets_show_in_no_repr(clinic: Clinic) -> None:
    assert SECRET not in repr(clinic.signing.issuer)
    word = openid.Word(id_token="canary-word", access_token="canary-word")
    assert "canary" not in repr(word)
