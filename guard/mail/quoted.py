"""Lines of a mail to the lines that are history: quotations, attributions, forwarded blocks.

Pure and linear: every line is looked at with patterns that cannot run back and forth, and
every candidate looks at a fixed number of neighbours. When in doubt a line is the writer's:
keeping a quotation costs a look, losing a sentence can cost a life.
Source: the forms that mail programs write; RFC 3676 section 4.5 for ``>``.
"""

import re
from collections.abc import Sequence

import msgspec

_WIDE = 500
_SPAN = 4
_LONGEST_ATTRIBUTION = 400
_BLOCK_LINES = 14
_BLOCK_KINDS = 3

_VERBS = (
    "wrote|writes|schrieb|schreibt|a écrit|a ecrit|écrit|escribió|escribio|escribiste|escreveu|"
    "ha scritto|scrive|schreef|napisał|napisała|napisal|pisze|yazd\u0131|"
    "yazm\u0131ş|skrev|kirjoitti|"
    "napsal|napsala|írta|написал|написала|пишет|έγραψε"
)
_VERB = re.compile(rf"(?<!\w)(?:{_VERBS})(?!\w)", re.IGNORECASE)
_START = re.compile(
    r"[\s*]*(?:On|Am|Le|El|Em|Il|Op|W dniu|Dnia|Den|D\.|På|Pe|Dne|Ha|"
    r"(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|pon|wt|śr|czw|pt|sob|niedz)\w*"
    r"[.,])(?!\w)",
    re.IGNORECASE,
)
_FULL_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)")
_TIME = re.compile(r"\d[:.h]\d\d|\d ?[ap]\.?m", re.IGNORECASE)
# "On 3 May at 10:30 he wrote:" is a person telling, not a program quoting.
_TOLD = re.compile(
    r"(?<!\w)(?:i|he|she|they|we|who|my|his|her|our|mum|mom|dad)(?!\w)", re.IGNORECASE
)
_ISO_START = re.compile(r"\s*\d{4}-\d\d-\d\d")

_NAMES = {
    "from": "from von de od da van kimden gönderen från fra fra lähettäjä",
    "date": "sent date gesendet datum envoyé envoye date enviado fecha wysłano data enviada "
    "inviato verzonden gönderildi tarih skickat sendt dato lähetetty",
    "to": "to an à a para do aan kime al\u0131c\u0131 till til",
    "cc": "cc kopie kopia dw bilgi cópia copia",
    "subject": "subject betreff objet asunto temat assunto oggetto onderwerp konu ämne emne aihe",
    "other": "importance wichtigkeit reply-to organization bcc priority attachments",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split()} | {
    "enviado el": "date",
    "enviada em": "date",
    "enviado em": "date",
    "gönderme tarihi": "date",
    "gönderilme tarihi": "date",
    "date d'envoi": "date",
    "fecha de envío": "date",
    "odesláno": "date",
}
_ORIGINAL_WORDS = (
    "original message|original appointment|original email|ursprüngliche nachricht|"
    "originalnachricht|message d'origine|message original|mensaje original|mensagem original|"
    "messaggio originale|oorspronkelijk bericht|oryginalna wiadomość|wiadomość oryginalna|"
    "orijinal ileti|orijinal mesaj|özgün ileti|originalmeddelande|opprinnelig melding|"
    "oprindelig meddelelse|reply message|reply above this line"
)
_ORIGINAL = frozenset(_ORIGINAL_WORDS.split("|"))
_FORWARDED_WORDS = (
    "forwarded message|begin forwarded message|forwarded by|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|message transféré|début du message réexpédié|"
    "début du message transféré|mensaje reenviado|inicio del mensaje reenviado|"
    "messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|"
    "início da mensagem encaminhada|início da mensagem reencaminhada|doorgestuurd bericht|"
    "begin doorgestuurd bericht|przekazana wiadomość|początek przekazywanej wiadomości|"
    "iletilmiş ileti|iletilen mesaj|yönlendirilmiş ileti|yönlendirilmiş mesaj|"
    "vidarebefordrat meddelande"
)
_FORWARDED = frozenset(_FORWARDED_WORDS.split("|"))
_BORDER = "-\u2013\u2014_*= \t\xa0"
_DIVIDER_ENDS = frozenset(_BORDER + ":")
_AROUND = " \t\xa0*\u200e\u200f"
_ANSWERS_BELOW = re.compile(
    r"(?:below|beneath|underneath|in ?line|interspersed|between your|"
    r"in (?:red|blue|green|bold|capitals|caps|purple|italics))(?!\w)",
    re.IGNORECASE,
)


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines are not the writer's own."""

    gone: frozenset[int]
    """Indexes of history, with its attributions and dividers."""

    marked: bool
    """Whether some history was marked line by line, so that its end is certain."""

    tail: int | None
    """Index where history begins that bears no marks, so that its end is a guess."""

    forward: int | None
    """Index where a block begins that says it was forwarded; None when none does."""


