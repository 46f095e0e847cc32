"""Renewing a sign-in at a provider on loopback: rotation, crashes, whatever it may answer."""

import json
import resource
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from guard.errors import (
    ConfigError,
    GuardError,
    RecordError,
    SignInError,
    UnreachableError,
)
from guard.mail import oauth, tokenstore
from guard.mail.token import Provider, Token, granted
from tests.servers.desk import Fault
from tests.servers.dovecot import free_port
from tests.servers.provider import SignInServer, refusal

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[SignInServer]:
    """A provider."""
    with SignInServer(tmp_path) as server:
        yield server


def where(
    server: SignInServer, which: Provider = "microsoft", **change: object
) -> oauth.Authority:
    made = oauth.authority(which, tenant="common", server=server.url, ca_file=server.ca_file)
    return msgspec.structs.replace(made, **change)


def first(server: SignInServer, which: Provider = "microsoft") -> Token:
    """A sign-in of noon."""
    return granted(
        server.grant(),
        provider=which,
        user=server.user,
        client_id=server.client_id,
        client_secret="" if which == "microsoft" else server.client_secret,
        scope=server.scope,
        now=NOON,
    )


def kept(folder: Path, token: Token) -> tokenstore.Store:
    """A place that holds this token."""
    store = tokenstore.Store(
        file=folder / "mail.token",
        lock=folder / ".mail.token.lock",
        provider=token.provider,
        user=token.user,
    )
    with store.replacing() as save:
        save(token)
    return store


def at(
    store: tokenstore.Store, server: SignInServer, now: datetime, *, fresh: bool = False
) -> Token:
    """What is shown at that time."""
    return tokenstore.current(
        store,
        lambda token: oauth.renew(token, where(server, token.provider), now=now),
        now=now,
        fresh=fresh,
    )


# --- one renewal ----------------------------------------------------------------------------


def test_microsoft_gives_a_new_refresh_token_and_takes_the_old_one(provider: SignInServer) -> None:
    provider.rotates = True
    old = first(provider)

    new = oauth.renew(old, where(provider), now=NOON + HOUR)

    assert new.access_token in provider.access
    assert provider.refresh == {new.refresh_token} != {old.refresh_token}
    assert (new.consented, new.renewed) == (NOON, NOON + HOUR)
    assert provider.heard == [
        {
            "grant_type": "refresh_token",
            "refresh_token": old.refresh_token,
            "client_id": provider.client_id,
            "scope": f"{provider.scope} offline_access",
        }
    ]


def test_google_keeps_the_refresh_token_and_wants_the_secret(provider: SignInServer) -> None:
    old = first(provider, "google")

    new = oauth.renew(old, where(provider, "google"), now=NOON + HOUR)

    assert new.refresh_token == old.refresh_token
    assert new.access_token != old.access_token
    assert provider.heard[0]["client_secret"] == provider.client_secret
    assert "scope" not in provider.heard[0]


def test_the_usual_addresses_are_those_of_the_providers() -> None:
    google = oauth.authority("google", tenant="", server="", ca_file=None)
    microsoft = oauth.authority("microsoft", tenant="common", server="", ca_file=None)

    assert google.authorize_url == "https://accounts.google.com/o/oauth2/v2/auth"
    assert google.token_url == "https://oauth2.googleapis.com/token"
    assert microsoft.token_url == "https://login.microsoftonline.com/common/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (Fault(status=500), UnreachableError, "out of order (500)"),
        (Fault(status=503, body=b"<html>"), UnreachableError, "out of order (503)"),
        (Fault(status=429), UnreachableError, "out of order (429)"),
        (Fault(body=b"<html>Welcome to the hotel"), UnreachableError, "cannot read"),
        (Fault(body=b""), UnreachableError, "cannot read"),
        (Fault(body=b"[]"), UnreachableError, "cannot read"),
        (Fault(body=b"\xff\xfe"), UnreachableError, "cannot read"),
        (Fault(body=b"[" * 100_000), UnreachableError, "cannot read"),
        (Fault(body=b" " * 300_000), UnreachableError, "cannot read"),
        (Fault(body=b"{}"), UnreachableError, "cannot read"),
        (Fault(body=b'{"access_token": "a b"}'), UnreachableError, "cannot read"),
        (Fault(status=302, body=b'{"access_token": "a"}'), UnreachableError, "cannot read"),
        (Fault(status=404), UnreachableError, "cannot read"),
        (refusal("invalid_grant"), SignInError, "is over or was withdrawn"),
        (refusal("invalid_grant", "AADSTS700082: ..."), SignInError, "90 days"),
        (refusal("invalid_client"), ConfigError, "not know this application"),
        (refusal("temporarily_unavailable"), UnreachableError, "for now"),
    ],
    ids=lambda one: str(one)[:50],
)
def test_every_answer_has_an_outcome(
    provider: SignInServer, fault: Fault, kind: type[GuardError], says: str
) -> None:
    provider.fault = fault

    with pytest.raises(kind) as caught:
        oauth.renew(first(provider), where(provider), now=NOON)

    assert says in str(caught.value)


def test_a_provider_that_drips_is_cut_off(
    provider: SignInServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "_DEADLINE", 0.3)
    provider.fault = Fault(drip=True)

    with pytest.raises(UnreachableError) as caught:
        oauth.renew(first(provider), where(provider), now=NOON)

    assert "does not answer in time" in str(caught.value)


def test_a_provider_that_is_down_means_later(provider: SignInServer) -> None:
    nowhere = where(provider, token_url=f"https://localhost:{free_port()}/token")

    with pytest.raises(UnreachableError):
        oauth.renew(first(provider), nowhere, now=NOON)


