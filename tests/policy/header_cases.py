"""Which mails get a reminder and which rule forbids it: raw mails, one header at a time.

Read by the pure test of the walk, and by the one that sends them all through real servers.
"""

import re

from tests.policy.builders import CLIENT, OWN
from tests.policy.raw import ALIAS, BODY, mail

VOUCHED = "Authentication-Results: mx.practice.example; "
DSN = (
    "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--\r\n"
)


def part(content_type: str, *more: str) -> str:
    head = "\r\n".join([f"Content-Type: {content_type}", *more])
    return f"--b\r\nContent-Type: text/plain\r\n\r\n{BODY}--b\r\n{head}\r\n\r\nx\r\n--b--\r\n"


def attached(name: str) -> str:
    return part("application/octet-stream", f'Content-Disposition: attachment; filename="{name}"')


MIXED = "Content-Type: multipart/mixed; boundary=b"

GMAIL = """\
Delivered-To: andrea@practice.example
Received: by 2002:a05:6402:1::1 with SMTP id x; Mon, 2 Mar 2026
X-Received: by 2002:a17:907:1::1 with SMTP id x; Mon, 2 Mar 2026
ARC-Authentication-Results: i=1; mx.google.com; dkim=pass
Return-Path: <jo@client.example>
Received: from mail.client.example (mail.client.example. [192.0.2.1])
 by mx.google.com with ESMTPS id x; Mon, 2 Mar 2026 03:55:01 -0800 (PST)
Received-SPF: pass (google.com: domain of jo@client.example) client-ip=192.0.2.1;
Authentication-Results: mx.google.com;
 dkim=pass header.i=@client.example header.s=s1 header.b=abc;
 spf=pass (google.com: domain of jo@client.example designates 192.0.2.1 as permitted sender)
 smtp.mailfrom=jo@client.example;
 dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=client.example
"""
BY_GMAIL = [
    "^" + line.replace("\n", "\r\n") for line in reversed(re.split(r"\n(?! )", GMAIL.strip()))
]

