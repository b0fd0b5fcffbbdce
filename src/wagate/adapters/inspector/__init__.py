"""Looking into media in processes that can do nothing else: Pillow and PyAV, each job in a fork that dies with it."""

from wagate.adapters.inspector.inspector import ForkingInspector

__all__ = ["ForkingInspector"]
