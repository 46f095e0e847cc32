"""The providers' cryptic words, in plain ones: each with what to do, none with theirs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import ConfigError, GuardError, SignInError, UnreachableError
from guard.mail.refusals import of_mail_server, of_provider

GOOGLE = "https://support.google.com"
TENANT = (
    "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
    "Visit https://aka.ms/smtp_auth_disabled for more information. [X.PROD.OUTLOOK.COM]"
)
BROWSER = "[ALERT] Please log in via your web browser: https://support.google.com/mail (Failure)"
WEB = "[WEBALERT https://accounts.google.com/signin/continue?sarp=1] Web login required."


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (
            f"[ALERT] Application-specific password required: {GOOGLE}/accounts (Failure)",
            "app password",
            "apppasswords",
        ),
        (
            f"5.7.9 Application-specific password required.\n{GOOGLE}/?p=InvalidSecondFactor x",
            "app password",
            "apppasswords",
        ),
        (WEB, "web browser", "guard check"),
        (BROWSER, "web browser", "guard check"),
        (
            "[ALERT] Your account is not enabled for IMAP use. Please visit your settings page",
            "IMAP is switched off",
            "settings",
        ),
        (TENANT, "sending by SMTP is switched off", "Authenticated SMTP"),
        (
            "5.7.139 Authentication unsuccessful, basic authentication is disabled. [X]",
            "no password",
            'auth = "microsoft"',
        ),
        (
            "5.7.139 Authentication unsuccessful, the user credentials were incorrect. [X]",
            "rule of the organisation",
            "administrator",
        ),
    ],
)
def test_what_mail_servers_say_is_explained(words: str, what: str, hint: str) -> None:
    meant = of_mail_server(words)

    assert meant is not None
    assert what in meant[0]
    assert hint in meant[1]


@pytest.mark.parametrize(
    "words",
    ["[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "LOGIN failed.", "", "535 5.7.8"],
)
def test_a_plain_no_stays_one(words: str) -> None:
    assert of_mail_server(words) is None


def aadsts(code: int, error: str = "invalid_grant") -> dict[str, object]:
    """An answer of Microsoft, sentence and all."""
    return {
        "error": error,
        "error_description": f"AADSTS{code}: The user quokka@practice.example ... Trace ID: 1",
        "error_codes": [code],
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }


@pytest.mark.parametrize(
    ("answer", "kind", "says", "hint"),
    [
        (aadsts(700082), SignInError, "not used for 90 days", "guard login"),
        (aadsts(50173), SignInError, "password was changed", "guard login"),
        (aadsts(50076), SignInError, "second factor", "guard login"),
        (aadsts(65001), ConfigError, "agreed", "guard login"),
        (aadsts(7000218, "invalid_client"), ConfigError, "public client", "Allow public client"),
        (aadsts(700016, "unauthorized_client"), ConfigError, "not know", "client_id and tenant"),
        (aadsts(90002, "invalid_request"), ConfigError, "no such tenant", "tenant"),
        (aadsts(53003), ConfigError, "Conditional Access", "administrator"),
        (aadsts(90033, "temporarily_unavailable"), UnreachableError, "for now", ""),
        ({"error": "server_error"}, UnreachableError, "for now", ""),
        ({"error": "invalid_grant"}, SignInError, "is over or was withdrawn", "guard login"),
        (
            {"error": "invalid_grant", "error_subtype": "invalid_rapt"},
            SignInError,
            "every so often",
            "guard login",
        ),
        ({"error": "invalid_client"}, ConfigError, "its secret is wrong", "guard.toml"),
        ({"error": "deleted_client"}, ConfigError, "was deleted", "guard login"),
        ({"error": "access_denied"}, SignInError, "declined", "guard login"),
        ({"error": "expired_token"}, SignInError, "in time", "guard login"),
        (aadsts(123456, "invalid_request"), ConfigError, "AADSTS123456", "look the code up"),
        ({"error": 7}, ConfigError, "no reason given", "guard login"),
        ({}, ConfigError, "no reason given", "guard login"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_what_providers_say_is_explained(
    answer: dict[str, object], kind: type[GuardError], says: str, hint: str
) -> None:
    problem = of_provider(answer, "Microsoft")

    assert isinstance(problem, kind)
    assert says in str(problem)
    assert hint in problem.hint
    assert "quokka" not in f"{problem} {problem.hint}"


def test_google_is_over_after_seven_days_and_the_trap_is_named() -> None:
    problem = of_provider({"error": "invalid_grant"}, "Google")

    assert "7 days" in problem.hint
    assert "publish" in problem.hint


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), st.lists, max_leaves=3
)


@given(
    st.dictionaries(
        st.sampled_from(["error", "error_codes", "error_description", "error_subtype"]), _JSON
    )
)
def test_any_answer_is_explained_in_one_line(answer: dict[str, object]) -> None:
    assert "\n" not in str(of_provider(answer, "Google"))
