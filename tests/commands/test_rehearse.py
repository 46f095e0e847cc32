from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.commands.rehearse import rehearse
from guard.policy import words
from guard.policy.decision import Action
from tests.pipeline.fakes import AL, JO, Practice, a_mail
from tests.pipeline.records import a_record


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    with a_record(tmp_path / "record", JO, AL) as record:
        yield Practice(record)


def test_a_dry_run_reminds_nobody_who_has_just_written_of_danger(
    practice: Practice, capsys: pytest.CaptureFixture[str]
) -> None:
    practice.inbox.put(a_mail(ref="2"))
    practice.inbox.put(a_mail("al"))
    practice.junk.put(a_mail(words="crisis", ref="1"))
    size = practice.record.size()
    rehearse(practice.house())

    would = capsys.readouterr().out.splitlines()
    assert [words.WOULD[Action.REMIND] in line for line in would] == [False, False, True, False]
    assert practice.record.size() == size
    assert practice.tray.sent == []
