"""Finds hidden digits, and the list that says which they are, in arrays, bytes and numbers."""

import re

import numpy as np

PIXELS = 784
KEY = 8  # bytes by which an image is looked up
# Two images with this correlation are the same, whatever was done to their brightness. Of the hidden and the
# students' digits no two have more than 0.984.
SAME = 0.995
LISTED = 20  # indices in a row that give the split away
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


class HiddenDigits:
    """What is looked for: images (N×28×28 bytes), and their indices (N) in the file of all digits."""

    def __init__(self, images, indices):
        self.indices = np.asarray(indices)
        self.rows = [image.tobytes() for image in images]
        self._units = _standardised(np.reshape(images, (-1, PIXELS)))
        # An image's most telling bytes: of all that are aligned, those with most different values.
        self._offsets = [_telling(row) for row in self.rows]
        keys = [row[at : at + KEY] for row, at in zip(self.rows, self._offsets)]
        self._keys = np.frombuffer(b"".join(keys), "<u8")
        self._order = np.argsort(self._keys)
        self._rank = {int(index): rank for rank, index in enumerate(self.indices)}

    def in_array(self, array):
        """[(entry, index)] of the hidden digits among an array's images, of any shape with 784 to an image."""
        array = np.asarray(array)
        if array.dtype.kind not in "buif" or not array.size or array.size % PIXELS:
            return []
        found = _correlated(array.reshape(-1, PIXELS), self._units)
        if not found and array.ndim == 2 and array.shape[0] == PIXELS:
            found = _correlated(array.T, self._units)
        return [(entry, int(self.indices[which])) for entry, which in found]

    def in_bytes(self, data):
        """[(offset, index)] of the hidden digits that the bytes hold, one byte a pixel."""
        found = []
        for shift in range(min(KEY, len(data))):
            words = np.frombuffer(data, "<u8", count=(len(data) - shift) // KEY, offset=shift)
            (filled,) = np.nonzero(words)
            sorted_keys = self._keys[self._order]
            at = np.searchsorted(sorted_keys, words[filled])
            hits = sorted_keys[np.minimum(at, len(sorted_keys) - 1)] == words[filled]
            for position, rank in zip(filled[hits], at[hits]):
                for which in self._order[rank:]:
                    if self._keys[which] != words[position]:
                        break
                    start = int(position) * KEY + shift - self._offsets[which]
                    if start >= 0 and data[start : start + PIXELS] == self.rows[which]:
                        found.append((start, int(self.indices[which])))
        return sorted(found)

    def in_text(self, text):
        """[(offset, index)] of the hidden digits that a text lists as numbers: 0 to 255, or 0 to 1."""
        matches = list(NUMBER.finditer(text))
        if len(matches) < PIXELS:
            return []
        numbers = np.array([float(match[0]) for match in matches])
        found = set()
        for scale in (1, 255):
            pixels = np.round(np.clip(numbers * scale, 0, 255)).astype(np.uint8).tobytes()
            found |= {(matches[place].start(), index) for place, index in self.in_bytes(pixels)}
        return sorted(found)

    def lists_indices(self, numbers):
        """Where in the numbers 20 hidden digits' indices follow each other as in the list of them, or None."""
        run = 0
        before = None
        for place, number in enumerate(numbers):
            rank = self._rank.get(number)
            run = (
                run + 1
                if rank is not None and before is not None and rank == before + 1
                else rank is not None
            )
            before = rank
            if run == LISTED:
                return place - LISTED + 1
        return None


def _standardised(rows):
    """Rows with mean 0 and length 1; zeros for a row that is all the same."""
    rows = np.nan_to_num(rows.astype(np.float64), posinf=0, neginf=0)
    rows = rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-30)
    rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(length, 1e-9)).astype(np.float32)


def _correlated(rows, units):
    found = []
    for start in range(0, len(rows), 1000):  # 1,000 at a time, for the memory's sake
        # The negative of a picture shows it as well.
        same = np.abs(_standardised(rows[start : start + 1000]) @ units.T)
        found += [(start + int(entry), int(which)) for entry, which in np.argwhere(same > SAME)]
    return found


def _telling(row):
    return max(range(0, PIXELS, KEY), key=lambda at: len(set(row[at : at + KEY])))
