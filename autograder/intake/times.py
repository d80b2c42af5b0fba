"""Times of handing in, as nbgrader and file systems spell them."""

import datetime
import re
import zoneinfo

TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T _](\d\d)[:._-]?(\d\d)(?:[:._-]?(\d\d)(?:[.,](\d{1,6}))?)?"
    r"\s*(?P<zone>Z|[+-]\d\d:?\d\d|[A-Za-z][\w/]*)?"
)

YEARS = range(2000, 2101)


def parse_time(text):
    """The time that a text says, in UTC (and as UTC if it names no zone, as nbgrader has it), or None."""
    match = TIME.fullmatch(text.strip())
    if not match:
        return None
    *numbers, fraction = match.groups()[:7]
    try:
        zone = _zone(match["zone"])
        microsecond = int((fraction or "0").ljust(6, "0"))
        time = datetime.datetime(*(int(number or 0) for number in numbers), microsecond, tzinfo=zone)
        time = time.astimezone(datetime.UTC)
    except (ValueError, OverflowError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None
    return time if time.year in YEARS else None


def _zone(text):
    if text in (None, "Z", "UTC", "GMT"):
        return datetime.UTC
    if text[0] in "+-":
        return datetime.datetime.strptime(text, "%z").tzinfo
    return zoneinfo.ZoneInfo(text)
