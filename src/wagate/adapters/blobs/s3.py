"""Blobs in S3, Amazon's or any other, through obstore: ``<prefix>/tnt_…/<two digits>/<digest>``.

A draft is a file of this machine, so an object is written once, under its final name, when its digest is known. S3
shows an object when it is whole. Objects are private: the gateway hands out bytes, never addresses.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from wagate.adapters.blobs.drafts import PIECE, Disk, FileDraft, address
from wagate.adapters.blobs.memory import unnamed_file
from wagate.domain.errors import StorageUnavailable
from wagate.domain.ids import TenantId
from wagate.ports.blobs import BlobMissing, Draft, Measured

if TYPE_CHECKING:
    from obstore import GetOptions  # exists for type checkers only

_PART = 5 * 1024 * 1024  # the least that S3 takes as a part of an upload
_PARTS_AT_ONCE = 2
_RETRIES = 3
_GIVE_UP = timedelta(seconds=20)  # obstore's own default is ten tries and three minutes
_CONNECT = timedelta(seconds=5)
_SILENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class S3Place:
    """A bucket, and who we are there. Without keys obstore looks for them where Amazon's own tools do."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, url: str, endpoint: str, region: str, access_key: str | None = None, secret_key: str | None = None
    ) -> S3Place:
        """The place that ``s3://bucket/prefix`` names. Raises StorageUnavailable."""
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
            raise StorageUnavailable("A place in S3 is written s3://bucket or s3://bucket/prefix")
        return cls(parts.netloc, parts.path.strip("/"), endpoint, region, access_key, secret_key)


class S3Blobs:
    """A store in a bucket, which several gateways may share."""

    def __init__(self, place: S3Place) -> None:
        """Nothing is asked of the server yet."""
        self._disk = Disk()
        self._prefix = place.prefix
        options: dict[str, object] = {"region": place.region}
        if place.endpoint:
            options["endpoint"] = place.endpoint
        if place.access_key is not None and place.secret_key is not None:
            options |= {"access_key_id": place.access_key, "secret_access_key": place.secret_key}
        self._store = S3Store(
            place.bucket,
            config=options,  # type: ignore[arg-type]  # a dict of what is set
            client_options={
                "allow_http": place.endpoint.startswith("http://"),
                "connect_timeout": _CONNECT,
                "timeout": _SILENCE,
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": _GIVE_UP},
        )

    async def draft(self, tenant: TenantId) -> Draft:
        """Begin to write, on this machine."""

        async def keep(draft: FileDraft, measured: Measured) -> None:
            try:
                await obstore.put_async(
                    self._store,
                    self._path(tenant, measured.sha256),
                    self._pieces(draft),
                    chunk_size=_PART,
                    max_concurrency=_PARTS_AT_ONCE,
                )
            except (BaseError, OSError) as error:
                raise _unavailable(error) from error

        return FileDraft(self._disk, await self._disk.run(unnamed_file), keep, _nothing)

    async def size(self, tenant: TenantId, sha256: str) -> int | None:
        """How many bytes a blob has."""
        try:
            return (await obstore.head_async(self._store, self._path(tenant, sha256)))["size"]
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error

    async def read(
        self, tenant: TenantId, sha256: str, start: int = 0, stop: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a blob."""
        if stop is not None and start >= stop:
            return
        path, got = self._path(tenant, sha256), 0
        wanted: GetOptions = {"range": {"offset": start}} if stop is None else {"range": (start, stop)}
        try:
            answer = await obstore.get_async(self._store, path, options=wanted)
            async for buffer in answer.stream(min_chunk_size=PIECE // 4):
                whole = memoryview(buffer)
                for place in range(0, len(whole), PIECE):
                    got += len(whole[place : place + PIECE])
                    yield bytes(whole[place : place + PIECE])
        except FileNotFoundError as error:
            raise BlobMissing(sha256) from error
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error
        if stop is not None and got < stop - start:
            raise BlobMissing(sha256)

    async def delete(self, tenant: TenantId, sha256: str) -> None:
        """Remove a blob."""
        try:
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, self._path(tenant, sha256))
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Let go of the threads."""
        self._disk.close()

    def _path(self, tenant: TenantId, sha256: str) -> str:
        parts = address(tenant, sha256)
        return "/".join((self._prefix, *parts) if self._prefix else parts)

    async def _pieces(self, draft: FileDraft) -> AsyncIterator[bytes]:
        place = 0
        while piece := await self._disk.run(partial(os.pread, draft.fileno(), PIECE, place)):
            place += len(piece)
            yield piece


def _unavailable(error: Exception) -> StorageUnavailable:
    # What the server says may name keys and buckets: it is in the log's cause, not in what a caller reads.
    return StorageUnavailable(f"The store of media cannot be used: {type(error).__name__}")


def _nothing() -> None:
    return None
