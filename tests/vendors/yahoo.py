"""Yahoo's hosts: cookies, consent and crumbs, and which path answers what."""

import itertools
from urllib.parse import parse_qs

from .answer import HTML, Answer, Request, as_json, cookie, page
from .chart import chart
from .faults import GETCRUMB
from .quote import quote
from .summary import summary
from .timeseries import timeseries
from .world import World

FINANCE = ("query1.finance.yahoo.com", "query2.finance.yahoo.com")
CONSENT = ("guce.yahoo.com", "consent.yahoo.com")
HOSTS = ("fc.yahoo.com", "finance.yahoo.com", *CONSENT, *FINANCE)
FORM = (
    '<form method="post" action="https://consent.yahoo.com/v2/collectConsent?sessionId=1_session">'
    '<input type="hidden" name="csrfToken" value="token">'
    '<input type="hidden" name="sessionId" value="1_session">'
    '<input type="hidden" name="originalDoneUrl" value="https://finance.yahoo.com/">'
    '<input type="hidden" name="namespace" value="yahoo">'
    '<button type="submit" name="agree" value="agree">Accept all</button></form>'
)


class Yahoo:
    """Answers for Yahoo's hosts; remembers which cookies and crumbs it gave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cookies: set[str] = set()
        self.crumbs: dict[str, str] = {}  # by cookie
        self.number = itertools.count(1)

    def answer(self, request: Request, fault: str = "") -> Answer:
        """The answer to one request; `fault` is one that changes what is said."""
        if request.host in CONSENT:
            return self.consent(request)
        if request.host == "fc.yahoo.com":
            return Answer(b"", 404, HTML, (self.new_cookie(),))
        if request.host not in FINANCE:
            return page("Yahoo Finance")
        if request.path == GETCRUMB:
            return self.getcrumb(request, fault)
        _, version, _, *rest = request.path.split("/")
        query = request.parameters
        last = rest[-1] if rest else ""
        if request.path.startswith("/v8/finance/chart/"):
            return chart(self.world, last, query, fault)
        if request.path.startswith("/ws/fundamentals-timeseries/v1/finance/timeseries/"):
            types = parse_qs(request.query).get("type", [])
            return timeseries(self.world, last, query, types, fault)
        if version in ("v7", "v10"):
            refusal = self.refusal(request, fault)
            if refusal:
                return refusal
        if request.path == "/v7/finance/quote":
            return quote(self.world, query.get("symbols", "").split(","), fault)
        if request.path.startswith("/v10/finance/quoteSummary/"):
            return summary(self.world, last, query.get("modules", "").split(","), fault)
        return finance_error("Not Found", "HTTP 404 Not Found", 404)

    def new_cookie(self) -> tuple[str, str]:
        """A cookie that has not been given before, as its header."""
        value = f"d=cookie{next(self.number)}&S=stand-in"
        self.cookies.add(value)
        return cookie("A3", value, ".yahoo.com")

    def consent(self, request: Request) -> Answer:
        """The consent page, or what follows from agreeing."""
        if request.path == "/consent":
            return page("Yahoo is part of the Yahoo family of brands", FORM)
        given = page("Thank you")
        return Answer(given.body, 200, HTML, (self.new_cookie(),))

    def getcrumb(self, request: Request, fault: str) -> Answer:
        """The crumb that belongs to the request's cookie."""
        if fault == "no_crumb":
            return Answer(b"<html><body>Oops, something went wrong</body></html>", 200, HTML)
        value = a3(request)
        if value not in self.cookies:
            return finance_error("Unauthorized", "Invalid Cookie", 401)
        crumb = self.crumbs.setdefault(value, f"crumb{next(self.number)}")
        return Answer(crumb.encode(), 200, "text/plain;charset=utf-8")

    def refusal(self, request: Request, fault: str) -> Answer | None:
        """401 where crumb and cookie do not fit, or a fault voids them; else None."""
        if fault in ("invalid_crumb", "lost_cookie"):
            self.crumbs.clear()
            if fault == "lost_cookie":
                self.cookies.clear()
        value = a3(request)
        if value not in self.cookies:
            return finance_error("Unauthorized", "Invalid Cookie", 401)
        if self.crumbs.get(value, "") != request.parameters.get("crumb"):
            return finance_error("Unauthorized", "Invalid Crumb", 401)
        return None


def a3(request: Request) -> str:
    """The value of the request's cookie A3, or nothing."""
    pairs = (part.strip().partition("=") for part in request.cookie.split(";"))
    return next((value for name, _, value in pairs if name == "A3"), "")


def finance_error(code: str, description: str, status: int) -> Answer:
    """A refusal in the envelope that Yahoo's gate uses."""
    problem = {"code": code, "description": description}
    return as_json({"finance": {"result": None, "error": problem}}, status)
