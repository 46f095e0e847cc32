"""At most one reminder per mail, whatever comes in whatever order: a machine plays the server.

Mail comes, she answers, time passes, the server for sending is away, refuses, breaks the line
or greylists, the settings change, and the process ends anywhere. After each step the promise is
looked at; at the end everything that was left open must come to rest.
"""

import contextlib
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from guard.errors import GuardError, NotSentError, SendRefusedError, SendUncertainError
from guard.pipeline.scan import scan
from guard.record.verify import verify
from tests.pipeline import fakes
from tests.pipeline.fakes import AL, JO, NOON, Practice, a_letter, a_mail
from tests.pipeline.fuse import Crashed, Fuse, Fused
from tests.pipeline.records import a_record, tasks

WHO = {"jo": JO, "al": AL}
TROUBLES: dict[str, GuardError | None] = {
    "none": None,
    "away": NotSentError("away"),
    "greylisted": NotSentError("later", this_letter=True),
    "refused": SendRefusedError("no"),
    "broken": SendUncertainError("perhaps"),
}
MODES = ("auto", "approve", "shadow", "off")
EDGES = ("file", "append", "send", "flag")


@dataclass
class Tray(fakes.Tray):
    """A submission server that sometimes takes a letter and then breaks the line."""

    handed: list[tuple[str, bytes]] = field(default_factory=list)
    """What may have arrived: all that it ever saw to the end."""

    def send(self, raw: bytes, *, envelope_from: str, to: str) -> str:
        if self.trouble is None or isinstance(self.trouble, SendUncertainError):
            self.handed.append((to, raw))
        return super().send(raw, envelope_from=envelope_from, to=to)


class Mornings(RuleBasedStateMachine):
    """A practice over some days."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="guard-test-"))
        self.tray = Tray()
        self.practice = Practice(a_record(self.folder / "record", JO, AL), tray=self.tray)
        self.count = 0
        self.choose(mode="auto", delay=0, days=30)

    @rule(who=st.sampled_from(sorted(WHO)), words=st.sampled_from(["therapy", "scheduling"]))
    def a_mail_comes(self, who: str, words: str) -> None:
        self.count += 1
        raw = a_mail(who, words, ref=str(self.count))
        self.practice.inbox.put(raw, age=NOON - self.practice.now)

    @rule(who=st.sampled_from(sorted(WHO)))
    def she_writes(self, who: str) -> None:
        self.count += 1
        raw = a_letter(f"{who}@client.example", ref=str(self.count))
        self.practice.sent.put(raw, age=NOON - self.practice.now)

    @rule(minutes=st.sampled_from([1, 5, 31, 61, 60 * 25, 60 * 24 * 8, 60 * 24 * 31]))
    def time_passes(self, minutes: int) -> None:
        self.practice.now += timedelta(minutes=minutes)

    @rule(name=st.sampled_from(sorted(TROUBLES)))
    def the_server_is(self, name: str) -> None:
        self.tray.trouble = TROUBLES[name]

    @rule(
        mode=st.sampled_from(MODES),
        delay=st.sampled_from([0, 30]),
        days=st.sampled_from([0, 30]),
    )
    def choose(self, mode: str, delay: int, days: int) -> None:
        more = f'mode = "{mode}"\ndelay_minutes = {delay}\nnote_days = {days}\n[alerts]'
        self.practice.settings = fakes.settings("[alerts]", more)

    @rule()
    def cron_runs(self) -> None:
        scan(self.practice.house())

    @rule(at=st.integers(0, 12), after=st.booleans())
    def cron_runs_and_the_process_ends(self, at: int, *, after: bool) -> None:
        fuse = Fuse(at=at, after=after)
        record = Fused(self.practice.record, fuse, only=EDGES)
        with contextlib.suppress(Crashed):
            scan(self.practice.house(record=record, tray=Fused(self.tray, fuse, only=EDGES)))

    @invariant()
    def nobody_is_answered_twice(self) -> None:
        answered = Counter(
            message_from_bytes(raw)["In-Reply-To"]
            for _, raw in self.tray.handed
            if b"auto-replied" in raw
        )
        assert max(answered.values(), default=0) <= 1

    @invariant()
    def nothing_leaves_that_is_not_filed_first(self) -> None:
        letters = [
            one.seq
            for one in self.practice.record.entries()
            if one.kind == "filed" and one.fields["direction"] == "out"
        ]
        assert len({raw for _, raw in self.tray.handed}) <= len(letters)

    def teardown(self) -> None:
        self.tray.trouble = None
        self.choose(mode="auto", delay=0, days=30)
        self.practice.now += timedelta(hours=2)
        for _ in range(3):
            scan(self.practice.house())
        self.nobody_is_answered_twice()
        assert set(tasks(self.practice.record)) <= {"review", "note"}
        assert list(verify(self.practice.record)) == []
        self.practice.record.close()
        shutil.rmtree(self.folder)


TestMornings = Mornings.TestCase
TestMornings.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
