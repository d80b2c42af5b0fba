"""What goes wrong with a release; apart from it, since nbgrader takes seconds to import."""


class ReleaseError(Exception):
    """The release can't be made; the message says why and what to do."""
