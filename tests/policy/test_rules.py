from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from guard.clients.directory import Known, Relation
from guard.mail.automatic import checks
from guard.mail.message import Attachment
from guard.policy import words
from guard.policy.bars import BARS
from guard.policy.case import Case, Limits
from guard.policy.decision import Action, Correspondent, Decision
from guard.policy.rules import decide
from guard.verdict.reading import unjudged
from tests.policy.builders import (
    CLIENT,
    NOON,
    OWN,
    a_case,
    a_message,
    a_verdict,
    an_address,
    an_attachment,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LIMITS = Limits()


def with_header(name: str, value: str) -> Case:
    message = a_message()
    return a_case(message=a_message(headers=(*message.headers, (name, value))))


def with_message(**changes: Any) -> Case:
    return a_case(message=a_message(**changes))


def with_verdict(**changes: Any) -> Case:
    return a_case(verdict=a_verdict(**changes))


def decided(case: Case, **limits: Any) -> Decision:
    return decide(case, Limits(**limits))


def test_a_clients_plain_therapy_mail_is_held_flagged_and_answered() -> None:
    decision = decided(a_case())

    assert decision.actions == {Action.REVIEW, Action.FLAG, Action.REMIND}
    assert decision.barred == ()
    assert decision.correspondent is Correspondent.CLIENT


# Every bar: what stands in the way, and the nearest thing that does not.
BARRED: dict[str, tuple[Case, Case]] = {
    "null-return-path": (with_message(return_path=""), a_case()),
    "no-return-path": (with_message(return_path=None), a_case()),
    "auto-submitted": (
        with_header("auto-submitted", "auto-replied"),
        with_header("auto-submitted", "No (by hand); x=y"),
    ),
    "mailing-list": (
        with_header("list-unsubscribe", "<mailto:x@x.example>"),
        with_header("x-list", "x"),
    ),
    "precedence": (with_header("precedence", "Bulk"), with_header("precedence", "first-class")),
    "suppress": (
        with_header("x-auto-response-suppress", "DR, OOF"),
        with_header("x-auto-response-suppress", "DR, NDR, RN, NRN"),
    ),
    "robot-address": (
        with_message(
            sender=(an_address("no-reply@client.example"),),
            return_path="no-reply@client.example",
        ),
        with_message(
            sender=(an_address("noreen@client.example"),), return_path="noreen@client.example"
        ),
    ),
    "report": (
        with_message(content_type="multipart/report"),
        with_message(content_type="multipart/related"),
    ),
    "autoreply-field": (with_header("x-autoreply", "yes"), with_header("x-reply", "yes")),
    "loop-field": (with_header("x-loop", CLIENT), with_header("x-looped", CLIENT)),
    "feedback-id": (
        with_header("feedback-id", "1:campaign:mailer"),
        with_header("feedback-id", "33442:user:proton"),
    ),
    "away-subject": (
        with_message(subject="Automatic reply: Re: Tuesday"),
        with_message(subject="Re: Automatic reply: about your e-mail"),
    ),
    "from-not-one": (
        with_message(sender=(an_address(CLIENT), an_address("al@client.example"))),
        a_case(),
    ),
    "path-differs": (
        with_message(return_path="al@client.example"),
        with_message(return_path="JO@Client.example"),
    ),
    "from-practice": (
        with_message(on_behalf=(an_address(OWN.upper()),)),
        with_message(on_behalf=(an_address(CLIENT),)),
    ),
    "not-addressed": (
        with_message(recipients=(an_address("rota@practice.example"),)),
        with_message(recipients=(an_address("al@client.example"), an_address(OWN.title()))),
    ),
    "in-junk": (a_case(junk=True), a_case()),
    "executable": (
        with_message(attachments=(an_attachment("photo.jpg.EXE"),)),
        with_message(attachments=(an_attachment("photo.exe.jpg", "image/jpeg"),)),
    ),
    "not-a-client": (a_case(clients=()), a_case()),
    "shared-address": (a_case(clients=("c1", "c2")), a_case()),
    "spam-marked": (
        with_header("x-spam-status", "Yes, score=9.1"),
        with_header("x-spam-flag", "NO"),
    ),
    "letter-of-office": (
        with_message(sender=(an_address("jo@ash-law.example"),), return_path="jo@ash-law.example"),
        with_message(
            sender=(an_address("jo@lawrence.example"),), return_path="jo@lawrence.example"
        ),
    ),
    "former-client": (
        a_case(known=(Known(ended="2026-03-02"),)),
        a_case(known=(Known(ended="2026-03-03"),)),
    ),
    "a-parent": (
        a_case(known=(Known(kind=Relation.PARENT),)),
        a_case(known=(Known(kind=Relation.COUPLE),)),
    ),
    "a-professional": (
        a_case(known=(Known(kind=Relation.PROFESSIONAL),)),
        a_case(known=(Known(),)),
    ),
    "read-together": (
        a_case(known=(Known(kind=Relation.COUPLE, together=True),)),
        a_case(known=(Known(kind=Relation.COUPLE),)),
    ),
    "no-automatic-mail": (a_case(known=(Known(automatic=False),)), a_case(known=(Known(),))),
    "not-authenticated": (a_case(authenticated=False), a_case()),
    "too-old": (
        a_case(received=NOON - LIMITS.newest - SECOND),
        a_case(received=NOON - LIMITS.newest),
    ),
    "restored-since": (
        a_case(received=NOON - SECOND, restored=NOON - SECOND),
        a_case(received=NOON, restored=NOON - SECOND),
    ),
    "from-the-future": (
        a_case(received=NOON + timedelta(minutes=5) + SECOND),
        a_case(received=NOON + timedelta(minutes=5)),
    ),
    "reminded-lately": (
        a_case(reminded=NOON - LIMITS.quiet + SECOND),
        a_case(reminded=NOON - LIMITS.notes),
    ),
    "note-instead": (
        a_case(reminded=NOON - LIMITS.notes + SECOND),
        a_case(reminded=NOON - LIMITS.notes),
    ),
    "breaker": (
        a_case(within_the_hour=LIMITS.most),
        a_case(within_the_hour=LIMITS.most - 1),
    ),
    "no-text": (a_case(has_text=False, approved=False), a_case()),
    "unapproved": (a_case(approved=False), a_case()),
    "already-answered": (
        a_case(received=NOON - SECOND, wrote=NOON - SECOND),
        a_case(received=NOON - SECOND, wrote=NOON - 2 * SECOND),
    ),
    "crisis": (with_verdict(crisis=True), a_case()),
    "danger-lately": (
        a_case(alarmed=NOON - LIMITS.quiet + SECOND),
        a_case(alarmed=NOON - LIMITS.quiet),
    ),
    "danger-aside": (with_verdict(aside=True), a_case()),
    "unread-part": (
        with_message(attachments=(an_attachment("letter.docx"),)),
        with_message(attachments=(an_attachment("smiley.png", "image/png"),)),
    ),
    "abstained": (with_verdict(abstained="foreign"), a_case()),
    "encrypted": (with_message(encrypted=True), a_case()),
    "not-sure": (with_verdict(remind=False), a_case()),
    "nothing-to-send-with": (a_case(can_send=False), a_case()),
}
# Without an envelope sender there is nothing that From could agree with.
COMPANIONS = {
    "null-return-path": {"path-differs"},
    "no-return-path": {"path-differs"},
    "reminded-lately": {"note-instead"},
    "executable": {"unread-part"},
}
MODES = {"approve": "hers-to-send", "shadow": "only-noted", "off": "mode"}


@pytest.mark.parametrize("rule", BARRED)
def test_a_single_bar_is_enough_for_silence(rule: str) -> None:
    decision = decided(BARRED[rule][0])

    assert set(decision.barred) == {rule, *COMPANIONS.get(rule, set[str]())}
    assert Action.REMIND not in decision.actions
    assert Action.REVIEW in decision.actions


@pytest.mark.parametrize("rule", BARRED)
def test_what_only_resembles_a_bar_is_none(rule: str) -> None:
    decision = decided(BARRED[rule][1])

    assert decision.barred == ()
    assert Action.REMIND in decision.actions


@pytest.mark.parametrize(
    ("mode", "does"),
    [("approve", {Action.PROPOSE}), ("shadow", {Action.SHADOW}), ("off", set[Action]())],
)
def test_no_reminder_goes_out_unless_she_switched_it_on(mode: str, does: set[Action]) -> None:
    decision = decided(a_case(), mode=mode)

    assert decision.barred == (MODES[mode],)
    assert decision.actions == {Action.REVIEW, Action.FLAG} | does


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "rule", sorted(BARRED.keys() - {"unapproved", "note-instead", "reminded-lately"})
)
def test_no_mode_makes_anything_ready_that_a_bar_forbids(mode: str, rule: str) -> None:
    decision = decided(BARRED[rule][0], mode=mode)

    assert not {Action.PROPOSE, Action.SHADOW, Action.REMIND, Action.NOTE} & decision.actions


