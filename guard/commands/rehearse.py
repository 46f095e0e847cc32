"""A dry run: the same walk and the same rules as a scan, but nothing filed, flagged or sent."""

from collections.abc import Iterator

import click

from guard.mail.shown import Fetched
from guard.pipeline import numbered
from guard.pipeline.house import Folder, House
from guard.pipeline.incoming import is_own
from guard.pipeline.judging import ANSWERS, history_of, limits_of
from guard.pipeline.walk import account_of
from guard.policy import words
from guard.policy.circumstances import gather
from guard.policy.decision import Action
from guard.policy.rules import decide
from guard.reply.wording import REMINDER, SIGNPOST
from guard.verdict.reading import Reading


def rehearse(house: House) -> None:
    """Print, for every message that a scan would file now, what it would do."""
    total = 0
    would = _Would(house)
    answers = []
    for folder in house.folders:
        for mail, reading in _new(house, folder):
            total += 1
            if reading is None:
                _tell(folder, mail, frozenset())
                continue
            actions = would.do(folder, mail, reading)
            if ANSWERS & actions:
                answers.append((folder, mail, reading))
            else:
                _tell(folder, mail, actions)
    # As in a scan: who is answered is known when every letter was read.
    would.begin_anew()
    for folder, mail, reading in answers:
        _tell(folder, mail, would.do(folder, mail, reading))
    if house.reader.problem is not None:
        raise house.reader.problem
    click.echo(f"{total} messages would be filed. Nothing was filed, flagged or sent.")


def _new(house: House, folder: Folder) -> Iterator[tuple[Fetched, Reading | None]]:
    """Give what is new in a folder, read unless it is our own mail."""
    state = house.mailbox.examine(folder.name)
    cursor = house.record.cursor(account_of(house.settings), folder.name)
    known = cursor is not None and cursor.validity == state.validity and state.sticky
    after = cursor.uid if cursor is not None and known else 0
    new = house.mailbox.new_uids(after, state.uidnext)
    numbers = house.mailbox.numbers(new)
    filed = numbered.filed(numbers, account=account_of(house.settings), record=house.record)
    passed = numbered.drafts(numbers, folder) | set(filed)
    for batch in house.mailbox.fetch([uid for uid in new if uid not in passed]):
        mails = batch.messages
        if folder.direction == "out":
            yield from ((mail, None) for mail in mails)
            continue
        own = house.settings.practice.addresses
        sent = [folder.direction == "also" and is_own(one.raw, own) for one in mails]
        readings = house.reader.start([one.raw for one in mails])()
        for mail, hers, reading in zip(mails, sent, readings, strict=True):
            yield mail, None if hers else reading


class _Would:
    """What a scan would do, and for whom it would have sent a reminder already."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._history = history_of(house)
        self._alarmed: set[str] = set()

    def do(self, folder: Folder, mail: Fetched, reading: Reading) -> frozenset[Action]:
        """Return what would be done besides filing."""
        house = self._house
        case, _ = gather(
            reading,
            received=mail.received,
            junk=folder.direction == "junk",
            now=house.clock(),
            record=house.record,
            settings=house.settings,
            history=self._history,
        )
        decision = decide(case, limits_of(house.settings))
        if decision.alarming:
            self._alarmed |= {*case.clients}
            self._history.alarm({*case.clients}, case.now)
        if ANSWERS & decision.actions:
            what = SIGNPOST if Action.SIGNPOST in decision.actions else REMINDER
            self._history.due(case.clients, case.now, what=what)
        return decision.actions

    def begin_anew(self) -> None:
        """Forget who would have been answered, but not whose letters could not wait."""
        self._history = history_of(self._house)
        self._history.alarm(self._alarmed, self._house.clock())


def _tell(folder: Folder, mail: Fetched, actions: frozenset[Action]) -> None:
    done = ["filed", *(words.WOULD[one] for one in Action if one in actions)]
    click.echo(f"{folder.name} {mail.uid}: would be {', '.join(done)}")
