"""Does a mail ask for a copy of what is kept, or for its erasure? A suggestion, never more.

Pure. A request needs no form and no magic word, so this looks for what people write; she
decides. Source: the ICO on the right of access: any words, to anybody in the practice.
"""

import re

_THINGS = (
    r"(?:my|our|all(?: of)?(?: my| the)?|the|any|whatever|everything)(?:\s+\w+){0,3}?\s+"
    r"(?:data|records?|notes?|files?|information|info|e-?mails?|correspondence|letters)"
)
_KEPT = (
    r"(?:\w+\s+){0,4}?(?:notes|records?|file|data|information)\s+(?:that\s+)?"
    r"(?:you|your practice)(?:'ve| have| hold| keep| kept| wrote| made)"
)
_MINE = r"(?:\w+\s+)?(?:notes|records?|file|personal data)\b(?! (?:ready|here|with me))"
_ANY = r"(?:\w+\s+){0,3}?(?:data|records?|notes?|files?|information|e-?mails?|details)\b"
_ACCESS = (
    r"\b(?:data )?subject access\b",
    r"\bDSARs?\b",
    r"\bSARs?\b(?=.{0,40}\b(?:request|data|records?|notes)\b)",
    r"\baccess request\b",
    r"\bGDPR (?:access )?request\b",
    r"\b(?:right of|article 15|art\.? 15|section 45)\b.{0,40}\baccess\b|\barticle 15\b",
    r"\b(?:data protection|freedom of information)(?: act)? request\b",
    rf"\b(?:copy|copies|print-?outs?)\s+of\s+{_THINGS}\b",
    rf"\b(?:access|entitled|a right)\s+to\s+(?:see\s+|have\s+|get\s+)?{_THINGS}\b",
    rf"\b(?:see|read|have|get|send me|give me|request|release|provide)\s+{_KEPT}",
    r"\bwhat (?:personal )?(?:data|information|notes|records) (?:do|did) you (?:hold|have|keep)\b",
    r"\byou(?:'ve| have)? (?:hold|held|keep|kept|store|stored|recorded) (?:on|about|of) me\b",
    rf"\b(?:see|read|get|have|request)\s+(?:all\s+)?(?:of\s+)?my\s+{_MINE}",
)
_ERASURE = (
    r"\b(?:erase|delete|destroy|wipe)\s+everything\b.{0,60}\b(?:data|records?|about me|on me)\b",
    r"\bright to (?:be forgotten|erasure)\b",
    rf"\b(?:erase|delete|destroy|remove|wipe)\s+(?:all\s+)?(?:of\s+)?(?:my|our|the)\s+{_ANY}",
)
_MADE = {
    "access": re.compile("|".join(_ACCESS), re.IGNORECASE | re.DOTALL),
    "erasure": re.compile("|".join(_ERASURE), re.IGNORECASE | re.DOTALL),
}
_MOST = 20_000
"""Letters that are looked at; nobody asks for a copy on the tenth page."""


def asks(text: str) -> tuple[str, ...]:
    """Return what a mail seems to ask for: ``access``, ``erasure``, both or nothing.

    Args:
        text: Subject and new text; quoted history must be gone.
    """
    plain = " ".join(text[:_MOST].replace("’", "'").split())
    return tuple(kind for kind, pattern in _MADE.items() if pattern.search(plain))
