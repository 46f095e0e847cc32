"""Verdicts for files and lines; nothing is filed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.practice import CRISIS, SCHEDULING, Ran, guard, letter, therapy

KEYS = ["id", "label", "scores", "flagged", "remind", "abstained", "evidence", "model"]


def lines(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.status, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def test_files_are_judged_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    for name, text in (("b.eml", SCHEDULING), ("a.eml", therapy()), ("c.eml", CRISIS)):
        (tmp_path / name).write_bytes(letter(text))

    found = lines(guard("classify", "b.eml", "a.eml", "c.eml", cwd=tmp_path))

    assert [one["id"] for one in found] == ["b.eml", "a.eml", "c.eml"]
    assert [one["label"] for one in found] == ["scheduling", "therapy", "crisis"]
    assert [one["remind"] for one in found] == [False, True, False]
    assert [one["flagged"] for one in found] == [False, True, True]
    for one in found:
        assert list(one) == KEYS
        assert sum(one["scores"].values()) == pytest.approx(1, abs=0.001)
        assert not one["abstained"]
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ".eml"] == []


def test_a_file_that_is_no_mail_is_unsure_and_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "noise.eml").write_bytes(bytes(range(256)))

    found = lines(guard("classify", "noise.eml", cwd=tmp_path))

    assert not found[0]["remind"]


def test_lines_keep_their_ids_be_they_words_or_numbers(tmp_path: Path) -> None:
    given = [
        {"id": 7, "subject": "Thursday", "body": SCHEDULING},
        {"id": "x-1", "subject": "Hello", "body": therapy()},
    ]
    text = "\n\n".join(json.dumps(one) for one in given)

    found = lines(guard("classify", "--jsonl", stdin=text.encode(), cwd=tmp_path))

    assert [(one["id"], one["label"]) for one in found] == [
        (7, "scheduling"),
        ("x-1", "therapy"),
    ]


def test_a_line_without_subject_or_body_is_judged_all_the_same(tmp_path: Path) -> None:
    found = lines(guard("classify", "--jsonl", stdin=b'{"id": 1}', cwd=tmp_path))

    assert found[0]["abstained"] is True


def test_a_thousand_lines_come_out_as_a_thousand(tmp_path: Path) -> None:
    given = b"\n".join(
        b'{"id": %d, "body": "Can we move to %d?"}' % (at, at) for at in range(1000)
    )

    found = lines(guard("classify", "--jsonl", stdin=given, cwd=tmp_path))

    assert [one["id"] for one in found] == list(range(1000))


@pytest.mark.parametrize(
    "bad", [b"nonsense", b'{"subject": "no id"}', b"[1]", b'{"id": 1.5}', b"\xff"]
)
def test_a_bad_line_is_named_and_none_of_it_is_shown(tmp_path: Path, bad: bytes) -> None:
    ran = guard("classify", "--jsonl", stdin=b'{"id": 1}\n\n' + bad, cwd=tmp_path)

    told = ran.err.splitlines()
    assert ran.status == 65
    assert told[0] == "guard: line 3 of the input is not what classify reads"
    assert len(told) == 2


def test_a_letter_that_no_letter_is_does_not_stop_it(tmp_path: Path) -> None:
    given = (
        b'{"id": 1, "subject": "\\ud800", "body": "a \\u0000 b"}\n{"id": "\\udfff", "body": "x"}'
    )

    ran = guard("classify", "--jsonl", stdin=given, cwd=tmp_path)

    assert ran.status in {0, 65}
    assert "mistake" not in ran.err


def test_no_line_at_all_is_no_error(tmp_path: Path) -> None:
    assert lines(guard("classify", "--jsonl", cwd=tmp_path)) == []


def test_no_file_at_all_says_what_is_wanted(tmp_path: Path) -> None:
    ran = guard("classify", cwd=tmp_path)

    assert ran.status == 64
    assert len(ran.err.splitlines()) == 2


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ran = guard("classify", "gone.eml", cwd=tmp_path)

    assert ran.status == 64
    assert "gone.eml" in ran.err


def test_settings_that_are_named_must_be_there(tmp_path: Path) -> None:
    ran = guard("--config", "other.toml", "classify", "--jsonl", cwd=tmp_path)

    assert ran.status == 78


def test_danger_that_is_only_quoted_is_never_answered(tmp_path: Path) -> None:
    text = f"{therapy()}\n\n> {CRISIS}\n"
    (tmp_path / "a.eml").write_bytes(letter(text))
    line = json.dumps({"id": 1, "subject": "Hello", "body": text}).encode()

    found = lines(guard("classify", "a.eml", cwd=tmp_path))
    found += lines(guard("classify", "--jsonl", stdin=line, cwd=tmp_path))

    assert [(one["flagged"], one["remind"]) for one in found] == [(True, False), (True, False)]
