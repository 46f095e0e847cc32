"""Being told to end, by a signal, without being interrupted.

Edge: SIGTERM and SIGINT only raise a flag. A `threading.Event` would not do: its lock is held
while it is waited for, and a handler that runs in that moment waits for it for ever.
"""

import signal
import time

import msgspec

_STEP_S = 0.1


class Stop(msgspec.Struct):
    """Whether this process was told to end."""

    asked: bool = False

    def on_signal(self) -> None:
        """Listen to SIGTERM and SIGINT from now on."""
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, self._ask)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until told to end; returns whether that is so."""
        end = time.monotonic() + seconds
        while not self.asked and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _STEP_S))
        return self.asked

    def _ask(self, *_: object) -> None:
        self.asked = True
