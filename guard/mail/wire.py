"""A message to JSON bytes and back, between guard and the child that reads untrusted mail.

Pure. What comes back was made by a process that hostile bytes have passed through, so every
type is checked again.
"""

import msgspec

from guard.errors import UnreadableError
from guard.mail.message import Message

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """Return a message as JSON."""
    return _ENCODER.encode(message)


def decode(data: bytes) -> Message:
    """Return the message that JSON holds.

    Raises:
        UnreadableError: It is not the JSON of a message.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, RecursionError):
        # Its text can quote the data.
        raise UnreadableError("the parsed message is not valid") from None
