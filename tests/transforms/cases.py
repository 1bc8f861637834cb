"""How many cases a property is tried on: other ones in every run.

`make properties` tries many times as many; `MORE_CASES` says how many times.
"""

import os

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("MORE_CASES", "1"))


def cases(count: int, *, is_shrunk: bool = True) -> settings:
    """So many cases, times MORE_CASES; a failing one is made small unless that takes too long."""
    return settings(
        max_examples=count * TIMES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if is_shrunk else [])],
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
