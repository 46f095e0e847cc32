"""Attacks from inside the mail: markup, names, directions and sizes that a sender chooses."""

from urllib.parse import unquote

import pytest
from selectolax.lexbor import LexborHTMLParser

from guard.clients import directory
from guard.record.eraser import erase
from guard.verdict.label import Label
from tests.review.practice import PASSPHRASE, Practice, letter

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea></title></style><svg onload=alert(1)>",
    "{{ 7 * 191 }}{% raw %}",
    "javascript:alert(1)",
    "<base href=//evil.example><meta http-equiv=refresh content=0>",
    "'; DROP TABLE entry; --",
]
TAGS = {"img", "svg", "iframe", "object", "embed", "base", "style", "audio", "video"}
OURS = {"/asset/page.js"}


def check(page: str) -> None:
    """No element and no attribute comes from a mail."""
    tree = LexborHTMLParser(page)
    assert {node.attributes.get("src") for node in tree.css("script")} <= OURS
    for node in tree.css("body *"):
        assert node.tag not in TAGS
        assert not any(name.startswith("on") for name in node.attributes)
        for name in ("href", "src", "action"):
            assert (node.attributes.get(name) or "/").startswith(("/", "#"))
    assert "1337" not in page


def attached(name: str, data: str = "hello") -> bytes:
    head = (
        "From: Tom <tom@home.example>\r\nTo: andrea@practice.example\r\nSubject: file\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    )
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    part = (
        "--b\r\nContent-Type: application/octet-stream\r\n"
        f'Content-Disposition: attachment; filename="{quoted}"\r\n\r\n{data}\r\n--b--\r\n'
    )
    return (head + part).encode()


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_a_sender_writes_becomes_markup(open_practice: Practice, attack: str) -> None:
    raw = letter(f"Hello. {attack} Bye.", subject=attack)
    item = open_practice.add(raw, evidence=(attack,))
    check(open_practice.page("/"))
    page = open_practice.page(f"/item/{item}")
    check(page)
    check(open_practice.page(f"/item/{item}/reminder"))
    found = open_practice.post("/search", None, words=attack, client=attack, since=attack)
    check(found.get_data(as_text=True))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_the_name_of_a_sender_client_or_note_becomes_markup(
    open_practice: Practice, attack: str
) -> None:
    client = directory.Client(id="cx", name=attack, addresses=("x@home.example",))
    with open_practice.open() as record:
        record.append([directory.enrol(client)], now=open_practice.now)
    name = attack.encode().hex()
    word = "=?utf-8?q?" + "".join(f"={name[at : at + 2]}" for at in range(0, len(name), 2)) + "?="
    item = open_practice.add(letter(sender=f"{word} <x@home.example>"), owner="cx")
    open_practice.answer(item, "therapy", note=attack)
    for path in ("/", f"/item/{item}", "/clients", "/client/cx", "/search"):
        check(open_practice.page(path))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_an_address_becomes_markup(open_practice: Practice, attack: str) -> None:
    quoted = attack.replace("\\", "\\\\").replace('"', '\\"')
    owner = open_practice.add_client("Tom", "tom@home.example")
    item = open_practice.add(letter(sender=f'"{quoted}"@home.example'), owner=owner)
    for path in ("/", f"/item/{item}", f"/item/{item}/reminder"):
        check(open_practice.page(path))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_a_text_attachment_becomes_markup(open_practice: Practice, attack: str) -> None:
    raw = attached(attack, f"Hello. {attack} Bye. {attack}")
    raw = raw.replace(b"application/octet-stream", b"text/plain")
    page = open_practice.page(f"/item/{open_practice.add(raw, evidence=(attack,))}")
    assert "says</summary>" in page
    check(page)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_in_an_invitation_becomes_markup(open_practice: Practice, attack: str) -> None:
    raw = (
        "From: Tom <tom@home.example>\r\nSubject: x\r\n"
        "Content-Type: text/calendar; method=REPLY\r\n"
        "\r\nBEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"SUMMARY:{attack}\r\nCOMMENT:{attack}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    check(open_practice.page(f"/item/{open_practice.add(raw.encode())}"))


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "..\\..\\windows\\system32\\evil.dll",
        "/etc/passwd",
        "a\u202efdp.exe",
        'x"; filename="evil.html',
        "<script>.svg",
        ".htaccess",
        "con",
        "",
    ],
)
def test_an_attachment_is_saved_under_a_safe_name_and_never_opened(
    open_practice: Practice, name: str
) -> None:
    item = open_practice.add(attached(name))
    check(open_practice.page(f"/item/{item}"))
    answer = open_practice.get(f"/item/{item}/attachment/0")
    assert answer.data == b"hello"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    said = unquote(answer.headers["Content-Disposition"])
    assert said.startswith("attachment; filename")
    assert not set("/\\<>\u202e") & set(said)
    assert ".." not in said
    assert said.count("filename=") <= 1


