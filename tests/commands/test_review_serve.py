"""``guard review --serve`` as a clinic starts it: it says what is wrong before anybody comes."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from guard.commands.check import check
from guard.commands.review import review
from tests.commands.serving import URL, practice_of, running, serve_table, write
from tests.servers.desk import Fault
from tests.servers.issuer import IssuerServer


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[IssuerServer]:
    with IssuerServer(tmp_path) as server:
        yield server


@pytest.fixture
def folder(issuer: IssuerServer) -> Path:
    return practice_of(issuer)


def serve(folder: Path) -> Result:
    return CliRunner().invoke(review, ["--serve"], obj=folder / "guard.toml")


def refused(done: Result, why: str, remedy: str) -> None:
    assert re.search(why, str(done.exception)), done.exception
    assert re.search(remedy, getattr(done.exception, "hint", ""))


def test_without_a_table_it_says_where_one_is_shown(folder: Path) -> None:
    write(folder, "")
    refused(serve(folder), r"there is no \[serve\]", "OPERATE.md")


@pytest.mark.parametrize("more", [["--port", "8460"], ["--list"], ["--no-browser"]])
def test_options_of_the_page_on_ones_own_machine_are_refused(
    folder: Path, more: list[str]
) -> None:
    done = CliRunner().invoke(review, ["--serve", *more], obj=folder / "guard.toml")
    assert done.exit_code == 2
    assert "--serve takes no other option" in done.output


def test_an_issuer_that_is_away_is_told_before_anybody_comes(
    folder: Path, issuer: IssuerServer
) -> None:
    gone = re.sub(r":\d+", ":1", issuer.url)
    write(folder, serve_table(issuer, issuer=gone))
    refused(serve(folder), "nothing answers at the issuer localhost:1", "guard.toml")


def test_an_issuer_that_is_another_or_none_is_told(folder: Path, issuer: IssuerServer) -> None:
    write(folder, serve_table(issuer, issuer=f"{issuer.url}/"))
    refused(serve(folder), f"by another name: {issuer.url}", "exactly so")
    write(folder, serve_table(issuer, issuer=f"{issuer.url}/no"))
    refused(serve(folder), "no OpenID Connect description", "check .serve. issuer")


def test_an_issuer_whose_certificate_nobody_vouches_for_is_told(
    folder: Path, issuer: IssuerServer
) -> None:
    write(folder, serve_table(issuer, ca_file=""))
    refused(serve(folder), "signed by nobody this computer trusts", "ca_file")


def test_a_secret_that_others_can_read_or_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "issuer.secret").chmod(0o644)
    refused(serve(folder), "others on this machine can read", "chmod 600")
    (folder / "issuer.secret").unlink()
    refused(serve(folder), r"it is not there", "^write it on the first line")


def test_without_the_extra_the_exact_line_to_type_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "authlib", None)
    monkeypatch.delitem(sys.modules, "guard.review.signing", raising=False)
    monkeypatch.delitem(sys.modules, "guard.review.openid", raising=False)
    monkeypatch.delitem(sys.modules, "guard.review.id_token", raising=False)
    for name in [one for one in sys.modules if one.startswith("authlib.")]:
        monkeypatch.delitem(sys.modules, name)
    refused(serve(folder), "authlib.*, which is not installed", r"guard\[clinic,review\]")


def test_two_pages_never_share_a_socket_and_a_killed_ones_is_taken_over(
    folder: Path, issuer: IssuerServer
) -> None:
    with running(folder) as process:
        refused(serve(folder), "cannot listen on .*page.sock", "running already")
        process.kill()
    with running(folder):
        assert (issuer.folder / "page.sock").is_socket()


def test_a_file_where_its_socket_should_be_is_left_alone(
    folder: Path, issuer: IssuerServer
) -> None:
    (issuer.folder / "page.sock").write_text("hers")
    refused(serve(folder), "something else lies there", "of its own")
    assert (issuer.folder / "page.sock").read_text() == "hers"


def test_check_says_what_to_register_and_what_is_wrong(folder: Path, issuer: IssuerServer) -> None:
    told = CliRunner().invoke(check, [], obj=folder / "guard.toml").output
    assert f"ok      serve: the issuer answers; it is to lead back to {URL}/signed-in" in told
    issuer.described = {"end_session_endpoint": None}
    told = CliRunner().invoke(check, [], obj=folder / "guard.toml").output
    assert "locking signs out of guard alone" in told
    issuer.fault["/realm/.well-known/openid-configuration"] = Fault(status=500)
    told = CliRunner().invoke(check, [], obj=folder / "guard.toml").output
    assert "not ok  serve: the issuer is out of order (status 500)" in told
