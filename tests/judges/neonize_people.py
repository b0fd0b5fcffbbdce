"""What the neonize driver can be asked to do with people, themselves included."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

from neonize.exc import SetPrivacySettingError
from neonize.utils import build_jid
from neonize.utils.enum import BlocklistAction, PrivacySetting, PrivacySettingType


def with_people(client: Any, command: dict[str, Any]) -> dict[str, object]:
    """Carry out one command; returns what there is to tell."""
    user, _, server = str(command.get("who", "")).partition("@")
    who = build_jid(user, server or "s.whatsapp.net")
    match command["act"]:
        case "check":
            found = client.is_on_whatsapp(*(f"+{number}" for number in command["numbers"]))
            return {"there": [one.Query.lstrip("+") for one in found if one.IsIn]}
        case "look_up":
            [info] = client.get_user_info(who)
            return {"about": info.UserInfo.Status, "picture": info.UserInfo.PictureID}
        case "picture":
            return {"id": client.get_profile_picture(who).ID}
        case "block" | "unblock":
            blocked = client.update_blocklist(who, BlocklistAction(command["act"])).JIDs
            return {"blocked": [f"{jid.User}@{jid.Server}" for jid in blocked]}
        case _:
            return with_ourselves(client, command, who)


def with_ourselves(client: Any, command: dict[str, Any], who: Any) -> dict[str, object]:
    """Carry out a command about our own account, or about who is there."""
    match command["act"]:
        case "set_about":
            client.set_status_message(command["text"])
        case "set_name":
            client.set_profile_name(command["text"])
        case "set_picture":
            client.set_profile_photo(base64.b64decode(command["jpeg"]))
        case "set_privacy":
            with suppress(SetPrivacySettingError):  # 0.5.2 takes the new settings, which it is told, for an error
                client.set_privacy_setting(PrivacySettingType.LAST_SEEN, PrivacySetting(command["value"]))
        case "privacy":
            client.get_privacy_settings()
        case "watch":
            client.subscribe_presence(who)
        case "reject":
            client.reject_call(who, command["call"])
        case _:
            return with_groups(client, command, who)
    return {}


def with_groups(client: Any, command: dict[str, Any], group: Any) -> dict[str, object]:
    """Carry out a command about groups."""
    match command["act"]:
        case "groups":
            return {"groups": [f"{each.JID.User}@{each.JID.Server}" for each in client.get_joined_groups()]}
        case "group":
            return {"subject": client.get_group_info(group).GroupName.Name}
        case "invite":
            return {"code": client.get_group_invite_link(group).rpartition("/")[2]}
        case "behind":
            return {"subject": client.get_group_info_from_link(command["code"]).GroupName.Name}
        case "new_invite":
            return {"code": client.get_group_invite_link(group, True).rpartition("/")[2]}
        case "requests":
            return {"people": len(client.get_group_request_participants(group))}
        case "join":
            joined = client.join_group_with_link(command["code"])
            return {"joined": f"{joined.User}@{joined.Server}"}
        case _:
            change_group(client, command, group)
    return {}


def change_group(client: Any, command: dict[str, Any], group: Any) -> None:
    """Carry out a command that makes a group another one."""
    match command["act"]:
        case "admins_only":
            client.set_group_announce(group, command["on"])
        case "admins_edit":
            client.set_group_locked(group, command["on"])
        case "describe":
            client.set_group_topic(group, "", "", command["text"])
        case "group_picture":
            client.set_group_photo(group, base64.b64decode(command["jpeg"]))
        case unknown:
            raise ValueError(unknown)
