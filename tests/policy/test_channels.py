"""Notices from other channels and letters of office: recognised, shown, never answered."""

import pytest

from guard.commands.why import explained
from guard.mail.parse import parse
from guard.policy import words
from guard.policy.channels import FORMAL, NOTICES, Channel, channel_of
from guard.policy.decision import Action, Correspondent
from guard.policy.minutes import fact, minutes_of, read
from guard.review.queue import notice
from guard.verdict.reading import Reading
from tests.policy.builders import a_verdict
from tests.policy.raw import Clients, decided, mail

UNSUBSCRIBE = "+List-Unsubscribe: <https://x.example/u>"


def robots(sender: str, subject: str, *more: str) -> bytes:
    path = f"Return-Path: <bounces+1@{sender.rpartition('@')[2]}>"
    return mail(f"From: {sender}", path, f"Subject: {subject}", UNSUBSCRIBE, *more)


NOTICED: dict[str, tuple[bytes, Channel]] = {
    "Facebook message": (
        robots("notification@facebookmail.com", "Kim sent you a message"),
        Channel.MESSAGE,
    ),
    "Facebook by its own field": (
        robots(
            "notification@facebookmail.com", "Kim", "+X-Facebook-Notify: friend_request; mailid="
        ),
        Channel.FOLLOW,
    ),
    "Facebook friend request": (
        robots("friendrequest@facebookmail.com", "Kim wants to be friends on Facebook"),
        Channel.FOLLOW,
    ),
    "Facebook check-in": (
        robots("notification@facebookmail.com", "Kim checked in at ASO Therapy Centre"),
        Channel.LOCATION,
    ),
    "Facebook recommendation": (
        robots("notification@facebookmail.com", "Kim recommends your Page"),
        Channel.REVIEW,
    ),
    "Facebook comment": (
        robots("pageupdates@facebookmail.com", "Kim commented on your post"),
        Channel.MESSAGE,
    ),
    "Instagram follower": (
        robots("follow-suggestions@mail.instagram.com", "kim has started following you"),
        Channel.FOLLOW,
    ),
    "Instagram message": (
        robots("no-reply@mail.instagram.com", "kim sent you a direct message"),
        Channel.MESSAGE,
    ),
    "LinkedIn invitation": (
        robots("invitations@linkedin.com", "I'd like to add you to my professional network"),
        Channel.FOLLOW,
    ),
    "LinkedIn invitation by its field": (
        robots("invitations@linkedin.com", "Kim Lee", "+X-LinkedIn-Class: INVITE-MBR"),
        Channel.FOLLOW,
    ),
    "LinkedIn message": (
        robots("messages-noreply@linkedin.com", "Kim just messaged you"),
        Channel.MESSAGE,
    ),
    "LinkedIn digest": (
        robots("news@e.linkedin.com", "Five ideas for your week"),
        Channel.SOCIAL,
    ),
    "X follower": (robots("notify@x.com", "Kim (@kim) followed you!"), Channel.FOLLOW),
    "Twitter mention": (robots("notify@twitter.com", "Kim mentioned you"), Channel.MESSAGE),
    "YouTube comment": (
        robots("noreply@youtube.com", "Kim commented on your video"),
        Channel.MESSAGE,
    ),
    "YouTube subscriber": (
        robots("noreply@youtube.com", "Kim subscribed to you"),
        Channel.FOLLOW,
    ),
    "Nextdoor": (
        robots("no-reply@rs.email.nextdoor.co.uk", "Kim replied to you"),
        Channel.MESSAGE,
    ),
    "Yelp": (robots("no-reply@yelp.co.uk", "You have a new review"), Channel.REVIEW),
    "Trustpilot": (robots("noreply@trustpilotmail.com", "Kim L. wrote"), Channel.REVIEW),
    "Google review": (
        mail("From: businessprofile-noreply@google.com", "Subject: Kim left a review"),
        Channel.REVIEW,
    ),
    "Doctify": (robots("hello@doctify.com", "Feedback received"), Channel.REVIEW),
    "Google location": (
        mail("From: noreply-location-sharing@google.com", "Subject: Kim is sharing"),
        Channel.LOCATION,
    ),
    "Swarm": (robots("noreply@swarmapp.com", "Kim is at your place"), Channel.LOCATION),
    "Life360": (robots("noreply@life360.com", "Join my circle"), Channel.LOCATION),
    "UKCP": (mail("From: complaints@ukcp.org.uk"), Channel.BODY),
    "BACP": (mail("From: ethics@mail.bacp.co.uk"), Channel.BODY),
    "ICO": (mail("From: casework@ico.org.uk"), Channel.BODY),
    "a solicitor": (mail("From: Jane@SmithSolicitors.co.uk"), Channel.LEGAL),
    "a law firm": (mail("From: jane@smith-law.co.uk"), Channel.LEGAL),
    "a law domain": (mail("From: jane@smith.law"), Channel.LEGAL),
    "chambers by secure mail": (mail("From: clerk@x.gsi.gov.uk.cjsm.net"), Channel.LEGAL),
    "the police": (mail("From: pc.ash@met.police.uk"), Channel.LEGAL),
    "the courts": (mail("From: family@justice.gov.uk"), Channel.LEGAL),
}

