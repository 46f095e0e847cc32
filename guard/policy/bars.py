"""Every bar against a reminder that goes out without her: one small function a rule.

Pure. Those of automatic mail are in `guard.mail.automatic`, those that follow from who wrote in
`guard.policy.writer`; the words of all are in `guard.policy.words`.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from guard.clients.workdays import day_of
from guard.mail.message import Attachment, Message
from guard.mail.sender import same_mailbox, unwrap
from guard.policy import writer
from guard.policy.case import Case, Limits
from guard.policy.channels import FORMAL, channel_of

_EXECUTABLE = re.compile(
    r".*\.(?:exe|scr|bat|cmd|com|pif|js|jse|vbs|vbe|wsf|hta|jar|msi|msix|ps1|lnk|reg|iso|img|vhd"
    r"|apk|app|dmg|pkg|sh|docm|xlsm|pptm)[. ]*",  # Windows drops dots and spaces from the end.
    re.IGNORECASE | re.DOTALL,
)
_PROGRAMS = frozenset({"application/x-msdownload", "application/x-dosexec", "application/hta"})
_CLOCK_SLACK = timedelta(minutes=5)
_AFTER_DANGER = timedelta(days=7)
"""At least so long no robot writes to who wrote of danger, however often she lets it remind."""

_UNREAD = frozenset({"depth", "html", "long", "parts", "tnef"})
_WORDLESS = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "message/rfc822",
    }
)
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".heic", ".webp")
_PICTURE_BYTES = 40_000
"""A logo is smaller; a photographed letter is larger."""

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


def restored_since(_message: Message, case: Case, _limits: Limits) -> bool:
    """The record lost what was done about newer mail: this client may have had the reminder."""
    return case.restored is not None and case.received <= case.restored


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


def danger_lately(_message: Message, case: Case, limits: Limits) -> bool:
    """Nor after they wrote something that could not wait, whatever this one says."""
    return case.alarmed is not None and case.now - case.alarmed < after_danger(limits.quiet)


def after_danger(quiet: timedelta) -> timedelta:
    """So long a client hears from no machine after what could not wait.

    Args:
        quiet: Least time between two reminders.
    """
    return max(quiet, _AFTER_DANGER)


def danger_aside(_message: Message, case: Case, _limits: Limits) -> bool:
    """Nor a person who spoke of danger before, or where a mail program may hide it."""
    return case.verdict.aside


def unread_part(message: Message, _case: Case, _limits: Limits) -> bool:
    """Nobody answers a letter of which a page was not read."""
    return bool(_UNREAD & {*message.faults}) or any(map(_unread, message.attachments))


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


def _unread(one: Attachment) -> bool:
    kind = one.content_type
    if one.text or not one.size or kind.startswith("text/") or kind in _WORDLESS:
        return False
    picture = kind.startswith("image/") or one.name.lower().endswith(_PICTURES)
    return not picture or one.size > _PICTURE_BYTES


def _of_writer(test: writer.Test) -> Test:
    # Of whom nothing is known, nothing holds; most mail is theirs, and days cost time.
    return lambda _message, case, _limits: bool(case.known) and test(case.known, day_of(case.now))


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
    "restored-since": restored_since,
    "from-the-future": from_the_future,
    "reminded-lately": reminded_lately,
    "note-instead": note_instead,
    "already-answered": already_answered,
    "crisis": crisis,
    "danger-lately": danger_lately,
    "danger-aside": danger_aside,
    "unread-part": unread_part,
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
