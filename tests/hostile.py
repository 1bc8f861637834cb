"""Text that somebody might send on purpose, or that breaks what was not built for it."""

SQL = ["'; drop table raw.quote; --", "') or 1=1 --", '"; delete from core.quote; --', "$$", "''"]
PATHS = ["../../etc/passwd", "/etc/passwd", "..\\..\\x", "file:///etc/passwd", "a/../../b"]
MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[bold]x[/]",
    "{{7*7}}",
    "&lt;",
]
LOOK_ALIKES = ["ΑAPL", "AAРL", "ＩＷＭ", "I\u200bWM", "\u202eMWI", "İWM", "IWM\u0301"]
CONTROL = ["\x00", "\n", "a\r\nb", "\ufeffIWM", "\u2028", "\x1b[31mred", "\x07", "\t"]
LONG = ["x" * 2**20, "🙂" * 1000]
QUOTES = ['"', "'", '""', "a,b", 'a"b', "\\", "%s%n"]
NUMBERS = ["nan", "-inf", "1e400", "1e-400", "−1", "１２", "0x10", "1_000", "9" * 40, "1,5", "-"]
DATES = ["0000-00-00", "9999-12-31", "10000-01-01", "294247-01-10", "2026-02-30", "-1-01-01"]
DATES += ["infinity", "2026-01-27T22:00:00+99:00", "2026-01-27 22:00:00.123456789Z", "27/01/2026"]
WORDS = ["true", "null", "NULL", "#N/A", " ", ".", ""]

TEXTS = SQL + PATHS + MARKUP + LOOK_ALIKES + CONTROL + LONG + QUOTES
CELLS = TEXTS + NUMBERS + DATES + WORDS
