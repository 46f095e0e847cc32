import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.mail.markup import MOST_CHARACTERS, to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("One<br>Two<br><br>Three", "One\nTwo\n\nThree"),
        ("a <b>bold</b> w<i>or</i>d", "a bold word"),
        ("source\nlines   do not count", "source lines do not count"),
        ("<pre>but\nhere they do</pre>", "but\nhere they do"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("&lt;a@b.example&gt; &amp; &pound;60&nbsp;each", "<a@b.example> & £60 each"),
        ("<style>p{}</style><script>x()</script><title>t</title>said", "said"),
        (
            "<p style='display: none'>x</p><p hidden>y</p><span style='font-size:0px'>z</span>q",
            "q",
        ),
        ("<span style='font-size:0.9em'>small</span>", "small"),
        ("<div style='display:none'><p hidden>x</p></div>q", "q"),
        ("<blockquote type=cite><div>theirs</div></blockquote><div>mine</div>", "> theirs\nmine"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n> > b\nc"),
        (
            "<blockquote style='margin:0 0 0 40px;border:none;padding:0'>my indent</blockquote>",
            "my indent",
        ),
        ("above<hr>below", f"above\n{'_' * 32}\nbelow"),
        ("x&#2;y&#x3;z&#0004;", "xyz"),
        ("a&#27;[2Jb&#8203;c&shy;d&#x9b;", "a[2Jbcd›"),
        ("<img src='data:image/png;base64," + "A" * 20_000 + "'>seen", "seen"),
        ("no markup at all", "no markup at all"),
        ("", ""),
        ("<", "<"),
    ],
)
def test_shows_what_a_reader_sees(html: str, text: str) -> None:
    assert to_text(html) == (text, True)


def test_shows_the_text_of_markup_too_deep_to_parse() -> None:
    assert to_text("<div>" * 50_000 + "seen") == ("seen", False)


def test_says_that_a_huge_page_was_cut() -> None:
    assert not to_text("x" * (MOST_CHARACTERS + 1))[1]


PIECES = [
    "<div>", "</div>", "<p>", "<b a=1>", "<table>", "<td>", "<blockquote>", "</blockquote>", "x",
    "<!--", "-->", "<a href='", "&#2;", "<pre>", "\n", "<svg>", "<style>", "<![CDATA[", "<", ">",
]  # fmt: skip


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=80).map("".join))
def test_any_markup_gives_text(html: str) -> None:
    to_text(html)[0].encode()


@pytest.mark.parametrize("piece", [*PIECES, "<i class=q>", "<a><p>", "<b><p>", "<select>"])
def test_a_quarter_megabyte_of_one_piece_is_read(piece: str) -> None:
    to_text(piece * (250_000 // len(piece)))
