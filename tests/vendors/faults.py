"""What can go wrong at a vendor, and the plan by which it does."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

CRUMB_PATHS = ("/v7/finance/quote", "/v10/finance/quoteSummary")
GETCRUMB = "/v1/test/getcrumb"
TROUBLE = {  # a client can see these, and a later try heals them
    "429": "Too Many Requests, with Retry-After where retry_after is given",
    "500": "Internal Server Error",
    "503": "Service Unavailable",
    "timeout": "the request is held open for `seconds`, then dropped without a word",
    "reset": "half the body, then a TCP reset",
    "truncated": "half the body under the whole one's Content-Length, then the end",
    "cut": "half the body as if it were all: HTTP is in order, the content is not",
    "html": "status 200 and a web page in the place of data",
    "no_crumb": "getcrumb answers a web page",
    "invalid_crumb": "401 Invalid Crumb, and every crumb given so far is void",
    "lost_cookie": "401, and every cookie and crumb given so far is void",
}
LIES = {  # these look like an answer
    "empty": "status 200 and no rows",
    "unknown_symbol": "404, as for a symbol that does not exist",
    "nan_last_bar": "the newest value is missing",
    "bar_tomorrow": "a row dated on the next session",
    "missing_session": "the newest row is not there",
}
WAITS = {"slow": "the answer comes whole, `seconds` later"}
FAULTS = TROUBLE | LIES | WAITS
# What a later try heals, or a later night where the answer looks whole.
RECOVERABLE = (*TROUBLE, "empty", "nan_last_bar", "bar_tomorrow", "missing_session")


@dataclass
class Fault:
    """One thing that goes wrong for requests of a host and path; `times` None is for ever.

    `host` and `path` are exact, a prefix up to a slash, or a glob with * or ?. `met` counts how
    often it struck.
    """

    name: str
    host: str = "*"
    path: str = "*"
    times: int | None = 1
    seconds: float = 60.0
    retry_after: int | None = None
    met: int = 0

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"no fault is called {self.name}; there are {', '.join(FAULTS)}")

    def strikes(self, host: str, path: str) -> bool:
        """Whether it is this request's turn."""
        is_left = self.times is None or self.met < self.times
        return is_left and matches(self.host, host) and matches(self.path, path)


@dataclass
class Lottery:
    """A fault for a share of all requests.

    Whether the nth request for a path fails, and how, follows from the seed, the path and n alone:
    threads that ask in another order meet the same.
    """

    share: float
    seed: int
    faults: Collection[str]
    seconds: float
    retry_after: int | None = None

    def draw(self, host: str, path: str, nth: int) -> Fault | None:
        """The fault of the path's nth request, if it has one."""
        random = Random(f"{self.seed} {host} {path} {nth}")
        possible = [name for name in self.faults if is_possible(name, path)]
        if path.startswith("/us/") and "missing_session" in possible:
            possible.remove("missing_session")  # nobody offers an older file another night
        if not possible or random.random() >= self.share:
            return None
        name = random.choice(possible)
        return Fault(name, host, path, 1, self.seconds, self.retry_after)


class Plan:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.lottery: Lottery | None = None
        self.asked: Counter[tuple[str, str]] = Counter()

    def next(self, host: str, path: str) -> Fault | None:
        """What goes wrong with the request that has just come: a fault by name, or a drawn one."""
        self.asked[host, path] += 1
        fault = next((fault for fault in self.faults if fault.strikes(host, path)), None)
        if fault is None and self.lottery:
            fault = self.lottery.draw(host, path, self.asked[host, path])
        if fault:
            fault.met += 1
        return fault


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is the pattern, lies below it, or fits it as a glob."""
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(text, pattern)
    return text == pattern or text.startswith(pattern.rstrip("/") + "/")


def is_possible(name: str, path: str) -> bool:
    """Whether a fault has a meaning for the path."""
    if name in ("invalid_crumb", "lost_cookie"):
        return path.startswith(CRUMB_PATHS)
    if name == "no_crumb":
        return path == GETCRUMB
    if name in LIES:
        return path.startswith(("/v8/", "/v7/", "/v10/", "/ws/", "/graph/", "/fred/", "/us/"))
    return True
