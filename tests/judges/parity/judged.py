"""Everything that our engine says or does, and who has judged it: the acts of the comparison, and talk with judges.

A test holds this table to the kinds of content, the acts and the abilities that there are, so that none is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CONTENTS: Final = "test_contents.py::test_what_is_said_and_done_is_understood_both_ways"
_KINDS: Final = "test_kinds.py::test_shows_every_kind_as_we_do"
_FILES: Final = "test_files.py::test_files_are_the_same_bytes_everywhere"
_GROUPS: Final = "test_groups.py::test_writes_with_us_in_a_group"
_GROUP_ACTS: Final = "test_group_acts.py::test_does_in_a_group_what_we_do"
_POSTS: Final = "test_statuses.py::test_posts_for_us_and_looks_at_ours_file_and_all"
_STATUSES: Final = "test_statuses.py::test_looks_at_our_statuses_as_at_those_of_phones"
_APP_STATE: Final = "test_app_state.py::test_shares_app_state_with_us"
_PEOPLE: Final = "test_people.py::test_knows_people"

_BAILEYS_GROUPS: Final = "test_parity_groups.py::test_groups_are_set_up_as_baileys_sets_them_up"

_NO_STATE_CALL: Final = "neonize's `send_app_state` forgets the name of the collection, so whatsmeow cannot write it"
_SERVER: Final = "between one client and the server: both judges do it on the emulator, with nobody at the other end"
_NEONIZE_ALONE: Final = "between one client and the server: neonize alone does it, on the emulator"
_IN_ONLY: Final = "only phones and businesses send it; we read it"


@dataclass(frozen=True, slots=True)
class Judged:
    """One row. ``covers``: kinds of content and acts by their types, abilities as ``Ability.method``.

    ``acts`` are those of the comparison with whatsmeow, or ``unheard`` says why there is none. ``tests``: where an
    unmodified neonize and an unmodified Baileys do it with us, both ways but for what ``but`` says.
    """

    what: str
    covers: tuple[str, ...]
    acts: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    unheard: str = ""
    but: str = ""


JUDGED: Final = (
    Judged(
        "text, answers, mentions",
        ("text",),
        ("first text to a contact", "next text", "text after an answer", "reply", "mention", "next text to the group"),
        (_CONTENTS, _GROUPS, _GROUP_ACTS),
        but="that a whole group is called (mention all) is sent by us only: neonize and Baileys read it",
    ),
    Judged("link with what is behind it", (), ("send a link with what is behind it",), (_KINDS,)),
    Judged("forwarded, vanishing", (), ("forward a text",), (_KINDS,)),
    Judged(
        "image; to be seen once",
        ("image",),
        ("send an image", "receive an image and get its file", "send a picture to be seen once"),
        (_FILES, _KINDS),
    ),
    Judged(
        "video, gif, round video",
        ("video",),
        ("send a gif", "send a round video"),
        (_FILES, _KINDS),
        but="neonize makes a plain video with ffmpeg only; as a gif or round it takes ours, Baileys sends all three",
    ),
    Judged(
        "audio, voice note",
        ("audio", "voice"),
        ("send a voice note",),
        (_FILES, _KINDS),
        but="neonize makes audio that is no voice note with ffmpeg only; Baileys sends it",
    ),
    Judged("document", ("document",), ("send a document",), (_FILES,)),
    Judged(
        "sticker, also one that moves",
        ("sticker",),
        ("send a sticker that moves",),
        (_FILES, _KINDS),
        but="neonize makes one that does not move with ffmpeg only; Baileys sends it",
    ),
    Judged("location", ("location",), ("send a location",), (_CONTENTS,)),
    Judged("live location", (), (), (_KINDS,), _IN_ONLY, "in only"),
    Judged("contact cards", ("contacts",), ("send a contact", "send several contacts"), (_CONTENTS, _KINDS)),
    Judged("poll", ("poll",), ("send a poll", "send a poll with many answers"), (_CONTENTS, _KINDS)),
    Judged("event invite", ("event_invite",), ("invite to an event",), (_KINDS,)),
    Judged(
        "buttons, list, template, native flow",
        ("buttons", "list"),
        (),
        (_KINDS,),
        _IN_ONLY,
        "in only: out they are a text",
    ),
    Judged("answers to these", ("button_reply", "list_reply"), (), (_KINDS,), _IN_ONLY, "in only"),
    Judged("reaction", ("reaction",), ("react", "take a reaction away"), (_CONTENTS, _GROUP_ACTS)),
    Judged("edit", ("edit",), ("edit a text",), (_CONTENTS, _GROUP_ACTS)),
    Judged(
        "deletion, by an admin as well", ("revocation",), ("delete a text for everybody",), (_CONTENTS, _GROUP_ACTS)
    ),
    Judged(
        "vote",
        ("poll_vote",),
        ("vote in a poll",),
        (_CONTENTS, _GROUP_ACTS),
        but="Baileys has no call to vote; it opens ours",
    ),
    Judged(
        "pin",
        ("pin",),
        ("pin a text",),
        (_CONTENTS, _GROUP_ACTS),
        but="neonize's own `pin_message` does not work: it sends the message that the test makes",
    ),
    Judged(
        "status posts: text, image, video; taken back by us",
        (),
        ("post a status", "post a picture as a status"),
        (_POSTS, _STATUSES),
    ),
    Judged("look at a status, hear who did", (), ("look at a status",), (_POSTS,)),
    Judged("read", ("MarksRead.mark_read",), ("mark as read", "hear that texts were read"), (_CONTENTS, _POSTS)),
    Judged("played", ("MarksPlayed.mark_played",), ("play a voice note",), (_CONTENTS,)),
    Judged(
        "timer of a chat",
        ("SetsTimers.set_timer",),
        ("let what is said in a chat disappear", "let it stay again"),
        (_CONTENTS,),
    ),
    Judged(
        "writing, recording",
        ("ShowsTyping.show_typing", "ShowsPresence.show_presence", "ShowsPresence.watch_presence"),
        ("watch somebody come and go",),
        (_PEOPLE,),
        but="to show oneself both judges want the account's name from app state first; only phones see ours",
    ),
    Judged(
        "older history",
        ("QueriesHistory.ask_for_history",),
        (),
        ("test_parity_peer.py::test_our_phone_is_asked_as_whatsmeow_and_baileys_ask",),
        "neonize has no call for `BuildHistorySyncRequest`: compared with whatsmeow's source, and with Baileys live",
        "the phone is the only one asked",
    ),
    Judged("files that arrive", ("FetchesFiles.fetch_file",), ("receive an image and get its file",), (_FILES, _KINDS)),
    Judged(
        "groups: make, name, settings, members, leave",
        (
            "GivesGroupsPictures.set_group_picture",
            "ManagesGroups.create_group",
            "ManagesGroups.change_members",
            "ManagesGroups.edit_group",
            "ManagesGroups.leave_group",
        ),
        (
            "create a group",
            "rename the group",
            "describe the group",
            "let only admins write",
            "let only admins change the group",
            "give the group a picture",
            "add somebody to the group",
            "make them an admin",
            "leave the group",
        ),
        (_GROUPS,),
        but=f"{_NEONIZE_ALONE}; both judges write in groups whose members a phone changes",
    ),
    Judged(
        "groups: list, look at, invite links",
        (
            "ListsGroups.groups",
            "ListsGroups.group",
            "InvitesToGroups.invite_code",
            "InvitesToGroups.group_behind",
        ),
        (
            "list one's groups",
            "look at a group",
            "get a group's invite link",
            "look behind an invite link",
            "make the invite link void",
        ),
        but=_NEONIZE_ALONE,
    ),
    Judged(
        "groups: join by a link, join requests",
        ("InvitesToGroups.join_group", "ApprovesMembers.join_requests"),
        ("see who asks to be let in", "join another group by its link"),
        but=_NEONIZE_ALONE,
    ),
    Judged(
        "groups: who adds members, who lets them in, requests decided, pictures taken away",
        ("ApprovesMembers.decide_requests",),
        (),
        (_BAILEYS_GROUPS,),
        "neonize has no call for it: stanza by stanza compared with Baileys",
    ),
    Judged(
        "people: numbers, profiles, pictures, blocking",
        (
            "LooksUpPeople.check_numbers",
            "LooksUpPeople.profile",
            "LooksUpPeople.picture",
            "BlocksPeople.block",
            "BlocksPeople.blocked",
        ),
        ("check whether numbers have an account", "look somebody up", "ask for somebody's picture", "block somebody"),
        (_PEOPLE,),
        but=_SERVER,
    ),
    Judged(
        "own profile and privacy",
        (
            "KeepsProfile.set_about",
            "KeepsProfile.set_picture",
            "KeepsName.set_name",
            "KeepsPrivacy.privacy",
            "KeepsPrivacy.set_privacy",
        ),
        ("show another about", "show another picture", "take another name", "change a privacy setting"),
        (_PEOPLE, _APP_STATE),
        but=_SERVER,
    ),
    Judged(
        "calls turned down", ("RejectsCalls.reject_call",), ("turn a call down", "miss a call"), (_PEOPLE,), but=_SERVER
    ),
    Judged(
        "app state: chats, stars, deletions for us, names",
        (
            "MarksChats.mark_chat",
            "MarksChats.clear_chat",
            "MarksChats.delete_chat",
            "StarsMessages.star_message",
            "StarsMessages.hide_message",
            "SavesContacts.save_contact",
        ),
        ("the phone mutes a chat", "the phone lets it speak again", "the phone writes with another key"),
        (_APP_STATE,),
        but=f"read by both; {_NO_STATE_CALL}, so that it writes names only; stars and deletions are for phones to see",
    ),
    Judged(
        "pairing, linking off",
        ("PairsDevices.request_pairing_code", "PairsDevices.renew_qr", "LogsOut.log_out"),
        ("pair by QR code, log in", "pair by code", "log out"),
        ("test_emulator_is_accepted.py::test_pairs_by_qr_and_talks_with_a_phone",),
        but=_SERVER,
    ),
    Judged(
        "pairing by passkey",
        ("PairsWithPasskeys.answer_passkey", "PairsWithPasskeys.confirm_passkey"),
        (),
        (),
        "neonize has no call for it",
        "Baileys has none either",
    ),
)


def table(numbers: dict[str, int]) -> str:
    """The table in Markdown; ``numbers`` are those of the acts."""
    rows = [("What", "Acts", "With neonize and Baileys", "But"), ("---",) * 4, *(_row(row, numbers) for row in JUDGED)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(row: Judged, numbers: dict[str, int]) -> tuple[str, ...]:
    acts = ", ".join(str(numbers[act]) for act in row.acts) or f"none: {row.unheard}"
    tests = ", ".join(f"`{test.partition('.py')[0]}`" for test in row.tests) or "no"
    return row.what, acts, tests, row.but
