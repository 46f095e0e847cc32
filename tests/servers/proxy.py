"""A line between guard and a real server that breaks where it is told to.

Plain bytes in, plain bytes out: with TLS inside, a changed byte is one that the line changed.
"""

import re
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Self

Kind = Literal["cut", "reset", "stall", "flip", "split", "delay", "rewrite"]

_DELAY_S = 0.02
_PIECE = 65_536
_LAST_WORDS_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one connection suffers."""

    kind: Kind
    at: int = 0
    """Byte of the stream, from the connection's first."""

    toward: Literal["guard", "server"] = "guard"
    pattern: bytes = b""
    """For ``rewrite``: the first place that fits is replaced."""

    replacement: bytes = b""


@dataclass
class Proxy:
    """A context manager. Each new connection takes the next of `faults`; then there are none."""

    target: int
    faults: deque[Fault] = field(default_factory=deque)

    def __enter__(self) -> Self:
        self._leave = threading.Event()
        self._accepted = 0
        self._ended: list[int] = []
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leave.set()
        # A thread in accept keeps a closed socket alive; a last visitor wakes it.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.cut_all()

    @property
    def lengths(self) -> list[int]:
        """Bytes that the server sent on each connection, once the last of them has ended.

        Raises:
            TimeoutError: a connection is still open after ten seconds.
        """
        until = time.monotonic() + _LAST_WORDS_S
        # A pump sees the end of its line a moment after guard has left it.
        while len(self._ended) < self._accepted:
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.001)
        return list(self._ended)

    def cut_all(self) -> None:
        """Cut every line that is open now."""
        for one in list(self._open):
            _close(one)

    def _accept(self) -> None:
        with self._listener:
            while True:
                guard, _ = self._listener.accept()
                if self._leave.is_set():
                    guard.close()
                    return
                self._accepted += 1
                fault = self.faults.popleft() if self.faults else None
                server = socket.create_connection(("127.0.0.1", self.target))
                for one in (guard, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open |= {guard, server}
                for source, sink, toward in ((server, guard, "guard"), (guard, server, "server")):
                    mine = fault if fault is not None and fault.toward == toward else None
                    threading.Thread(
                        target=self._pump, args=(source, sink, mine, toward), daemon=True
                    ).start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, fault: Fault | None, toward: str
    ) -> None:
        passed = 0
        try:
            while piece := source.recv(_PIECE):
                fault = self._pass_on(piece, sink, fault, passed)
                passed += len(piece)
        except OSError:
            pass
        if toward == "guard":
            self._ended.append(passed)
        for one in (source, sink):
            self._open.discard(one)
            _close(one)

    def _pass_on(
        self, piece: bytes, sink: socket.socket, fault: Fault | None, passed: int
    ) -> Fault | None:
        """Send a piece with its fault; returns the fault that is still to come."""
        if fault is None:
            sink.sendall(piece)
            return None
        if fault.kind == "rewrite":
            changed, count = re.subn(fault.pattern, fault.replacement, piece, count=1)
            sink.sendall(changed)
            return None if count else fault
        here = fault.at - passed
        if here >= len(piece):
            sink.sendall(piece)
            return fault
        before, after = piece[:here], piece[here:]
        sink.sendall(before)
        self._break(sink, after, fault.kind)
        return fault if fault.kind == "split" else None

    def _break(self, sink: socket.socket, rest: bytes, kind: Kind) -> None:
        match kind:
            case "cut":
                raise ConnectionError
            case "reset":
                # A pending linger of zero makes the end a RST instead of a FIN.
                sink.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionError
            case "stall":
                self._leave.wait(30)
                raise ConnectionError
            case "flip":
                sink.sendall(bytes([rest[0] ^ 0x10]) + rest[1:])
            case "delay":
                self._leave.wait(_DELAY_S)
                sink.sendall(rest)
            case _:
                for at in range(len(rest)):
                    sink.sendall(rest[at : at + 1])


def _close(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        one.close()
