"""Notices from other channels, and letters of office: what reached the inbox, and from where.

Pure. The practice's policy has a line for each: a friend request is not accepted, a review is
not answered. One table of domains and the signs in headers that the networks themselves write.
Whose notice it is nobody vouches for: it is shown, and never answered, so a forged one gains
nothing. Source: the policy on social media, its sections on profiles, reviews and location.
"""

import re
from enum import Enum
from functools import lru_cache

from guard.mail.automatic import robot_signs
from guard.mail.message import Message


class Channel(Enum):
    """What kind of notice or letter. The values are filed, so they never change meaning."""

    MESSAGE = "social-message"
    """Somebody wrote, commented or mentioned the practice on a social network."""

    FOLLOW = "social-follow"
    """A friend, follow or contact request, or a new follower."""

    SOCIAL = "social"
    """Any other notice of a social network."""

    REVIEW = "review-site"
    """A review or rating, or an invitation to answer one."""

    LOCATION = "location"
    """Somebody shares where they are, or checked in at the practice."""

    BODY = "professional-body"
    """A professional body or regulator."""

    LEGAL = "legal"
    """A court, the police or a lawyer."""


NOTICES = frozenset({Channel.MESSAGE, Channel.FOLLOW, Channel.REVIEW, Channel.LOCATION})
"""What she is shown, with the policy's line on it."""

FORMAL = frozenset({Channel.BODY, Channel.LEGAL})
"""What is never a client's."""

_DOMAINS: dict[Channel, str] = {
    Channel.SOCIAL: (
        "facebook.com facebookmail.com instagram.com threads.net whatsapp.com linkedin.com "
        "twitter.com x.com youtube.com tiktok.com snapchat.com pinterest.com reddit.com "
        "redditmail.com tumblr.com bsky.app blueskyweb.xyz mastodon.social nextdoor.com "
        "nextdoor.co.uk telegram.org discord.com discordapp.com meetup.com xing.com"
    ),
    Channel.REVIEW: (
        "yelp.com yelp.co.uk trustpilot.com trustpilot.net trustpilotmail.com doctify.com "
        "doctify.co.uk iwantgreatcare.org feefo.com reviews.io reviews.co.uk yell.com "
        "freeindex.co.uk tripadvisor.com tripadvisor.co.uk checkatrade.com ratemds.com "
        "topdoctors.co.uk thebestof.co.uk threebestrated.co.uk"
    ),
    Channel.LOCATION: "foursquare.com swarmapp.com life360.com glympse.com what3words.com",
    Channel.BODY: (
        "ukcp.org.uk psychotherapy.org.uk bacp.co.uk bps.org.uk hcpc-uk.org hcpc-uk.co.uk "
        "hpc-uk.org bpc.org.uk babcp.com cosca.org.uk cosca.co.uk ncps.com ncs.org.uk "
        "nationalcounsellingsociety.org acc-uk.org emdrassociation.org.uk gmc-uk.org nmc.org.uk "
        "professionalstandards.org.uk ico.org.uk cqc.org.uk"
    ),
    Channel.LEGAL: (
        "cjsm.net justice.gov.uk judiciary.uk cps.gov.uk copfs.gov.uk police.uk cafcass.gov.uk "
        "hmcts.net hmcts.gov.uk lawsociety.org.uk lawscot.org.uk sra.org.uk barcouncil.org.uk "
        "legalombudsman.org.uk law legal"
    ),
}
_AT = {domain: kind for kind, domains in _DOMAINS.items() for domain in domains.split()}
"""Domain, or its parent, to what comes from there."""

_ROBOTS: dict[str, Channel] = {
    "businessprofile-noreply@google.com": Channel.REVIEW,
    "google-my-business-noreply@google.com": Channel.REVIEW,
    "noreply-local-guides@google.com": Channel.REVIEW,
    "noreply-location-sharing@google.com": Channel.LOCATION,
    "noreply-maps-timeline@google.com": Channel.LOCATION,
}
"""Robots of a provider that also carries people's mail."""

_LAWYERS = re.compile(r"solicitors?|barristers?|(?:^|-)(?:law|legal|lawyers)(?:-|$)")
"""In a label of a domain: smithsolicitors, smith-law. Not lawrence, nor clawson."""

