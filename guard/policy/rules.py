"""Decide what to do about one judged message.

Pure: no clock, network, disk or randomness. All that a decision rests on is an
argument, so any decision in the record can be made again and compared.
"""

from datetime import UTC, datetime

from guard.clients.directory import Relation
from guard.mail.automatic import checks
from guard.mail.message import Message
from guard.policy import signpost
from guard.policy.answer import answer
from guard.policy.bars import BARS, from_practice, letter_of_office, too_old
from guard.policy.case import Case, Limits
from guard.policy.channels import FORMAL, channel_of
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind, bar, ground

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a time of arrival that the server does not tell."""

_ASKED = tuple(
    (test, (bar(rule, holds=False), bar(rule, holds=True))) for rule, test in BARS.items()
)
"""Each bar's test, and what is found where it does not hold and where it does."""

_NO_SIGN = frozenset({"no-return-path"})
"""Bars among the signs of automatic mail that people's mail can have too."""


def decide(case: Case, limits: Limits) -> Decision:
    """Decide what to do about one judged message.

    A reminder is sent only when nothing speaks against it. All findings are collected,
    not just the first, so that the record shows every one.

    Args:
        case: The message, the verdict and the circumstances.
        limits: The therapist's choices.

    Returns:
        The actions, with every rule that was asked.
    """
    if case.message is None:
        return _unread(case, limits)
    signs = tuple((rule, not passed) for rule, passed in checks(case.message))
    borne = frozenset(rule for rule, holds in signs if holds)
    robot = bool(borne - _NO_SIGN)
    who = _correspondent(case.message, case, robot=robot)
    channel = channel_of(case.message)
    old = too_old(case.message, case, limits)
    # A newsletter of a professional body is one among many; a letter by hand is not.
    formal = channel in FORMAL and not robot and not case.junk and not old
    grounds = _grounds(case, who, old=old, formal=formal)
    bars = _bars(case.message, case, limits, signs)
    found = (*grounds, *bars, *signpost.findings(case, limits))
    urgent = _urgent(case, who, borne, limits)
    actions = _actions(found, flag=limits.flag, urgent=urgent, told=case.tripped)
    return Decision(actions=actions, findings=found, correspondent=who, channel=channel)


def _unread(case: Case, limits: Limits) -> Decision:
    """What no rule can look at waits for her; what pointed to danger all the same is announced."""
    grounds = ("unreadable", *(["crisis"] if case.verdict.crisis else []))
    alert = {Action.ALERT} if case.verdict.crisis and _fresh(case, limits) else set()
    return Decision(
        actions=frozenset({Action.REVIEW, *alert}),
        findings=tuple(ground(rule, holds=True) for rule in grounds),
        correspondent=Correspondent.CLIENT if case.clients else Correspondent.UNKNOWN,
    )


def _correspondent(message: Message, case: Case, *, robot: bool) -> Correspondent:
    if from_practice(message, case, Limits()):
        return Correspondent.PRACTICE
    if case.clients:
        working = bool(case.known) and all(k.kind is Relation.PROFESSIONAL for k in case.known)
        return Correspondent.PROFESSIONAL if working else Correspondent.CLIENT
    if letter_of_office(message, case, Limits()):
        return Correspondent.PROFESSIONAL
    return Correspondent.MACHINE if robot else Correspondent.UNKNOWN


def _grounds(case: Case, who: Correspondent, *, old: bool, formal: bool) -> tuple[Finding, ...]:
    # Spam that talks of feelings would drown her; a client's own mail in Junk must not.
    wanted = not case.junk or bool(case.clients)
    # Newsletters in Danish may pass, but without a model nothing is known of any mail.
    odd = who is not Correspondent.MACHINE or case.verdict.abstained == "no model"
    forged = bool(case.clients) and case.trusts and not case.authenticated
    seen = {
        "crisis": case.verdict.crisis and wanted,
        "sensitive": case.verdict.flagged and wanted,
        # What newsletters quote and hide is nobody's cry for help.
        "danger-aside": case.verdict.aside and wanted and who is not Correspondent.MACHINE,
        "abstained": bool(case.verdict.abstained) and wanted and odd,
        "client-in-junk": case.junk and who is Correspondent.CLIENT,
        "forged-client": forged and not case.junk and not old,
        "poses-as-client": case.poses and not case.junk and not old,
        "letter-of-office": formal,
    }
    return tuple(ground(rule, holds=holds) for rule, holds in seen.items())


def _urgent(case: Case, who: Correspondent, signs: frozenset[str], limits: Limits) -> bool:
    """Whether what was found may be announced at once."""
    # An alert that comes back to the mailbox that is read, or bounces, must raise no alert.
    echo = who is Correspondent.PRACTICE and "auto-submitted" in signs
    return _fresh(case, limits) and not echo and "report" not in signs


def _fresh(case: Case, limits: Limits) -> bool:
    # A first run brings years of mail at once. Where the server tells no time, better too loud.
    return case.now - case.received <= limits.alarm or case.received <= _NO_TIME


def _bars(
    message: Message, case: Case, limits: Limits, signs: tuple[tuple[str, bool], ...]
) -> tuple[Finding, ...]:
    return (
        *(bar(rule, holds=holds) for rule, holds in signs),
        *(found[test(message, case, limits)] for test, found in _ASKED),
    )


def _actions(
    found: tuple[Finding, ...], *, flag: bool, urgent: bool, told: bool
) -> frozenset[Action]:
    grounds = {one.rule for one in found if one.holds and one.kind is Kind.GROUND}
    taken = {
        Action.REVIEW: bool(grounds),
        Action.FLAG: flag and bool(grounds & {"crisis", "sensitive"}),
        Action.ALERT: urgent and bool(grounds & {"crisis", "client-in-junk"}),
    }
    due = {action for action, due in taken.items() if due}
    bars = frozenset(one.rule for one in found if one.holds and one.kind is Kind.BAR)
    if "sensitive" in grounds:
        due |= answer(bars, told=told)
    if "crisis" in grounds and signpost.goes(found):
        due.add(Action.SIGNPOST)
    return frozenset(due)
