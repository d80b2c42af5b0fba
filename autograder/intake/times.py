"""Times of handing in, as nbgrader and file systems spell them."""

import datetime
import re
import zoneinfo

TIME = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)[T _](\d\d)[:._-]?(\d\d)(?:[:._-]?(\d\d)(?:[.,](\d{1,6}))?)?"
    r"\s*(?P<zone>Z|[+-]\d\d:?\d\d|[A-Za-z][\w/]*)?"
)


def parse_time(text):
    """The time that a text says, with its time zone (UTC if it names none, as nbgrader has it), or None."""
    match = TIME.fullmatch(text.strip())
    if not match:
        return None
    *numbers, fraction = match.groups()[:7]
    try:
        zone = _zone(match["zone"])
        microsecond = int((fraction or "0").ljust(6, "0"))
        return datetime.datetime(*(int(number or 0) for number in numbers), microsecond, tzinfo=zone)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _zone(text):
    if text in (None, "Z", "UTC", "GMT"):
        return datetime.UTC
    if text[0] in "+-":
        return datetime.datetime.strptime(text, "%z").tzinfo
    return zoneinfo.ZoneInfo(text)