_FIELDS: dict[str, tuple[tuple[str, Channel], ...]] = {
    "x-facebook-notify": (
        ("friend", Channel.FOLLOW),
        ("follow", Channel.FOLLOW),
        ("check", Channel.LOCATION),
        ("nearby", Channel.LOCATION),
        ("location", Channel.LOCATION),
        ("recommend", Channel.REVIEW),
        ("review", Channel.REVIEW),
        ("msg", Channel.MESSAGE),
        ("message", Channel.MESSAGE),
        ("comment", Channel.MESSAGE),
        ("mention", Channel.MESSAGE),
    ),
    "x-linkedin-class": (
        ("inv", Channel.FOLLOW),
        ("member-to-member", Channel.MESSAGE),
        ("inmail", Channel.MESSAGE),
        ("message", Channel.MESSAGE),
    ),
    "x-linkedin-template": (
        ("invit", Channel.FOLLOW),
        ("follow", Channel.FOLLOW),
        ("inmail", Channel.MESSAGE),
        ("messag", Channel.MESSAGE),
        ("mention", Channel.MESSAGE),
    ),
}
"""Fields that the networks write: part of the value, and what it means."""

_SUBJECTS: tuple[tuple[Channel, re.Pattern[str]], ...] = (
    (
        Channel.LOCATION,
        re.compile(
            r"check(?:ed|ing)?[- ]?in\b|shar(?:ed|es|ing) (?:a|their|his|her|your)? ?(?:live )?"
            r"location|location[- ]sharing|\bis (?:nearby|near you|at your)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Channel.REVIEW,
        re.compile(
            r"\b(?:new|left|wrote|posted|received|your) (?:you )?(?:an? )?(?:\w+[- ]star )?"
            r"(?:reviews?|ratings?)\b|\brecommends? (?:you|your)|\breviewed (?:you|your)\b",
            re.IGNORECASE,
        ),
    ),
    (
        Channel.FOLLOW,
        re.compile(
            r"\bfollow(?:s|ed|ing|er|ers)?\b|friend (?:request|suggestion)|friends? with you|"
            r"wants to (?:be friends|connect|follow)|invit(?:ation|ed you|es you)|"
            r"\bconnect(?:ion request| with)|like to (?:connect|add you)|added you|"
            r"subscrib(?:ed|er)|join (?:my|your) network",
            re.IGNORECASE,
        ),
    ),
    (
        Channel.MESSAGE,
        re.compile(
            r"\bmessages?\b|messaged|\bDMs?\b|inmail|chat request|"
            r"(?:commented|comments?|replied|reply|responded|reacted) (?:on|to)|"
            r"mention(?:ed|s)|tagged|wrote (?:on|to)|posted (?:on|to|in)|missed call",
            re.IGNORECASE,
        ),
    ),
)
"""What a network's subject says, the rarer first."""


def channel_of(message: Message) -> Channel | None:
    """Return from which other channel a message comes; None for an ordinary one.

    A person who works at a network may be anybody: only its machines make a notice.
    """
    if len(message.sender) != 1:
        return None
    email = message.sender[0].email.lower()
    kind = _ROBOTS.get(email) or _of_domain(email.rpartition("@")[2].rstrip("."))
    if kind is None or kind in FORMAL:
        return kind
    if not {*robot_signs(message)} - {"no-return-path"} and not _said_by_field(message):
        return None
    if kind is not Channel.SOCIAL:
        return kind
    return _said_by_field(message) or _said_by_subject(message.subject) or kind


@lru_cache(maxsize=4_096)
def _of_domain(domain: str) -> Channel | None:
    labels = domain.split(".")
    parents = (".".join(labels[start:]) for start in range(len(labels)))
    found = next((_AT[one] for one in parents if one in _AT), None)
    # A faculty of law is no lawyer.
    lawyers = not {"ac", "edu"} & {*labels} and any(_LAWYERS.search(label) for label in labels)
    return found or (Channel.LEGAL if lawyers else None)


def _said_by_field(message: Message) -> Channel | None:
    for name, value in message.headers:
        for part, kind in _FIELDS.get(name, ()):
            if part in value.lower():
                return kind
    return None


def _said_by_subject(subject: str) -> Channel | None:
    return next((kind for kind, signs in _SUBJECTS if signs.search(subject[:500])), None)
