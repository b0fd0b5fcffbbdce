"""The sandbox: a pretend WhatsApp beside the gateway, with numbers that are paired and a contact that answers.

Not: the emulator itself, which is another package and is reached over loopback only.
"""

from wagate.sandbox.network import Network, SandboxFailed
from wagate.sandbox.scene import Person, Scene, sandbox_key, sandboxed, set_the_scene

__all__ = ["Network", "Person", "SandboxFailed", "Scene", "sandbox_key", "sandboxed", "set_the_scene"]
