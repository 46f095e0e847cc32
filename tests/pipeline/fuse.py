"""Crashes on purpose: a stand-in that ends the process, so to say, at its n-th call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Crashed(BaseException):
    """The process ended here. Nothing in guard may catch it."""


@dataclass
class Fuse:
    """Burns through at one call: before it is made, or just after."""

    at: int = -1
    after: bool = False
    calls: list[str] = field(default_factory=list)

    def call(self, name: str, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.calls.append(name)
        burns = len(self.calls) - 1 == self.at
        if burns and not self.after:
            raise Crashed
        given = real(*args, **named)
        if burns:
            raise Crashed
        return given


@dataclass
class Fused:
    """Passes every call on, through the fuse."""

    real: Any
    fuse: Fuse
    only: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.real, name)
        if not callable(found) or (self.only and name not in self.only):
            return found
        return lambda *args, **named: self.fuse.call(name, found, *args, **named)
