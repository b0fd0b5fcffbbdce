"""whatsmeow's own SQLite file: the linked device in it, read and written. No client may have it open meanwhile."""

from wagate.adapters.engines.neonize.store.holdable import holdable
from wagate.adapters.engines.neonize.store.reading import devices_in, export_device
from wagate.adapters.engines.neonize.store.writing import delete_device, write_device

__all__ = ["delete_device", "devices_in", "export_device", "holdable", "write_device"]
