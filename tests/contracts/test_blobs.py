"""Who sits the examination of blobs: memory, the disk, and a real S3 server."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.blobs import QUESTIONS, A, Candidate, Question, keep, read
from services.s3 import S3Server
from wagate.adapters.blobs.local import LocalBlobs
from wagate.adapters.blobs.memory import MemoryBlobs
from wagate.adapters.blobs.s3 import S3Blobs, S3Place
from wagate.domain.errors import StorageUnavailable
from wagate.ports.blobs import BlobStore


class Lives:
    """A store whose lives are opened by a function, and closed after the test."""

    def __init__(self, make: Callable[[], BlobStore]) -> None:
        self._make = make
        self._opened: list[BlobStore] = []

    async def open(self) -> BlobStore:
        self._opened.append(self._make())
        return self._opened[-1]

    async def close(self) -> None:
        for store in set(self._opened):
            await store.close()


@pytest.fixture
async def memory() -> AsyncIterator[Candidate]:
    store = MemoryBlobs()
    lives = Lives(lambda: store)
    yield lives
    await lives.close()


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[Candidate]:
    lives = Lives(lambda: LocalBlobs(tmp_path / "media", reserve=0.0))
    yield lives
    await lives.close()


def place_of(server: S3Server, bucket: str, prefix: str = "") -> S3Place:
    return S3Place.of(f"s3://{bucket}/{prefix}", server.endpoint, "us-east-1", server.access_key, server.secret_key)


@pytest.fixture
async def s3(s3_server: S3Server, s3_bucket: str) -> AsyncIterator[Candidate]:
    lives = Lives(lambda: S3Blobs(place_of(s3_server, s3_bucket, "some/where")))
    yield lives
    await lives.close()


def _named(question: Callable[..., object]) -> str:
    return question.__name__


@pytest.mark.parametrize("question", QUESTIONS, ids=_named)
async def test_memory(question: Question, memory: Candidate) -> None:
    await question(memory)


@pytest.mark.parametrize("question", QUESTIONS, ids=_named)
async def test_local(question: Question, local: Candidate) -> None:
    await question(local)


@pytest.mark.parametrize("question", QUESTIONS, ids=_named)
async def test_s3(question: Question, s3: Candidate) -> None:
    await question(s3)


async def test_s3_takes_a_blob_of_many_parts(s3: Candidate) -> None:
    store = await s3.open()
    content = bytes(range(256)) * 4096 * 12
    found = await keep(store, content, piece=1024 * 1024)
    assert await read(store, found.sha256) == content


async def test_a_server_that_is_not_there_is_told_without_its_name(s3_server: S3Server) -> None:
    store = S3Blobs(place_of(s3_server, "no-such-bucket"))
    with pytest.raises(StorageUnavailable) as refused:
        await keep(store, b"x")
    assert "no-such-bucket" not in refused.value.detail
    assert await store.size(A, "0" * 64) is None
    await store.close()


@pytest.mark.parametrize("url", ["s3://", "s3:///x", "http://bucket", "s3://bucket?x=1", "bucket"])
def test_a_place_in_s3_is_written_as_a_url(url: str) -> None:
    with pytest.raises(StorageUnavailable):
        S3Place.of(url, "", "us-east-1")
