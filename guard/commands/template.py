"""The text of guard.toml as ``guard init`` writes it: every key, with what it means. Pure."""

import json

import msgspec


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked; see the options of ``guard init``."""

    name: str
    addresses: tuple[str, ...]
    imap_host: str
    imap_port: int
    imap_security: str
    imap_user: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    smtp_user: str
    password_file: str
    ca_file: str
    alerts_to: str
    mode: str
    trusted: tuple[str, ...]
    auth: str = "password"
    client_id: str = ""
    client_file: str = ""
    tenant: str = "common"
    token_file: str = "mail.token"  # noqa: S105  # the name of a file


def guard_toml(answers: Answers) -> str:
    """Return the whole file. Passwords never stand in it, only where they are found."""
    told = {key: _toml(value) for key, value in _fields(answers).items()}
    told["smtp_auth"] = told["auth"]
    if not answers.smtp_user:
        # Without a user there is nothing to sign in with.
        told["smtp_auth"] = _toml("password")
    smtp = _SMTP.format(**told) if answers.smtp_host else _NO_SMTP
    oauth = _OAUTH.format(**told) if answers.auth != "password" else _NO_OAUTH
    return _HEAD.format(**told) + smtp + oauth + _TAIL.format(**told)


def _fields(answers: Answers) -> dict[str, object]:
    return {name: getattr(answers, name) for name in Answers.__struct_fields__}


def _toml(value: object) -> str:
    # A JSON string of printable text is a TOML basic string.
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


_HEAD = """\
# The settings of guard. Relative paths start in this file's folder.
# An unknown key is an error, so that a slip of the pen is never silent.

[practice]
name = {name}
addresses = {addresses}   # every own address and alias
nation = "england"           # "wales", "scotland", "northern-ireland": whose bank holidays count

[mailbox]
host = {imap_host}
port = {imap_port}
security = {imap_security}            # "tls" | "starttls"; "plain" only to this machine
user = {imap_user}
auth = {auth}            # "password" | "google" | "microsoft"; guard login signs in
password_file = {password_file}       # mode 0600; or: password_command = ["pass", "show", "mail"]
ca_file = {ca_file}                   # a private certificate authority (PEM); empty: the system's
inbox = ["INBOX"]
sent = "auto"                # "auto", or names: ["Sent", "Sent Items"]
junk = "auto"
also = []                    # further folders: ["Archive"]; at Gmail ["[Gmail]/All Mail"]
timeout = 60                 # seconds of silence after which the server is given up for now
flag = true                  # flag therapy and crisis mail, so that every mail program shows it

"""

_SMTP = """\
[smtp]
host = {smtp_host}
port = {smtp_port}
security = {smtp_security}
user = {smtp_user}
auth = {smtp_auth}
password_file = {password_file}
ca_file = {ca_file}
from = ""                    # empty: the first address of the practice

"""

_NO_SMTP = """\
# No [smtp]: nothing is ever sent. To send reminders and alerts, add:
# [smtp]
# host = "smtp.provider.example"
# port = 465
# security = "tls"
# user = "you@practice.example"
# password_file = "smtp.secret"

"""

_OAUTH = """\
[oauth]                      # one sign-in with Google or Microsoft for [mailbox] and [smtp]
client_id = {client_id}               # Microsoft: the application's id
client_file = {client_file}           # Google: the JSON file of the desktop client
tenant = {tenant}            # Microsoft: "common", a directory id or a domain
token_file = {token_file}    # mode 0600: whoever reads it reads the mailbox; empty: the keyring
server = ""                  # https:// and a host for a national cloud; empty: the usual one
ca_file = ""                 # a private certificate authority of that server

"""

_NO_OAUTH = """\
# [oauth]                    # for auth = "google" or "microsoft"; guard/mail/SETUP.md shows how
# client_id = ""             # Microsoft: the application's id
# client_file = ""           # Google: the JSON file of the desktop client
# tenant = "common"          # Microsoft: "common", a directory id or a domain
# token_file = "mail.token"  # mode 0600: whoever reads it reads the mailbox; empty: the keyring
# server = ""                # https:// and a host for a national cloud; empty: the usual one

"""

_TAIL = """\
[reminders]
mode = {mode}                # "auto" | "approve" (you click) | "shadow" (only noted) | "off"
every_days = 7               # at most one reminder (of the same words) to a client in so many days
note_days = 30               # further therapy mail in so many days: a note for the next session
newest_hours = 72            # older mail is never answered (first run, restored mailbox)
delay_minutes = 0            # so long each reminder waits; if you answer meanwhile, none is sent
most_an_hour = 20            # more than so many in an hour are held, and you are told
language = "en"              # clients may have another: guard clients add --language
texts = {{}}                   # your own words, or languages: {{ cy = "reminder.cy.txt" }}
trust_authserv = {trusted}   # who vouches for senders; guard check shows what your mail names
crisis_signpost = false      # true: who may be in danger is told where to turn (mode "auto" only),
                             # once you have approved the words: guard policy approve
signpost_texts = {{}}          # your own words for that, as texts above
# numbers_checked = 2027-11-01   # when you last checked the numbers in them yourself

[alerts]                     # they say that something waits, or does not work, and nothing else
to = {alerts_to}             # a private address, best not at the provider of the mailbox
repeat_minutes = 30          # again after so long, until you answer on the page; 0: never
second = ""                  # somebody who is then asked to ring you; they are told nothing else
second_after = 3             # after so many repeats
heartbeat = ""               # If cron itself stops, nobody here can tell you, but a monitor can
                             # (healthchecks.io and others): its address is fetched after each
                             # good scan, with /fail after a bad one; hearing nothing, it tells
                             # you. guard check and the page's front say when the last scan was
# [alerts.smtp]              # another server for alerts, so that they outlive the mailbox
# host = "smtp.home.example"
# user = "you@home.example"
# password_file = "alerts.secret"
# from = "you@home.example"

[record]
path = "record"
# A clinic's, shared by many machines; guard record migrate moves it there, and back to "file":
# database = "postgresql://guard@db.practice.example/guard"   # the password in ~/.pgpass
# practice = "practice"      # whose record in it
# blobs = "s3://bucket/mail" # sealed messages; a bucket with Object Lock; else in the database
# endpoint = "https://..."   # of that store, if it is not AWS
witness = ""                 # an address that gets the record's signed head once a day, numbers
                             # only, so that nobody can cut the record short or rewrite it unseen;
                             # best somebody else's, such as your supervisor's
timestamp_url = ""           # a time-stamp authority (RFC 3161) that stamps the head once a day
timestamp_ca = ""            # its root (PEM); empty: whom the system trusts

[retention]                  # guard never erases by itself; guard record due says what may go
years = 7                    # after the end of therapy (guard clients end); ask your insurer
minors_until = 25            # a minor's record is kept until this birthday at least

[model]
path = ""                    # empty: the shipped model

# [serve]                    # guard review --serve, in a clinic: guard/clinic/OPERATE.md
# url = "https://guard-anna.clinic.example"    # what your browser shows
# listen = "127.0.0.1:8460"  # where the reverse proxy finds it; or "/run/guard-anna/page.sock"
# issuer = "https://login.clinic.example"      # OpenID Connect
# client_id = "guard-anna"
# client_secret_file = "issuer.secret"         # mode 0600; or: client_secret_command = [...]
# who = "anna@clinic.example"                  # verified by the issuer; or its sub for you
# ca_file = ""               # a private certificate authority of the issuer
# sign_out = true            # locking also signs you out at the issuer, where it can
"""
