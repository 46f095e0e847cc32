"""Holds, marks, requests for access, retention and erasure from the command line."""

import csv
import errno
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import bagit  # type: ignore[import-untyped]  # it ships no types
import pypdf
import pytest
from click.testing import CliRunner

from guard import shipped
from guard.clients import directory, rights
from guard.clients.directory import Client
from guard.commands import judges, record_erase, record_models, wiring
from guard.commands.record import record as group
from guard.commands.record_access import owed
from guard.commands.template import guard_toml
from guard.commands.train import Fresh, keep
from guard.config import load
from guard.errors import BusyError, ConfigError, GuardError, LockedError, ModelError, RecordError
from guard.record import export as record_folder
from guard.record import init as record_init
from guard.record.entry import Incoming
from guard.record.lock import scan_lock
from guard.record.passphrase import CHEAPEST
from guard.record.reading import Reader
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
from guard.review.rulings import Answer, Sender, ruled
from guard.verdict import cabinet
from guard.verdict.corpus import Example
from guard.verdict.label import Label
from tests.commands.answers import OFFLINE

PASSPHRASE = "correct horse"
DAY = 86_400_000


@dataclass(kw_only=True)
class Practice:
    """A record with no mailbox, and the commands on it."""

    folder: Path
    ahead: int = 0
    """So far the clock runs ahead of the world's, milliseconds."""

    @property
    def config(self) -> Path:
        return self.folder / "guard.toml"

    def run(self, *words: str, status: int = 0) -> str:
        """Run one command of ``guard record``; a GuardError is raised to the test."""
        opened = [*words, *self.secret(words)]
        done = CliRunner().invoke(group, opened, obj=self.config, catch_exceptions=False)
        assert done.exit_code == status, done.output
        return done.output

    def secret(self, words: tuple[str, ...]) -> list[str]:
        return [] if words[0] == "mark" else ["--passphrase-file", str(self.folder / "pass")]

    def record(self) -> SqliteRecord:
        return SqliteRecord.open(self.folder / "record")

    def add(self, name: str, *, ended: str = "", born: str = "") -> str:
        client = Client(
            id=f"c{name.lower()}",
            name=name,
            addresses=(f"{name.lower()}@home.example",),
            ended=ended,
            born=born,
        )
        with self.record() as record:
            record.append([directory.enrol(client)], now=1)
        return client.id

    def file(self, text: str, *owners: str) -> int:
        raw = f"From: x@home.example\r\nSubject: s\r\n\r\n{text}\r\n".encode()
        mail = Incoming(
            raw=raw, account="a", locations=(), owners=owners, direction="in", received=1
        )
        with self.record() as record:
            return record.file([mail], cursor=None, now=1)[0].item

    def rule(self, item: int, answer: Answer, *owners: str) -> None:
        with self.record() as record:
            record.append([ruled(item, owners, answer, ())], now=1)

    def order(self, owner: str, *, ago: int = 2 * DAY, letters: int | None = None) -> str:
        """An order that has rested; returns its code."""
        with self.record() as record:
            planned = record_erase._planned(record, owner).letters
            fact = rights.erasing(owner, "", planned if letters is None else letters)
            (seq,) = record.append([fact], now=wiring.milliseconds())
            self.ahead += ago
            return rights.code(record.entry(seq))

    def wrong(self) -> list[str]:
        with self.record() as record:
            identity = record.keys.unlock(PASSPHRASE)
        return [str(one) for one in examine(self.folder / "record", identity=identity)]

    def size(self) -> int:
        with self.record() as record:
            return record.size()


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Practice:
    made = Practice(folder=tmp_path)
    real = wiring.milliseconds
    monkeypatch.setattr(wiring, "milliseconds", lambda: real() + made.ahead)
    made.config.write_text(guard_toml(OFFLINE))
    (tmp_path / "pass").write_text(PASSPHRASE)
    (tmp_path / "pass").chmod(0o600)
    record_init.create(
        tmp_path / "record",
        passphrase=PASSPHRASE,
        executor=None,
        random=secrets.token_bytes,
        now=1,
        work=CHEAPEST,
    )
    return made


# --- hold, release, mark ------------------------------------------------------------------


