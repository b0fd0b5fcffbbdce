"""What the gateway asks besides sending: one thing after the other, and files beside them, which take their time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Full, Queue
from typing import Final

from wagate.adapters.engines.neonize.link.groups import GROUP_ERRANDS
from wagate.adapters.engines.neonize.link.manners import MANNER_ERRANDS
from wagate.adapters.engines.neonize.link.messages import Answer, Ask, Shipped
from wagate.adapters.engines.neonize.link.people import PEOPLE_ERRANDS
from wagate.adapters.engines.neonize.worker.groups import answers
from wagate.adapters.engines.neonize.worker.line import UPLOADED, Line, Refused
from wagate.adapters.engines.neonize.worker.redaction import redacted

UPLOADS: Final = "uploads"
"""The folder, in that of the session, with the files that the gateway wants to have uploaded."""

_UPLOAD: Final = "upload"
_WAITING: Final = 64


class Errands:
    """Two queues, and a thread for each. Nothing can be done before there is a line."""

    def __init__(self, folder: Path, say: Callable[[Answer], None]) -> None:
        """``folder`` is the session's; ``say`` answers the gateway, and never raises."""
        self.line: Line | None = None
        self._folder = folder
        self._say = say
        self._asked: Queue[Ask] = Queue(_WAITING)
        self._uploads: Queue[Ask] = Queue(_WAITING)

    def put(self, ask: Ask) -> None:
        """Have it done in its turn."""
        try:
            (self._uploads if ask.what == _UPLOAD else self._asked).put_nowait(ask)
        except Full:
            self._say(Answer(ask.ticket, error="the worker is busy"))

    def run(self) -> None:
        """Do what takes moments, for ever."""
        self._run(self._asked)

    def run_uploads(self) -> None:
        """Upload, for ever: one file at a time, for each is held whole."""
        self._run(self._uploads)

    def _run(self, asked: Queue[Ask]) -> None:
        while True:
            ask = asked.get()
            try:
                for answer in self._answers(ask):
                    self._say(answer)
            except Refused as refused:
                self._say(Answer(ask.ticket, error=str(refused) or "whatsmeow gave no reason"))
            except Exception as error:  # the library's mistake is one answer, not the end of all of them
                self._say(Answer(ask.ticket, error=f"the library failed: {type(error).__name__}"))

    def _answers(self, ask: Ask) -> Iterable[Answer]:
        """Do it. Raises Refused, and whatever the library raises."""
        if self.line is None:
            raise Refused("the line has not begun")
        if ask.what in GROUP_ERRANDS:
            return answers(ask, self.line.in_groups(ask))
        if ask.what in PEOPLE_ERRANDS:
            told = self.line.with_people(ask)
            return (Answer(ask.ticket, told.value, people=told.people, pictures=told.pictures, settings=told.settings),)
        if ask.what == _UPLOAD:
            return (Answer(ask.ticket, shipped=(self._upload(self.line, ask),)),)
        return (Answer(ask.ticket, _done(self.line, ask)),)

    def _upload(self, line: Line, ask: Ask) -> Shipped:
        """Raises Refused."""
        name = ask.text
        if ask.subject not in UPLOADED or not name.isalnum():
            raise Refused(f"there is no upload of {ask.subject!r}")
        try:
            return line.upload(self._folder / UPLOADS / name, ask.subject)
        except Refused as refused:  # Go's errors name the URL, and in that stands the word for uploads
            raise Refused(redacted(str(refused))) from None
        except OSError as error:
            raise Refused(f"the file to upload cannot be read: {error.strerror}") from error


def _done(line: Line, ask: Ask) -> str:
    match ask.what:
        case "knows":
            return "yes" if line.knows(ask.subject) else "no"
        case "pair":
            return line.pairing_code(ask.subject)
        case what if what in MANNER_ERRANDS:
            line.in_manners(ask)
        case "typing":
            line.show_typing(ask.subject, ask.text)
        case "log_out":
            line.log_out()
        case _:
            raise Refused(f"there is no errand {ask.what!r}")
    return ""