@pytest.mark.parametrize(
    ("mode", "does"),
    [
        ("auto", {Action.PROPOSE}),
        ("approve", {Action.PROPOSE}),
        ("shadow", {Action.SHADOW}),
        ("off", set[Action]()),
    ],
)
def test_words_that_she_has_not_approved_wait_for_her_click(mode: str, does: set[Action]) -> None:
    decision = decided(a_case(approved=False), mode=mode)

    assert decision.actions == {Action.REVIEW, Action.FLAG} | does


@pytest.mark.parametrize("mode", ["auto", *MODES])
@pytest.mark.parametrize("days", [1, 6, 8, 29])
def test_further_therapy_mail_becomes_a_note_for_the_session(mode: str, days: int) -> None:
    decision = decided(a_case(reminded=NOON - timedelta(days=days)), mode=mode)

    assert decision.actions == {Action.REVIEW, Action.FLAG, Action.NOTE}


@pytest.mark.parametrize(
    "changes",
    [
        {"authenticated": False},
        {"clients": ("c1", "c2")},
        {"verdict": a_verdict(crisis=True)},
        {"verdict": a_verdict(remind=False)},
        {"verdict": a_verdict(flagged=False)},
        {"wrote": NOON},
        {"junk": True},
    ],
    ids=["forged", "shared", "danger", "unsure", "harmless", "answered", "junk"],
)
def test_a_note_is_made_only_of_what_would_have_been_reminded(changes: dict[str, Any]) -> None:
    decision = decided(a_case(reminded=NOON - timedelta(days=9), **changes))

    assert Action.NOTE not in decision.actions


