"""Asking a vendor for many things: politely, again where trouble may pass, never without end."""

import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

CHUNK = 40  # requests between two looks at pace, clock and trouble
WORKERS = 8  # requests under way at once
# So many names without an answer, or so large a share of all, mean that the vendor is down; fewer
# are those names' own trouble.
MANY, MANY_SHARE = 5, 0.1
DOWN = ("failed", "rate_limited")  # what it sounds like: any other word is an answer
NOTHING = ("empty", "unknown")  # no answer either where nobody has had one
BROKEN_TRIES = 3  # of an answer that breaks what reads it
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 60.0
RATE_LIMITED = 4  # doublings of the wait that a 429 is worth


class Trouble(Exception):
    """A request that gave nothing, or a `value` that is not all that was asked for.

    `outcome` is its word in `ops.source_outcome`; `tries` is how often a name must meet it before
    that word stands, `wait_seconds` what the vendor asks for before the next.
    """

    def __init__(
        self,
        outcome: str,
        detail: str,
        *,
        tries: int,
        value: Any = None,
        wait_seconds: float = 0,
    ) -> None:
        super().__init__(" ".join(detail.split())[:200])
        self.outcome = outcome
        self.tries = tries
        self.value = value
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Reply(Generic[T]):
    """What became of one name; `value` is None where nothing came."""

    value: T | None
    outcome: str
    attempts: int
    detail: str = ""


TOO_LATE = Trouble("not_asked", "the time for this source was over", tries=1)


@dataclass(frozen=True)
class Manners:
    """How to ask: `pace(count)` returns when so many requests may go, at `ends` it is over.

    `ends` is a moment of the monotonic clock, in seconds.

    A name costs `requests`. Of a vendor that `is_up`, because it has just answered something else,
    a few names without an answer say nothing.
    """

    pace: Callable[[int], None]
    requests: int
    ends: float
    tell: Callable[[int, int], None]  # how many names are settled, of how many
    is_up: bool = False

    def ask(self, names: Sequence[str], request: Callable[[str], T]) -> dict[str, Reply[T]]:
        """Request every name, chunk by chunk; one reply for each, in the order of `names`.

        `request` raises Trouble. A name in trouble goes to the end of the queue, and a jittered
        wait that doubles with its tries comes first. While nobody is answered nobody is given up:
        a vendor that is down has until the time is over.
        """
        settled: dict[str, Reply[T]] = {}
        latest: dict[str, Trouble] = {}
        tries: Counter[tuple[str, str]] = Counter()
        attempts: Counter[str] = Counter()
        waiting, silence = deque(names), 0
        many = max(MANY if self.is_up else min(MANY, len(names)), MANY_SHARE * len(names))
        with ThreadPoolExecutor(WORKERS) as pool:
            while waiting and time.monotonic() < self.ends:
                most = min(max(1, CHUNK // self.requests), len(waiting))
                chunk = [waiting.popleft() for _ in range(most)]
                self.pace(len(chunk) * self.requests)
                given: dict[str, T | Trouble] = {}
                answered = len(settled)
                replies = pool.map(lambda name: _try(request, name, self.ends), chunk)
                for name, reply in zip(chunk, replies, strict=True):
                    if reply is not None:
                        given[name] = reply
                        answered += not isinstance(reply, Trouble)
                        self.tell(answered, len(names))
                waiting.extend(name for name in chunk if name not in given)
                attempts.update(given.keys())
                troubles = {n: r for n, r in given.items() if isinstance(r, Trouble)}
                is_nobody_answered = not self.is_up and answered == 0 and len(names) >= MANY
                silent = DOWN + NOTHING if is_nobody_answered else DOWN
                is_down = (
                    len(names) - len(settled) >= many
                    and len(troubles) == len(given)
                    and all(trouble.outcome in silent for trouble in troubles.values())
                )
                silence = silence + 1 if is_down else 0
                if not is_down:
                    tries.update((name, trouble.outcome) for name, trouble in troubles.items())
                latest |= troubles
                for name, answer in given.items():
                    if not isinstance(answer, Trouble):
                        settled[name] = Reply(answer, "ok", attempts[name])
                    elif tries[name, answer.outcome] >= answer.tries:
                        settled[name] = _left(answer, attempts[name])
                    else:
                        waiting.append(name)
                self.tell(len(settled), len(names))
                again = troubles.keys() - settled.keys()
                if again and waiting:
                    doublings = max(silence, min(attempts[name] for name in again)) - 1
                    if any(troubles[name].outcome == "rate_limited" for name in again):
                        doublings += RATE_LIMITED
                    asked_for = max(troubles[name].wait_seconds for name in again)
                    _wait(doublings, asked_for, self.ends)
        for name in waiting:
            settled[name] = _left(latest.get(name, TOO_LATE), attempts[name])
        return {name: settled[name] for name in names}


def _try(request: Callable[[str], T], name: str, ends: float) -> "T | Trouble | None":
    """An answer, the trouble with it, or None where the time was over before."""
    if time.monotonic() > ends:
        return None
    try:
        return request(name)
    except Trouble as trouble:
        return trouble
    except Exception as error:  # one name's nonsense must not cost the others their night
        words = f"the answer cannot be read ({type(error).__name__})"
        return Trouble("failed", words, tries=BROKEN_TRIES)


def _left(trouble: Trouble, attempts: int) -> Reply[Any]:
    return Reply(trouble.value, trouble.outcome, attempts, str(trouble))


def _wait(doublings: int, asked_for: float, ends: float) -> None:
    seconds = max(asked_for, jittered(doublings))
    time.sleep(max(0.0, min(seconds, ends - time.monotonic())))


def jittered(doublings: int) -> float:
    """Seconds to wait after so many tries but one; no two who wait come back together."""
    longest: float = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**doublings)
    return random.uniform(0.5, 1) * longest
