"""What each rule says in words, when it holds and when it does not. Pure.

Read by the therapist: short everyday words, no blame, no numbers that mean nothing to her.
"""

from guard.policy.channels import Channel
from guard.policy.decision import Action, Finding, Kind

BARS: dict[str, tuple[str, str]] = {
    "null-return-path": ("a mail server sent it, not a person", "it has a real sender"),
    "no-return-path": (
        "the provider did not say where it came from",
        "the provider says where it came from",
    ),
    "auto-submitted": ("it says that a machine sent it", "it does not say that a machine sent it"),
    "mailing-list": ("it came through a mailing list", "it came through no mailing list"),
    "precedence": ("it is marked as bulk mail", "it is not marked as bulk mail"),
    "suppress": ("it asks for no automatic replies", "it does not ask to be left unanswered"),
    "robot-address": ("its address is a machine's", "its address is not a machine's"),
    "report": ("it is a delivery report", "it is not a delivery report"),
    "autoreply-field": ("it is an automatic reply", "it is not an automatic reply"),
    "loop-field": ("it carries a mark against mail loops", "it carries no mark against loops"),
    "feedback-id": ("it is a bulk sender's", "it is not a bulk sender's"),
    "away-subject": ("its subject is that of an absence notice", "it is no absence notice"),
    "from-not-one": ("it names no sender, or several", "it names one sender"),
    "path-differs": (
        "it was sent from another mailbox than it says",
        "it was sent from the mailbox it says",
    ),
    "from-practice": ("it comes from your own address", "it does not come from your own address"),
    "not-addressed": (
        "it is not addressed to you (a list, or a blind copy)",
        "it is addressed to you",
    ),
    "in-junk": ("it was in the Junk folder", "it was not in Junk"),
    "spam-marked": ("a mail server marked it as spam", "no mail server marked it as spam"),
    "other-channel": (
        "it is a notice from another channel, which your policy does not answer",
        "it is no notice from another channel",
    ),
    "letter-of-office": (
        "it is from a professional body, a court or a lawyer",
        "it is not from a professional body, a court or a lawyer",
    ),
    "executable": ("a program is attached", "no program is attached"),
    "not-a-client": (
        "the address belongs to no client that guard knows",
        "the address is a client's",
    ),
    "shared-address": (
        "several clients share this address, so you decide",
        "only one client has this address",
    ),
    "former-client": (
        "therapy with this client has ended, so you decide",
        "therapy with this client has not ended",
    ),
    "a-parent": (
        "a parent wrote it, not the client, so you decide",
        "it is not from a client's parent",
    ),
    "a-professional": (
        "somebody wrote it in their work, not a client, so you decide",
        "it is not from a professional",
    ),
    "read-together": (
        "a couple reads this one address together, so you decide",
        "it is not the only address of a couple",
    ),
    "no-automatic-mail": (
        "you marked this client: no automatic mail",
        "this client may get automatic mail",
    ),
    "not-authenticated": (
        "the provider does not vouch that it is really from this address",
        "the provider vouches that it is really from this address",
    ),
    "too-old": ("it is too old to be answered by a machine", "it is recent"),
    "restored-since": (
        "the record was restored since it came, so it may have been answered already",
        "the record was not restored since it came",
    ),
    "from-the-future": ("its time lies in the future; check the clock", "its time is plausible"),
    "reminded-lately": (
        "this client had the reminder only lately",
        "this client has had no reminder lately",
    ),
    "note-instead": (
        "this client had the reminder in the last weeks, so a word in the session is kinder",
        "this client has had no reminder in the last weeks",
    ),
    "already-answered": (
        "you have written to this client since",
        "you have not written to this client since",
    ),
    "crisis": ("somebody may be in danger", "nothing points to danger"),
    "danger-lately": (
        "mail of this client could not wait in the last days, so you decide",
        "no mail of this client was announced to you in the last days",
    ),
    "danger-aside": (
        "what it quotes, or does not show, speaks of danger",
        "what it quotes, or does not show, does not speak of danger",
    ),
    "unread-part": (
        "a part of it, such as an attachment, cannot be read by guard",
        "guard read every part of it",
    ),
    "abstained": ("guard does not know this kind of mail", "guard knows this kind of mail"),
    "encrypted": ("it is encrypted, so guard cannot read it", "guard can read it"),
    "not-sure": (
        "guard is not sure enough to answer without you",
        "guard is sure that it holds more than an appointment",
    ),
    "breaker": (
        "too many reminders left within the hour, so guard stopped and told you",
        "there were not too many reminders within the hour",
    ),
    "no-text": (
        "there are no words in this client's language",
        "there are words in this client's language",
    ),
    "unapproved": (
        "you have not approved these words of the reminder",
        "you approved these words of the reminder",
    ),
    "mode": ("reminders are switched off", "reminders are not switched off"),
    "hers-to-send": ("you send each reminder yourself", "guard may send reminders by itself"),
    "only-noted": (
        "this is a trial: what would be sent is only noted",
        "this is no trial",
    ),
    "nothing-to-send-with": ("no server for sending is set up", "a server for sending is set up"),
}
"""Rule: words when it stands in the way of a reminder, words when it does not."""