ANSWERED = {
    "a plain mail": mail(),
    "without Message-ID": mail("-Message-ID"),
    "without To, but Cc": mail("-To", f"+Cc: {OWN}"),
    "to an alias": mail(f"To: {ALIAS}"),
    "own address in other letters": mail("To: Andrea@Practice.Example"),
    "to several": mail(f"To: al@x.example, {OWN}, bo@x.example"),
    "in a group": mail(f"To: clinic: {OWN}, al@x.example;"),
    "as Bcc": mail("-To", f"+Bcc: {OWN}"),
    "resent to her by the client": mail("-To", f"+Resent-To: {OWN}"),
    "From in capitals": mail("From: JO@CLIENT.EXAMPLE", "Return-Path: <Jo@Client.Example>"),
    "the telephone's capital": mail("From: Jo@client.example"),
    "name with a comma": mail(f'From: "Doe, Jo" <{CLIENT}>'),
    "an encoded name": mail(f"From: =?utf-8?q?J=C3=B6?= <{CLIENT}>"),
    "a name that is an address": mail(f'From: "{OWN}" <{CLIENT}>'),
    "forwarded with SRS": mail("Return-Path: <SRS0=Xy1=ZZ=client.example=jo@forward.example>"),
    "forwarded twice": mail(
        "Return-Path: <SRS1=Ab=first.example==Xy1=ZZ=client.example=jo@second.example>"
    ),
    "BATV": mail("Return-Path: <prvs=1234567890=jo@client.example>"),
    "BATV of Barracuda": mail("Return-Path: <btv1==123==jo@client.example>"),
    "Sender is the client": mail(f"+Sender: {CLIENT}"),
    "Reply-To elsewhere": mail("+Reply-To: jo@work.example"),
    "Auto-Submitted: no": mail("+Auto-Submitted: no"),
    "Auto-Submitted: No (comment); parameter": mail('+Auto-Submitted: (x(y)) No ; a="b"'),
    "suppressing receipts only": mail("+X-Auto-Response-Suppress: RN, NRN"),
    "urgent": mail("+Precedence: special-delivery", "+X-Priority: 1"),
    "X-Mailer and the like": mail("+X-Mailer: iPhone Mail", "+X-Spam-Status: No"),
    "a reply": mail("+In-Reply-To: <0@practice.example>", "Subject: Re: Tuesday"),
    "a reply to our reminder": mail("Subject: Re: Automatic reply: about your e-mail"),
    "vouched for by DKIM": mail(VOUCHED + "dkim=pass header.d=client.example"),
    "vouched for by SPF": mail(VOUCHED + "spf=pass smtp.mailfrom=jo@client.example"),
    "vouched for by Microsoft": mail(
        "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=client.example; "
        "dkim=pass (signature was verified) header.d=client.example;dmarc=pass action=none "
        "header.from=client.example;compauth=pass reason=100",
        "Received: from out.client.example by lo2.prod.outlook.com with HTTPS; x",
    ),
    "a forged field below the true one": mail(
        "+" + VOUCHED + "dmarc=fail header.from=client.example"
    ),
    "a photograph": mail(MIXED, body=attached("garden.jpg")),
    "an empty subject": mail("Subject: "),
    "as Gmail hands it over": mail(
        "-Return-Path", "-Received", "-Authentication-Results", *BY_GMAIL
    ),
    "as Fastmail hands it over": mail(
        "Received: by mailmx.nyi.internal (Postfix, from userid 1) id x; Mon, 2 Mar 2026",
        "Authentication-Results: mx6.messagingengine.com; arc=none (no signatures found); "
        "bimi=skipped (DMARC Policy is not at enforcement); dkim=pass (2048-bit rsa key sha256) "
        "header.d=client.example header.i=@client.example header.b=abc header.a=rsa-sha256 "
        "header.s=s1 x-bits=2048; dmarc=pass policy.published-domain-policy=none "
        "policy.applied-disposition=none header.from=client.example; iprev=pass "
        "smtp.remote-ip=192.0.2.1; spf=pass smtp.mailfrom=jo@client.example "
        "smtp.helo=mail.client.example; x-aligned-from=pass (Address match); x-tls=pass",
    ),
    "as iCloud hands it over": mail(
        "Authentication-Results: bimi.icloud.com; bimi=none",
        "^Authentication-Results: dmarc.icloud.com; dmarc=pass header.from=client.example",
    ),
    "as OpenDMARC and OpenDKIM stamp it": mail(
        VOUCHED + "dmarc=pass (p=none dis=none) header.from=client.example",
        "+"
        + VOUCHED
        + 'dkim=pass (2048-bit key; unprotected) header.d=client.example header.b="a"',
    ),
    "as rspamd stamps it": mail(
        VOUCHED + 'dkim=pass header.d=client.example header.s=s1 header.b="a+/b"; spf=pass '
        "(mx.practice.example: domain of jo@client.example designates 192.0.2.1 as permitted "
        "sender) smtp.mailfrom=jo@client.example; dmarc=pass (policy=none) "
        "header.from=client.example"
    ),
    "as amavis stamps it": mail(
        "Authentication-Results: mx.practice.example (amavisd-new); dkim=pass (2048-bit key) "
        "header.d=client.example"
    ),
    "as Exim stamps it": mail(
        VOUCHED + "iprev=pass (mail.client.example) smtp.remote-ip=192.0.2.1; spf=pass "
        "smtp.mailfrom=client.example; dkim=pass header.d=client.example header.s=s1 "
        "header.a=rsa-sha256; dmarc=pass header.from=client.example; arc=none"
    ),
    "a version after the name": mail(
        "Authentication-Results: mx.practice.example 1; dmarc=pass header.from=client.example"
    ),
    "from a telephone": mail("+X-Mailer: iPhone Mail (22A)", "+X-Apple-Base-Url: x"),
    "from Outlook": mail("+X-MS-Has-Attach: ", "+X-MS-TNEF-Correlator: ", "+Importance: high"),
    "from Proton by hand": mail("+Feedback-ID: 33442:user:proton"),
    "from Fastmail by hand": mail("+Feedback-ID: i1:Fastmail"),
    "scanned and found clean": mail("+X-Spam-Flag: NO", "+X-Spam-Status: No, score=-1.2"),
}

