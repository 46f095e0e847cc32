"""Training's independent fits on a dask cluster, by joblib's own backend for it.

Edge: dask, which the extra ``dask`` brings; its machines are handed the mail that is learned
from, and answer with what this process unpickles, so they must be the practice's own, and
nothing goes beyond this machine in the clear. Source: joblib's manual, "Dask backend";
distributed.dask.org/en/stable/tls.html.
"""

import platform
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from multiprocessing import TimeoutError  # noqa: A004  # joblib's; dask's is an OSError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import joblib

from guard.config import is_loopback
from guard.errors import ConfigError, UnreachableError
from guard.verdict.training import Spread

if TYPE_CHECKING:
    from distributed import Client

_ALIKE = ("guard", "numpy", "scipy", "scikit-learn")
"""What must be the same everywhere for the same model to come out."""

_CONNECT_S = 10

_STUCK_S = 900
"""How long one fit may take. joblib never hears of work whose worker was killed too often, and
would wait for ever; tried with joblib 1.6."""


@contextmanager
def spread_over(address: str) -> Iterator[Spread]:
    """Give what runs fits on a cluster, instead of one after the other here.

    Args:
        address: Of its scheduler: ``tls://host:port``, or ``tcp://`` on this machine.

    Raises:
        ConfigError: The extra is missing, the way there is in the clear, or the cluster's
            workers would make another model.
        UnreachableError: It cannot be reached, or its workers died.
    """
    _insist_private(address)
    try:
        import dask  # noqa: PLC0415  # an extra, slow to load
        from distributed import Client  # noqa: PLC0415  # as above
    except ImportError as error:
        raise ConfigError(
            f"training on a cluster needs {error.name}, which is not installed",
            hint="Run: pip install 'guard[dask]'",
        ) from None
    closed = {"distributed.comm.require-encryption": address.startswith("tls://")}
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(closed))
        with _translated():
            made = Client(address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]  # dask has no types
            client = stack.enter_context(made)
            _insist_alike(client)
        stack.enter_context(joblib.parallel_config(backend="dask", client=client))
        yield _each


def _each(work: Callable[[Any], Any], many: Sequence[Any]) -> Iterator[Any]:
    parallel = joblib.Parallel(n_jobs=-1, return_as="generator", timeout=_STUCK_S)
    with _translated():
        yield from parallel(joblib.delayed(work)(one) for one in many)


def _insist_private(address: str) -> None:
    where = urlsplit(address)
    if where.scheme not in {"tcp", "tls"} or not where.hostname:
        raise ConfigError("a cluster is written as tls://host:port")
    if where.scheme == "tcp" and not is_loopback(where.hostname):
        raise ConfigError(
            "mail would go to the cluster in the clear",
            hint="Give the cluster TLS and say tls://host:port; see dask's manual.",
        )


def _insist_alike(client: "Client") -> None:
    """Refuse workers that would fit otherwise, or that talk in the clear.

    Raises:
        ConfigError: As said.
    """
    workers: Mapping[str, Mapping[str, Any]] = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise ConfigError("the cluster has no workers", hint="Run: dask worker ADDRESS")
    for address, one in workers.items():
        _insist_private(address)
        if one["nthreads"] != 1:
            # Threads of one process share how many cores their sums are split over.
            raise ConfigError(
                "a worker of the cluster has several threads",
                hint="Start more workers of one: dask worker ADDRESS --nthreads 1",
            )
    mine = versions()
    for theirs in client.run(versions).values():
        for name, here in mine.items():
            if theirs[name] != here:
                raise ConfigError(f"a worker has {name} {theirs[name]}, and this machine {here}")


def versions() -> dict[str, str]:
    """What a model depends on, here or on a worker."""
    return {name: version(name) for name in _ALIKE} | {
        "Python": platform.python_version(),
        "processor": platform.machine(),
    }


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what dask raises into our errors, without its text, which may show what was sent.

    Raises:
        ConfigError: A worker has no guard.
        UnreachableError: Everything else about the cluster.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a worker of the cluster has no {error.name}", hint="Install guard there, too."
        ) from None
    except (OSError, RuntimeError, CancelledError, TimeoutError) as error:
        raise UnreachableError(f"the cluster failed ({type(error).__name__})") from None
