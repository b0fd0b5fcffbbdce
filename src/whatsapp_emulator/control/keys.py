"""Where the control API's operations find what they act on."""

from aiohttp import web

from whatsapp_emulator.web.media import Blobs
from whatsapp_emulator.web.proxy import ConnectProxy
from whatsapp_emulator.web.switchboard import Switchboard
from whatsapp_emulator.whereabouts import Whereabouts

BOARD = web.AppKey("board", Switchboard)
WHEREABOUTS = web.AppKey("whereabouts", Whereabouts)
PROXY = web.AppKey("proxy", ConnectProxy)
BLOBS = web.AppKey("blobs", Blobs)
