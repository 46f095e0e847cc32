"""The demo: the whole job, nothing to set up, nothing left behind."""

import tempfile
from pathlib import Path

import pytest

from tests.commands.practice import guard

pytest.importorskip("pymap")


def test_shows_the_whole_job_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)

    ran = guard("demo", cwd=tmp_path)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[2].split() == [
        *("Who", "What", "it", "is", "What", "guard", "did", "Why")
    ]
    assert "kept for your eyes" in ran.out
    assert "reminder sent" in ran.out
    assert "Subject: Automatic reply: about your e-mail" in ran.out
    assert "The second scan found nothing new." in ran.out
    assert ran.out.count("and verifies.") == 1
    assert list(tmp_path.iterdir()) == []


def test_keeps_everything_to_look_around_in(tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    ran = guard("demo", "--keep", kept)
    (kept / "pass").write_text("demo\n")
    (kept / "pass").chmod(0o600)
    looked = guard(
        "--config", kept / "guard.toml", "review", "--list", "--passphrase-file", kept / "pass"
    )

    assert ran.status == 0
    assert f"guard --config {kept / 'guard.toml'} review" in ran.out
    assert looked.status == 0
    assert "waiting for your eyes" in looked.out


def test_keeping_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    ran = guard("demo", "--keep", tmp_path)

    assert ran.status == 78
    assert len(ran.err.splitlines()) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["mine"]
