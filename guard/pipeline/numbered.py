"""Which messages need no fetching, where the provider numbers them across the whole account.

Pure but for the record that it asks. At Gmail every mail lies in All Mail too, and a year of
mail is days of its bandwidth. Source: Gmail IMAP extensions (X-GM-EXT-1).
"""

from collections.abc import Mapping

from guard.mail.gmail import Numbered
from guard.pipeline.house import Folder, Record
from guard.record.entry import Location


def drafts(numbers: Mapping[int, Numbered], folder: Folder) -> set[int]:
    """UIDs of letters that are not sent yet; only a further folder can hold both."""
    also = folder.direction == "also"
    return {uid for uid, one in numbers.items() if also and one.draft}


def filed(numbers: Mapping[int, Numbered], *, account: str, record: Record) -> dict[int, int]:
    """UID to item of what is filed already and needs no second look."""
    found = {uid: record.item_at(place(account, one.number)) for uid, one in numbers.items()}
    # What waits to be judged or answered needs its bytes again, wherever they lie now.
    open_ = {*record.tasks("judge"), *record.tasks("remind")}
    return {uid: item for uid, item in found.items() if item is not None and item not in open_}


def place(account: str, number: int) -> Location:
    """Return the place of a message in the whole account."""
    return Location(account=account, folder="", validity=0, uid=number)
