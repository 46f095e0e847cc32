"""Which key does what on the page, and which keys she chose instead (WCAG 2.2, 2.1.4).

Pure. A choice is kept in a cookie of her browser; what a cookie says is checked like anything
else that comes from outside.
"""

from collections.abc import Mapping

KEYS: dict[str, tuple[str, str]] = {
    "1": ("1 or S", "File as an appointment"),
    "2": ("2 or T", "File as therapy content"),
    "3": ("3 or N", "File as something else"),
    "4": ("4", "Danger: I have seen it"),
    "r": ("R", "See the reminder before it is sent"),
    "0": ("0", "No reminder for this one"),
    "p": ("P", "Put it off"),
    "j": ("J or arrow right", "Next"),
    "k": ("K or arrow left", "Previous"),
    "u": ("U or Z", "Undo the last answer"),
    ".": (".", "Write a note; the escape key leaves it"),
    "o": ("O", "Open or close the whole message"),
    "q": ("Q", "Back to the list"),
    "/": ("/", "Search"),
    "c": ("C", "Cover the screen at once"),
    "l": ("L", "Lock guard"),
    "?": ("?", "This list"),
}
"""The usual key: how it is shown, with the others that do the same, and what it does."""


def read(cookie: str) -> dict[str, str]:
    """Return her own keys, by the usual one; empty when the cookie is none of ours."""
    chosen: dict[str, str] = {}
    for pair in cookie.split("."):
        usual, _, own = pair.partition("-")
        try:
            chosen[chr(int(usual, 16))] = chr(int(own, 16))
        except (ValueError, OverflowError):
            return {}
    return chosen if not fault(chosen) else {}


def write(chosen: Mapping[str, str]) -> str:
    """Return her own keys as a cookie holds them: letters, digits, dots and hyphens."""
    return ".".join(f"{ord(usual):x}-{ord(own):x}" for usual, own in chosen.items())


def fault(chosen: Mapping[str, str]) -> str:
    """Say what is wrong with her choice; empty when nothing is."""
    if not chosen.keys() <= KEYS.keys():
        return "There is no such key to change."
    for own in chosen.values():
        if len(own) != 1 or not own.isprintable() or own.isspace() or own != own.lower():
            return "A key is one letter, digit or sign."
    pressed = [chosen.get(usual, usual) for usual in KEYS]
    twice = next((own for own in pressed if pressed.count(own) > 1), "")
    return f"{twice.upper()} cannot do two things." if twice else ""


def meanings(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what a pressed key means, as the usual one; empty text for nothing any more."""
    moved = {usual: "" for usual, own in chosen.items() if own != usual}
    return moved | {own: usual for usual, own in chosen.items() if own != usual}