def test_without_notes_a_reminder_is_due_again_after_the_quiet_period() -> None:
    decision = decided(a_case(reminded=NOON - LIMITS.quiet), notes=timedelta(0))

    assert Action.REMIND in decision.actions


@pytest.mark.parametrize("told", [False, True])
def test_the_breaker_holds_and_tells_her_once(told: bool) -> None:  # noqa: FBT001  # a parameter of the table
    decision = decided(a_case(within_the_hour=LIMITS.most, tripped=told))

    assert Action.REMIND not in decision.actions
    assert Action.REVIEW in decision.actions
    assert (Action.ALERT in decision.actions) is not told


def test_the_breaker_tells_nothing_of_what_would_not_have_gone_anyway() -> None:
    decision = decided(a_case(within_the_hour=LIMITS.most, authenticated=False))

    assert Action.ALERT not in decision.actions


def test_every_bar_is_in_the_table_and_has_its_words() -> None:
    known = {rule for rule, _ in checks(a_message())} | set(BARS)

    # A notice from another channel bears a machine's sign, so that bar never stands alone.
    assert known == {*BARRED, *MODES.values(), "other-channel"} == set(words.BARS)
    assert {one.rule for one in decided(a_case()).findings} == known | (
        set(words.GROUNDS) - {"unreadable", "gone"}
    )


def test_the_periods_are_a_week_and_three_days_unless_she_says_otherwise() -> None:
    assert (LIMITS.quiet, LIMITS.newest) == (timedelta(days=7), timedelta(hours=72))
    assert timedelta(days=14) == LIMITS.alarm


def test_a_clock_that_went_back_sends_nothing_twice() -> None:
    assert "reminded-lately" in decided(a_case(reminded=NOON + timedelta(days=30))).barred


