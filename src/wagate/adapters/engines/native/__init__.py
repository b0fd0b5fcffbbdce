"""WhatsApp Web multi-device, spoken by ourselves: a pure state machine (`machine`) and the loop around it."""

from wagate.adapters.engines.native.engine import NativeEngine as NativeEngine
from wagate.adapters.engines.native.machine.device import Habits as Habits
