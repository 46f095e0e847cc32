"""Training on a real dask cluster of processes: the same model, and nothing in the clear."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guard.errors import ConfigError, UnreachableError
from guard.verdict import model as model_file
from guard.verdict.corpus import read
from guard.verdict.dask_cluster import spread_over
from guard.verdict.training import Trained, train

distributed = pytest.importorskip("distributed")
CORPUS = Path(__file__).parents[2] / "data" / "corpus"


def a_cluster(**how: Any) -> Any:
    return distributed.LocalCluster(
        processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50, **how
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Where a cluster of two processes listens."""
    with a_cluster(n_workers=2, threads_per_worker=1) as made:
        yield made.scheduler_address


def digest(trained: Trained) -> str:
    return model_file.digest(model_file.dump(trained.arrays, trained.cutoffs))


@pytest.mark.slow
def test_a_cluster_makes_the_same_model_byte_for_byte(cluster: str) -> None:
    examples = list(read(CORPUS / f"{name}.jsonl" for name in ("b13", "b15")))
    said: list[str] = []

    with spread_over(cluster) as spread:
        there = train(examples, say=said.append, spread=spread)

    assert digest(there) == digest(train(examples))
    assert said[-1] == "the whole corpus"


@pytest.mark.slow
def test_results_come_in_order_and_an_error_of_the_work_stays_what_it_is(cluster: str) -> None:
    with spread_over(cluster) as spread:
        assert list(spread(str, range(20))) == [str(one) for one in range(20)]
        with pytest.raises(ValueError, match="invalid literal"):
            list(spread(int, ["1", "x"]))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tcp://cluster.example:8786", "in the clear"),
        ("tcp://10.0.0.1:8786", "in the clear"),
        ("cluster.example:8786", "tls://host:port"),
        ("inproc://x", "tls://host:port"),
        ("", "tls://host:port"),
    ],
)
def test_an_address_that_would_carry_mail_in_the_clear_is_refused(address: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why), spread_over(address):
        pass


def test_a_cluster_that_is_not_there_is_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guard.verdict.dask_cluster._CONNECT_S", 0.2)
    with (
        pytest.raises(UnreachableError, match="the cluster failed"),
        spread_over("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.slow
def test_workers_that_would_make_another_model_are_refused(cluster: str) -> None:
    with a_cluster(n_workers=1, threads_per_worker=2) as other:
        address = other.scheduler_address
        with pytest.raises(ConfigError, match="several threads"), spread_over(address):
            pass
    with a_cluster(n_workers=0) as empty:
        address = empty.scheduler_address
        with pytest.raises(ConfigError, match="no workers"), spread_over(address):
            pass


@pytest.mark.slow
def test_another_release_on_a_worker_is_named(
    cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.verdict.dask_cluster.version", lambda name: "0")
    with pytest.raises(ConfigError, match="a worker has guard"), spread_over(cluster):
        pass


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match="needs distributed") as caught, spread_over("tls://x:1"):
        pass
    assert "guard[dask]" in caught.value.hint


def end_oneself(_one: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_work_that_kills_every_worker_is_given_up(
    cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guard.verdict.dask_cluster._STUCK_S", 3)
    with spread_over(cluster) as spread, pytest.raises(UnreachableError, match="TimeoutError"):
        list(spread(end_oneself, [1]))
