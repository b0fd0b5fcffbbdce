"""Drives one unmodified neonize client over JSON lines: commands on standard input, events on standard output.

Started through ``whatsapp_emulator.launch``, which makes the library trust the emulator. Arguments: PHONE DATABASE.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from neonize._binder import consume_bytes_struct, gocode
from neonize.client import NewClient
from neonize.events import (
    BlocklistEv,
    CallOfferEv,
    ConnectedEv,
    DisconnectedEv,
    LoggedOutEv,
    MessageEv,
    PairStatusEv,
    PresenceEv,
    ReceiptEv,
)
from neonize.proto.Neonize_pb2 import MutationInfo, PatchInfo
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import ContactMessage, LocationMessage, Message
from neonize.proto.waSyncAction.WAWebProtobufSyncAction_pb2 import SyncActionValue
from neonize.utils import build_jid
from neonize.utils.enum import ClientType, ParticipantChange, ReceiptType, VoteType

from judges.neonize_contents import made
from judges.neonize_people import with_people

_OUTPUT = threading.Lock()

_PROOFS = {1: "delivered", 4: "read", 6: "played", 9: "delivered"}
"""What receipts prove, by neonize's numbers of their types."""

_READ_AGREED = """
import json, sqlite3, sys
path, chat = sys.argv[1:]
kept = sqlite3.connect(path, timeout=10)
settings = "SELECT muted_until, archived FROM whatsmeow_chat_settings WHERE chat_jid = ?"
names = kept.execute("SELECT full_name FROM whatsmeow_contacts").fetchall()
(own,) = kept.execute("SELECT push_name FROM whatsmeow_device").fetchone()
print(json.dumps([kept.execute(settings, (chat,)).fetchone(), [name for (name,) in names], own]))
"""

# neonize 0.5.2 forgets to turn this one result of its library into bytes, as it does with all the others.
gocode.DecryptPollVote.errcheck = consume_bytes_struct


def say(**event: object) -> None:
    """Write one event; the mark at the start tells it from what the library prints on its own."""
    with _OUTPUT:
        sys.stdout.write("@@" + json.dumps(event) + "\n")
        sys.stdout.flush()


def address(text: str) -> Any:
    """A neonize JID from ``user@server``."""
    user, _, server = text.partition("@")
    return build_jid(user, server)


def pinned(chat: str, collection: str) -> Any:
    """A patch that pins a chat, as whatsmeow's ``BuildPin`` makes it."""
    value = SyncActionValue()
    value.pinAction.pinned = True
    mutation = MutationInfo(Index=["pin_v1", chat], Version=5, Value=value)
    return PatchInfo(Timestamp=time.time_ns(), Type=PatchInfo.WAPatchName.Value(collection), Mutations=[mutation])


def text_of(message: Any) -> str:
    """The readable text of a message, our own devices' copies included."""
    inner = message.deviceSentMessage.message if message.HasField("deviceSentMessage") else message
    return str(inner.conversation or inner.extendedTextMessage.text)


_FILES = {f"{kind}Message": kind for kind in ("image", "video", "audio", "document", "sticker")}


def file_of(message: Any) -> tuple[str, str] | None:
    """The kind and caption of a message's file, wrapped or not; None when it has none."""
    for wrapper in ("deviceSentMessage", "documentWithCaptionMessage", "viewOnceMessage"):
        if message.HasField(wrapper):
            return file_of(getattr(message, wrapper).message)
    name = next((name for name in _FILES if message.HasField(name)), None)
    return None if name is None else (_FILES[name], getattr(getattr(message, name), "caption", ""))


def downloadable(message: Any) -> Any:
    """A message in which whatsmeow's `DownloadAny` finds the file: it does not look for a round video, which is one."""
    return Message(videoMessage=message.ptvMessage) if message.HasField("ptvMessage") else message


