"""An S3 store over HTTP on loopback, moto's, with a bucket that has Object Lock."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

import pytest

_NUMBERS = count()
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of a running store."""
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def bucket(endpoint: str) -> str:
    """A new bucket; gives the address of a prefix in it."""
    # Each time: a test may have taken the keys from the environment, which others inherit.
    os.environ.update(KEYS)
    name = f"practice-{next(_NUMBERS)}"
    _client(endpoint).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return f"s3://{name}/mail"


@cache
def _client(endpoint: str) -> Any:
    import boto3  # noqa: PLC0415  # an extra

    return boto3.client("s3", endpoint_url=endpoint)
