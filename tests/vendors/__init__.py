"""Stand-ins for Yahoo Finance, FRED and iShares, for tests and for trying the product by hand."""

from .demo import demo_world
from .vendors import Vendors
from .world import World

__all__ = ["Vendors", "World", "demo_world"]
