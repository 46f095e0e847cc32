"""Decide what to do about one judged message.

Pure: no clock, network, disk or randomness. All that a decision rests on is an
argument, so any decision in the record can be made again and compared.
Each rule is one small function; its words are in `guard.policy.words`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from guard.clients.directory import Known, Relation
from guard.mail.automatic import checks
from guard.mail.message import Message
from guard.mail.sender import same_mailbox, unwrap
from guard.policy import writer
from guard.policy.answer import answer
from guard.policy.channels import FORMAL, channel_of
from guard.policy.decision import Action, Correspondent, Decision, Finding, Kind
from guard.verdict.label import Verdict

_EXECUTABLE = re.compile(
    r".*\.(?:exe|scr|bat|cmd|com|pif|js|jse|vbs|vbe|wsf|hta|jar|msi|msix|ps1|lnk|reg|iso|img|vhd"
    r"|apk|app|dmg|pkg|sh|docm|xlsm|pptm)[. ]*",  # Windows drops dots and spaces from the end.
    re.IGNORECASE | re.DOTALL,
)
_PROGRAMS = frozenset({"application/x-msdownload", "application/x-dosexec", "application/hta"})
_CLOCK_SLACK = timedelta(minutes=5)
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for a time of arrival that the server does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers and switches the therapist may choose."""

    mode: str = "auto"
    """``auto``: guard sends; ``approve``, ``shadow``, ``off``: it never does by itself."""

    quiet: timedelta = timedelta(days=7)
    """Least time between two reminders to one client (RFC 5230 section 4.1)."""

    notes: timedelta = timedelta(days=30)
    """So long after a reminder further therapy mail becomes a note for the next session."""

    most: int = 20
    """Most reminders within an hour: more of them mean that something is wrong."""

    alarm: timedelta = timedelta(days=14)
    """Danger older than this at first sight is not announced (a first run brings years of mail),
    only reviewed; longer than the machine is likely to be switched off."""

    newest: timedelta = timedelta(hours=72)
    """A message older than this at first sight is never answered (first run, restored mailbox)."""

    flag: bool = True
    """Whether sensitive mail is flagged in the mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a decision about one incoming message rests on."""

    message: Message | None
    """As parsed; None when its bytes cannot be read."""

    verdict: Verdict
    """What the model said."""

    received: datetime
    """When the server took it in (INTERNALDATE), aware. The Date header is never trusted."""

    now: datetime
    """The moment of the decision, aware."""

    own: tuple[str, ...]
    """Every address of the practice."""

    clients: tuple[str, ...] = ()
    """Ids of the clients whose address wrote; several for a shared address."""

    known: tuple[Known, ...] = ()
    """What stands of each of them in clear."""

    poses: bool = False
    """Whether the sender's name is the address of a client who is not the sender."""

    authenticated: bool = False
    """Whether the provider vouches that it is really from that address."""

    trusts: bool = True
    """Whether any host is trusted to vouch; if none is, that nobody vouches means nothing."""

    junk: bool = False
    """Whether it was found in the Junk folder."""

    reminded: datetime | None = None
    """When one of these clients last got this reminder in these words, aware."""

    wrote: datetime | None = None
    """When the practice last wrote to one of these clients, aware."""

    can_send: bool = True
    """Whether a submission server is set up."""

    has_text: bool = True
    """Whether there are words in the client's language."""

    approved: bool = True
    """Whether she approved them."""

    within_the_hour: int = 0
    """How many reminders left within the hour, or are about to."""

    tripped: bool = False
    """Whether she was told within the hour that too many are held."""


Test = Callable[[Message, Case, Limits], bool]


def from_not_one(message: Message, _case: Case, _limits: Limits) -> bool:
    """A reminder has one recipient. Source: RFC 3834 section 3.1.3."""
    return len(message.sender) != 1


def path_differs(message: Message, _case: Case, _limits: Limits) -> bool:
    """The envelope sender is another mailbox than From. Source: RFC 3834 section 4."""
    if not message.return_path or not message.sender:
        return True
    return not same_mailbox(unwrap(message.return_path), message.sender[0].email)


def from_practice(message: Message, case: Case, _limits: Limits) -> bool:
    """An own address is in From, Sender or Return-Path. Source: RFC 5230 section 4.5."""
    addresses = [one.email for one in (*message.sender, *message.on_behalf)]
    addresses.append(unwrap(message.return_path or ""))
    return any(same_mailbox(own, one) for own in case.own for one in addresses if one)