SILENT = {
    "null-return-path": {
        "null path": mail("Return-Path: <>"),
        "a path that is none": mail("Return-Path: <jo at client.example>"),
    },
    "no-return-path": {
        "no path": mail("-Return-Path"),
    },
    "path-differs": {
        "another path": mail("Return-Path: <al@client.example>"),
        "a path above the true one": mail("^Return-Path: <evil@other.example>"),
        "SRS of somebody else": mail(
            "Return-Path: <SRS0=Xy1=ZZ=other.example=jo@forward.example>"
        ),
    },
    "not-a-client": {
        "plus address in From": mail("From: jo+therapy@client.example"),
        "a stranger": mail("From: al@client.example", "Return-Path: <al@client.example>"),
        "a look-alike letter": mail(
            "From: jo@cli\u0435nt.example", "Return-Path: <jo@cli\u0435nt.example>"
        ),
        "a dot more": mail("From: j.o@client.example", "Return-Path: <j.o@client.example>"),
        "a client's address as the name": mail(
            f'From: "{CLIENT}" <x@evil.example>', "Return-Path: <x@evil.example>"
        ),
        "a look-alike domain": mail(
            "From: jo@client.example.evil.example", "Return-Path: <jo@client.example.evil.example>"
        ),
    },
    "auto-submitted": {
        "Auto-Submitted: auto-replied": mail("+Auto-Submitted: auto-replied"),
        "Auto-Submitted: auto-generated": mail("+Auto-Submitted: Auto-Generated"),
        "Auto-Submitted with parameters": mail(
            '+Auto-Submitted: auto-notified; owner-email="a@b.example"'
        ),
        "Auto-Submitted with a comment": mail("+Auto-Submitted: (no) auto-replied (no)"),
        "Auto-Submitted twice": mail("+Auto-Submitted: no", "+Auto-Submitted: auto-replied"),
        "Auto-Submitted unknown": mail("+Auto-Submitted: perhaps"),
        "Auto-Submitted empty": mail("+Auto-Submitted: "),
    },
    "mailing-list": {
        "List-Id": mail("+List-Id: <walkers.client.example>"),
        "List-Post": mail("+LIST-POST: <mailto:x@x.example>"),
        "List-Unsubscribe": mail("+List-Unsubscribe: <mailto:x@x.example>"),
    },
    "precedence": {
        "Precedence: bulk": mail("+Precedence: bulk"),
        "Precedence: list": mail("+Precedence: LIST"),
        "Precedence: junk": mail("+Precedence: junk (really)"),
    },
    "suppress": {
        "suppress all": mail("+X-Auto-Response-Suppress: All"),
        "suppress out-of-office": mail("+X-Auto-Response-Suppress: DR, OOF, AutoReply"),
    },
    "autoreply-field": {
        "X-Autoreply": mail("+X-Autoreply: yes"),
    },
    "loop-field": {
        "X-Loop": mail("+X-Loop: jo@client.example"),
    },
    "feedback-id": {
        "a campaign's Feedback-ID": mail("+Feedback-ID: 1:2:mailer"),
    },
    "robot-address": {
        "no-reply": mail(
            "From: no-reply@client.example", "Return-Path: <no-reply@client.example>"
        ),
        "a bounce address": mail("Return-Path: <bounces+jo=client.example@client.example>"),
        "owner-": mail("+Sender: owner-list@client.example"),
        "-request": mail("+Sender: list-request@client.example"),
        "mailer-daemon": mail("From: MAILER-DAEMON@client.example"),
    },
    "report": {
        "a bounce": mail("Content-Type: multipart/report; boundary=b", body=DSN),
        "a read receipt": mail(
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
            body=part("message/disposition-notification"),
        ),
    },
    "away-subject": {
        "out of office, English": mail("Subject: Out of Office: Re: Tuesday"),
        "out of office, German": mail("Subject: Abwesenheitsnotiz: Re: Dienstag"),
        "out of office, French": mail("Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : mardi"),
        "out of office, Spanish": mail("Subject: Respuesta autom=?utf-8?q?=C3=A1?=tica"),
        "out of office, Spanish, one word": mail("Subject: =?utf-8?q?Respuesta_autom=C3=A1tica?="),
        "out of office, Polish": mail("Subject: Automatyczna =?utf-8?q?odpowied=C5=BA?="),
        "out of office, Dutch": mail("Subject: Automatisch antwoord: Re: dinsdag"),
    },
    "from-practice": {
        "from her own address": mail(f"From: {OWN}", f"Return-Path: <{OWN}>"),
        "from an alias of hers": mail(f"From: {ALIAS}", f"Return-Path: <{ALIAS}>"),
        "her own address in Sender": mail(f"+Sender: {OWN}"),
        "her own address in the path": mail(f"Return-Path: <{OWN}>"),
    },
    "not-addressed": {
        "not addressed to her": mail("To: undisclosed-recipients:;"),
        "to nobody": mail("-To"),
        "to another at her practice": mail("To: reception@practice.example"),
        "her address only as a name": mail(f'To: "{OWN}" <list@client.example>'),
    },
    "from-not-one": {
        "no From": mail("-From"),
        "two in From": mail(f"From: {CLIENT}, al@client.example"),
        "the same twice in From": mail(f"From: {CLIENT}, {CLIENT}"),
        "two From fields": mail(f"+From: {CLIENT}"),
        "a group as From": mail(f"From: us: {CLIENT}, al@client.example;"),
        "an empty group as From": mail("From: undisclosed:;"),
    },
    "not-authenticated": {
        "nobody vouches": mail("-Authentication-Results"),
        "a foreign host vouches": mail(
            "Authentication-Results: mx.other.example; dmarc=pass header.from=client.example"
        ),
        "it failed": mail(VOUCHED + "dmarc=fail header.from=client.example"),
        "it failed, and SPF passed": mail(
            VOUCHED
            + "spf=pass smtp.mailfrom=client.example; dmarc=fail header.from=client.example"
        ),
        "vouched for another domain": mail(VOUCHED + "dkim=pass header.d=other.example"),
        "SPF of another domain": mail(VOUCHED + "spf=pass smtp.mailfrom=jo@other.example"),
        "softfail": mail(VOUCHED + "spf=softfail smtp.mailfrom=client.example"),
        "a forged field below a foreign hop": mail(
            "-Authentication-Results",
            "Received: from x by relay.other.example; y",
            "+" + VOUCHED + "dmarc=pass header.from=client.example",
        ),
        "Microsoft's sum of all failed": mail(
            "Authentication-Results: spf=pass (sender IP is 192.0.2.1) "
            "smtp.mailfrom=client.example; dkim=none (message not signed) header.d=none;"
            "dmarc=none action=none header.from=client.example;compauth=fail reason=001",
            "Received: from out by lo2.prod.outlook.com with HTTPS; x",
        ),
        "a nameless field that is not Microsoft's": mail(
            "Authentication-Results: dmarc=pass header.from=client.example",
            "Received: from out.client.example by mx.elsewhere.example; x",
        ),
        "two trusted hosts, and the true one says no": mail(
            VOUCHED + "dmarc=fail header.from=client.example",
            "+Authentication-Results: mx.google.com; dmarc=pass header.from=client.example",
        ),
        "only ARC passed": mail(
            "-Authentication-Results",
            "^ARC-Authentication-Results: i=1; mx.practice.example; dmarc=pass "
            "header.from=client.example",
        ),
        "a From with a second address in its name": mail(
            f'From: "{CLIENT}" <{CLIENT}>, x@evil.example'
        ),
        "a huge field": mail(VOUCHED + "dkim=pass " + "x" * 9_000),
    },
    "spam-marked": {
        "marked as spam": mail("+X-Spam-Flag: YES"),
        "marked as spam with a score": mail("+X-Spam-Status: Yes, score=9.1 required=5.0"),
    },
    "executable": {
        "a program": mail(MIXED, body=attached("holiday.jpg.exe")),
        "a program with an encoded name": mail(MIXED, body=attached("=?utf-8?q?a=2Eexe?=")),
    },
    "other-channel": {
        "a friend request": mail(
            "From: friends@facebookmail.com",
            "Subject: Kim wants to be friends",
            "+List-Unsubscribe: <x>",
        ),
        "a review": mail("From: businessprofile-noreply@google.com"),
    },
    "letter-of-office": {
        "the professional body": mail("From: complaints@ukcp.org.uk"),
        "a solicitor": mail("From: jane@smith-solicitors.example"),
    },
    "encrypted": {
        "PGP": mail('Content-Type: multipart/encrypted; boundary=b; protocol="application/pgp"'),
        "S/MIME": mail("Content-Type: application/pkcs7-mime; smime-type=enveloped-data"),
    },
}
"""Rule that must stand in the way, and mails that it must stand in the way of."""
