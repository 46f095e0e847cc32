"""What a model's card says of it, in sentences that need no statistics. Pure.

A card gives a share as ``0.955 [0.926, 0.973] (297 of 311)``; she is told the last part.
"""

import re
from collections.abc import Mapping

_TESTS = (
    ("frozen_test", "It was tested on {mails} made-up letters that it never learned from."),
    ("left_out_writers", "It was tested on {mails} letters of writers that it had not yet met."),
)
_SAYINGS = (
    ("flagged", "Of {of} with therapy content or danger, it kept {part} for your eyes."),
    ("crisis_flagged", "Of {of} by somebody who may be in danger, it kept {part}."),
    ("false_flags", "Of {of} about appointments or business alone, it kept {part} without need."),
    ("false_reminders", "Of the same {of}, it would have let {part} be answered by a reminder."),
    ("crisis_reminded", "Of the {of} in danger, it would have let {part} be answered by one."),
)
_SHARE = re.compile(r"\((\d+) of (\d+)\)")


def told(tables: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return what the best test of a model found; empty if its card tells of none."""
    for name, words in _TESTS:
        test = tables.get(name, {})
        said = [_sentence(str(test.get(key, "")), saying) for key, saying in _SAYINGS]
        if any(said) and "mails" in test:
            return [words.format(mails=test["mails"]), *filter(None, said)]
    return []


def _sentence(figure: str, saying: str) -> str:
    found = _SHARE.search(figure)
    return saying.format(part=found[1], of=found[2]) if found else ""
