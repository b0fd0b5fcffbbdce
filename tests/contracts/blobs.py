"""The examination that every store of blobs sits."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

import pytest

from wagate.domain.ids import TenantId
from wagate.ports.blobs import BlobMissing, BlobStore, Measured

A = TenantId("tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Y")
B = TenantId("tnt_01KAGQ4R2T0A3D6G9K2N5R8V1Z")
MB = 1024 * 1024


class Candidate(Protocol):
    """A store, and its next life."""

    async def open(self) -> BlobStore:
        """The same store, in a new process so to say."""
        ...


async def keep(store: BlobStore, content: bytes, tenant: TenantId = A, piece: int = 100_000) -> Measured:
    draft = await store.draft(tenant)
    for start in range(0, len(content), piece):
        await draft.write(content[start : start + piece])
    measured = await draft.finish()
    await draft.keep()
    await draft.discard()
    return measured


async def read(store: BlobStore, sha256: str, start: int = 0, stop: int | None = None, tenant: TenantId = A) -> bytes:
    pieces = [piece async for piece in store.read(tenant, sha256, start, stop)]
    assert all(0 < len(piece) <= MB for piece in pieces)
    return b"".join(pieces)


async def it_gives_back_what_it_was_given(candidate: Candidate) -> None:
    store = await candidate.open()
    content, measured = b"", Measured("", 0)
    for content in (b"x", b"hello" * 1000, os.urandom(3 * MB + 17)):
        measured = await keep(store, content)
        assert measured == Measured(hashlib.sha256(content).hexdigest(), len(content))
        assert await store.size(A, measured.sha256) == len(content)
        assert await read(store, measured.sha256) == content
    again = await candidate.open()
    assert await read(again, measured.sha256) == content


async def it_serves_parts(candidate: Candidate) -> None:
    store = await candidate.open()
    content = os.urandom(2 * MB + 5)
    found = await keep(store, content)
    for start, stop in ((0, 1), (5, 5), (MB - 1, MB + 1), (2 * MB, None), (1, 2 * MB + 5), (2 * MB + 4, 2 * MB + 5)):
        assert await read(store, found.sha256, start, stop) == content[start:stop], (start, stop)


async def nothing_is_seen_before_it_is_whole(candidate: Candidate) -> None:
    store = await candidate.open()
    content = os.urandom(200_000)
    sha256 = hashlib.sha256(content).hexdigest()
    draft = await store.draft(A)
    await draft.write(content)
    assert await store.size(A, sha256) is None
    await draft.finish()
    assert await store.size(A, sha256) is None
    with pytest.raises(BlobMissing):
        await read(store, sha256)
    await draft.keep()
    assert await store.size(A, sha256) == len(content)
    await draft.discard()
    assert await read(store, sha256) == content


async def a_draft_can_be_kept_again_when_its_blob_was_deleted(candidate: Candidate) -> None:
    store = await candidate.open()
    content = os.urandom(1_500_000)
    draft = await store.draft(A)
    await draft.write(content)
    found = await draft.finish()
    for _ in range(3):
        await draft.keep()
        assert await read(store, found.sha256) == content
        await store.delete(A, found.sha256)
    await draft.keep()
    await draft.keep()
    await draft.discard()
    assert await read(store, found.sha256) == content


async def a_draft_that_is_let_go_leaves_nothing(candidate: Candidate) -> None:
    store = await candidate.open()
    draft = await store.draft(A)
    await draft.write(b"never")
    measured = await draft.finish()
    await draft.discard()
    await draft.discard()
    assert await store.size(A, measured.sha256) is None
    kept = await store.draft(A)
    await kept.write(b"kept")
    measured = await kept.finish()
    await kept.keep()
    await kept.discard()
    assert await read(store, measured.sha256) == b"kept"


async def others_may_write_a_draft(candidate: Candidate) -> None:
    store = await candidate.open()
    draft = await store.draft(A)
    os.write(draft.fileno(), b"from elsewhere")
    measured = await draft.finish()
    assert measured == Measured(hashlib.sha256(b"from elsewhere").hexdigest(), 14)
    await draft.keep()
    assert await read(store, measured.sha256) == b"from elsewhere"
    await draft.discard()


async def others_may_read_a_draft(candidate: Candidate) -> None:
    store = await candidate.open()
    draft = await store.draft(A)
    await draft.write(b"look at me")
    assert os.pread(draft.fileno(), 100, 0) == b"look at me"
    await draft.discard()


async def tenants_do_not_meet(candidate: Candidate) -> None:
    store = await candidate.open()
    found = await keep(store, b"secret of A")
    assert await store.size(B, found.sha256) is None
    with pytest.raises(BlobMissing):
        await read(store, found.sha256, tenant=B)
    await store.delete(B, found.sha256)
    assert await read(store, found.sha256) == b"secret of A"
    await keep(store, b"secret of A", B)
    await store.delete(A, found.sha256)
    assert await read(store, found.sha256, tenant=B) == b"secret of A"


async def the_same_bytes_twice_are_one_blob(candidate: Candidate) -> None:
    store = await candidate.open()
    first, second = await keep(store, b"same" * 50_000), await keep(store, b"same" * 50_000, piece=7_777)
    assert first == second
    await store.delete(A, first.sha256)
    assert await store.size(A, first.sha256) is None


async def what_was_deleted_is_gone(candidate: Candidate) -> None:
    store = await candidate.open()
    found = await keep(store, b"short life")
    await store.delete(A, found.sha256)
    await store.delete(A, found.sha256)
    assert await store.size(A, found.sha256) is None
    with pytest.raises(BlobMissing):
        await read(store, found.sha256)
    assert await (await candidate.open()).size(A, found.sha256) is None


async def the_end_of_a_blob_is_not_made_up(candidate: Candidate) -> None:
    store = await candidate.open()
    found = await keep(store, b"ten bytes!")
    with pytest.raises(BlobMissing):
        await read(store, found.sha256, 0, 11)


async def many_write_at_once(candidate: Candidate) -> None:
    store = await candidate.open()
    contents = [os.urandom(150_000) for _ in range(8)] + [b"the same" * 20_000] * 4
    found = await asyncio.gather(*(keep(store, content, piece=40_000) for content in contents))
    for content, measured in zip(contents, found, strict=True):
        assert await read(store, measured.sha256) == content


async def a_reader_may_leave(candidate: Candidate) -> None:
    store = await candidate.open()
    found = await keep(store, os.urandom(3 * MB))
    async with aclosing(store.read(A, found.sha256)) as pieces:  # type: ignore[type-var]  # every store's is a generator
        await anext(pieces)
    assert await store.size(A, found.sha256) == 3 * MB


async def addresses_are_ours_or_refused(candidate: Candidate) -> None:
    store = await candidate.open()
    digest = "0" * 64
    for tenant, sha256 in (
        (TenantId("../etc"), digest),
        (TenantId("tnt_../x"), digest),
        (TenantId(""), digest),
        (A, "../../../etc/passwd"),
        (A, "0" * 63),
        (A, digest + "\n"),
        (A, "A" * 64),
        (A, "0" * 62 + "/x"),
    ):
        with pytest.raises(ValueError, match="SHA-256"):
            await store.size(tenant, sha256)
        with pytest.raises(ValueError, match="SHA-256"):
            await store.delete(tenant, sha256)
        with pytest.raises(ValueError, match="SHA-256"):
            await read(store, sha256, tenant=tenant)


Question = Callable[[Candidate], Awaitable[None]]

QUESTIONS: tuple[Question, ...] = (
    it_gives_back_what_it_was_given,
    it_serves_parts,
    nothing_is_seen_before_it_is_whole,
    a_draft_can_be_kept_again_when_its_blob_was_deleted,
    a_draft_that_is_let_go_leaves_nothing,
    others_may_write_a_draft,
    others_may_read_a_draft,
    tenants_do_not_meet,
    the_same_bytes_twice_are_one_blob,
    what_was_deleted_is_gone,
    the_end_of_a_blob_is_not_made_up,
    many_write_at_once,
    a_reader_may_leave,
    addresses_are_ours_or_refused,
)
