"""An engine that talks to a pretend service in the same process: for tests, demos and measurements."""

from wagate.adapters.engines.fake.engine import FEATURES, WITHOUT_PROMISES, FakeEngine
from wagate.adapters.engines.fake.phone import FakePhone
from wagate.adapters.engines.fake.plays import Faults
from wagate.adapters.engines.fake.service import FakeService

__all__ = ["FEATURES", "WITHOUT_PROMISES", "FakeEngine", "FakePhone", "FakeService", "Faults"]
