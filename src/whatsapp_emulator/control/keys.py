"""Where the control API's operations find what they act on."""

from aiohttp import web

from whatsapp_emulator.info import EmulatorInfo
from whatsapp_emulator.web.proxy import ConnectProxy
from whatsapp_emulator.web.switchboard import Switchboard

BOARD = web.AppKey("board", Switchboard)
INFO = web.AppKey("info", EmulatorInfo)
PROXY = web.AppKey("proxy", ConnectProxy)
