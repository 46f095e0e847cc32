"""A bucket that a backup lies in, at any store that speaks S3.

Edge: boto3, which the extra ``clinic`` brings; it finds address and credentials in its own
variables and files (``AWS_ENDPOINT_URL``, ``AWS_PROFILE`` ...). Every version of a deleted
object is deleted: a key that must be gone is gone from a bucket that keeps versions, too.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from guard.errors import ConfigError, GuardError, RecordError, UnreachableError

_MISSING = {"NoSuchKey", "404", "NotFound"}
_REFUSED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden"}


class BackupBucket:
    """Objects under a prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str) -> None:
        """Get ready; nothing is connected yet.

        Raises:
            ConfigError: The extra ``clinic`` is not installed, or boto3 lacks its settings.
        """
        try:
            import boto3  # noqa: PLC0415  # an extra, slow to load
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # as above
        except ImportError as error:
            raise ConfigError(
                f"a backup to S3 needs {error.name}, which is not installed",
                hint="Run: pip install 'guard[clinic]'",
            ) from None
        try:
            self._client: Any = boto3.client("s3")
        except (BotoCoreError, ValueError) as error:
            raise ConfigError(
                f"S3 is not set up ({type(error).__name__})",
                hint="boto3 reads AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and the like.",
            ) from None
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/".lstrip("/")

    def put(self, name: str, data: bytes) -> None:
        """Keep an object, durable on return; replaces the one of that name.

        Raises:
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        with _translated():
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + name,
                Body=data,
                ChecksumAlgorithm="SHA256",
            )

    def get(self, name: str) -> bytes | None:
        """An object; None when it is not there.

        Raises:
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        with _translated():
            try:
                found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            except self._client.exceptions.NoSuchKey:
                return None
            data: bytes = found["Body"].read()
            return data

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects under a prefix such as ``files/``, of deleted ones too.

        Raises:
            RecordError: The store refuses.
            UnreachableError: The store cannot be reached.
        """
        yield from sorted({key for key, _ in self._versions(prefix)})

    def delete(self, name: str) -> None:
        """Destroy an object, in all its versions.

        Raises:
            RecordError: The store refuses, by a lock perhaps.
            UnreachableError: The store cannot be reached.
        """
        for key, version in self._versions(name):
            if key == name:
                with _translated():
                    self._client.delete_object(
                        Bucket=self._bucket, Key=self._prefix + key, VersionId=version
                    )

    def _versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        with _translated():
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                    yield one["Key"].removeprefix(self._prefix), one["VersionId"]


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # an extra

    try:
        yield
    except ClientError as error:
        raise _meaning(error.response.get("Error", {}).get("Code", "")) from None
    except BotoCoreError as error:
        # Missing credentials are a BotoCoreError as well.
        if "Credential" in type(error).__name__:
            raise _meaning("AccessDenied") from None
        raise UnreachableError(
            f"the backup's store cannot be reached ({type(error).__name__})",
            hint="Nothing was changed there but what a next run takes up. Try again later.",
        ) from None


def _meaning(code: str) -> GuardError:
    if code == "NoSuchBucket" or code in _MISSING:
        return RecordError("the backup's bucket is not there", hint="Make it, or mend the name.")
    if code in _REFUSED:
        return RecordError(
            f"the backup's store refuses ({code})",
            hint="Check the credentials, and that they may list, read, write and delete there.",
        )
    return UnreachableError(f"the backup's store failed ({code or 'unknown'})")