@pytest.mark.parametrize("number", [1, 999])
def test_an_attachment_that_is_not_there_is_not_found(
    open_practice: Practice, number: int
) -> None:
    item = open_practice.add(attached("a.txt"))
    assert open_practice.get(f"/item/{item}/attachment/{number}").status_code == 404


def test_a_message_is_saved_byte_for_byte(open_practice: Practice) -> None:
    raw = letter() + bytes(range(256))
    item = open_practice.add(raw)
    answer = open_practice.get(f"/item/{item}/message.eml")
    assert answer.data == raw
    assert answer.headers["Content-Disposition"] == f"attachment; filename=message-{item}.eml"


@pytest.mark.parametrize("path", ["/item/999999", "/item/0", "/item/999999/message.eml"])
def test_what_is_no_message_is_not_found(open_practice: Practice, path: str) -> None:
    assert open_practice.get(path).status_code == 404


def test_letters_that_turn_the_reading_direction_are_taken_out(open_practice: Practice) -> None:
    item = open_practice.add(
        letter("\u202eevil\u202c text", sender="\u202emoT <tom@home.example>", subject="\u2067x")
    )
    page = open_practice.page(f"/item/{item}") + open_practice.page("/")
    assert not set("\u202e\u202c\u2067") & set(page)


def test_a_html_mail_is_shown_as_text_and_its_layout_without_anything_that_acts(
    open_practice: Practice,
) -> None:
    html = (
        "<h1>Hello</h1><script>alert(1)</script><img src=http://evil.example/x.png>"
        "<a href=http://evil.example onclick=x()>link</a><form action=//e><input></form>"
        "<p style='background:url(//evil.example)'>there</p><style>*{color:red}</style>"
    )
    item = open_practice.add(letter(html, extra="Content-Type: text/html\r\n"))
    check(open_practice.page(f"/item/{item}"))
    answer = open_practice.get(f"/item/{item}/layout")
    page = answer.get_data(as_text=True)
    check(page)
    assert "evil.example" not in page
    assert "<h1>Hello</h1>" in page
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_mail_without_html_has_no_layout(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    assert "Show its layout" not in open_practice.page(f"/item/{item}")
    assert open_practice.get(f"/item/{item}/layout").status_code == 404


def test_a_mail_of_fifty_megabytes_shows_its_beginning(open_practice: Practice) -> None:
    html = "<p>begin</p>" + "<b>x</b> " * 5_600_000
    raw = letter(html, extra="Content-Type: text/html\r\n")
    assert len(raw) > 50_000_000
    item = open_practice.add(raw)
    page = open_practice.page(f"/item/{item}")
    assert "begin" in page
    assert len(page) < 400_000
    assert len(open_practice.get(f"/item/{item}/layout").data) < 700_000


def test_the_sentences_that_spoke_are_marked_wherever_the_lines_break(
    open_practice: Practice,
) -> None:
    item = open_practice.add(
        letter("Hello. I cried\r\nall   night. Bye."), evidence=("I cried all night.",)
    )
    page = open_practice.page(f"/item/{item}")
    assert "<mark>I cried\nall   night.</mark>" in page


def test_what_was_picked_by_lot_keeps_guards_opinion_back(open_practice: Practice) -> None:
    for number in range(200):
        open_practice.add(letter(f"Can we meet at {number}?"), Label.SCHEDULING, grounds=(),
                          owner="ctom", evidence=("Can we meet",))  # fmt: skip
    page = open_practice.page("/")
    assert "Picked by lot" in page
    item = open_practice.waiting()[-1]
    shown = open_practice.page(f"/item/{item}")
    assert "What guard thinks is hidden" in shown
    assert "<mark>" not in shown
    assert "It looks like" not in shown
    assert "70.0" not in shown
    open_practice.answer(item, "therapy")
    assert "It looks like" in open_practice.page(f"/item/{item}")
    assert "held more" in open_practice.page("/report")


def test_what_cannot_be_opened_any_more_says_so(open_practice: Practice) -> None:
    item = open_practice.add(letter(), owner="cgone")
    with open_practice.open() as record:
        identity = record.keys.unlock(PASSPHRASE)
        erase(record, "cgone", identity=identity, body={}, now=open_practice.now)
    open_practice.restart()
    open_practice.enter()
    assert "was erased by your order" in open_practice.page(f"/item/{item}")
    assert open_practice.waiting() == []


def test_search_finds_by_words_client_label_and_day(open_practice: Practice) -> None:
    owner = open_practice.add_client("Tom", "tom@home.example")
    his = open_practice.add(letter("Zebra crossing"), Label.SCHEDULING, owner=owner)
    other = open_practice.add(letter("Zebra too", sender="Ann <a@b.example>"))

    def found(**form: str) -> list[int]:
        page = open_practice.post("/search", None, **form).get_data(as_text=True)
        return [item for item in (his, other) if f'"/item/{item}"' in page]

    assert found(words="zebra") == [his, other]
    assert found(words="zebra crossing") == [his]
    assert found(words="ann") == [other]
    assert found(client=owner) == [his]
    assert found(label="scheduling") == [his]
    assert found(since="2026-11-22", until="2026-11-22") == [his, other]
    assert found(since="2026-11-23") == []
    assert found(words="giraffe") == []


@pytest.mark.parametrize("path", ["/", "/clients", "/search", "/report", "/model", "/check"])
def test_with_an_empty_record_each_page_says_what_to_do_next(
    open_practice: Practice, path: str
) -> None:
    page = open_practice.page(path)
    check(page)
    assert "<h1>" in page


@pytest.mark.parametrize("month", ["2026-13", "0000-01", "x", "2026-1"])
def test_a_month_that_is_none_is_not_found(open_practice: Practice, month: str) -> None:
    assert open_practice.get(f"/report/{month}").status_code == 404


def test_a_report_shows_the_month_it_is_asked_for(open_practice: Practice) -> None:
    open_practice.add(letter())
    assert "1 message came in" in open_practice.page("/report/2026-11")
    assert "No message came in" in open_practice.page("/report/2026-10")
    assert "December" in open_practice.page("/report/2025-12")


def test_a_text_attachment_is_read_out_with_what_spoke_for_the_verdict(
    open_practice: Practice,
) -> None:
    raw = attached("diary.txt", "Mum rang. I cried all night.")
    raw = raw.replace(b"application/octet-stream", b"text/plain")
    item = open_practice.add(raw, evidence=("I cried all night.",))
    page = open_practice.page(f"/item/{item}")
    assert "diary.txt</bdi> says" in page
    assert "<mark>I cried all night.</mark>" in page


def test_where_no_reminder_can_be_sent_the_page_says_why(open_practice: Practice) -> None:
    item = open_practice.add(letter())
    page = open_practice.page(f"/item/{item}")
    assert "No reminder can be sent from here: say first whose e-mail this is." in page
    assert "See the reminder" not in page
