"""Files that come as a multipart form. They are streamed to disk, within limits, under names that somebody allows."""

from __future__ import annotations

import shutil
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path, PurePath
from typing import IO

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from wagate.api.errors import UnsupportedMediaType
from wagate.domain.errors import InvalidRequest

FORM = "multipart/form-data"

_FIELDS = 10
_FIELD_BYTES = 1_000


class Form:
    """A form that was received: its words, and its files, which ``lay_out`` writes into a folder."""

    def __init__(self, words: Mapping[str, str], files: Iterable[UploadFile]) -> None:
        """Made by ``received``."""
        self._words = words
        self._files = list(files)

    def word(self, name: str) -> str | None:
        """What stands in a field; None when it is not there or empty."""
        return self._words.get(name) or None

    def allow(self, *names: str) -> None:
        """Raise InvalidRequest when there are other fields than these."""
        for name in self._words:
            if name not in names:
                raise InvalidRequest(f"There is no field {name!r}; there are: {', '.join(names)}", pointer=f"/{name}")

    async def lay_out(self, folder: Path, place: Callable[[str], str | None]) -> None:
        """Write the files for which ``place`` has a name, each under that; of two with one name the later stays."""
        if not self._files:
            raise InvalidRequest("No file was sent; send each one as a part called `file`", pointer="/file")
        await to_thread(self._write, folder, place)

    def _write(self, folder: Path, place: Callable[[str], str | None]) -> None:
        for file in self._files:
            # A browser that sends a folder writes its path in front; nothing of a path is ever used.
            name = place(PurePath((file.filename or "").replace("\\", "/")).name)
            if name is not None:
                _copy(file.file, folder / name)


@asynccontextmanager
async def received(request: Request, max_files: int) -> AsyncIterator[Form]:
    """A form, whose files are all called ``file``, while it lasts. Raises UnsupportedMediaType, InvalidRequest."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType(f"Send a form of the type `{FORM}`.")
    try:
        data = await request.form(max_files=max_files, max_fields=_FIELDS, max_part_size=_FIELD_BYTES)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise InvalidRequest(f"The form cannot be read: {error.detail}") from error
    try:
        yield _sorted(data)
    finally:
        await data.close()


def _sorted(data: FormData) -> Form:
    words: dict[str, str] = {}
    files: list[UploadFile] = []
    for name, value in data.multi_items():
        if isinstance(value, str):
            words[name] = value
        elif name == "file":
            files.append(value)
        else:
            raise InvalidRequest(f"A file is called {name!r}; call every one `file`", pointer=f"/{name}")
    return Form(words, files)


def _copy(source: IO[bytes], path: Path) -> None:
    with path.open("wb") as target:
        shutil.copyfileobj(source, target)