ORDINARY: dict[str, bytes] = {
    "a client": mail(),
    "somebody who works at a network": mail("From: kim@linkedin.com"),
    "a client who writes of Facebook": mail("Subject: Kim sent you a message on Facebook"),
    "a look-alike domain": mail("From: notification@facebookmail.com.evil.example", UNSUBSCRIBE),
    "another at Google": mail("From: kim@google.com", UNSUBSCRIBE),
    "a family name": mail("From: kim@lawrence.example"),
    "a garden": mail("From: kim@thelawn.example"),
    "a faculty of law": mail("From: kim@law.ox.ac.uk"),
    "two senders": mail("From: a@facebookmail.com, b@facebookmail.com", UNSUBSCRIBE),
    "a name only": mail('From: "notification@facebookmail.com" <jo@client.example>'),
    "a newsletter": mail("From: news@shop.example", UNSUBSCRIBE),
}


@pytest.mark.parametrize("name", NOTICED)
def test_a_notice_is_known_by_its_domain_and_its_signs_and_never_answered(name: str) -> None:
    raw, channel = NOTICED[name]
    address = parse(raw).sender[0].email.lower()
    # Even if somebody took its address into the directory.
    decision = decided(raw, record=Clients(known={address: ("c1",)}))

    assert decision.channel is channel
    assert Action.REMIND not in decision.actions
    assert {"letter-of-office" if channel in FORMAL else "other-channel"} <= {*decision.barred}


@pytest.mark.parametrize("name", ORDINARY)
def test_people_are_people(name: str) -> None:
    assert channel_of(parse(ORDINARY[name])) is None


@pytest.mark.parametrize("name", [name for name in NOTICED if NOTICED[name][1] in FORMAL])
def test_a_letter_of_office_is_no_clients_and_waits(name: str) -> None:
    decision = decided(NOTICED[name][0], verdict=a_verdict(flagged=False, remind=False))

    assert decision.correspondent is Correspondent.PROFESSIONAL
    assert decision.grounds == ("letter-of-office",)
    assert Action.REVIEW in decision.actions


def test_a_newsletter_of_a_professional_body_does_not_wait() -> None:
    raw = mail("From: news@bacp.co.uk", UNSUBSCRIBE)
    decision = decided(raw, verdict=a_verdict(flagged=False, remind=False))

    assert decision.actions == frozenset()


def test_danger_in_a_notice_is_announced_all_the_same() -> None:
    raw, _ = NOTICED["Facebook message"]

    assert Action.ALERT in decided(raw, verdict=a_verdict(crisis=True)).actions


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_has_its_words(channel: Channel) -> None:
    heading, line = words.CHANNELS[channel]

    assert heading
    assert line.startswith("Your policy:") is (channel not in FORMAL)


def test_it_is_filed_with_the_decision_shown_and_explained() -> None:
    raw, channel = NOTICED["LinkedIn invitation"]
    decision = decided(raw, verdict=a_verdict(flagged=False, remind=False))
    reading = Reading(message=parse(raw), verdict=a_verdict())
    minutes = minutes_of(reading, decision, received="", authenticity="dmarc")
    secret = fact(1, ("c1",), minutes).secret

    assert secret is not None
    assert read(secret).decision.channel is channel in NOTICES
    assert notice(minutes)
    assert any("Do not accept" in line for line in explained(minutes))
