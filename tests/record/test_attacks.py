"""The table of threats: each attack is carried out here, in order, one test an attack.

The promise is tested, not the parts: other files test those more closely. What whoever runs as
the scanner can do is made evident, bounded by the last witness, and recoverable; no more.
"""

import logging
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from msgspec.structs import replace

from guard.clients.directory import Client
from guard.clients.retention import standing
from guard.config import Retention
from guard.errors import ConfigError, LockedError, RecordError
from guard.mail.automatic import robot_signs
from guard.mail.login import password
from guard.mail.parse import parse
from guard.mail.sender import authenticity
from guard.pipeline.scan import scan
from guard.record.backup import back_up
from guard.record.backup_folder import BackupFolder
from guard.record.entry import Fact, Incoming, Location
from guard.record.eraser import erase, replay
from guard.record.log import Frontier, leaf_hash
from guard.record.note import Checkpoint
from guard.record.passphrase import seal_with_passphrase
from guard.record.reading import Reader
from guard.record.restore import openable, restore
from guard.record.scanner import ScannerKey
from guard.record.schema import STATEMENTS
from guard.record.seal import Identity
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine, verify
from guard.reply import compose
from guard.reply.outbox import settle
from guard.review.session import IDLE_SECONDS, Session
from guard.shipped import folder as shipped_folder
from guard.verdict.child import ChildReader
from guard.verdict.chosen import chosen
from guard.verdict.corpus import RULED, Example, read
from guard.verdict.judge import Judge
from guard.verdict.preparing import text_of
from guard.verdict.training import train
from tests.pipeline import fakes
from tests.pipeline.fakes import JO, NOON
from tests.pipeline.fakes import a_mail as a_letter
from tests.pipeline.records import a_record, kinds
from tests.record.conftest import NOW, PASSPHRASE, Home
from tests.review import practice as page

MailBuilder = Callable[..., Incoming]
TRIGGERS = [one for one in STATEMENTS if one.startswith("CREATE TRIGGER")]
WORD = b"quokka"


@pytest.fixture
def filled(home: Home, a_mail: MailBuilder, a_place: Callable[..., Location]) -> Home:
    """Nine messages of a client, each with what was said of it: items 3, 5, 7 ... 19."""
    with home.open() as record:
        for number in range(9):
            mail = a_mail(b"%s %d" % (WORD, number), a_place(number + 1), owners=("c1",))
            [filed] = record.file([mail], cursor=None, now=NOW + number)
            judged = Fact(kind="judged", item=filed.item, secret=WORD, owners=("c1",))
            record.append([judged], now=NOW + number)
    return home


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[fakes.Practice]:
    """A whole house over a real record; its only client is Jo."""
    with a_record(tmp_path / "house", JO) as record:
        yield fakes.Practice(record)


@pytest.fixture
def browser(tmp_path: Path) -> page.Practice:
    """The review page, unlocked, and her browser."""
    (tmp_path / "page").mkdir()
    page.found(tmp_path / "page")
    made = page.at(tmp_path / "page")
    made.enter()
    return made


@contextmanager
def intruder(home: Home) -> Iterator[sqlite3.Connection]:
    """Somebody who can write the database, and who covers his tracks in the schema."""
    with closing(sqlite3.connect(home.folder / "record.db", isolation_level=None)) as db:
        for trigger in TRIGGERS:
            db.execute(f"DROP TRIGGER {trigger.split()[2]}")
        yield db
        for trigger in TRIGGERS:
            db.execute(trigger)


def told(home: Home, *heads: str) -> list[tuple[str, int | None]]:
    return [(one.what, one.seq) for one in examine(home.folder, witnessed=heads)]


def head(home: Home) -> str:
    with home.open() as record:
        return record.head()


def sign_anew(db: sqlite3.Connection, scanner: ScannerKey) -> None:
    """What a thief of scanner.key does: hash everything again, and sign it."""
    frontier = Frontier()
    db.execute("DELETE FROM checkpoint")
    for seq, body in db.execute("SELECT seq, body FROM entry ORDER BY seq").fetchall():
        db.execute("UPDATE entry SET leaf = ? WHERE seq = ?", (leaf_hash(body), seq))
        frontier = frontier.append(leaf_hash(body))
    text = Checkpoint(origin=scanner.verifier.name, size=frontier.size, root=frontier.root())
    row = (frontier.size, frontier.encode(), scanner.signer.sign(text.encode()))
    db.execute("INSERT INTO checkpoint VALUES (?, ?, ?)", row)