def find(lines: Sequence[str]) -> History:
    """Find the history in a mail's lines.

    Args:
        lines: The whole text, one line each, quotations marked by ``>``.
    """
    quoted = _quoted(lines)
    attributed = _maybe_attributed(lines)
    gone = set(quoted)
    tail: int | None = None
    forward: int | None = None
    at = 0
    while at < len(lines):
        intro = None if at in quoted else _intro(lines, at)
        if intro is None and at in attributed:
            intro = _attribution(lines, at, quoted)
        if intro is None:
            at += 1
            continue
        end, sure, forwarded = intro
        following = _next_words(lines, end)
        if forwarded and forward is None:
            forward = at
        if following is not None and following in quoted:
            gone.update(range(at, end))
        elif sure:
            gone.update(range(at, end))
            if forwarded or not _answers_below(lines, at, gone):
                tail = at
                gone.update(range(end, len(lines)))
                break
        at = max(end, at + 1)
    return History(gone=frozenset(gone), marked=bool(quoted), tail=tail, forward=forward)


def unquote(line: str) -> str:
    """Return a line without its quote marks."""
    return line.lstrip("> \t") if line.lstrip().startswith(">") else line


def is_header(line: str) -> bool:
    """Tell whether a line is a header line as mail programs print them into a text."""
    return _kind(line) is not None


def _quoted(lines: Sequence[str]) -> set[int]:
    sure: set[int] = set()
    maybe: list[int] = []
    for at, line in enumerate(lines):
        text = line.lstrip() if ">" in line else ""
        if not text.startswith(">"):
            continue
        after = text[1:2]
        # ">From " is how mail boxes escape the word, ">5" and ">:(" are a writer's own,
        # and ">> SALE <<" is shouting: quotations only among quotations.
        own = after.isdigit() or after in set(":;._=()") or text.startswith(">From ")
        if after and (own or text.endswith("<")):
            maybe.append(at)
        else:
            sure.add(at)
    for at in maybe:
        if at - 1 in sure or at + 1 in sure:
            sure.add(at)
    return sure


def _next_words(lines: Sequence[str], at: int) -> int | None:
    for index in range(at, min(len(lines), at + 6)):
        if lines[index].strip(" \t\xa0>") or ">" in lines[index]:
            return index
    return None


def _intro(lines: Sequence[str], at: int) -> tuple[int, bool, bool] | None:
    """Return (end, sure, forwarded) of a divider or header at a line; None for neither."""
    line = lines[at][:_WIDE].strip()
    if not line:
        return None
    if line[-1] not in _DIVIDER_ENDS:
        # Nearly every line: it can be no divider.
        end = _header_block(lines, at) if ":" in line else None
        return None if end is None else (end, True, False)
    title = line.strip(_BORDER).rstrip(":").rstrip().replace("\u2019", "'")
    # Turkish capital I with a dot becomes two characters.
    title = title.lower().replace("\u0307", "")
    bordered = line[:2].strip(_BORDER) == "" and line[-2:].strip(_BORDER) == ""
    if title in _FORWARDED and (bordered or line.endswith(":")):
        return _block_end(lines, at + 1) or at + 1, True, True
    if title in _ORIGINAL and bordered:
        return _block_end(lines, at + 1) or at + 1, True, False
    if not title and len(line) >= 10:  # noqa: PLR2004  # shorter rules are a writer's own
        following = _next_words(lines, at + 1)
        end = None if following is None else _header_block(lines, following)
        return None if end is None else (end, True, False)
    end = _header_block(lines, at)
    return None if end is None else (end, True, False)