@pytest.mark.parametrize("who", ["cjo", "Jo", "jo", "JO@home.example"])
def test_a_client_is_held_by_id_name_or_address(practice: Practice, who: str) -> None:
    practice.add("Jo")

    practice.run("hold", who, "--reason", "an inquest")

    with practice.record() as record:
        assert record.held("cjo")


def test_a_hold_is_released_once(practice: Practice) -> None:
    practice.add("Jo")
    practice.run("hold", "cjo")
    with pytest.raises(ConfigError, match="already"):
        practice.run("hold", "cjo")
    practice.run("release", "cjo")

    with pytest.raises(ConfigError, match="no hold"):
        practice.run("release", "cjo")

    with practice.record() as record:
        assert not record.held("cjo")


@pytest.mark.parametrize(
    "words",
    [
        ("hold", "nobody"),
        ("release", "nobody"),
        ("access", "start", "nobody"),
        ("erase", "nobody"),
        ("hold", "unsorted"),
        ("erase", "unsorted"),
        ("erase", "../../etc"),
        ("mark", "9999", "withhold"),
        ("mark", "1", "withhold"),
        ("mark", "1", "redact"),
        ("mark", "1", "withhold", "--remove", "x"),
        ("access", "start", "cjo", "--on", "someday"),
        ("access", "start", "cjo", "--on", "2999-01-01"),
        ("access", "stop", "cjo"),
        ("erase", "cjo", "--code", "00000000"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    practice: Practice, words: tuple[str, ...]
) -> None:
    practice.add("Jo")
    size = practice.size()

    with pytest.raises(GuardError) as caught:
        practice.run(*words)

    assert caught.value.hint
    assert practice.size() == size


def test_the_wrong_passphrase_changes_nothing(practice: Practice) -> None:
    practice.add("Jo")
    size = practice.size()
    (practice.folder / "pass").write_text("wrong")

    for words in (("hold", "Jo"), ("erase", "cjo"), ("due",), ("access", "start", "Jo")):
        with pytest.raises(LockedError):
            practice.run(*words)

    assert practice.size() == size


def test_while_a_scan_runs_nothing_is_entered(practice: Practice) -> None:
    practice.add("Jo")

    with scan_lock(practice.folder / "record", now=1), pytest.raises(BusyError):
        practice.run("erase", "cjo")


def test_a_letter_is_marked_with_a_sealed_reason(practice: Practice) -> None:
    practice.add("Jo")
    item = practice.file("Uncle Bob came.", "cjo")

    practice.run("mark", str(item), "redact", "--remove", "Uncle Bob", "--reason", "his name")

    with practice.record() as record:
        entry = record.latest(rights.MARKED, item=item)
        assert entry is not None
        assert (entry.data, b"Bob" in entry.body) == ({"as": "redact"}, False)
        reader = Reader(record, record.keys.unlock(PASSPHRASE))
        assert rights.why(reader.secret(entry.seq)).remove == ("Uncle Bob",)


# --- access -------------------------------------------------------------------------------


def test_the_clock_of_a_request_is_kept(practice: Practice) -> None:
    practice.add("Jo")

    assert "due on 2026-02-05" in practice.run("access", "start", "Jo", "--on", "2026-01-05")
    assert "stands still" in practice.run("access", "stop", "cjo", "--on", "2026-01-08")
    assert "due on 2026-02-09" in practice.run("access", "start", "cjo", "--on", "2026-01-12")
    assert "due on 2026-04-09" in practice.run("access", "extend", "cjo", "--on", "2026-01-20")
    assert "answered on 2026-02-01" in practice.run("access", "done", "cjo", "--on", "2026-02-01")
    told = practice.run("access", "list")
    assert told == "cjo  asked on 2026-01-05, answered on 2026-02-01\n"
    assert practice.run("access", "list", "Jo") == told


def test_nobody_asked(practice: Practice) -> None:
    assert practice.run("access", "list") == "Nobody asked for a copy.\n"


def test_check_tells_who_is_owed_a_copy_without_a_passphrase(practice: Practice) -> None:
    practice.add("Jo")
    practice.add("Al")
    settings = load(practice.config)
    assert list(owed(settings)) == ["nobody waits for one"]
    today = wiring.today()

    practice.run("access", "start", "cjo", "--on", today.isoformat())
    assert [line.split()[0] for line in owed(settings)] == ["cjo"]

    practice.run("access", "start", "cal", "--on", "2026-01-05")
    with pytest.raises(ConfigError, match="late, to: cal"):
        list(owed(settings))
    practice.run("access", "done", "cal")
    assert [line.split()[0] for line in owed(settings)] == ["cjo"]


# --- due ----------------------------------------------------------------------------------


def test_what_is_due_counts_from_the_end_that_she_entered(practice: Practice) -> None:
    practice.add("Goes", ended="")
    practice.add("Over", ended="2015-03-01")
    practice.add("Held", ended="2015-03-01")
    practice.add("Later", ended="2026-03-01")
    practice.add("Minor", ended="2015-03-01", born="2007-01-01")
    practice.run("hold", "cheld")

    lines = practice.run("due").splitlines()

    assert [line.split()[0] for line in lines] == [
        "cover", "cheld", "clater", "cminor", "cgoes", "1",
    ]  # fmt: skip
    assert "kept until 2033-03-01" in lines[2]
    assert "kept until 2032-01-01" in lines[3]
    assert "no end of therapy" in lines[4]


# --- erase --------------------------------------------------------------------------------


@pytest.fixture
def two(practice: Practice) -> Practice:
    """Two clients, four letters: hers, theirs, another's, and one that she gave to Jo."""
    practice.add("Jo")
    practice.add("Al")
    practice.file("hers alone", "cjo")
    practice.file("of both", "cal", "cjo")
    practice.file("another's", "cal")
    given = practice.file("given to her", "unsorted")
    practice.rule(given, Answer(sender=Sender.CLIENT, client="cjo"), "unsorted")
    return practice


def test_the_first_step_says_what_it_will_do_and_does_nothing(two: Practice) -> None:
    told = two.run("erase", "Jo", "--reason", "she asked")

    assert "destroyed: 2 letters and 2 further entries" in told
    assert "stays:     1 letters" in told
    assert re.search(r"guard record erase cjo --code [0-9a-f]{8}\n", told)
    assert two.wrong() == []
    with two.record() as record:
        assert len(record._db.execute("SELECT seq FROM blob").fetchall()) == 4


def test_the_second_step_at_once_is_refused(two: Practice) -> None:
    code = two.run("erase", "Jo").split()[-1]

    with pytest.raises(ConfigError, match="rest for 24 more hours"):
        two.run("erase", "Jo", "--code", code)


def test_the_second_step_a_day_later_erases_and_certifies(two: Practice) -> None:
    code = two.order("cjo")

    told = two.run("erase", "Jo", "--code", code)

    assert told.startswith("CERTIFICATE OF DESTRUCTION\nRecord of:   cjo ")
    assert "Destroyed:   2 letters, 3 further entries" in told
    assert "Jo" not in told.replace("cjo", "")
    assert two.wrong() == []
    with two.record() as record:
        left = b"".join(one.read_bytes() for one in record.folder.rglob("*") if one.is_file())
        assert len(record._db.execute("SELECT seq FROM blob").fetchall()) == 2
        assert record.owners_named("jo@home.example") == ()
    assert b"cjo.age" not in left
    assert two.run("erase", "cjo") == told


def test_an_order_that_lapsed_or_grew_old_is_refused(two: Practice) -> None:
    code = two.order("cjo", ago=31 * DAY)

    with pytest.raises(ConfigError, match="lapsed"):
        two.run("erase", "cjo", "--code", code)


def test_a_letter_that_came_since_needs_a_new_order(two: Practice) -> None:
    code = two.order("cjo")
    two.file("a new one", "cjo")

    with pytest.raises(ConfigError, match="for 2 letters, now there are 3"):
        two.run("erase", "cjo", "--code", code)

    assert two.wrong() == []


@pytest.mark.parametrize("code", ["", "00000000", "0"])
def test_the_code_of_one_client_erases_no_other(two: Practice, code: str) -> None:
    other = two.order("cal")

    with pytest.raises(ConfigError, match="fits no order"):
        two.run("erase", "cjo", "--code", code or other)


@pytest.mark.parametrize("when", ["before the order", "after it"])
def test_a_hold_stops_both_steps(two: Practice, when: str) -> None:
    code = two.order("cjo")
    two.run("hold", "cjo")
    words = ["erase", "cjo"] if when == "before the order" else ["erase", "cjo", "--code", code]

    with pytest.raises(ConfigError, match="legal hold"):
        two.run(*words)

    assert two.wrong() == []


def test_who_is_still_owed_a_copy_is_not_erased(two: Practice) -> None:
    code = two.order("cjo")
    two.run("access", "start", "cjo")

    with pytest.raises(ConfigError, match="owed an answer"):
        two.run("erase", "cjo", "--code", code)


def test_letters_that_would_be_lost_to_another_are_named(two: Practice) -> None:
    item = two.file("Al's, from Jo's telephone", "cjo")
    two.rule(item, Answer(sender=Sender.CLIENT, client="cal"), "cjo")

    with pytest.raises(ConfigError, match=f"items {item}"):
        two.run("erase", "cjo")

    assert "3 letters" in two.run("erase", "cjo", "--anyway")


def test_a_crash_before_the_keys_went_is_mended_by_the_next_run(two: Practice) -> None:
    keys = two.folder / "record" / "keys"
    kept = {path: path.read_bytes() for path in keys.glob("cjo.*")}
    told = two.run("erase", "cjo", "--code", two.order("cjo"))
    for path, data in kept.items():
        path.write_bytes(data)

    assert two.run("erase", "cjo") == told
    assert list(keys.glob("cjo.*")) == []


# --- models -------------------------------------------------------------------------------


@pytest.fixture
def small_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus that is learned in seconds."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("b13", "b15", "t01"):
        shutil.copy(Path(__file__).parents[2] / "data" / "corpus" / f"{name}.jsonl", folder)
    monkeypatch.setitem(shipped._PLACES, "corpus", (folder,))


@dataclass(kw_only=True)
class Made:
    """A model that nobody need train."""

    data: bytes
    digest: str
    card: str = 'sha256 = "x"\n'
    papers: dict[str, str] = field(default_factory=dict)


def own_model(practice: Practice, digest: str, *clients: str, used: bool = True) -> str:
    settings = load(practice.config)
    usual = {"scenario": "", "label": "other", "subject": "", "body": ""}
    examples = [Example(id=one, author=one, tags=(), sensitive=(), **usual) for one in clients]
    kept = keep(settings, Made(data=b"model", digest=digest * 64), examples)  # type: ignore[arg-type]  # as far as `keep` looks
    if used:
        (judges.cabinet_of(settings) / cabinet.IN_USE).write_text(f"{kept.name}\n")
    return kept.name


def test_a_model_that_learned_from_them_is_destroyed_and_others_stay(two: Practice) -> None:
    hers = own_model(two, "a", "cjo", "cal", used=False)
    theirs = own_model(two, "b", "cal", used=False)
    code = two.order("cjo")

    told = two.run("erase", "cjo", "--code", code)

    left = [one.name for one in cabinet.kept(two.folder / "record" / "models")]
    assert left == [theirs]
    assert f"Models:      {hers}\n" in told
    with two.record() as record:
        assert [one.data["models"] for one in record.of_kind("unlearned")] == [[hers]]


def test_a_model_of_which_nobody_knows_whom_it_learned_from_goes_too(two: Practice) -> None:
    folder = two.folder / "record" / "models" / "0123456789ab"
    folder.mkdir(parents=True)

    two.run("erase", "cjo", "--code", two.order("cjo"))

    assert not folder.exists()


def test_with_no_ruling_left_the_shipped_model_judges_again(two: Practice) -> None:
    own_model(two, "a", "cjo")

    two.run("erase", "cjo", "--code", two.order("cjo"))

    assert cabinet.in_use(two.folder / "record" / "models") is None
    with two.record() as record:
        adopted = record.latest("model")
        assert adopted is not None
        assert adopted.data["name"] == "shipped"


@pytest.mark.usefixtures("small_corpus")
def test_the_model_in_use_is_made_again_without_them(
    two: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a corpus this small no model is as good as the shipped one, to which guard would go back.
    monkeypatch.setattr(Fresh, "worse_than", lambda *_models: [])
    old = own_model(two, "a", "cjo", "cal")
    for number, label in enumerate(Label):
        for owner in ("cjo", "cal"):
            item = two.file(f"{owner} says a thing of {label.value}, number {number}", owner)
            two.rule(item, Answer(label=label), owner)

    told = two.run("erase", "cjo", "--code", two.order("cjo"))

    with two.record() as record:
        trained = record.of_kind("trained")[1:]
        assert [one.data["clients"] for one in trained] == [["cal"]]
        adopted = record.latest("model")
        assert adopted is not None
        assert [adopted.data["name"]] == [one.data["sha256"][:12] for one in trained]
    assert f"Models:      {old}\n" in told
    assert not (two.folder / "record" / "models" / old).exists()
    assert two.wrong() == []


def test_where_no_model_can_be_made_nothing_is_erased(
    two: Practice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = own_model(two, "a", "cjo")
    item = two.file("something", "cal")
    two.rule(item, Answer(label=Label.OTHER), "cal")
    monkeypatch.setitem(shipped._PLACES, "corpus", (tmp_path / "nowhere",))
    code = two.order("cjo")

    with pytest.raises(ModelError) as caught:
        two.run("erase", "cjo", "--code", code)

    assert "--shipped-model" in caught.value.hint
    assert (two.folder / "record" / "models" / name).exists()
    assert two.wrong() == []
    with two.record() as record:
        assert record.latest("shredded") is None
    two.run("erase", "cjo", "--code", code, "--shipped-model")
    assert not (two.folder / "record" / "models" / name).exists()


@pytest.mark.parametrize("at", ["put_in_use", "destroy", "carry_out"])
def test_a_crash_at_any_step_is_finished_by_the_same_command(
    two: Practice, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    own_model(two, "a", "cjo")
    code = two.order("cjo")
    place: tuple[object, str] = {
        "put_in_use": (record_models, "put_in_use"),
        "destroy": (cabinet, "destroy"),
        "carry_out": (record_erase, "carry_out"),
    }[at]
    with monkeypatch.context() as broken:
        broken.setattr(*place, crash)
        with pytest.raises(CutError):
            two.run("erase", "cjo", "--code", code)

    told = two.run("erase", "cjo", "--code", code)

    assert told.startswith("CERTIFICATE")
    assert two.wrong() == []
    assert cabinet.kept(two.folder / "record" / "models") == []


def crash(*_args: object, **_more: object) -> None:
    raise CutError


class CutError(Exception):
    """The power goes."""


# --- export -------------------------------------------------------------------------------


def bag_of(practice: Practice, *words: str) -> tuple[Path, str]:
    folder = practice.folder / "copy"
    told = practice.run("export", str(folder), "--client", "Jo", *words)
    bagit.Bag(str(folder)).validate()
    return folder / "data", told


def text_of(file: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(file).pages)


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_a_clients_copy_is_a_bag_of_what_is_theirs_alone(two: Practice) -> None:
    data, told = bag_of(two)

    mails = {path.name: path.read_bytes() for path in (data / "mail").iterdir()}
    with two.record() as record:
        reader = Reader(record, record.keys.unlock(PASSPHRASE))
        assert mails == {f"{item:07d}.eml": reader.raw(item) for item in (6, 7, 9)}
        exported = record.latest("exported", owner="cjo")
        assert exported is not None
        assert exported.data["letters"] == 3
    assert "1 belong to another client too: look at 7 first." in told
    together = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"another's" not in together
    assert re.search(rb"\bcal\b", together) is None


def test_stock_sha256sum_checks_the_copy(two: Practice) -> None:
    data, _ = bag_of(two)

    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        words = ["sha256sum", "--quiet", "-c", manifest]
        done = subprocess.run(words, cwd=data.parent, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


def test_its_papers_say_what_the_letters_say(two: Practice) -> None:
    data, _ = bag_of(two)

    page = (data / "index.html").read_text()
    assert "Correspondence of Jo" in page
    assert "hers alone" in page
    assert "hers alone" in text_of(data / "correspondence.pdf")
    rows = rows_of(data / "index.csv")
    assert [row["given"] for row in rows] == ["as it came"] * 3
    assert [row["sha256"] for row in rows] == [
        sha256((data / row["file"]).read_bytes()).hexdigest() for row in rows
    ]
    assert "The whole record verifies" in (data / "verification.txt").read_text()
    assert rows_of(data / "withheld.csv") == []
    assert json.loads((data / "notes.json").read_text())["client"]["name"] == "Jo"


def test_what_is_withheld_or_redacted_is_nowhere_but_in_the_list(two: Practice) -> None:
    secret = two.file("Uncle Bob drinks.\r\nHe is uncle\r\nbob.", "cjo")
    hidden = two.file("It is about my sister Zoe.", "cjo")
    two.rule(secret, Answer(label=Label.THERAPY, note="uncle bob again"), "cjo")
    two.run("mark", str(secret), "redact", "--remove", "uncle bob", "--reason", "a third person")
    two.run("mark", str(hidden), "withhold", "--reason", "all of it is somebody else's")

    data, told = bag_of(two)

    together = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    readable = text_of(data / "correspondence.pdf")
    assert "1 were withheld and 1 redacted" in told
    assert re.search(rb"uncle\s+bob|Zoe", together, re.IGNORECASE) is None
    assert re.search(r"uncle\s+bob|Zoe", readable, re.IGNORECASE) is None
    assert b"[removed] drinks.\r\nHe is [removed]." in together
    assert "[removed] drinks" in readable
    assert [(row["number"], row["why"]) for row in rows_of(data / "withheld.csv")] == [
        (str(secret), "a third person"),
        (str(hidden), "all of it is somebody else's"),
    ]


def test_a_mark_can_be_taken_back(two: Practice) -> None:
    two.run("mark", "6", "withhold")
    two.run("mark", "6", "include")

    data, _ = bag_of(two)

    assert (data / "mail" / "0000006.eml").exists()


def test_the_copy_of_one_who_writes_html_and_formulas_is_harmless(two: Practice) -> None:
    attack = (
        '</div><script>alert(1)</script>#import "x" \\u{1F600} *b* $x$ <l> @ref \U0001f622 \u4e2d'
    )
    two.file(f"=cmd() {attack}", "cjo")
    with two.record() as record:
        was = Client(id="cjo", name="=Jo<script>", addresses=("jo@home.example",))
        record.append([directory.enrol(was)], now=1)

    folder = two.folder / "copy"
    two.run("export", str(folder), "--client", "cjo")

    page = (folder / "data" / "index.html").read_text()
    shown = text_of(folder / "data" / "correspondence.pdf")
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert '#import "x"' in shown
    assert "[crying face]" in shown
    assert "Some letters of this text cannot be shown here" in shown


def test_a_target_that_is_used_is_left_alone(two: Practice) -> None:
    target = two.folder / "copy"
    target.mkdir()
    (target / "mine").write_text("precious")
    size = two.size()

    with pytest.raises(RecordError, match="already"):
        two.run("export", str(target), "--client", "Jo")

    assert two.size() == size
    assert [path.name for path in two.folder.glob("*copy*")] == ["copy"]


def test_a_full_disk_leaves_no_half_copy(two: Practice, monkeypatch: pytest.MonkeyPatch) -> None:
    size = two.size()
    full = OSError(errno.ENOSPC, "no room")
    monkeypatch.setattr(record_folder, "put", raising(full))

    with pytest.raises(RecordError, match="full"):
        two.run("export", str(two.folder / "copy"), "--client", "Jo")

    assert two.size() == size
    assert list(two.folder.glob("*copy*")) == []


def raising(error: Exception) -> Callable[..., None]:
    def fail(*_args: object) -> None:
        raise error

    return fail


def test_without_typst_the_copy_is_whole_and_says_so(
    two: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)

    data, told = bag_of(two)

    assert "No PDF: a PDF needs typst" in told
    assert not (data / "correspondence.pdf").exists()
    assert (data / "index.html").exists()


def test_after_erasure_there_is_nobody_to_copy(two: Practice) -> None:
    two.run("erase", "cjo", "--code", two.order("cjo"))

    with pytest.raises(ConfigError, match="no such client"):
        two.run("export", str(two.folder / "copy"), "--client", "cjo")


def test_a_copy_and_an_order_tell_of_letters_from_before_the_client_was_entered(
    practice: Practice,
) -> None:
    item = practice.file("before", "unsorted")
    with practice.record() as record:
        kim = Client(id="ckim", name="Kim", addresses=("x@home.example",))
        record.append([directory.enrol(kim)], now=2)

    told = practice.run("export", str(practice.folder / "copy"), "--client", "Kim")
    ordered = practice.run("erase", "Kim")

    assert f"in nobody's record: {item}\n" in told
    assert "Mind:      1 letters with these addresses were filed before you" in ordered