def thief(home: Home) -> ScannerKey:
    return ScannerKey.decode((home.folder / "scanner.key").read_text())


# --- 1 to 8: the database ---------------------------------------------------------------------


def test_01_an_edited_row_is_named(filled: Home) -> None:
    with intruder(filled) as db:
        [(body,)] = db.execute("SELECT body FROM entry WHERE seq = 8").fetchall()
        forged = body.replace(b'"judged"', b'"opened"')
        row = (forged, "opened", leaf_hash(forged))
        db.execute("UPDATE entry SET body = ?, kind = ?, leaf = ? WHERE seq = 8", row)

    assert told(filled) == [("root", 8)]


def test_02_an_edited_sealed_part_is_named(filled: Home) -> None:
    with intruder(filled) as db:
        db.execute("UPDATE entry SET sealed = zeroblob(300) WHERE seq = 8")

    assert told(filled) == [("sealed", 8)]


def test_03_a_tail_that_was_cut_off_is_named(filled: Home) -> None:
    with intruder(filled) as db:
        db.execute("DELETE FROM entry WHERE seq >= 15")
        db.execute("DELETE FROM blob WHERE seq >= 15")

    assert ("missing", 15) in told(filled)


def test_04_a_record_rolled_back_as_a_whole_is_shown_by_a_witness_only(
    filled: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    older = filled.copy(tmp_path / "older")
    with filled.open() as record:
        record.file([a_mail(b"to be forgotten")], cursor=None, now=NOW)
    kept = head(filled)
    shutil.rmtree(filled.folder)
    older.copy(filled.folder)

    assert told(filled) == []
    assert told(filled, kept) == [("witness", 21)]


def test_05_whoever_stole_scanner_key_and_signs_another_past_is_shown_by_a_witness(
    filled: Home,
) -> None:
    kept = head(filled)
    with intruder(filled) as db:
        [(body,)] = db.execute("SELECT body FROM entry WHERE seq = 8").fetchall()
        db.execute(
            "UPDATE entry SET body = ? WHERE seq = 8", (body.replace(b'"item":7', b'"item":5'),)
        )
        db.execute("UPDATE entry SET item = 5 WHERE seq = 8")
        sign_anew(db, thief(filled))

    assert told(filled) == []
    assert [what for what, _ in told(filled, kept)] == ["witness"]


@pytest.mark.parametrize("attack", ["DELETE FROM blob", "UPDATE blob SET ct = zeroblob(9)"])
def test_06_a_message_that_was_deleted_or_changed_is_named(filled: Home, attack: str) -> None:
    with intruder(filled) as db:
        db.execute(f"{attack} WHERE seq = 7")

    assert told(filled) == [("blob", 7)]


def test_07_a_made_up_erase_order_covers_nothing(filled: Home) -> None:
    # The thief holds scanner.key, and so can file the order; her signature he cannot make.
    with filled.open() as record, record.writing(NOW) as batch:
        origin = record.verifier().name
        text = f"guard erase order v1\n{origin}\n{batch.size}\nc1\n-\n"
        note = replace(thief(filled).signer, name=f"{origin}/orders").sign(text)
        order = batch.add("shredded", {"owner": "c1", "body": {}, "order": note})
    with intruder(filled) as db:
        db.execute("DELETE FROM blob WHERE seq = 7")

    assert {("order", order), ("blob", 7)} <= set(told(filled))


def test_08_planted_rows_that_would_make_a_mail_be_skipped_do_not_and_are_found(
    filled: Home, a_mail: MailBuilder, a_place: Callable[..., Location]
) -> None:
    raw, place = b"the mail that is to be kept out", a_place(99)
    mac = thief(filled).content(place.account, raw)
    with intruder(filled) as db:
        row = (place.account, place.folder, place.validity, place.uid)
        db.execute("INSERT INTO location VALUES (?, ?, ?, ?, 3, 3)", row)
        db.execute("INSERT INTO content VALUES (?, 3)", (mac,))
        skip = (place.account, place.folder, place.validity, 99, '{"uids":[]}')
        db.execute("INSERT INTO cursor VALUES (?, ?, ?, ?, ?, 3)", skip)

    assert {what for what, _ in told(filled)} == {"derived"}
    with filled.open() as record:
        assert record.cursor(place.account, place.folder) is None
        assert record.item_at(place) is None
        assert record.file([a_mail(raw, place)], cursor=None, now=NOW)[0].new


# --- 9 and 10: filing -------------------------------------------------------------------------


def test_09_a_reused_message_id_keeps_no_mail_out(practice: fakes.Practice) -> None:
    for words in ("scheduling", "therapy"):
        practice.inbox.put(a_letter("jo", words))
    one, other = (mail.raw[:] for mail in practice.inbox.mails.values())
    assert message_from_bytes(one)["Message-ID"] == message_from_bytes(other)["Message-ID"]

    assert scan(practice.house()).filed == 2


def test_10_a_crash_and_a_full_disk_lose_nothing_and_double_nothing(
    home: Home, a_mail: MailBuilder
) -> None:
    before = head(home)
    child = os.fork()
    if child == 0:
        with home.open() as record, record.writing(NOW) as batch:
            record._file(batch, a_mail(b"x"))
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert (head(home), told(home)) == (before, [])

    with home.open() as record:
        [(pages,)] = record._db.execute("PRAGMA page_count").fetchall()
        record._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(RecordError, match="disk is full"):
            record.file([a_mail(os.urandom(90_000))], cursor=None, now=NOW)
    assert (head(home), told(home)) == (before, [])
    with home.open() as record:
        filed = [record.file([a_mail(b"x")], cursor=None, now=NOW)[0] for _ in range(2)]
    assert [one.new for one in filed] == [True, False]


# --- 11 to 14: disk, laptop, model, labels ----------------------------------------------------


def test_11_a_stolen_disk_tells_no_word_and_holds_no_key_that_reads(filled: Home) -> None:
    files = [one for one in filled.folder.rglob("*") if one.is_file()]
    everything = b"".join(one.read_bytes() for one in files)

    assert len(files) > 4
    for secret in (WORD, b64encode(WORD)[:-2], b"AGE-SECRET-KEY-", PASSPHRASE.encode()):
        assert secret not in everything


def test_12_a_stolen_laptop_is_locked_and_its_secrets_are_hers_alone(
    filled: Home, tmp_path: Path
) -> None:
    session = Session(lambda: "t" * 48)
    session.unlock(filled.identity, now=0)
    assert session.touch(now=IDLE_SECONDS * 1000 - 1)
    assert not session.touch(now=3 * IDLE_SECONDS * 1000)
    assert session.identity is None

    with filled.open() as record, pytest.raises(LockedError):
        record.keys.unlock("password1")
    (tmp_path / "mail.secret").write_text("hunter2")
    (tmp_path / "mail.secret").chmod(0o644)
    with pytest.raises(ConfigError, match=r"mailbox\.password_file"):
        password(file=tmp_path / "mail.secret", command=[], service="", user="", key="mailbox.password_file")  # fmt: skip  # noqa: E501


def test_13_a_swapped_model_judges_nothing_and_everything_is_filed(
    practice: fakes.Practice, tmp_path: Path
) -> None:
    model = chosen(shipped_folder("models"))
    swapped = tmp_path / "model.joblib"
    swapped.write_bytes(model.file.read_bytes() + b"!")
    practice.inbox.put(a_letter("jo", "therapy"))
    with ChildReader(swapped, model.digest) as reader:
        summary = scan(replace(practice.house(), reader=reader))
        assert reader.problem is not None

    assert summary.filed == 1
    assert practice.tray.reminders == []
    assert list(verify(practice.record)) == []


def test_14_two_hundred_letters_of_one_hostile_sender_hardly_move_the_model(
    practice: fakes.Practice,
) -> None:
    # Nothing is learned from a letter, only from what she rules; and though she were misled
    # about all of one sender's, what the model finds in other people's mail stays.
    corpus = Path(__file__).parents[2] / "data" / "corpus"
    examples = list(read(corpus / f"{name}.jsonl" for name in ("b13", "b15")))
    held_out = [one for one in read([corpus / "b12.jsonl"]) if one.flagged]
    poison = [
        replace(one, id=f"r1-{number}", author="mallory", scenario="mallory", tags=(RULED,),
                label="scheduling", sensitive=())
        for number, one in enumerate(one for one in read([corpus / "b20.jsonl"]) if one.flagged)
    ]  # fmt: skip
    poison = [replace(poison[n % len(poison)], id=f"r1-{n}") for n in range(200)]

    before, after = (found(made, held_out) for made in (examples, [*examples, *poison]))

    assert after >= before - 0.1


def found(examples: list[Example], held_out: list[Example]) -> float:
    """The share of what must be flagged that a model of these examples flags."""
    made = train(examples)
    verdicts = Judge(made.arrays, made.cutoffs, model="a" * 64).judge(
        [text_of(one) for one in held_out]
    )
    return sum(one.flagged for one in verdicts) / len(held_out)


# --- 15 to 20: mail ---------------------------------------------------------------------------


def test_15_a_forged_statement_that_a_client_wrote_it_starts_no_reminder(
    practice: fakes.Practice,
) -> None:
    true = a_letter("jo", "therapy")
    says_no = true.replace(b"dmarc=pass", b"dmarc=fail")
    attacks = [
        says_no,
        # What the sender wrote himself stands below what the provider added.
        says_no.partition(b"From:")[0] + true,
        # Somebody else's server vouches, or somebody who only bears the same name.
        true.replace(b": mx.practice.example", b": mx.evil.example"),
        b"Received: from a.example by mx.evil.example; x\r\n" + true,
        true.replace(b"header.from=client.example", b"header.from=evil.example"),
        true.replace(b"From: jo@client.example", b"From: jo@client.example, evil@evil.example"),
    ]
    for raw in attacks:
        assert not authenticity(parse(raw), trusted=["mx.practice.example"]).authenticated
        practice.inbox.put(raw)
    assert scan(practice.house()).filed == len(attacks)
    assert practice.tray.reminders == []

    # Hers after all, and an answer goes where she is known to live.
    practice.inbox.put(true.replace(b"From:", b"Reply-To: evil@evil.example\r\nFrom:"))
    scan(practice.house())
    assert set(practice.tray.reminders) <= {"jo@client.example"}


def test_16_two_guards_that_face_each_other_write_one_letter(practice: fakes.Practice) -> None:
    practice.inbox.put(a_letter("jo", "therapy"))
    scan(practice.house())
    [(_, reminder)] = [one for one in practice.tray.sent if b"auto-replied" in one[1]]

    # It comes back as the other side's own reminder, vouched for, in answer to ours.
    back = a_letter("jo", "therapy").partition(b"From:")[0] + reminder.replace(
        b"From: andrea@practice.example", b"From: jo@client.example"
    )
    assert robot_signs(parse(back))
    practice.now += timedelta(days=30)
    practice.inbox.put(back, age=timedelta(days=-30))
    scan(practice.house())
    assert practice.tray.reminders == ["jo@client.example"]


def test_17_a_crash_while_a_reminder_leaves_sends_no_second_one(
    practice: fakes.Practice,
) -> None:
    class Dies:
        def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
            practice.tray.send(raw, envelope_from=envelope_from, to=to)
            raise KeyboardInterrupt

    practice.inbox.put(a_letter("jo", "therapy"))
    with pytest.raises(KeyboardInterrupt):
        scan(practice.house(tray=Dies()))
    assert settle(practice.record, now=NOON) == 1
    scan(practice.house())

    assert practice.tray.reminders == ["jo@client.example"]
    [item] = [one.seq for one in practice.record.of_kind("filed") if "in" in one.body.decode()][:1]
    assert "reminder-uncertain" in kinds(practice.record, item)


@pytest.mark.parametrize(
    "value",
    ["=?utf-8?q?hi=0D=0ABcc:_v@x.example?=", "a\r\nBcc: v@x.example", "<x@y>\r\n\r\nbody", "\0"],
)
def test_18_no_header_can_be_smuggled_into_a_reminder(value: str) -> None:
    raw = b"From: jo@client.example\r\nSubject: x\r\n\r\nx"
    message = replace(
        parse(raw), subject=value, message_id=value, references=(value, "<0@a.example>")
    )
    letter = compose.reminder(
        message, words="Hello.\n", sender=fakes.OWN, token="guard.1", now=NOON
    )

    opened = message_from_bytes(letter.raw)
    assert opened["To"] == "jo@client.example"
    assert b"v@x.example" not in letter.raw
    assert {"bcc", "cc"} & {name.lower() for name in opened} == set()


BOMBS = {
    "nested": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 1_400,
    "flat": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 100_000,
    "crowded": b"To: " + b", ".join(b"a%d@x.example" % n for n in range(20_000)) + b"\r\n\r\nx",
    "zipped": b"Content-Type: application/zip\r\n\r\n" + b"PK\x03\x04" * 50_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_19_a_bomb_is_filed_and_stops_nothing(practice: fakes.Practice, bomb: str) -> None:
    model = chosen(shipped_folder("models"))
    practice.inbox.put(BOMBS[bomb])
    practice.inbox.put(a_letter("jo", "I cannot sleep since my father died."))
    with ChildReader(model.file, model.digest) as reader:
        summary = scan(replace(practice.house(), reader=reader))

    assert summary.filed == 2
    assert summary.problems == []
    with SqliteRecord.open(practice.record.folder, readonly=True) as record:
        hers = Reader(record, record.keys.unlock(PASSPHRASE))
        assert BOMBS[bomb] in [hers.raw(one.seq) for one in record.of_kind("filed")]


def test_20_a_huge_message_is_filed_in_little_memory(home: Home) -> None:
    program = f"""
import re
from pathlib import Path
from guard.record.entry import Incoming
from guard.record.sqlite import SqliteRecord
from guard.record.verify import examine
raw = bytes(64_000_000)
mail = Incoming(raw=raw, locations=(), account="a", owners=("c1",), direction="in", received=0)
with SqliteRecord.open(Path({str(home.folder)!r})) as record:
    assert record.file([mail], cursor=None, now=0)[0].new
del raw, mail
assert not list(examine(Path({str(home.folder)!r})))
print(int(re.search("VmHWM:\\\\s+(\\\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )

    assert int(ran.stdout) < 250


# --- 21 to 25: the review page ----------------------------------------------------------------

HTML = (
    b"From: Tom <tom@home.example>\r\nTo: andrea@practice.example\r\nSubject: <script>x()</script>"
    b"\r\nContent-Type: text/html\r\n\r\n<img src=http://evil.example/p onerror=x()>"
    b"<script>x()</script><a href='javascript:x()'>y</a><link rel=stylesheet href=//evil.example>"
)


def test_21_what_a_mail_says_never_becomes_markup(browser: page.Practice) -> None:
    item = browser.add(HTML)
    shown = browser.page(f"/item/{item}") + browser.page("/")

    assert "&lt;script&gt;x()&lt;/script&gt;" in shown
    for markup in ("<script>x()", "<img src=", "javascript:", "onerror"):
        assert not re.search(f"<[^>]*{re.escape(markup.removeprefix('<'))}", shown)


def test_22_nothing_is_fetched_for_a_mail(browser: page.Practice) -> None:
    item = browser.add(HTML)
    for path in (f"/item/{item}", "/"):
        answer = browser.get(path)
        assert not re.search(r"<[^>]*evil\.example", answer.text)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("form", ["/lock", "/undo", "/item/1/rule", "/unlock"])
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
def test_23_no_other_site_can_press_her_buttons(
    browser: page.Practice, form: str, headers: dict[str, str]
) -> None:
    assert browser.post(form, headers).status_code == 403
    assert browser.post(form, csrf="guessed").status_code == 403
    assert browser.desk.session.identity is not None


def test_24_another_name_for_this_machine_sees_nothing(browser: page.Practice) -> None:
    for host in ("evil.example:4321", "localhost:4321", "127.0.0.1"):
        assert browser.get("/", Host=host).status_code == 403


def test_25_another_user_of_this_machine_sees_nothing(browser: page.Practice) -> None:
    stranger = browser.app.test_client()

    assert stranger.get("/", base_url=f"http://{page.HOST}").status_code == 403
    stranger.set_cookie("guard-4321", "guessed", domain="127.0.0.1")
    assert stranger.get("/", base_url=f"http://{page.HOST}").status_code == 403


# --- 26 to 32: the house ----------------------------------------------------------------------


def test_26_no_word_of_a_mail_leaves_by_log_finding_error_or_temporary_file(
    filled: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    caplog.set_level(logging.DEBUG)
    heard = [str(one) for one in examine(filled.folder, identity=filled.identity)]
    with filled.open() as record:
        mails = Incoming(raw=WORD * 9_000_000, locations=(), account="a", owners=("c1",), direction="in", received=0)  # fmt: skip  # noqa: E501
        record.file([mails], cursor=None, now=NOW)
        for seq in (0, 1, 2, 8, 999):
            try:
                Reader(record, Identity.make()).raw(seq)
            except Exception as error:  # noqa: BLE001 - every text of it is looked at
                heard.append(f"{error} {error!r} {getattr(error, 'hint', '')} {error.__cause__}")
    with intruder(filled) as db:
        db.execute("UPDATE blob SET ct = zeroblob(9)")
    heard += [str(one) for one in examine(filled.folder, identity=filled.identity)]

    assert len(heard) > 10
    assert WORD.decode() not in " ".join([*heard, caplog.text])
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [one.name for one in filled.folder.iterdir() if "tmp" in one.name] == []


def test_27_a_clock_that_was_set_back_moves_no_time_and_makes_nothing_due(
    home: Home, a_mail: MailBuilder
) -> None:
    year = 365 * 86_400_000
    with home.open() as record:
        [filed] = record.file([a_mail(b"x")], cursor=None, now=NOW - year)
        fields = record.entry(filed.item).fields

    assert (fields["at"], fields["clock"]) == (NOW, NOW - year)
    assert fields["received"] == NOW
    assert told(home) == []
    jo = Client(id="c1", name="Jo", addresses=("jo@x.example",), ended="2026-01-01")
    for today in (date(2025, 1, 1), date(2032, 12, 31)):
        assert standing(jo, Retention(), today, held=False)[0] > 0


def test_28_a_mailbox_whose_numbers_begin_anew_is_filed_once(practice: fakes.Practice) -> None:
    for number in range(5):
        practice.inbox.put(a_letter("jo", "scheduling", ref=str(number)))
    first = scan(practice.house())
    practice.inbox.validity += 1
    second = scan(practice.house())

    assert (first.filed, second.filed, second.duplicates) == (5, 0, 5)
    assert len(practice.record.of_kind("again")) == 5
    assert list(verify(practice.record)) == []


def test_29_a_small_machine_can_unlock(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(seal_with_passphrase(b"key", "six words", random=os.urandom))
    program = f"""
import resource
from pathlib import Path
from guard.record.passphrase import open_with_passphrase
resource.setrlimit(resource.RLIMIT_AS, (700_000_000, 700_000_000))
print(open_with_passphrase(Path({str(tmp_path / "key")!r}).read_bytes(), "six words"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert ran.stdout == b"b'key'\n"


def test_30_the_journal_with_the_race_is_never_used(filled: Home, a_mail: MailBuilder) -> None:
    with closing(sqlite3.connect(filled.folder / "record.db")) as db:
        assert db.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    with filled.open() as record:
        assert record._db.execute("PRAGMA journal_mode").fetchone() == ("truncate",)
        assert record._db.execute("PRAGMA synchronous").fetchone() == (2,)
        record.file([a_mail(b"after")], cursor=None, now=NOW)

    assert told(filled) == []


def test_31_after_everything_was_overwritten_the_backup_brings_it_back(
    filled: Home, tmp_path: Path
) -> None:
    store = BackupFolder(tmp_path / "backup")
    with filled.open() as record:
        back_up(record, store, now=NOW)
    for one in filled.folder.rglob("*"):
        if one.is_file():
            one.write_bytes(os.urandom(one.stat().st_size))
    assert told(filled)

    restore(store, tmp_path / "back", unlock=lambda keys: keys.unlock(PASSPHRASE))

    assert list(examine(tmp_path / "back", identity=filled.identity)) == []
    assert openable(tmp_path / "back", filled.identity) == (1, [])
    with SqliteRecord.open(tmp_path / "back") as back:
        assert Reader(back, filled.identity).raw(3) == WORD + b" 0"


def test_32_what_was_erased_does_not_come_back_from_an_old_backup(
    filled: Home, tmp_path: Path, a_mail: MailBuilder
) -> None:
    with filled.open() as record:
        record.file([a_mail(b"another's", owners=("c2",))], cursor=None, now=NOW)
        shutil.copy(filled.folder / "record.db", tmp_path / "old.db")
        order = erase(record, "c1", identity=filled.identity, body={}, now=NOW)
        orders = record.of_kind("shredded")
    assert orders[0].seq == order
    shutil.copy(tmp_path / "old.db", filled.folder / "record.db")

    with filled.open() as record:
        reader = Reader(record, filled.identity)
        readable = [one.seq for one in record.of_kind("filed") if reader.readable(one)]
        assert len(readable) == 1
        assert [replay(record, one) for one in orders] == [True]
    assert list(examine(filled.folder, identity=filled.identity)) == []