class Driver:
    """One client and the commands that it understands."""

    def __init__(self, phone: str, database: str) -> None:
        """``phone`` only names the client; ``database`` is its SQLite file."""
        self.client = NewClient(database, uuid=phone)
        self.database = database
        self.received: dict[str, Any] = {}
        self.client.qr(lambda _client, data: say(event="qr", text=data.decode()))
        for kind, tell in {
            ConnectedEv: lambda _event: say(event="open"),
            DisconnectedEv: lambda _event: say(event="closed"),
            LoggedOutEv: lambda _event: say(event="logged_out"),
            PairStatusEv: lambda _event: say(event="paired"),
            MessageEv: self.on_message,
            PresenceEv: lambda event: say(event="presence", away=event.Unavailable),
            CallOfferEv: lambda event: say(event="call", id=event.basicCallMeta.callID),
            BlocklistEv: lambda _event: say(event="blocklist"),
            ReceiptEv: self.on_receipt,
        }.items():
            self.client.event(kind)(self.teller(tell))

    @staticmethod
    def teller(tell: Callable[[Any], None]) -> Callable[[Any, Any], None]:
        """neonize hands over (client, event) and loses exceptions: report them instead."""

        def on_event(_client: Any, event: Any) -> None:
            try:
                tell(event)
            except Exception as error:  # whatever went wrong must reach the test
                say(event="error", detail=repr(error))

        return on_event

    def on_receipt(self, event: Any) -> None:
        """Report how far messages of ours got, one by one."""
        how = _PROOFS.get(int(event.Type))
        for id in event.MessageIDs:
            say(event="proof", id=id, how=how)

    def on_message(self, event: Any) -> None:
        """Report a message: all of it as it was decrypted, and its text or its file if it has one."""
        source, text = event.Info.MessageSource, text_of(event.Message)
        self.received[event.Info.ID] = event
        vote: list[str] = []
        if event.Message.HasField("pollUpdateMessage"):
            vote = [digest.hex() for digest in self.client.decrypt_poll_vote(event).selectedOptions]
        raw, once = event.Message.SerializeToString().hex(), event.IsViewOnce or event.IsViewOnceV2
        say(event="content", id=event.Info.ID, raw=raw, vote=vote, once=once)
        if text:
            chat = f"{source.Chat.User}@{source.Chat.Server}"
            say(event="message", id=event.Info.ID, text=text, from_me=source.IsFromMe, chat=chat)
        elif (file := file_of(event.Message)) is not None:
            say(event="file", id=event.Info.ID, kind=file[0], caption=file[1], from_me=source.IsFromMe)

    def do(self, command: dict[str, Any]) -> dict[str, object]:
        """Carry out one command; returns what there is to tell."""
        match command["do"]:
            case "send":
                return {"id": self.client.send_message(address(command["to"]), command["text"]).ID}
            case "send_image":
                return {"id": self.client.send_image(address(command["to"]), command["path"], command["caption"]).ID}
            case "send_document":
                sent = self.client.send_document(
                    address(command["to"]), command["path"], command["caption"], filename=command["name"]
                )
                return {"id": sent.ID}
            case "fetch":
                content = self.client.download_any(downloadable(self.received[command["id"]].Message))
                return {"sha256": hashlib.sha256(content or b"").hexdigest()}
            case "agreed" | "rename" | "pin_chat" as what:
                return self.agree(what, command)
            case "reply":
                return {"id": self.client.reply_message(command["text"], self.received[command["answered"]]).ID}
            case "say":
                message, has_secret = made(self.client, command)
                for person in command.get("audience", ()):
                    # whatsmeow posts a status for everybody who is saved under a name.
                    self.client.contact.put_contact_name(address(person), "Somebody", "Somebody")
                sent = self.client.send_message(address(command["to"]), message, add_msg_secret=has_secret)
                return {"id": sent.ID}
            case _:
                return self.say_or_act(command)

    def agree(self, what: str, command: dict[str, Any]) -> dict[str, object]:
        """Carry out a command that has to do with what all devices of the account share."""
        if what == "agreed":
            return self.agreed(command["chat"])
        if what == "rename":
            self.client.set_profile_name(command["name"])
        else:
            self.client.send_app_state(pinned(command["chat"], command["collection"]))
        return {}

    def agreed(self, chat: str) -> dict[str, object]:
        """What the library keeps of a chat's settings and of a contact's name: it hands neither over.

        Another process reads them: SQLite's locks are the process's, so that closing a second connection here would
        let go of those which the library's own SQLite holds.
        """
        read = [sys.executable, "-c", _READ_AGREED, self.database, chat]
        told = subprocess.run(read, check=True, capture_output=True, text=True, timeout=20)
        settings, names, own = json.loads(told.stdout)
        muted, archived = settings or (0, False)
        return {"muted": muted, "archived": bool(archived), "names": names, "own": own}

    def say_or_act(self, command: dict[str, Any]) -> dict[str, object]:
        """Carry out a command that sends what is neither words nor a file."""
        match command["do"]:
            case "react":
                chat, author = address(command["chat"]), address(command.get("author", command["chat"]))
                return self.sent(chat, self.client.build_reaction(chat, author, command["id"], command["emoji"]))
            case "edit":
                new = Message(conversation=command["text"])
                return {"id": self.client.edit_message(address(command["chat"]), command["id"], new).ID}
            case "revoke":
                chat, author = address(command["chat"]), command.get("author")
                by = self.client.get_me().JID if author is None else address(author)
                return {"id": self.client.revoke_message(chat, by, command["id"]).ID}
            case "poll":
                poll = self.client.build_poll_vote_creation(command["question"], command["options"], VoteType.SINGLE)
                return self.sent(address(command["to"]), poll)
            case "vote":
                asked = self.received[command["id"]].Info
                return self.sent(address(command["chat"]), self.client.build_poll_vote(asked, command["options"]))
            case "location":
                place = LocationMessage(
                    degreesLatitude=command["latitude"], degreesLongitude=command["longitude"], name=command["name"]
                )
                return self.sent(address(command["to"]), Message(locationMessage=place))
            case "contact":
                card = ContactMessage(displayName=command["name"], vcard=command["vcard"])
                return self.sent(address(command["to"]), Message(contactMessage=card))
            case _:
                return self.look_after(command)

    def sent(self, to: Any, message: Any) -> dict[str, object]:
        """Send anything; returns its id."""
        return {"id": self.client.send_message(to, message).ID}

    def look_after(self, command: dict[str, Any]) -> dict[str, object]:
        """Carry out a command that sends no message."""
        match command["do"]:
            case "create_group":
                made = self.client.create_group(command["subject"], list(map(address, command["people"])))
                return {"group": f"{made.JID.User}@{made.JID.Server}"}
            case "change_group":
                people, action = [address(command["person"])], ParticipantChange(command["action"])
                self.client.update_group_participants(address(command["group"]), people, action)
                return {}
            case "rename_group":
                self.client.set_group_name(address(command["group"]), command["subject"])
                return {}
            case "leave_group":
                self.client.leave_group(address(command["group"]))
                return {}
            case "people":
                return with_people(self.client, command)
            case "read":
                chat, author = address(command["chat"]), address(command.get("author", command["chat"]))
                how = ReceiptType.PLAYED if command.get("played") else ReceiptType.READ
                self.client.mark_read(command["id"], chat=chat, sender=author, receipt=how)
                return {}
            case "set_timer":
                # neonize hands an int on as nanoseconds, and a timedelta as if it were a million times shorter.
                self.client.set_disappearing_timer(address(command["chat"]), command["seconds"] * 1_000_000_000)
                return {}
            case "pairing_code":
                return {"code": self.client.PairPhone(command["phone"], True, client_type=ClientType.CHROME)}
            case "log_out":
                self.client.logout()
                return {}
            case unknown:
                raise ValueError(unknown)

    def run(self) -> None:
        """Connect on a thread of its own (it blocks for the session's life) and obey standard input."""
        threading.Thread(target=self.client.connect, daemon=True).start()
        for line in sys.stdin:
            command = json.loads(line)
            try:
                came_of_it = self.do(command)
            except Exception as error:  # the test decides what an error means
                came_of_it = {"refused": repr(error)[:300]}
            say(event="answer", ticket=command["ticket"], **came_of_it)
        os._exit(0)


if __name__ == "__main__":
    Driver(sys.argv[1], sys.argv[2]).run()
