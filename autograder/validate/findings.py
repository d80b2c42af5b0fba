"""What the linter has to say."""

import dataclasses

# Nothing can be graded before it is mended; it must be mended; it should be looked at.
FATAL, ERROR, WARNING = "fatal", "error", "warning"


@dataclasses.dataclass(frozen=True)
class Finding:
    """about: an exercise's id, or a file's name. sentence: what is wrong, and what to do. level: as above."""

    about: str
    sentence: str
    level: str = ERROR
