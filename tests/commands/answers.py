"""What a practice answers to set-up whose mailbox no test opens."""

from guard.commands.template import Answers

OFFLINE = Answers(
    name="Practice",
    addresses=("andrea@practice.example",),
    imap_host="localhost",
    imap_port=993,
    imap_security="tls",
    imap_user="andrea",
    smtp_host="",
    smtp_port=465,
    smtp_security="tls",
    smtp_user="",
    password_file="mail.secret",
    ca_file="",
    alerts_to="",
    mode="auto",
    trusted=(),
)
