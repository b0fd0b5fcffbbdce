"""The verbs for what a session's own account shows of itself, and who may see it; and for the pictures of groups."""

from __future__ import annotations

from collections.abc import Mapping

from wagate.domain.contacts import AUDIENCES, MAX_ABOUT, MAX_PUSH_NAME, Audience, Picture, Privacy
from wagate.domain.errors import GroupNotFound, InvalidContent, InvalidRecipient, InvalidRequest, SessionNotPaired
from wagate.domain.jid import Jid, parse_recipient
from wagate.domain.session import Session
from wagate.features.access import Principal
from wagate.features.media.portraits import Portraits
from wagate.features.messaging.identities import own_contact_id
from wagate.features.messaging.live import LiveSessions, inside
from wagate.features.messaging.repository import contacts, groups
from wagate.features.messaging.repository.contacts import StoredContact


class OwnProfile:
    """Profiles of all tenants' accounts; every verb is narrowed to the principal's.

    Every verb raises SessionNotFound; those that need the engine raise UnsupportedByEngine, SessionNotRunning, NotSent
    and RefusedByWhatsApp.
    """

    def __init__(self, live: LiveSessions, portraits: Portraits) -> None:
        """``live`` knows the sessions and their lines, ``portraits`` makes pictures."""
        self._live = live
        self._portraits = portraits

    async def get(self, principal: Principal, session: str, *, refresh: bool = False) -> tuple[Session, StoredContact]:
        """What the account shows, as far as is known; WhatsApp is asked with ``refresh``. Raises SessionNotPaired."""
        found = await self._live.sessions.get(principal, session)
        if refresh:
            await self._live.looks_up(found).profile(_own_address(found))
        return found, await self._stored(found)

    async def change(
        self, principal: Principal, session: str, *, name: str | None = None, about: str | None = None
    ) -> tuple[Session, StoredContact]:
        """Show another name, another about: one after the other, and what came before a refusal stays changed.

        Raises InvalidContent, SessionNotPaired, AppStateUnavailable.
        """
        found = await self._live.sessions.get(principal, session)
        if name is not None and not 0 < len(name.strip()) <= len(name) <= MAX_PUSH_NAME:
            raise InvalidContent(f"A name has 1 to {MAX_PUSH_NAME} characters", pointer="/name")
        if about is not None and len(about) > MAX_ABOUT:
            raise InvalidContent(f"It is longer than {MAX_ABOUT} characters", pointer="/about")
        # Both are asked for before anything is done: what the engine lacks is refused while nothing is changed.
        keeps_name = None if name is None else self._live.keeps_name(found)
        keeps_profile = None if about is None else self._live.keeps_profile(found)
        if keeps_name is not None and name is not None:
            await keeps_name.set_name(name)
        if keeps_profile is not None and about is not None:
            await keeps_profile.set_about(about)
        changed = await self._live.sessions.get(principal, session)
        return changed, await self._stored(changed)

    async def set_picture(self, principal: Principal, session: str, media: str | None) -> str | None:
        """Show another picture, made of a media that is an image, or none; its id. Raises as `Portraits.make`."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.keeps_profile(found)
        jpeg = None if media is None else await self._portraits.make(principal, media)
        return await able.set_picture(jpeg)

    async def set_group_picture(self, principal: Principal, session: str, group: str, media: str | None) -> str | None:
        """The same for a group. Raises GroupNotFound, NotGroupMember, NotGroupAdmin, too."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.gives_groups_pictures(found)
        jid = await self._group(found, group)
        jpeg = None if media is None else await self._portraits.make(principal, media)
        return await able.set_group_picture(jid, jpeg)

    async def group_picture(self, principal: Principal, session: str, group: str, *, preview: bool) -> Picture:
        """Ask where a group's picture lies. Raises GroupNotFound, PictureNotFound."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.looks_up(found)
        return await able.picture(await self._group(found, group), preview=preview)

    async def privacy(self, principal: Principal, session: str) -> dict[Privacy, Audience]:
        """Who may see what, as WhatsApp tells it now."""
        found = await self._live.sessions.get(principal, session)
        return await self._live.keeps_privacy(found).privacy()

    async def set_privacy(
        self, principal: Principal, session: str, changes: Mapping[Privacy, Audience]
    ) -> dict[Privacy, Audience]:
        """Change what is given, one after the other; all settings after that. Raises InvalidRequest."""
        found = await self._live.sessions.get(principal, session)
        able = self._live.keeps_privacy(found)
        for setting, audience in changes.items():
            if audience not in AUDIENCES[setting] or audience is Audience.CONTACTS_EXCEPT:
                allowed = ", ".join(sorted(AUDIENCES[setting] - {Audience.CONTACTS_EXCEPT}))
                raise InvalidRequest(f"It can be set to {allowed}", pointer=f"/{setting.value}")
        for setting, audience in changes.items():
            await able.set_privacy(setting, audience)
        return await able.privacy()

    # ---- inside

    async def _stored(self, session: Session) -> StoredContact:
        stored = await self._live.database.read(contacts.get_contact(inside(session), own_contact_id(session.id)))
        if stored is None or session.me is None:
            raise SessionNotPaired
        return stored

    async def _group(self, session: Session, group: str) -> Jid:
        jid: Jid | None = None
        if "@" in group:
            try:
                jid = parse_recipient(group)
            except InvalidRecipient:
                jid = None
        else:
            jid = await self._live.database.read(groups.chat_address(inside(session), group))
        if jid is None or not jid.is_group:
            raise GroupNotFound(f"There is no group {group!r} in this session")
        return jid


def _own_address(session: Session) -> Jid:
    if session.me is None or session.me.phone is None:
        raise SessionNotPaired
    return Jid.from_phone(session.me.phone.removeprefix("+"))
