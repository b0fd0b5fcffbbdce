"""The client payload: what a client tells the server about itself inside the Noise handshake.

Facts: whatsmeow `store/clientpayload.go`; the bytes are equal to whatsmeow's for the same version and name.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Self

from whatsapp_wire.jid import Jid
from whatsapp_wire.proto.transport_pb2 import AppVersion, ClientPayload, DeviceProps
from whatsapp_wire.signal.prekeys import SignedPreKey

KEY_TYPE: Final = b"\x05"
"""Curve25519."""

PLATFORM_UNKNOWN: Final = 0
PLATFORM_CHROME: Final = 1
"""Two of the values of `DeviceProps.platform_type`; the phone shows an icon for them in its list of linked devices."""

_WEB: Final = 14
_WIFI_UNKNOWN: Final = 1
_USER_ACTIVATED: Final = 1

_HISTORY: Final = DeviceProps.HistorySyncConfig(
    storage_quota_mb=10240,
    inline_initial_payload_in_e2ee_msg=True,
    support_call_log_history=True,
    support_bot_user_agent_chat_history=True,
    support_cag_reactions_and_polls=True,
    support_biz_hosted_msg=True,
    support_recent_sync_chunk_message_count_tuning=True,
    support_hosted_group_msg=True,
    support_fbid_bot_chat_history=True,
    support_message_association=True,
    support_group_history=True,
    thumbnail_sync_days_limit=60,
    support_manus_history=True,
    support_hatch_history=True,
)


@dataclass(frozen=True, slots=True)
class ClientVersion:
    """The version of WhatsApp Web a client claims to be; a server that finds it too old answers failure 405."""

    primary: int
    secondary: int
    tertiary: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2.3000.1045649367``; raise ValueError for anything else."""
        primary, secondary, tertiary = map(int, text.split("."))
        return cls(primary, secondary, tertiary)

    @property
    def text(self) -> str:
        """The dotted form."""
        return f"{self.primary}.{self.secondary}.{self.tertiary}"


@dataclass(frozen=True, slots=True)
class CompanionName:
    """How the phone lists this device: the name of its system, an icon (`platform`) and a version."""

    os: str
    platform: int = PLATFORM_UNKNOWN
    version: ClientVersion = ClientVersion(0, 1, 0)


def registration_payload(
    version: ClientVersion,
    name: CompanionName,
    registration_id: int,
    identity: bytes,
    signed_prekey: SignedPreKey,
    *,
    full_history: bool = False,
) -> bytes:
    """The payload of a device that is not linked yet; `identity` is the public identity key, 32 bytes.

    With `full_history` the phone is asked for all that it has, not only for the newest.
    """
    props = DeviceProps(
        os=name.os,
        version=_app_version(name.version),
        platform_type=name.platform,
        require_full_sync=full_history,
        history_sync_config=_HISTORY,
    )
    payload = _payload(version)
    payload.device_pairing_data.MergeFrom(
        ClientPayload.DevicePairingData(
            registration_id=registration_id.to_bytes(4, "big"),
            key_type=KEY_TYPE,
            identity=identity,
            signed_prekey_id=signed_prekey.id.to_bytes(3, "big"),
            signed_prekey=signed_prekey.key.public,
            signed_prekey_signature=signed_prekey.signature,
            build_hash=hashlib.md5(version.text.encode(), usedforsecurity=False).digest(),
            device_props=props.SerializeToString(),
        )
    )
    payload.passive = False
    payload.pull = False
    return payload.SerializeToString()


def login_payload(version: ClientVersion, device: Jid) -> bytes:
    """The payload of a linked device, by its phone-number address (with the device number)."""
    payload = _payload(version)
    payload.username = int(device.user)
    payload.device = device.device
    payload.passive = True
    payload.pull = True
    payload.lid_db_migrated = True
    payload.lc = 1
    return payload.SerializeToString()


def _payload(version: ClientVersion) -> ClientPayload:
    return ClientPayload(
        user_agent=ClientPayload.UserAgent(
            platform=_WEB,
            release_channel=0,
            app_version=_app_version(version),
            mcc="000",
            mnc="000",
            os_version="0.1",
            manufacturer="",
            device="Desktop",
            os_build_number="0.1",
            locale_language="en",
            locale_country="US",
        ),
        web_info=ClientPayload.WebInfo(web_sub_platform=0),
        connect_type=_WIFI_UNKNOWN,
        connect_reason=_USER_ACTIVATED,
    )


def _app_version(version: ClientVersion) -> AppVersion:
    return AppVersion(primary=version.primary, secondary=version.secondary, tertiary=version.tertiary)
