"""One HTTP client for the vendors that need no crumb, with what goes wrong told as Trouble."""

from curl_cffi import requests

from flows.sources.live.asking import LONGEST_WAIT_SECONDS, Trouble

SECONDS = 30  # that one answer may take
MOST_TRIES = 6


def get_text(url: str, parameters: dict[str, str], *, vendor: str) -> str:
    """The text that `url` answers. Raises Trouble, whose words name the vendor and no parameter."""
    try:
        with requests.Session(impersonate="chrome") as session:
            answer = session.get(url, params=parameters, timeout=SECONDS)
    except requests.RequestsError as error:
        words = f"{vendor} did not answer ({type(error).__name__})"
        raise Trouble("failed", words, tries=MOST_TRIES) from None
    if answer.status_code == 429:
        after = answer.headers.get("retry-after", "")  # seconds; a date is left to the usual wait
        raise Trouble(
            "rate_limited",
            f"{vendor}: too many requests",
            tries=MOST_TRIES,
            wait_seconds=min(float(after), LONGEST_WAIT_SECONDS) if after.isdecimal() else 0,
        )
    if answer.status_code == 404:
        raise Trouble("unknown", f"{vendor} does not know it", tries=1)
    if answer.status_code >= 500:
        raise Trouble("failed", f"{vendor} answered {answer.status_code}", tries=MOST_TRIES)
    if answer.status_code >= 400:
        words = f"{vendor} refused the question ({answer.status_code}): are key and name right?"
        raise Trouble("refused", words, tries=2)
    return str(answer.text)
