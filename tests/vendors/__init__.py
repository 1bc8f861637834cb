"""Stand-ins for Yahoo Finance, FRED and iShares, for tests and for trying the product by hand."""

from .answer import Request
from .demo import demo_world
from .drop import drop_world
from .faults import COMMON, FAULTS, LIES, TROUBLE, Fault
from .vendors import Vendors
from .world import World

__all__ = [
    "COMMON",
    "FAULTS",
    "LIES",
    "TROUBLE",
    "Fault",
    "Request",
    "Vendors",
    "World",
    "demo_world",
    "drop_world",
]