SIGNPOSTS: dict[str, tuple[str, str]] = {
    "signposted-lately": (
        "this client was told where to find help only lately",
        "this client was not told lately where to find help",
    ),
    "signpost-unapproved": (
        "you have not approved words that say where to find help",
        "you approved the words that say where to find help",
    ),
}
"""As `BARS`, of the letter that tells somebody in danger where to turn."""

GROUNDS: dict[str, str] = {
    "crisis": "somebody may be in danger",
    "sensitive": "it seems to hold more than an appointment",
    "danger-aside": "what it quotes, or does not show, speaks of danger",
    "abstained": "guard does not know this kind of mail",
    "client-in-junk": "a client's mail was in the Junk folder",
    "forged-client": "it says it is from a client, and the provider does not vouch for that",
    "poses-as-client": "its name is the address of a client who did not send it",
    "letter-of-office": "a professional body, a court or a lawyer seems to have written",
    "unreadable": "it cannot be read as an e-mail; the bytes are kept",
    "gone": "it was filed, but left the mailbox before guard could judge it",
}
"""Why a message waits for her."""

ACTIONS: dict[Action, str] = {
    Action.ALERT: "told you at once",
    Action.REMIND: "sent the reminder",
    Action.SIGNPOST: "wrote where to find help",
    Action.PROPOSE: "made the reminder ready for your click",
    Action.SHADOW: "noted the reminder that it would have sent",
    Action.NOTE: "made a note for the next session",
    Action.REVIEW: "kept for your eyes",
    Action.FLAG: "flagged in the mailbox",
}

WOULD: dict[Action, str] = {
    Action.ALERT: "announced to you at once",
    Action.REMIND: "answered with the reminder",
    Action.SIGNPOST: "answered with where to find help",
    Action.PROPOSE: "made ready for your click",
    Action.SHADOW: "noted as one that would get the reminder",
    Action.NOTE: "noted for the next session",
    Action.REVIEW: "kept for your eyes",
    Action.FLAG: "flagged",
}

ABSTAINED: dict[str, str] = {
    "empty": "there is no text to judge",
    "unreadable": "it cannot be read",
    "foreign": "it is not in English",
    "novel": "it is unlike anything guard was taught",
    "no model": "the model could not be loaded",
}


CHANNELS: dict[Channel, tuple[str, str]] = {
    Channel.MESSAGE: (
        "A message on a social network",
        "Your policy: it is not secure, and not for appointments or therapy; do not respond.",
    ),
    Channel.FOLLOW: (
        "A friend or follow request",
        "Your policy: you do not friend or follow current or former clients. Do not accept.",
    ),
    Channel.SOCIAL: (
        "A notice from a social network",
        "Your policy: social media is not secure, and what happens there is public.",
    ),
    Channel.REVIEW: (
        "A notice from a review site",
        "Your policy: reviews are not asked for and, for confidentiality, not responded to.",
    ),
    Channel.LOCATION: (
        "Somebody shows where they are",
        "Your policy: it may show that a client is in your office. Do not respond.",
    ),
    Channel.BODY: (
        "From a professional body",
        "guard never treats it as a client's, and never answers it.",
    ),
    Channel.LEGAL: (
        "From a court, the police or a lawyer",
        "guard never treats it as a client's, and never answers it.",
    ),
}
"""What it is, and the policy's line on it."""


def of(finding: Finding) -> str:
    """Return one rule's words as it turned out; its id if the rule is no more."""
    if finding.kind is Kind.GROUND:
        return GROUNDS.get(finding.rule, finding.rule)
    known = SIGNPOSTS if finding.kind is Kind.SIGNPOST else BARS
    barred, fine = known.get(finding.rule, (finding.rule, finding.rule))
    return barred if finding.holds else fine


VOUCHED: dict[str, str] = {
    "dmarc": "the provider vouches for the sender",
    "dkim": "the provider vouches for the sender",
    "spf": "the provider vouches for the sender",
    "known": "you know this sender, and it came the very same way as before",
    "no-trusted-hosts": "nobody is trusted yet to vouch for senders (see guard check)",
    "no-from": "it names no sender",
    "several-from": "it names several senders",
    "no-statement": "the provider says nothing about the sender",
    "unreadable": "what the provider says of the sender cannot be read",
    "dmarc-fail": "the provider says that the sender is forged",
    "not-aligned": "the provider vouches for another address than the sender's",
    "not-passed": "the provider does not vouch for the sender",
}
"""What each word of `guard.mail.sender.Authenticity` means."""
