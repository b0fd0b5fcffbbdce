"""Every error the house can tell a caller about. The docstring is the title that a human reads.

GatewayError
├── InvalidRequest ── InvalidRecipient, InvalidContent, InvalidProxy, InvalidCursor, UnknownEngine,
│   │                 InvalidMedia, FetchFailed, InvalidSearch
│   └── DeviceUnreadable ── DeviceNotNamed
├── Unauthenticated, Forbidden
├── NotFound ── SessionNotFound, MessageNotFound, ApiKeyNotFound, MediaNotFound, GroupNotFound, ChatNotFound,
│               ContactNotFound, PictureNotFound, CallNotFound
├── Conflict ── SessionNameTaken, SessionNotPaired, SessionAlreadyPaired, SessionNotRunning, QrNotReady,
│               IdempotencyInProgress, MessageNotNamed, MessageNotWaiting, MessageUnavailable, NotOwnMessage,
│               EditWindowOver, MoveFailed, DeviceInUse, MediaNotReady, MediaInUse;
│               PasskeyNotAsked, PasskeyRefused (in `passkey`)
│               TemplateNameTaken, TooManyTemplates, as are TemplateNotFound and Variables… (in `templates`)
├── AppStateUnavailable
├── GroupRefused ── NotGroupAdmin, NotGroupMember, AlreadyGroupMember, InviteInvalid
├── IdempotencyKeyReused, PreconditionFailed, UnsupportedByEngine, MediaGone, MediaTooLarge
├── StorageUnavailable ── StorageFull, TooBusy
└── MediaQuotaExceeded
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """Something went wrong"""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", *, pointer: str | None = None) -> None:
        """``detail`` says what happened and what to do; ``pointer`` is the JSON pointer of the offending field."""
        super().__init__(detail or (type(self).__doc__ or ""))
        self.detail = detail or (type(self).__doc__ or "")
        self.pointer = pointer


class InvalidRequest(GatewayError):
    """The request is not valid"""

    code = "invalid_request"


class InvalidRecipient(InvalidRequest):
    """The recipient is not a WhatsApp address or an international phone number"""

    code = "invalid_recipient"


class InvalidContent(InvalidRequest):
    """The content cannot be sent as it is"""

    code = "invalid_content"


class InvalidProxy(InvalidRequest):
    """The proxy is not an http:// or socks5:// URL"""

    code = "invalid_proxy"


class InvalidCursor(InvalidRequest):
    """The cursor does not come from this list"""

    code = "invalid_cursor"


class DeviceUnreadable(InvalidRequest):
    """The keys of the linked device cannot be read"""

    code = "device_unreadable"


class ArchiveUnreadable(InvalidRequest):
    """The file is no archive of a session, or is damaged"""

    code = "archive_unreadable"


class ArchiveNewer(InvalidRequest):
    """The archive was written by a newer wagate"""

    code = "archive_newer"


class PassphraseWrong(InvalidRequest):
    """The passphrase does not open this archive"""

    code = "passphrase_wrong"


class DeviceNotNamed(DeviceUnreadable):
    """There is more than one linked device: say which by its jid"""

    code = "device_not_named"


class Unauthenticated(GatewayError):
    """No valid API key came with the request"""

    code = "unauthenticated"


class Forbidden(GatewayError):
    """The API key does not allow this"""

    code = "forbidden"


class NotFound(GatewayError):
    """There is no such thing"""

    code = "not_found"


class SessionNotFound(NotFound):
    """There is no such session"""

    code = "session_not_found"


class MessageNotFound(NotFound):
    """There is no such message"""

    code = "message_not_found"


class ApiKeyNotFound(NotFound):
    """There is no such API key"""

    code = "api_key_not_found"


class Conflict(GatewayError):
    """The request does not fit the present state"""

    code = "conflict"


class SessionNameTaken(Conflict):
    """Another session already has this name"""

    code = "session_name_taken"


class MessageNotWaiting(Conflict):
    """The message waits no longer"""

    code = "message_not_waiting"


class MessageNotNamed(Conflict):
    """WhatsApp has given this message no id yet"""

    code = "message_not_named"


class NothingKnown(Conflict):
    """No message of this chat is known"""

    code = "nothing_known"


class SessionNotPaired(Conflict):
    """The session is not paired with a phone"""

    code = "session_not_paired"


