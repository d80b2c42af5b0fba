"""The names of a submission's files: no two may take each other's place, none may be too long for a disk."""

import unicodedata

MAX_PART = 100  # bytes of a file's or folder's name
MAX_FOLDERS = 20


class Names:
    """The names that are taken, as relative paths with slashes."""

    def __init__(self, taken=()):
        self._files, self._folders = set(), set()
        for name in taken:
            self.take(name)

    def take(self, name):
        """Take a name that `why_not` has nothing against."""
        self._files.add(_key(name))
        self._folders.update(_folders(_key(name)))

    def why_not(self, name):
        """Why a file can't have this name, to follow "it was left out: "; None if it can."""
        key = _key(name)
        if any(len(part.encode()) > MAX_PART for part in name.split("/")):
            return f"its name, or that of its folder, is longer than {MAX_PART} bytes"
        if name.count("/") > MAX_FOLDERS:
            return f"it lies in more than {MAX_FOLDERS} folders"
        if key in self._files or key in self._folders or self._files.intersection(_folders(key)):
            return "another file has its name, or that of its folder"
        return None

    @staticmethod
    def shortened(name):
        """The beginning of a file's name, which leaves room for an ending."""
        return name.encode()[: MAX_PART - 20].decode(errors="ignore")


def _key(name):
    """What names have in common that some system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _folders(key):
    parts = key.split("/")
    return {"/".join(parts[:i]) for i in range(1, len(parts))}
