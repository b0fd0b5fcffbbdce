"""What the engine says of itself where yes and no do not do."""

from __future__ import annotations

from typing import Final

from wagate.ports.engine import EngineCosts, EngineWords

WORDS: Final = EngineWords(
    summary="WhatsApp Web through neonize (whatsmeow), whose protocol code thousands run",
    costs=EngineCosts(
        memory="some 65 MB a session",
        processes="one for each session, because its library can end the process that it is in",
        installation="`pip install 'wagate[neonize]'`, which contains GPL-3.0 code (licences.md)",
    ),
    unproven="The protocol code is whatsmeow's, which thousands run on the live service; wagate's use of it was shown "
    "on the emulator only. Its process was killed again and again under load (`python -m "
    "bench.crash_neonize`): of 2,200 messages out in 70 kills none was doubled or falsely called sent, and 14"
    " were unknown. whatsmeow drops a message that it had decrypted and not acknowledged when it died: 0.4 to"
    " 2 with each kill on an overloaded machine (69 of 3,201 in all), none of 5,563 in 15 kills on a quieter "
    "one. Each kill was told as a gap. All kinds of message carry a secret by which their fate is found, also those to "
    "which WhatsApp's own apps give none, such as reactions; the emulator's phones and Baileys do not mind.",
    limits={
        "groups": "neonize 0.5.2 has no call for who may add people (whatsmeow's `SetGroupMemberAddMode`), for "
        "the approval of new members (`SetGroupJoinApprovalMode`) or for deciding about requests to join "
        "(`UpdateGroupRequestParticipants`): these are refused, in what it tells of a group both settings count as "
        "off, and requests to join are not told. It tells when a group was made to two minutes at best, and of "
        "people whom somebody else adds or removes one address only. Whether a link led into a group or into its "
        "waiting room is learned by asking for the group. A picture, of a group or our own, can be replaced and not "
        "taken away: `set_group_photo` hands no picture on as an empty one, where whatsmeow's `SetGroupPhoto` wants "
        "none at all.",
        "files": "whatsmeow holds a file whole to send it: a process that had 98 MB had 431 at most while it sent "
        "100 MB, and 331 some seconds later, so files of more than 256 MB are refused; its first media host is the "
        "only one that it tries. Files that arrive are fetched by the gateway, of any size, from mmg.whatsapp.net, "
        "through the session's proxy and not through one that only the environment names. A file that WhatsApp's "
        "hosts have no more is `expired`: there is no call to ask the phone for it.",
        "chats, stars, names": "Nothing but our own name is written into the app state: neonize's `SendAppState` "
        "hands whatsmeow a patch without the name of its collection, which WhatsApp cannot take. None of "
        "whatsmeow's events about it is passed on: that a chat was archived, pinned or muted, and what a person is "
        "called in the address book, is found in whatsmeow's file within seconds; that a chat was marked read or "
        "unread, cleared or deleted, that a message has a star or was deleted for us alone (`MarkChatAsRead`, "
        "`ClearChat`, `DeleteChat`, `Star`, `DeleteForMe`), and that a name was removed, is not. "
        "`set_disappearing_timer` dates what it sets in a chat with a person at 1970, so the gateway has the same "
        "message sent with the time.",
        "the past": "What the phone tells after pairing is read; a part that whatsmeow has confirmed and not "
        "handed over when its process dies is not told again. Nobody can ask for older messages: there is no call "
        "for whatsmeow's `SendPeerMessage`. A history that has 20 MB costs its process 110 MB more.",
        "status posts": "Those of others and of our own phone come in. No call says whom a post is for: whatsmeow "
        "sends one to the contacts in its own file, as the account's privacy setting (`GetStatusPrivacy`) has it, "
        "and `send_message` has no place for an audience (`SendRequestExtra` has none either), so posts are "
        "refused.",
        "people": "neonize passes on none of whatsmeow's events `UserAbout`, `PushName` and `CallReject`, so an "
        "about that somebody changes is learned by asking, a name with the next message, and a call that another "
        "device turned down when the server says that it is over; of a changed picture it does not tell the id, of "
        "an about not since when; whatsmeow itself has no event for another number. It shows nobody online before "
        "the phone's app state has told the account's name, a moment after linking: we wait for it, 10 s at most. "
        "Who writes or is there is told as it happens and kept nowhere. Typing of a kind that neonize does not know "
        "ends its event loop: the process is replaced, a gap is told, and typing is not listened to for an hour.",
    },
    module="neonize",
)
