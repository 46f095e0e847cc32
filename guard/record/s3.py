"""Sealed messages in a bucket of any store that speaks S3, each under its own digest.

Edge: boto3, which the extra ``clinic`` brings, and which finds the credentials in its own
variables and files. An object is put once, never replaced, and locked for a day; once its row
is committed the lock is lengthened, again every month. Bucket: versions and Object Lock on.
Source: docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html, conditional-writes.html.
"""

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

import msgspec

from guard.errors import ConfigError, GuardError, RecordBrokenError, RecordError, UnreachableError
from guard.record.times import from_ms

_DAY_MS = 86_400_000

FIRST_MS = _DAY_MS
"""How long an object is locked before its row is there, milliseconds."""

KEPT_MS = 35 * _DAY_MS
"""How long from then on; `guard record sweep`, run within it, lengthens it again. Not for
years: what an order erases must be able to go."""

_OWNER = "owner"
"""Name of the object that says whose the others are. A sweep deletes what has no row of its
record, so two records in one place would delete each other's mail."""

_CONNECT_S = 10
_READ_S = 60

_NAME = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/?(.*)")
_THERE = {"PreconditionFailed", "412", "ConditionalRequestConflict"}
_REFUSED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden"}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object."""

    name: str
    """The digest that it lies under, hex."""

    id: str
    """As the store numbers it."""


class Objects:
    """Sealed messages under a prefix of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:  # noqa: ANN401 - boto3 has no types
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")

    @classmethod
    def at(cls, address: str, endpoint: str = "") -> Self:
        """Get ready; nothing is connected yet.

        Args:
            address: ``s3://bucket/prefix``.
            endpoint: Address of the store; empty: as boto3's own settings say.

        Raises:
            ConfigError: The extra ``clinic`` is not installed, or the address is none.
        """
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise ConfigError("record.blobs is written as s3://bucket/prefix")
        try:
            import boto3  # noqa: PLC0415  # an extra, slow to load
            from botocore.config import Config  # noqa: PLC0415  # as above
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # as above
        except ImportError as error:
            raise ConfigError(
                f"messages in S3 need {error.name}, which is not installed",
                hint="Run: pip install 'guard[clinic]'",
            ) from None
        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard"},
            max_pool_connections=16,
        )
        try:
            client = boto3.client("s3", endpoint_url=endpoint or None, config=config)
        except (BotoCoreError, ValueError) as error:
            raise ConfigError(
                f"S3 is not set up ({type(error).__name__})",
                hint="boto3 reads AWS_PROFILE, AWS_REGION and the like.",
            ) from None
        return cls(client, found[1], found[2])

    def put(self, name: str, data: bytes, *, locked: int) -> None:
        """Keep an object under its digest, durable on return.

        Args:
            name: Hex SHA-256 of the data.
            data: What to keep.
            locked: Until when nobody can delete it, milliseconds since 1970-01-01 UTC.

        Raises:
            RecordBrokenError: Something else lies there already.
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  # an extra

        with _translated():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._prefix + name,
                    Body=data,
                    IfNoneMatch="*",
                    ChecksumAlgorithm="SHA256",
                    ObjectLockMode="GOVERNANCE",
                    ObjectLockRetainUntilDate=_date(locked),
                )
            except ClientError as error:
                if _code(error) not in _THERE:
                    raise
                # Ours from an attempt before, or somebody's: only its bytes can tell.
                if self.get(name) != data:
                    raise RecordBrokenError("another object lies under a message's name") from None
                self.extend(name, locked=locked)

    def claim(self, owner: str) -> None:
        """Say whose place this is; nobody else's record is swept here from then on.

        Args:
            owner: Which record, as its signatures name it.

        Raises:
            RecordError: It is another's, or the store refuses.
            UnreachableError: The store cannot be reached.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415  # an extra

        where = {"Bucket": self._bucket, "Key": self._prefix + _OWNER}
        with _translated():
            try:
                self._client.put_object(
                    **where, Body=owner.encode(), IfNoneMatch="*", ChecksumAlgorithm="SHA256"
                )
            except ClientError as error:
                if _code(error) not in _THERE:
                    raise
                found: bytes = self._client.get_object(**where)["Body"].read()
                if found != owner.encode():
                    raise RecordError(
                        "this place in the object store belongs to another record",
                        hint="Give each practice a prefix of its own: [record] blobs",
                    ) from None

    def get(self, name: str) -> bytes | None:
        """An object; None when it is not there.

        Raises:
            RecordBrokenError: It is not what was put there.
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        with _translated():
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except self._client.exceptions.NoSuchKey:
                return None
            data: bytes = found["Body"].read()
        if sha256(data).hexdigest() != name:
            raise RecordBrokenError("an object in the store is not what was put there")
        return data

    def extend(self, name: str, *, locked: int) -> None:
        """Lock an object for longer.

        Args:
            name: Hex SHA-256 of it.
            locked: Until when, milliseconds since 1970-01-01 UTC.

        Raises:
            RecordError: The store refuses, or it is gone.
            UnreachableError: The store cannot be reached.
        """
        with _translated():
            self._client.put_object_retention(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Retention={"Mode": "GOVERNANCE", "RetainUntilDate": _date(locked)},
            )

    def loose(self, now: int) -> Iterator[Version]:
        """All versions older than the first lock: what belongs to no row among them can go.

        Args:
            now: Milliseconds since 1970-01-01 UTC.

        Raises:
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        with _translated():
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            for page in pages:
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    name = one["Key"].removeprefix(self._prefix)
                    if _NAME.fullmatch(name) and one["LastModified"] < _date(now - FIRST_MS):
                        yield Version(name=name, id=one["VersionId"])

    def delete(self, version: Version) -> bool:
        """Destroy a version, unless its lock has not ended; returns whether it is gone.

        Raises:
            UnreachableError: The store cannot be reached.
        """
        try:
            with _translated():
                self._client.delete_object(
                    Bucket=self._bucket, Key=self._prefix + version.name, VersionId=version.id
                )
        except RecordError:
            return False
        return True


def _date(ms: int) -> datetime:
    return from_ms(ms)


def _code(error: Any) -> str:  # noqa: ANN401 - botocore has no types
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # an extra

    try:
        yield
    except ClientError as error:
        raise _meaning(_code(error)) from None
    except BotoCoreError as error:
        if "Credential" in type(error).__name__:
            raise _meaning("AccessDenied") from None
        raise UnreachableError(
            f"the object store cannot be reached ({type(error).__name__})"
        ) from None


def _meaning(code: str) -> GuardError:
    if code in {"NoSuchBucket", "NoSuchKey", "404", "NotFound"}:
        return RecordError(
            f"the object store has no such thing ({code})",
            hint="Check blobs under [record]; the bucket must be there, with Object Lock.",
        )
    if code in _REFUSED or code.startswith("Invalid"):
        return RecordError(
            f"the object store refuses ({code})",
            hint="Check the credentials, and that the bucket has Object Lock.",
        )
    return UnreachableError(f"the object store failed ({code or 'unknown'})")
