"""Stand-ins for Yahoo Finance, FRED and iShares, for tests and for trying the product by hand."""

from .answer import Request
from .demo import demo_world
from .drop import drop_world
from .faults import FAULTS, LIES, RECOVERABLE, TROUBLE, Fault
from .vendors import Vendors
from .world import World

__all__ = [
    "FAULTS",
    "LIES",
    "RECOVERABLE",
    "TROUBLE",
    "Fault",
    "Request",
    "Vendors",
    "World",
    "demo_world",
    "drop_world",
]
