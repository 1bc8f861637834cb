"""Asking a vendor: who is asked again, who is given up, and when it ends."""

import threading
import time
from collections import Counter

import pytest

from flows.sources.live import asking
from flows.sources.live.asking import CHUNK, Manners, Trouble

NAMES = [f"S{number:03}" for number in range(100)]


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(asking, "LONGEST_WAIT_SECONDS", 0.02)


class Vendor:
    """Answers a name in lower case, after as many troubles as it is told."""

    def __init__(self, **troubles: tuple[int, Trouble]) -> None:
        self.troubles = troubles
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()

    def __call__(self, name: str) -> str:
        with self.lock:
            self.asked[name] += 1
            count = self.asked[name]
        times, trouble = self.troubles.get(name, (0, None))
        if trouble is not None and count <= times:
            raise trouble
        return name.lower()


def passing(outcome: str = "failed") -> Trouble:
    return Trouble(outcome, "out for a walk", tries=6)


def manners(minutes: float = 1) -> tuple[Manners, list[int], list[tuple[int, int]]]:
    paced: list[int] = []
    told: list[tuple[int, int]] = []
    polite = Manners(paced.append, 1, soon(minutes), lambda *done: told.append(done))
    return polite, paced, told


def soon(minutes: float = 1) -> float:
    return time.monotonic() + 60 * minutes


def test_every_name_is_asked_once_where_nothing_goes_wrong() -> None:
    polite, paced, told = manners()
    vendor = Vendor()

    replies = polite.ask(NAMES, vendor)

    assert [reply.value for reply in replies.values()] == [name.lower() for name in NAMES]
    assert list(replies) == NAMES
    assert set(vendor.asked.values()) == {1}
    assert paced == [CHUNK, CHUNK, 20]
    assert told[-1] == (100, 100)


def test_a_trouble_that_passes_costs_another_try() -> None:
    polite, paced, _ = manners()

    replies = polite.ask(NAMES, Vendor(S007=(2, passing())))

    assert replies["S007"].value == "s007"
    assert replies["S007"].outcome == "ok"
    assert replies["S007"].attempts == 3
    assert sum(paced) == 102


def test_a_name_that_nobody_knows_is_asked_once() -> None:
    polite, *_ = manners()
    vendor = Vendor(S007=(99, Trouble("unknown", "may be delisted", tries=1)))

    reply = polite.ask(NAMES, vendor)["S007"]

    assert (reply.value, reply.outcome, reply.detail) == (None, "unknown", "may be delisted")
    assert vendor.asked["S007"] == 1


def test_a_name_in_lasting_trouble_is_given_up_while_others_are_answered() -> None:
    polite, *_ = manners()
    stale = Trouble("stale", "newest bar 2026-07-01", tries=2, value="what came")
    vendor = Vendor(S007=(99, stale), S008=(99, passing()))

    replies = polite.ask(NAMES, vendor)

    assert (replies["S007"].value, replies["S007"].outcome) == ("what came", "stale")
    assert (replies["S008"].value, replies["S008"].outcome) == (None, "failed")
    assert (vendor.asked["S007"], vendor.asked["S008"]) == (2, 6)


def test_a_vendor_that_comes_back_is_asked_for_everything() -> None:
    polite, *_ = manners()
    vendor = Vendor(**{name: (9, passing("rate_limited")) for name in NAMES})

    replies = polite.ask(NAMES, vendor)

    assert {reply.outcome for reply in replies.values()} == {"ok"}


@pytest.mark.parametrize("outcome", ["empty", "unknown"])
def test_nothing_for_anybody_is_a_vendor_that_is_down(outcome: str) -> None:
    polite, *_ = manners()
    vendor = Vendor(**{name: (4, Trouble(outcome, "nothing", tries=2)) for name in NAMES})

    replies = polite.ask(NAMES, vendor)

    assert {reply.outcome for reply in replies.values()} == {"ok"}


def test_an_answer_that_breaks_its_reader_is_one_names_trouble() -> None:
    def answer(name: str) -> str:
        if name == "S007":
            raise KeyError("quoteSummary")
        return name

    replies = manners()[0].ask(NAMES, answer)

    assert replies["S007"].outcome == "failed"
    assert replies["S007"].detail == "the answer cannot be read (KeyError)"
    assert sum(reply.outcome == "ok" for reply in replies.values()) == 99


def test_a_vendor_that_stays_down_is_left_when_the_time_is_over() -> None:
    polite, *_ = manners(minutes=0.005)
    vendor = Vendor(**{name: (10_000, passing()) for name in NAMES})

    replies = polite.ask(NAMES, vendor)

    assert {reply.value for reply in replies.values()} == {None}
    assert {reply.outcome for reply in replies.values()} <= {"failed", "not_asked"}
    assert replies["S000"].outcome == "failed"


def test_what_time_did_not_allow_is_said() -> None:
    polite, *_ = manners(minutes=0)

    replies = polite.ask(NAMES, Vendor())

    assert {reply.outcome for reply in replies.values()} == {"not_asked"}
    assert {reply.attempts for reply in replies.values()} == {0}


def test_a_long_detail_becomes_one_short_line() -> None:
    assert str(Trouble("failed", "<html>\n" + "x" * 1000, tries=1)) == "<html> " + "x" * 193


def test_what_is_no_silence_settles_at_once_though_nobody_else_answers() -> None:
    polite, *_ = manners()
    troubles = {name: (99, Trouble("refused", "the wrong key", tries=2)) for name in NAMES}

    replies = polite.ask(NAMES, Vendor(**troubles))

    assert {reply.outcome for reply in replies.values()} == {"refused"}
    assert {reply.attempts for reply in replies.values()} == {2}


def test_a_few_names_that_never_answer_end_where_many_others_did() -> None:
    polite, *_ = manners()
    vendor = Vendor(**{name: (99, passing()) for name in NAMES[:9]})

    replies = polite.ask(NAMES, vendor)

    # Nine in one chunk without any answer, but less than a tenth of all: their own trouble.
    assert {replies[name].outcome for name in NAMES[:9]} == {"failed"}
    assert {vendor.asked[name] for name in NAMES[:9]} == {6}


def test_one_name_says_nothing_of_a_vendor_that_is_up() -> None:
    up = Manners(lambda count: None, 1, soon(), lambda *done: None, is_up=True)
    vendor = Vendor(S007=(99, passing()))

    assert up.ask(["S007"], vendor)["S007"].outcome == "failed"
    assert vendor.asked["S007"] == 6


def test_a_word_stands_once_it_was_met_often_enough_itself() -> None:
    def answer(name: str) -> str:
        asked.append(name)
        word = "failed" if len(asked) % 2 else "empty"
        raise Trouble(word, word, tries={"failed": 6, "empty": 2}[word])

    asked: list[str] = []
    up = Manners(lambda count: None, 1, soon(), lambda *done: None, is_up=True)

    reply = up.ask(["S007"], answer)["S007"]

    assert (reply.outcome, reply.attempts) == ("empty", 4)


def test_time_ends_the_asking_within_a_chunk() -> None:
    end = soon(0.01)
    slow = Manners(lambda count: None, 1, end, lambda *done: None)

    def answer(name: str) -> str:
        time.sleep(max(0, end - time.monotonic()))
        return name

    replies = slow.ask(NAMES[:40], answer)

    # Eight at once, and when they have answered the time is up.
    assert 0 < sum(reply.outcome == "ok" for reply in replies.values()) <= 8
    assert {reply.outcome for reply in replies.values()} == {"ok", "not_asked"}