def not_addressed(message: Message, case: Case, _limits: Limits) -> bool:
    """No own address among the recipients (a list, a Bcc). Source: RFC 5230 section 4.5."""
    return not any(same_mailbox(own, one.email) for own in case.own for one in message.recipients)


def in_junk(_message: Message, case: Case, _limits: Limits) -> bool:
    """What looks like spam is not answered. Source: RFC 3834 section 7."""
    return case.junk


def executable(message: Message, _case: Case, _limits: Limits) -> bool:
    """Nor is what carries a program. Source: RFC 3834 section 7."""
    return any(
        _EXECUTABLE.fullmatch(one.name) is not None or one.content_type in _PROGRAMS
        for one in message.attachments
    )


def not_a_client(_message: Message, case: Case, _limits: Limits) -> bool:
    """A reply to a stranger confirms address and practice. Source: RFC 3834 section 2."""
    return not case.clients


def shared_address(_message: Message, case: Case, _limits: Limits) -> bool:
    """Several clients read this address: which of them wrote is hers to say."""
    return len(case.clients) > 1


def no_automatic_mail(_message: Message, case: Case, _limits: Limits) -> bool:
    """She marked this client so: a shared mailbox or an unsafe home."""
    return any(not one.automatic for one in case.known)


def not_authenticated(_message: Message, case: Case, _limits: Limits) -> bool:
    """A forged sender would get our reply. Source: RFC 8601 section 7."""
    return not case.authenticated


def too_old(_message: Message, case: Case, limits: Limits) -> bool:
    """First run or restored mailbox: nobody expects an answer any more."""
    return case.now - case.received > limits.newest


def from_the_future(_message: Message, case: Case, _limits: Limits) -> bool:
    """A clock is wrong, so no period can be trusted."""
    return case.received - case.now > _CLOCK_SLACK


def reminded_lately(_message: Message, case: Case, limits: Limits) -> bool:
    """Once per client and period. Source: RFC 3834 section 2, RFC 5230 section 4.1."""
    return case.reminded is not None and case.now - case.reminded < limits.quiet


def note_instead(_message: Message, case: Case, limits: Limits) -> bool:
    """Who goes on writing after a reminder needs a word in the session, not a second robot."""
    return case.reminded is not None and case.now - case.reminded < limits.notes


def already_answered(_message: Message, case: Case, _limits: Limits) -> bool:
    """She has written to this client since."""
    return case.wrote is not None and case.wrote >= case.received


def spam_marked(message: Message, _case: Case, _limits: Limits) -> bool:
    """The provider, or the sender's own, says it is spam. Source: RFC 3834 section 7."""
    said = (*message.values("x-spam-flag"), *message.values("x-spam-status"))
    return any(value.strip().lower().startswith("yes") for value in said)


def other_channel(message: Message, _case: Case, _limits: Limits) -> bool:
    """A notice from elsewhere; her policy says that it is not responded to."""
    channel = channel_of(message)
    return channel is not None and channel not in FORMAL


def letter_of_office(message: Message, _case: Case, _limits: Limits) -> bool:
    """A professional body, a court or a lawyer is never answered as a client is."""
    return channel_of(message) in FORMAL


def crisis(_message: Message, case: Case, _limits: Limits) -> bool:
    """A person in danger never gets a robot's notice."""
    return case.verdict.crisis


def abstained(_message: Message, case: Case, _limits: Limits) -> bool:
    """The model does not know this kind of mail."""
    return bool(case.verdict.abstained)


def not_sure(_message: Message, case: Case, _limits: Limits) -> bool:
    """The verdict lies below the high cut-off."""
    return not case.verdict.remind


def encrypted(message: Message, _case: Case, _limits: Limits) -> bool:
    """What cannot be read is not answered."""
    return message.encrypted


def breaker(_message: Message, case: Case, limits: Limits) -> bool:
    """So many in an hour mean a loop, or a model gone wrong. Source: RFC 3834 section 2."""
    return case.within_the_hour >= limits.most


def no_text(_message: Message, case: Case, _limits: Limits) -> bool:
    """There are no words in this client's language."""
    return not case.has_text


def unapproved(_message: Message, case: Case, _limits: Limits) -> bool:
    """Nothing is said in her name that she has not approved."""
    return case.has_text and not case.approved


def mode(_message: Message, _case: Case, limits: Limits) -> bool:
    """She has switched reminders off."""
    return limits.mode == "off"


def hers_to_send(_message: Message, _case: Case, limits: Limits) -> bool:
    """She sends each reminder herself."""
    return limits.mode == "approve"


def only_noted(_message: Message, _case: Case, limits: Limits) -> bool:
    """A trial: what would be sent is noted, and nothing is sent."""
    return limits.mode == "shadow"