def _kind(line: str) -> str | None:
    name, colon, _ = line[:40].replace("\u2019", "'").partition(":")
    return _KINDS.get(name.strip(" \t\xa0*_>").lower()) if colon else None


def _header_block(lines: Sequence[str], at: int) -> int | None:
    """Return the end of a From-Sent-To-Subject block that begins at a line."""
    if _kind(lines[at]) != "from":
        return None
    kinds, end = _headers(lines, at)
    sure = len(kinds) >= _BLOCK_KINDS and "date" in kinds
    return end if sure else None


def _block_end(lines: Sequence[str], at: int) -> int | None:
    """Return the end of the header lines after a divider, if there are any."""
    start = _next_words(lines, at)
    if start is None or _kind(lines[start]) is None:
        return None
    return _headers(lines, start)[1]


def _headers(lines: Sequence[str], at: int) -> tuple[set[str], int]:
    kinds: set[str] = set()
    end, strangers = at, 0
    for index in range(at, min(len(lines), at + _BLOCK_LINES)):
        kind = _kind(lines[index])
        if kind is not None:
            kinds.add(kind)
            end, strangers = index + 1, 0
        elif lines[index].strip():
            # A long list of recipients runs over several lines.
            strangers += 1
            if strangers > 2:  # noqa: PLR2004  # two is what is seen in practice
                break
            if "subject" in kinds and len(kinds) >= _BLOCK_KINDS:
                break
    return kinds, end


def _maybe_attributed(lines: Sequence[str]) -> set[int]:
    """Return where an attribution may begin: it ends with a colon, a few lines on at most."""
    ends = [
        at for at, line in enumerate(lines) if ":" in line and line.rstrip(_AROUND)[-1:] == ":"
    ]
    return {end - back for end in ends for back in range(_SPAN)}


def _attribution(lines: Sequence[str], at: int, quoted: set[int]) -> tuple[int, bool, bool] | None:
    """Read ``On ... wrote:``, which may run over four lines.

    Only a beginning that a program writes may span lines, or a writer's own line above
    ``Andrea wrote:`` would go with it.
    """
    text = ""
    for index in range(at, min(len(lines), at + _SPAN)):
        line = lines[index].strip(_AROUND)
        if not line or index in quoted:
            return None
        text = f"{text} {line}" if text else line
        if len(text) > _LONGEST_ATTRIBUTION:
            return None
        if text.endswith(":"):
            sure = _is_attribution(text, spans=index > at)
            return None if sure is None else (index + 1, sure, False)
    return None


def _is_attribution(text: str, *, spans: bool) -> bool | None:
    """Tell whether a text announces a quotation: None for no, else whether it surely does."""
    address = "@" in text
    dated = _FULL_DATE.search(text) is not None
    if _ISO_START.match(text) and text.endswith(">:") and address:
        return True
    if not _VERB.search(text):
        return None
    start = _START.match(text) is not None
    if spans and not (start and dated):
        return None
    if not (address or (start and any(letter.isdigit() for letter in text))):
        return None
    told = _TOLD.search(text) is not None
    return dated and (address or (start and not told and _TIME.search(text) is not None))


def _answers_below(lines: Sequence[str], at: int, gone: set[int]) -> bool:
    # "My answers in red below": then what follows is not only history, and is kept.
    top = [lines[index][:_WIDE] for index in range(max(0, at - 40), at) if index not in gone]
    return any(_ANSWERS_BELOW.search(line) for line in top)