class SessionAlreadyPaired(Conflict):
    """The session is already paired with a phone"""

    code = "session_already_paired"


class SessionNotRunning(Conflict):
    """The session is not running"""

    code = "session_not_running"


class SessionRunning(Conflict):
    """The session is running; this needs it to be stopped"""

    code = "session_running"


class QrNotReady(Conflict):
    """There is no QR code to show right now"""

    code = "qr_not_ready"


class MoveFailed(Conflict):
    """The session could not be moved; it goes on with the engine that it had"""

    code = "move_failed"


class DeviceInUse(Conflict):
    """Another session is this linked device already"""

    code = "device_in_use"


class MessageUnavailable(Conflict):
    """The message was deleted, or never went out: nothing more can be done to it"""

    code = "message_unavailable"


class NotOwnMessage(Conflict):
    """Only one's own messages can be edited or deleted for everybody"""

    code = "not_own_message"


class EditWindowOver(Conflict):
    """The message is too old to be edited"""

    code = "edit_window_over"


class IdempotencyKeyReused(GatewayError):
    """This Idempotency-Key was used for a different request"""

    code = "idempotency_key_reused"


class IdempotencyInProgress(Conflict):
    """An earlier request with this Idempotency-Key is still being taken in"""

    code = "idempotency_in_progress"


class PreconditionFailed(GatewayError):
    """It was changed since you read it; read it again, then decide"""

    code = "precondition_failed"


class UnsupportedByEngine(GatewayError):
    """The session's engine cannot do this"""

    code = "unsupported_by_engine"


class UnknownEngine(InvalidRequest):
    """There is no engine of this name"""

    code = "unknown_engine"


class StorageUnavailable(GatewayError):
    """The database cannot be written right now; nothing was accepted"""

    code = "storage_unavailable"


class TooBusy(StorageUnavailable):
    """Too much work is waiting; try again shortly"""

    code = "too_busy"


class MediaNotFound(NotFound):
    """There is no such media"""

    code = "media_not_found"


class MediaNotReady(Conflict):
    """The bytes of this media have not arrived yet"""

    code = "media_not_ready"


class MediaInUse(Conflict):
    """A message that waits to leave needs this media"""

    code = "media_in_use"


class MediaGone(GatewayError):
    """The bytes of this media are not kept any more"""

    code = "media_gone"


class InvalidMedia(InvalidRequest):
    """The file is damaged, is not what it claims to be, or is nothing that WhatsApp takes"""

    code = "invalid_media"


class MediaTooLarge(GatewayError):
    """The file is larger than its type may be"""

    code = "media_too_large"


class FetchFailed(InvalidRequest):
    """The URL could not be fetched"""

    code = "fetch_failed"


class StorageFull(StorageUnavailable):
    """The disk for media is full; nothing was accepted"""

    code = "storage_full"


class MediaQuotaExceeded(GatewayError):
    """The tenant's room for media is used up"""

    code = "media_quota_exceeded"


class ChatNotFound(NotFound):
    """There is no such chat"""

    code = "chat_not_found"


class ContactNotFound(NotFound):
    """There is no such contact"""

    code = "contact_not_found"


class GroupNotFound(NotFound):
    """There is no such group"""

    code = "group_not_found"


class AppStateUnavailable(GatewayError):
    """What the account's devices agree on cannot be changed at the moment"""

    code = "app_state_unavailable"


class GroupRefused(GatewayError):
    """WhatsApp does not allow this in the group"""

    code = "group_refused"


class NotGroupAdmin(GroupRefused):
    """Only an admin of the group may do this"""

    code = "not_group_admin"


class NotGroupMember(GroupRefused):
    """This account is not in the group"""

    code = "not_group_member"


class AlreadyGroupMember(GroupRefused):
    """This account is in the group already"""

    code = "already_group_member"


class InviteInvalid(GroupRefused):
    """The invite link leads nowhere, or was revoked"""

    code = "invite_invalid"


class PictureNotFound(NotFound):
    """There is no picture, or it is not shown to this account"""

    code = "picture_not_found"


class CallNotFound(NotFound):
    """There is no such call, or it is over"""

    code = "call_not_found"


class RefusedByWhatsApp(GatewayError):
    """WhatsApp refused what was asked for"""

    code = "refused_by_whatsapp"


class InvalidSearch(InvalidRequest):
    """The search says nothing that could be found"""

    code = "invalid_search"