@pytest.mark.parametrize(
    "name",
    ["a.exe", "a.EXE", "a.exe.", "a.exe ", "a\nb.scr", "letter.pdf.js", "x.lnk", "macro.docm"],
)
def test_knows_a_program_by_its_name(name: str) -> None:
    assert "executable" in decided(with_message(attachments=(an_attachment(name),))).barred


def test_knows_a_program_by_its_type() -> None:
    attachments = (an_attachment("letter", "application/x-msdownload"),)

    assert "executable" in decided(with_message(attachments=attachments)).barred


@pytest.mark.parametrize("name", ["", "exe", "notes.txt", "js.pdf", "complete.docx", ".exercise"])
def test_takes_no_document_for_a_program(name: str) -> None:
    assert "executable" not in decided(with_message(attachments=(an_attachment(name),))).barred


@pytest.mark.parametrize("fault", ["depth", "html", "long", "parts", "tnef"])
def test_what_was_not_read_to_its_end_is_not_answered(fault: str) -> None:
    assert decided(with_message(faults=(fault,))).barred == ("unread-part",)


@pytest.mark.parametrize(
    ("name", "kind", "size", "barred"),
    [
        ("letter.pdf", "application/pdf", 10, True),
        ("memo.m4a", "audio/mp4", 10, True),
        ("scan.jpg", "image/jpeg", 2_000_000, True),
        ("logo.png", "image/png", 9_000, False),
        ("logo.gif", "application/octet-stream", 9_000, False),
        ("smime.p7s", "application/pkcs7-signature", 4_000, False),
        ("original", "message/rfc822", 4_000, False),
        ("card.vcf", "text/vcard", 300, False),
    ],
)
def test_a_letter_that_guard_cannot_read_keeps_the_reminder_back(
    name: str, kind: str, size: int, *, barred: bool
) -> None:
    attachment = Attachment(name=name, content_type=kind, size=size)

    found = decided(with_message(attachments=(attachment,))).barred

    assert ("unread-part" in found) is barred


def test_danger_in_what_is_quoted_waits_for_her_unless_a_machine_wrote() -> None:
    aside = {"flagged": False, "remind": False, "aside": True}
    bulk = a_message(headers=(*a_message().headers, ("precedence", "bulk")))

    assert decided(with_verdict(**aside)).actions == {Action.REVIEW}
    assert decided(a_case(message=bulk, clients=(), verdict=a_verdict(**aside))).actions == set()


def test_a_mail_below_the_low_cut_off_is_filed_and_no_more() -> None:
    decision = decided(with_verdict(flagged=False))

    assert decision.actions == frozenset()


def test_a_mail_between_the_cut_offs_is_held_and_not_answered() -> None:
    assert decided(with_verdict(remind=False)).actions == {Action.REVIEW, Action.FLAG}


def test_flags_nothing_if_she_does_not_want_it() -> None:
    assert decided(a_case(), flag=False).actions == {Action.REVIEW, Action.REMIND}


# --- crisis ---------------------------------------------------------------------------------


def test_a_person_in_danger_is_announced_at_once_and_never_reminded() -> None:
    decision = decided(with_verdict(crisis=True))

    assert decision.actions == {Action.REVIEW, Action.FLAG, Action.ALERT}


@pytest.mark.parametrize(
    "circumstance",
    [
        {"clients": ()},
        {"authenticated": False},
        {"junk": True},
        {"known": (Known(automatic=False),)},
        {"can_send": False},
        {"clients": (), "message": a_message(return_path="")},
    ],
    ids=["a stranger", "forged", "a client in junk", "no automatic mail", "no server", "machine"],
)
def test_danger_is_announced_whoever_seems_to_write(circumstance: dict[str, Any]) -> None:
    decision = decided(a_case(verdict=a_verdict(crisis=True), **circumstance))

    assert Action.ALERT in decision.actions
    assert Action.REMIND not in decision.actions


def test_a_strangers_spam_that_talks_of_death_is_filed_and_no_more() -> None:
    case = a_case(verdict=a_verdict(crisis=True), clients=(), junk=True)

    assert decided(case).actions == frozenset()


