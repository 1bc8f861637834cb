"""Serve the vendors for a trial by hand: `eval "$(...)"` the exports, end it by closing stdin."""

import argparse
import shlex
import sys
from datetime import datetime
from pathlib import Path

from . import Vendors, demo_world, drop_world


def main() -> None:
    """Print the environment as export lines, then serve until stdin closes."""
    parser = argparse.ArgumentParser(prog="python -m tests.vendors", description=main.__doc__)
    parser.add_argument("--drop", type=Path, help="serve this folder's files, not the demo")
    parser.add_argument("--now", type=datetime.fromisoformat, help="the moment, in UTC")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--fail", type=float, default=0.0, help="share of requests that fail")
    parser.add_argument("--seed", type=int, default=1, help="of the faults and of the demo")
    given = parser.parse_args()
    if given.drop:
        world = drop_world(given.drop, given.now)
    else:
        world = demo_world(given.seed, now=given.now)
    with Vendors(world, given.latency) as vendors:
        if given.fail:
            vendors.fail_randomly(given.fail, given.seed)
        for name, value in vendors.environment.items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# {world.fred_key} is the key that FRED's API takes here", flush=True)
        sys.stdin.read()
        faults = sum(bool(request.fault) for request in vendors.requests)
        print(f"# {len(vendors.requests)} requests, {faults} of them failed", file=sys.stderr)


main()