def nothing_to_send_with(_message: Message, case: Case, _limits: Limits) -> bool:
    """No submission server is set up."""
    return not case.can_send


def _of_writer(test: writer.Test) -> Test:
    return lambda _message, case, _limits: test(case.known, case.now.date())


BARS: dict[str, Test] = {
    "from-not-one": from_not_one,
    "path-differs": path_differs,
    "from-practice": from_practice,
    "not-addressed": not_addressed,
    "in-junk": in_junk,
    "spam-marked": spam_marked,
    "other-channel": other_channel,
    "letter-of-office": letter_of_office,
    "executable": executable,
    "not-a-client": not_a_client,
    "shared-address": shared_address,
    **{rule: _of_writer(test) for rule, test in writer.BARS.items()},
    "no-automatic-mail": no_automatic_mail,
    "not-authenticated": not_authenticated,
    "too-old": too_old,
    "from-the-future": from_the_future,
    "reminded-lately": reminded_lately,
    "note-instead": note_instead,
    "already-answered": already_answered,
    "crisis": crisis,
    "abstained": abstained,
    "encrypted": encrypted,
    "not-sure": not_sure,
    "breaker": breaker,
    "no-text": no_text,
    "unapproved": unapproved,
    "mode": mode,
    "hers-to-send": hers_to_send,
    "only-noted": only_noted,
    "nothing-to-send-with": nothing_to_send_with,
}
"""Every bar against a reminder but those of automatic mail (`guard.mail.automatic`)."""

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
        ground = Finding(rule="unreadable", kind=Kind.GROUND, holds=True)
        who = Correspondent.CLIENT if case.clients else Correspondent.UNKNOWN
        return Decision(actions=frozenset({Action.REVIEW}), findings=(ground,), correspondent=who)
    signs = tuple((rule, not passed) for rule, passed in checks(case.message))
    borne = frozenset(rule for rule, holds in signs if holds)
    robot = bool(borne - _NO_SIGN)
    who = _correspondent(case.message, case, robot=robot)
    channel = channel_of(case.message)
    old = too_old(case.message, case, limits)
    # A newsletter of a professional body is one among many; a letter by hand is not.
    formal = channel in FORMAL and not robot and not case.junk and not old
    grounds = _grounds(case, who, old=old, formal=formal)
    found = (*grounds, *_bars(case.message, case, limits, signs))
    urgent = _urgent(case, who, borne, limits)
    actions = _actions(found, flag=limits.flag, urgent=urgent, told=case.tripped)
    return Decision(actions=actions, findings=found, correspondent=who, channel=channel)


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
        "abstained": bool(case.verdict.abstained) and wanted and odd,
        "client-in-junk": case.junk and who is Correspondent.CLIENT,
        "forged-client": forged and not case.junk and not old,
        "poses-as-client": case.poses and not case.junk and not old,
        "letter-of-office": formal,
    }
    return tuple(Finding(rule=rule, kind=Kind.GROUND, holds=holds) for rule, holds in seen.items())


def _urgent(case: Case, who: Correspondent, signs: frozenset[str], limits: Limits) -> bool:
    """Whether what was found may be announced at once."""
    # A first run brings years of mail at once. Where the server tells no time, better too loud.
    if case.now - case.received > limits.alarm and case.received > _NO_TIME:
        return False
    # An alert that comes back to the mailbox that is read, or bounces, must raise no alert.
    echo = who is Correspondent.PRACTICE and "auto-submitted" in signs
    return not echo and "report" not in signs


def _bars(
    message: Message, case: Case, limits: Limits, signs: tuple[tuple[str, bool], ...]
) -> tuple[Finding, ...]:
    asked = [(rule, test(message, case, limits)) for rule, test in BARS.items()]
    return tuple(
        Finding(rule=rule, kind=Kind.BAR, holds=holds) for rule, holds in (*signs, *asked)
    )


def _actions(
    found: tuple[Finding, ...], *, flag: bool, urgent: bool, told: bool
) -> frozenset[Action]:
    grounds = {one.rule for one in found if one.kind is Kind.GROUND and one.holds}
    taken = {
        Action.REVIEW: bool(grounds),
        Action.FLAG: flag and bool(grounds & {"crisis", "sensitive"}),
        Action.ALERT: urgent and bool(grounds & {"crisis", "client-in-junk"}),
    }
    due = {action for action, due in taken.items() if due}
    bars = frozenset(one.rule for one in found if one.kind is Kind.BAR and one.holds)
    if "sensitive" in grounds:
        due |= answer(bars, told=told)
    return frozenset(due)