@pytest.mark.parametrize("junk", [False, True])
def test_years_of_old_mail_raise_no_alert_but_wait(*, junk: bool) -> None:
    old = NOON - LIMITS.alarm - SECOND
    decision = decided(a_case(verdict=a_verdict(crisis=True), received=old, junk=junk))

    assert decision.actions == {Action.REVIEW, Action.FLAG}


NO_BAR_TO_HELP = {"crisis", "danger-lately", "abstained", "not-sure", "no-text", "unapproved"}
NO_BAR_TO_HELP |= {"reminded-lately", "note-instead"}


def in_danger(case: Case, **changes: Any) -> Case:
    told = replace(case.verdict, crisis=True)
    return replace(case, verdict=told, signpost_approved=True, **changes)


@pytest.mark.parametrize("rule", BARRED)
def test_what_speaks_against_the_sender_speaks_against_pointing_to_help_too(rule: str) -> None:
    decision = decide(in_danger(BARRED[rule][0]), replace(LIMITS, signpost=True))

    assert (Action.SIGNPOST in decision.actions) is (rule in NO_BAR_TO_HELP)
    assert Action.REMIND not in decision.actions


@pytest.mark.parametrize("mode", MODES)
def test_help_is_pointed_to_only_where_letters_go_out_by_themselves(mode: str) -> None:
    decision = decide(in_danger(a_case()), replace(LIMITS, signpost=True, mode=mode))

    assert Action.SIGNPOST not in decision.actions


@pytest.mark.parametrize(
    ("changes", "goes"),
    [
        ({"signposted": NOON - LIMITS.quiet + SECOND}, False),
        ({"signposted": NOON - LIMITS.quiet}, True),
        ({"reminded": NOON}, True),
    ],
    ids=["a second early", "on the dot", "a reminder is another letter"],
)
def test_help_is_pointed_to_once_a_period(changes: dict[str, Any], *, goes: bool) -> None:
    decision = decide(in_danger(a_case(), **changes), replace(LIMITS, signpost=True))

    assert (Action.SIGNPOST in decision.actions) is goes


def test_help_is_not_pointed_to_unless_she_wants_it_and_there_is_danger() -> None:
    assert Action.SIGNPOST not in decide(in_danger(a_case()), LIMITS).actions
    calm = a_case(signpost_approved=True)
    assert Action.SIGNPOST not in decide(calm, replace(LIMITS, signpost=True)).actions


@pytest.mark.parametrize(
    ("quiet", "alarmed", "holds"),
    [(1, 7 * DAY - SECOND, True), (1, 7 * DAY, False), (30, 30 * DAY - SECOND, True)],
    ids=["at least a week", "a week", "longer if reminders are rarer"],
)
def test_who_wrote_of_danger_hears_from_no_robot_for_at_least_a_week(
    quiet: int, alarmed: timedelta, *, holds: bool
) -> None:
    decision = decided(a_case(alarmed=NOON - alarmed), quiet=timedelta(days=quiet))

    assert ("danger-lately" in decision.barred) is holds


@pytest.mark.parametrize(
    ("age", "announced"), [(LIMITS.alarm, True), (LIMITS.alarm + SECOND, False)]
)
def test_danger_in_what_no_rule_can_look_at_is_announced(
    age: timedelta, *, announced: bool
) -> None:
    verdict = a_verdict(crisis=True)
    decision = decided(a_case(message=None, verdict=verdict, received=NOON - age))

    assert decision.grounds == ("unreadable", "crisis")
    assert Action.REVIEW in decision.actions
    assert (Action.ALERT in decision.actions) is announced


def test_danger_is_announced_up_to_the_last_second_of_the_period() -> None:
    case = a_case(verdict=a_verdict(crisis=True), received=NOON - LIMITS.alarm)

    assert Action.ALERT in decided(case).actions


def test_danger_is_announced_where_the_server_tells_no_time() -> None:
    never = datetime(1970, 1, 1, tzinfo=UTC)
    decision = decided(a_case(verdict=a_verdict(crisis=True), received=never))

    assert Action.ALERT in decision.actions