def test_no_token_is_shown_to_a_server_that_nobody_vouches_for(provider: SignInServer) -> None:
    with pytest.raises(ConfigError):
        oauth.renew(first(provider), where(provider, ca_file=None), now=NOON)

    assert provider.heard == []


# --- kept, and renewed when it must be ------------------------------------------------------


def test_twelve_scans_in_an_hour_ask_the_provider_once(
    tmp_path: Path, provider: SignInServer
) -> None:
    provider.rotates = True
    store = kept(tmp_path, first(provider))

    shown = [
        at(store, provider, NOON + HOUR + minutes * timedelta(minutes=5)).access_token
        for minutes in range(11)
    ]

    assert len(set(shown)) == len(provider.heard) == 1


def test_the_new_refresh_token_is_on_the_disk_before_the_access_token_is_used(
    tmp_path: Path, provider: SignInServer
) -> None:
    provider.rotates = True
    store = kept(tmp_path, first(provider))

    for hours in range(1, 9):
        token = at(store, provider, NOON + hours * HOUR)
        assert store.read() == token

    assert provider.refresh == {token.refresh_token}


def test_a_crash_before_it_is_saved_leaves_the_old_token_which_microsoft_still_takes(
    tmp_path: Path, provider: SignInServer
) -> None:
    store = kept(tmp_path, first(provider))

    def crash(token: Token) -> Token:
        oauth.renew(token, where(provider), now=NOON)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tokenstore.current(store, crash, now=NOON + HOUR)

    assert at(store, provider, NOON + HOUR).access_token in provider.access
    assert {one.name for one in tmp_path.glob("*mail.token*")} == {
        "mail.token",
        ".mail.token.lock",
    }


def test_a_provider_is_not_asked_when_there_is_no_room_for_its_answer(
    tmp_path: Path, provider: SignInServer
) -> None:
    provider.rotates = True
    store = kept(tmp_path, first(provider))
    (tmp_path / ".mail.token.new").mkdir()

    with pytest.raises(RecordError):
        at(store, provider, NOON + HOUR)

    assert provider.heard == []


def test_a_provider_that_is_down_changes_nothing(tmp_path: Path, provider: SignInServer) -> None:
    store = kept(tmp_path, first(provider))
    before = store.read()
    provider.fault = Fault(status=500)

    with pytest.raises(UnreachableError):
        at(store, provider, NOON + HOUR)

    assert store.read() == before


def test_two_at_once_renew_once(tmp_path: Path, provider: SignInServer) -> None:
    provider.rotates = True
    store = kept(tmp_path, first(provider))
    shown: list[str] = []

    def scan() -> None:
        shown.append(at(store, provider, NOON + HOUR).access_token)

    scans = [threading.Thread(target=scan) for _ in range(8)]
    for one in scans:
        one.start()
    for one in scans:
        one.join()

    assert len(shown) == 8
    assert len(set(shown)) == len(provider.heard) == 1


def test_a_person_who_asks_is_told_anew(tmp_path: Path, provider: SignInServer) -> None:
    store = kept(tmp_path, first(provider))

    assert at(store, provider, NOON, fresh=True) == store.read()
    assert len(provider.heard) == 1


def test_a_clock_that_was_wrong_does_not_keep_a_dead_token(
    tmp_path: Path, provider: SignInServer
) -> None:
    store = kept(tmp_path, first(provider))

    at(store, provider, NOON - timedelta(days=365))

    assert len(provider.heard) == 1


# --- what is kept is not as it was -----------------------------------------------------------


def test_nobody_has_signed_in_yet(tmp_path: Path, provider: SignInServer) -> None:
    store = kept(tmp_path, first(provider))
    (tmp_path / "mail.token").unlink()

    with pytest.raises(SignInError) as caught:
        at(store, provider, NOON)

    assert "guard login" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{}", "null", '{"user": 1}', "secret!", "[" * 5000])
def test_a_token_that_was_spoilt_wants_a_new_sign_in(
    tmp_path: Path, provider: SignInServer, text: str
) -> None:
    store = kept(tmp_path, first(provider))
    (tmp_path / "mail.token").write_text(text)

    with pytest.raises(SignInError) as caught:
        at(store, provider, NOON)

    assert "secret" not in str(caught.value)


def test_a_token_that_others_can_read_is_not_used(tmp_path: Path, provider: SignInServer) -> None:
    store = kept(tmp_path, first(provider))
    (tmp_path / "mail.token").chmod(0o644)

    with pytest.raises(ConfigError):
        at(store, provider, NOON)


@pytest.mark.parametrize("change", [{"user": "other@practice.example"}, {"provider": "google"}])
def test_the_sign_in_of_another_mailbox_is_not_used(
    tmp_path: Path, provider: SignInServer, change: dict[str, str]
) -> None:
    store = kept(tmp_path, first(provider))

    with pytest.raises(SignInError):
        at(msgspec.structs.replace(store, **change), provider, NOON)


def test_the_file_holds_what_is_needed_to_renew_and_nothing_of_any_mail(
    tmp_path: Path, provider: SignInServer
) -> None:
    kept(tmp_path, first(provider))

    assert set(json.loads((tmp_path / "mail.token").read_text())) == {
        one.name for one in msgspec.structs.fields(Token)
    }


def test_a_full_disk_shows_before_the_provider_is_asked(
    tmp_path: Path, provider: SignInServer
) -> None:
    provider.rotates = True
    store = kept(tmp_path, first(provider))
    before = store.read()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, limits[1]))
    try:
        with pytest.raises(RecordError):
            at(store, provider, NOON + HOUR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert provider.heard == []
    assert store.read() == before
