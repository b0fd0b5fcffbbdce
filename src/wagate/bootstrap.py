"""Puts everything together. The only module that knows plugs and sockets both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import structlog

from wagate.adapters.clock import SystemClock
from wagate.adapters.inspector import ForkingInspector
from wagate.domain.ids import SessionId
from wagate.domain.media import RULES, MediaKind
from wagate.domain.pacing import UNPACED, Pacing
from wagate.domain.session import ChatFilters
from wagate.features import Cellar, Gateway, Rooms
from wagate.features.access import Access
from wagate.features.journal import Journal
from wagate.features.media import Arrivals, MediaRoom
from wagate.features.media.intake import Intake
from wagate.features.media.policy import DAY_MS, MediaPolicy
from wagate.features.media.portraits import Portraits
from wagate.features.media.service import Tools
from wagate.features.media.shelf import Shelf
from wagate.features.media.sweeper import Sweeper
from wagate.features.messaging.accounts import Accounts
from wagate.features.messaging.acts import Acts
from wagate.features.messaging.attaching import Showing
from wagate.features.messaging.chat_marks import ChatMarking
from wagate.features.messaging.chats import Chats
from wagate.features.messaging.contact_ledger import ContactLedger
from wagate.features.messaging.contacts import Contacts
from wagate.features.messaging.dispatcher import Dispatcher
from wagate.features.messaging.downloads import Downloads
from wagate.features.messaging.group_ledger import GroupLedger
from wagate.features.messaging.groups import Groups
from wagate.features.messaging.handover import Handover
from wagate.features.messaging.held import Held
from wagate.features.messaging.history_ledger import HistoryLedger
from wagate.features.messaging.identities import Identities
from wagate.features.messaging.inbox import Inbox
from wagate.features.messaging.indexer import Indexer
from wagate.features.messaging.live import LiveSessions
from wagate.features.messaging.mark_ledger import MarkLedger
from wagate.features.messaging.news import ERASERS, NewsDesk
from wagate.features.messaging.outbox import Outbox
from wagate.features.messaging.outcomes import Outcomes
from wagate.features.messaging.permits import Permits
from wagate.features.messaging.previews import Previews
from wagate.features.messaging.profile import OwnProfile
from wagate.features.messaging.queueing import Queueing
from wagate.features.messaging.receipts import Receipts
from wagate.features.messaging.search import Search
from wagate.features.messaging.service import Messaging
from wagate.features.messaging.sql_inbox import SqlInbox
from wagate.features.messaging.sql_statuses import SqlStatuses
from wagate.features.messaging.waking import Waking
from wagate.features.realtime import Hub
from wagate.features.sessions.catalogue import Catalogue
from wagate.features.sessions.ending import Ending
from wagate.features.sessions.exporting import Exporting
from wagate.features.sessions.importing import Importing
from wagate.features.sessions.login_gate import LoginGate
from wagate.features.sessions.moving import Moving, OnTheWay, Patience
from wagate.features.sessions.opening import Opening
from wagate.features.sessions.restore import Restore
from wagate.features.sessions.sealed_settings import SettingsBox
from wagate.features.sessions.service import Passages, Sessions
from wagate.features.sessions.states import States
from wagate.features.sessions.supervisor import Supervisor
from wagate.features.templates import Templates
from wagate.plugs import (
    absent_engines,
    blob_store,
    default_engine,
    every_engine,
    foreign_readers,
    usable,
    way_to_the_web,
)
from wagate.ports.blobs import BlobStore
from wagate.ports.clock import Clock
from wagate.ports.egress import Egress
from wagate.ports.engine import Engine
from wagate.settings import Settings
from wagate.store import open_database
from wagate.store.database import Database
from wagate.store.folder import DataFolder
from wagate.store.leases import Lease, Node
from wagate.store.migrations import migrate
from wagate.store.sealed import MasterKey, Sealer
from wagate.store.vault import VaultKeeper

_log = structlog.get_logger(__name__)

_ADOPT_S = 10.0
"""How often sessions are looked for that another gateway process left behind."""


@dataclass(frozen=True, slots=True)
class MediaPlugs:
    """The store of media, and the way out to the web; None for what the settings say."""

    blobs: BlobStore | None = None
    egress: Egress | None = None


async def build(
    settings: Settings,
    *,
    engines: Iterable[Engine] | None = None,
    clock: Clock | None = None,
    media: MediaPlugs = MediaPlugs(),
    before_commit: Callable[[], None] | None = None,
    move_patience: Patience | None = None,
) -> Gateway:
    """A gateway that is ready to start, on storage that is open and up to date. ``stop`` closes it in any case.

    Every plug can be replaced: the engines, the clock, those of media, a failpoint that is called before every COMMIT,
    and how long a move between engines waits.
    Raises DataInUse when another process works in the data directory, MasterKeyUnusable, StorageUnavailable.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as opened:
        folder = DataFolder(settings.data)
        opened.callback(folder.close)
        key = settings.sealing_key
        master = MasterKey.load_or_make(settings.data / "master.key") if key is None else MasterKey.of(key)
        sealer = Sealer(master)
        await migrate(settings.storage_url)
        database = await open_database(settings.storage_url, before_commit=before_commit)
        opened.push_async_callback(database.close)
        await sealer.check(database)
        plugs = {engine.name: engine for engine in (engines or usable(every_engine(settings, clock), settings))}
        blobs = media.blobs or blob_store(settings)
        opened.push_async_callback(blobs.close)
        parts = _Parts(
            settings=settings,
            database=database,
            folder=folder,
            sealer=sealer,
            engines=plugs,
            clock=clock,
            move_patience=move_patience or Patience(),
            blobs=blobs,
            egress=media.egress or way_to_the_web(settings),
        )
        gateway = _furnish(parts)
        opened.pop_all()
        return gateway


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the rooms are furnished with."""

    settings: Settings
    database: Database
    folder: DataFolder
    sealer: Sealer
    engines: dict[str, Engine]
    clock: Clock
    move_patience: Patience
    blobs: BlobStore
    egress: Egress


def _media_policy(settings: Settings) -> MediaPolicy:
    limits = {
        MediaKind.IMAGE: settings.media_image_limit,
        MediaKind.VIDEO: settings.media_video_limit,
        MediaKind.AUDIO: settings.media_audio_limit,
        MediaKind.VOICE: settings.media_audio_limit,
        MediaKind.STICKER: RULES[MediaKind.STICKER].max_bytes,
        MediaKind.DOCUMENT: settings.media_document_limit,
    }
    return MediaPolicy(
        limits,
        settings.media_tenant_limit,
        settings.media_keep_bytes,
        round(settings.media_keep_days * DAY_MS),
        settings.media_eager_limit,
    )


def _media_room(parts: _Parts, inspector: ForkingInspector, policy: MediaPolicy) -> MediaRoom:
    database, blobs, clock = parts.database, parts.blobs, parts.clock
    shelf = Shelf(database, blobs, policy, clock)
    sweeper = Sweeper(database, shelf, policy, clock, alone=database.dialect == "sqlite")
    return MediaRoom(
        Tools(database, blobs, Intake(blobs, inspector, inspector, policy), shelf, sweeper, parts.egress, clock), policy
    )


def _usual_pacing(settings: Settings) -> Pacing:
    """The pace of sessions that set none of their own."""
    per_minute, bulk = settings.pace_per_minute or None, settings.pace_bulk_per_minute or None
    return UNPACED if per_minute is None and bulk is None else Pacing(per_minute, bulk)


def _departures(
    parts: _Parts, way_out: Outbox, receipts: Receipts, accounts: Accounts, node: Node
) -> tuple[Held, Dispatcher, Waking]:
    """What takes messages from the outbox to the engines, and looks after those that wait."""
    database, clock = parts.database, parts.clock
    held = Held(receipts, clock)
    handover = Handover(database, way_out, held, Permits(database, accounts, clock), clock)
    dispatcher = Dispatcher(database, handover, receipts, accounts, clock)
    return held, dispatcher, Waking(database, held, accounts, node.id, dispatcher, clock)


def _sql_inbox(
    parts: _Parts, journal: Journal, way_out: Outbox, beside: tuple[MediaRoom, Previews], woken: Callable[[], None]
) -> SqlInbox | None:
    """What takes in the messages that other programs leave in a table, where that is wanted."""
    if not parts.settings.sql_inbox:
        return None
    from wagate.api.v1.sql_rows import read_row

    _log.warning("sql_inbox_open", detail="Whoever can write to the table outbox_inbox can send")
    keep_ms = round(parts.settings.sql_inbox_keep_days * DAY_MS)
    statuses = SqlStatuses(parts.database, journal, keep_ms, parts.clock)
    return SqlInbox(parts.database, way_out, read_row, (*beside, statuses), woken, parts.clock)


def _furnish(parts: _Parts) -> Gateway:
    settings, database, folder, sealer = parts.settings, parts.database, parts.folder, parts.sealer
    engines, clock = parts.engines, parts.clock
    default = default_engine(engines, settings)
    access = Access(database, clock)
    journal = Journal(database, clock)
    realtime = Hub(journal)
    access.on_revoked(realtime.drop_key)

    identities, acts, pacing = Identities(journal, clock), Acts(journal), dict[SessionId, Pacing]()
    accounts = Accounts(pacing, _usual_pacing(settings), journal, clock)
    receipts = Receipts(journal, identities, acts, accounts, clock)
    policy, inspector, eager_limits = _media_policy(settings), ForkingInspector(), dict[SessionId, int]()
    room, arrivals = _media_room(parts, inspector, policy), Arrivals(sealer, policy, eager_limits)
    inbox = Inbox(journal, identities, acts, receipts, arrivals, clock)
    ledger = GroupLedger(journal, identities, clock)
    ledgers = (
        ledger,
        ContactLedger(journal, identities, clock),
        MarkLedger(journal, identities, clock),
        HistoryLedger(database.dialect, journal, identities, arrivals, clock),
    )
    way_out = Outbox(journal, identities, receipts, clock, {name: engine.features for name, engine in engines.items()})

    box = SettingsBox(sealer, accounts.usual)
    filters: dict[SessionId, ChatFilters] = {}
    states = States(journal, clock, box, {name: engine.client_version for name, engine in engines.items()})
    # On SQLite the data directory's lock keeps other processes away; on PostgreSQL a lease does.
    alone = database.dialect == "sqlite"
    node = Node(database, clock, folder.node(clock.now_ms()), None if alone else Lease())
    desk = NewsDesk(states, identities, inbox, receipts, ledgers, filters)
    opening = Opening(
        database=database,
        node=node,
        keeper=VaultKeeper(database, sealer, desk.take, clock),
        engines=engines,
        absent=absent_engines(engines, settings, clock),
        states=states,
        box=box,
        login_gate=LoginGate(clock, settings.login_rate, settings.login_burst),
        media=room.source,
        forget=way_out.disown,
        filters=filters,
        eager_limits=eager_limits,
        pacing=pacing,
    )
    supervisor = Supervisor(opening, clock)
    on_the_way = OnTheWay(way_out.in_flight, partial(way_out.disown, reason="session_moved"), way_out.fit)
    moving = Moving(opening, supervisor, on_the_way, clock, parts.move_patience)
    ending = Ending(opening, supervisor, ERASERS)
    importing = Importing(opening, supervisor, ending, foreign_readers(), folder.path / "imports", clock)
    held, dispatcher, waking = _departures(parts, way_out, receipts, accounts, node)
    downloads = Downloads(database, room, arrivals, clock)
    room.serve(Showing(journal).changed, downloads.wake)
    arrivals.serve(downloads.note)
    supervisor.watch(dispatcher)
    supervisor.watch(downloads)
    passages = Passages(importing, moving, ending, Exporting(opening, supervisor))
    sessions = Sessions(opening, supervisor, passages, clock, default)
    live = LiveSessions(database, sessions, supervisor, engines)
    previews = Previews(parts.egress, inspector)
    sql_inbox = _sql_inbox(parts, journal, way_out, (room, previews), dispatcher.wake)
    groups = Groups(database, sessions, supervisor, ledger, engines, clock)
    return Gateway(
        Rooms(
            access=access,
            journal=journal,
            realtime=realtime,
            sessions=sessions,
            messaging=Messaging(
                database,
                way_out,
                dispatcher,
                Outcomes(journal.relay),
                (downloads, previews, waking, sql_inbox),
                clock,
            ),
            engines=Catalogue(engines, default),
            media=room,
            groups=groups,
            contacts=Contacts(live),
            profile=OwnProfile(live, Portraits(room, inspector)),
            chats=Chats(database, dispatcher),
            search=Search(database, Indexer(database, journal, clock)),
            chat_marks=ChatMarking(database, sessions, groups, dispatcher, engines),
            templates=Templates(database, clock),
            queues=Queueing(database, sessions, held, dispatcher, accounts, clock),
        ),
        Cellar(
            folder,
            database,
            node,
            engines,
            supervisor,
            Restore(opening, supervisor, clock, clear=importing.clear, adopt_every_s=None if alone else _ADOPT_S),
            (parts.blobs.close, inspector.close),
        ),
    )