def test_an_alert_that_comes_back_to_her_own_mailbox_raises_no_alert() -> None:
    message = a_message(
        sender=(an_address(OWN),),
        return_path=OWN,
        headers=(("auto-submitted", "auto-generated"),),
    )
    case = a_case(message=message, verdict=a_verdict(crisis=True), clients=())

    assert decided(case).actions == {Action.REVIEW, Action.FLAG}


def test_a_form_on_her_own_site_does_raise_one() -> None:
    message = a_message(sender=(an_address(OWN),), return_path=OWN)
    case = a_case(message=message, verdict=a_verdict(crisis=True), clients=())

    assert Action.ALERT in decided(case).actions


def test_a_bounce_that_quotes_a_signpost_raises_no_alert() -> None:
    message = a_message(return_path="", content_type="multipart/report")
    case = a_case(message=message, verdict=a_verdict(crisis=True), clients=())

    assert decided(case).actions == {Action.REVIEW, Action.FLAG}


# --- what waits for her ---------------------------------------------------------------------


def test_what_cannot_be_read_waits_and_is_never_answered() -> None:
    decision = decided(a_case(message=None))

    assert decision.actions == {Action.REVIEW}
    assert decision.grounds == ("unreadable",)


def test_a_clients_mail_in_junk_is_worth_an_alert_whatever_it_says() -> None:
    decision = decided(a_case(junk=True, verdict=a_verdict(flagged=False, remind=False)))

    assert decision.actions == {Action.REVIEW, Action.ALERT}
    assert decision.grounds == ("client-in-junk",)


@pytest.mark.parametrize("abstained", ["empty", "unreadable", "foreign", "novel", "no model"])
def test_what_the_model_does_not_know_waits(abstained: str) -> None:
    decision = decided(a_case(verdict=unjudged(abstained)))

    assert decision.actions == {Action.REVIEW}
    assert decision.grounds == ("abstained",)


MACHINE = a_message(return_path="", subject="Your parcel")


def test_a_machines_foreign_newsletter_does_not_wait() -> None:
    case = a_case(message=MACHINE, verdict=unjudged("foreign"), clients=())
    decision = decided(case)

    assert decision.actions == frozenset()
    assert decision.correspondent is Correspondent.MACHINE


def test_without_a_model_even_a_machines_mail_waits() -> None:
    case = a_case(message=MACHINE, verdict=unjudged("no model"), clients=())

    assert decided(case).actions == {Action.REVIEW}


PLAIN = a_verdict(flagged=False, remind=False)


def test_a_client_whom_nobody_vouches_for_waits() -> None:
    decision = decided(a_case(verdict=PLAIN, authenticated=False))

    assert decision.grounds == ("forged-client",)


@pytest.mark.parametrize(
    "circumstance",
    [
        {"trusts": False},
        {"junk": True},
        {"received": NOON - LIMITS.newest - SECOND},
        {"clients": ()},
        {"authenticated": True},
    ],
    ids=["nobody is trusted yet", "in junk", "long ago", "a stranger", "vouched for"],
)
def test_where_nobody_could_vouch_nothing_is_called_forged(circumstance: dict[str, Any]) -> None:
    case = a_case(**{"verdict": PLAIN, "authenticated": False} | circumstance)

    assert "forged-client" not in decided(case).grounds


def test_without_a_return_path_a_stranger_is_still_a_person() -> None:
    case = a_case(message=a_message(return_path=None), clients=())

    assert decided(case).correspondent is Correspondent.UNKNOWN


def test_her_own_address_is_the_practice() -> None:
    case = a_case(message=a_message(sender=(an_address(OWN),)))

    assert decided(case).correspondent is Correspondent.PRACTICE


@pytest.mark.parametrize(("minute", "barred"), [(-1, False), (0, True)])
def test_therapy_ends_at_midnight_in_london_and_not_in_greenwich(
    minute: int,
    barred: bool,  # noqa: FBT001  # a case of the table
) -> None:
    midnight = datetime(2026, 7, 30, 23, 0, tzinfo=UTC)
    now = midnight + timedelta(minutes=minute)
    case = a_case(known=(Known(ended="2026-07-31"),), now=now, received=now)

    assert ("former-client" in decide(case, Limits()).barred) is barred
