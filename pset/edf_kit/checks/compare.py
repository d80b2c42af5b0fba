"""How a result is held against what is expected, and how a failure is told: a sentence, a case, a hint."""

import textwrap

import numpy as np

WIDTH = 80
# An element may be off by this share of its own size and, as sums that nearly cancel keep few right digits,
# of a tenth of the root mean square of all. The grader has the same rule.
TOLERANCE = 1e-4
RMS_SHARE = 0.1
# More than this is not printed whole.
SHOWN = 30


class CheckFailed(AssertionError):
    """The students' code failed a check. Its str is the whole message, at most 80 columns wide.

    sentence: what is wrong. case: the smallest case that shows it, laid out as text, or "". hint: one, or "".
    blank: None, or the exercise whose stub was met unwritten. is_blocked: whether it is another exercise that failed,
    so that nothing can be said of this one.
    """

    def __init__(self, sentence, case="", hint="", blank=None, is_blocked=False):
        super().__init__(sentence)
        self.sentence, self.case, self.hint = sentence, case, hint
        self.blank, self.is_blocked = blank, is_blocked

    def __str__(self):
        hint = self.hint and f"Hint: {self.hint}"
        return below(wrapped(self.sentence), textwrap.indent(self.case, "    "), wrapped(hint))

    def _render_traceback_(self):
        # What IPython shows in place of a traceback.
        return str(self).splitlines()


def below(*texts):
    """The texts that are not empty, with an empty line between them."""
    return "\n\n".join(filter(None, texts))


def wrapped(text):
    """The text in lines of at most 80 columns."""
    return "\n".join(textwrap.fill(line, WIDTH) for line in text.splitlines())


def expect(got, expected, sentence, case, tolerance=TOLERANCE, floor=1e-6, kernels=False):
    """Raise CheckFailed unless `got`, whatever the student's code left there, equals `expected` closely.

    sentence: what is wrong otherwise, without its full stop. case: {name: array} of what led to it. floor:
    an absolute tolerance, for zeros. kernels: as in side_by_side. A single number may have any number of axes.
    """
    expected = np.asarray(expected, float)
    numbers = as_numbers(got, sentence, case)
    if expected.shape == () and numbers.size == 1:
        numbers = numbers.reshape(())
    both = {"expected": expected, "got": numbers}
    if numbers.shape != expected.shape:
        raise CheckFailed(
            f"{sentence}: its shape is {_short(numbers.shape)}, not {_short(expected.shape)}.",
            below(side_by_side(case), side_by_side(both, kernels=kernels)),
        )
    wrong = wrong_elements(numbers, expected, tolerance, floor)
    if wrong.any():
        raise CheckFailed(
            sentence + (f", first at {_short(list(first(wrong)))}." if wrong.size > 1 else "."),
            below(side_by_side(case), side_by_side(both, first(wrong), kernels)),
        )


def expect_unchanged(now, before, what, case):
    """Raise CheckFailed unless the array `now` is still `before`, exactly."""
    now = as_numbers(now, f"{what} was changed", case)
    if now.shape != before.shape or (now != before).any():
        raise CheckFailed(
            f"{what} was changed; it must be left as it was.",
            below(side_by_side(case), side_by_side({"before": before, "after": now})),
            "Make a new array for a result: one that is changed in place changes for all who hold it.",
        )


def wrong_elements(got, expected, tolerance=TOLERANCE, floor=1e-6):
    """Where two float arrays of one shape differ by more than is allowed: booleans."""
    rms = np.sqrt(np.mean(expected**2)) if expected.size else 0
    # So written, nan is wrong too.
    return ~(np.abs(got - expected) <= tolerance * (np.abs(expected) + RMS_SHARE * rms) + floor)


def first(wrong):
    """The index of the first True."""
    return tuple(int(i) for i in np.argwhere(wrong)[0])


def _short(numbers):
    """A shape or an index as numpy writes it, but without spaces, so that no line ends inside."""
    return str(numbers).replace(" ", "")


def as_numbers(got, sentence, case):
    """`got` as a float64 array of its own; CheckFailed if it is none."""
    if not is_numeric(got):
        kind = "None" if got is None else f"a {type(got).__name__}"
        raise CheckFailed(f"{sentence}: it is {kind}, not an array of numbers.", side_by_side(case))
    return np.array(got, dtype=float)


def is_numeric(got):
    """Whether numpy makes real numbers of `got`."""
    try:
        np.array(got, dtype=float)
    except (TypeError, ValueError):
        return False
    return got is not None  # which numpy takes for nan


def side_by_side(arrays, at=None, kernels=False):
    """{name: array} as text, the arrays side by side as long as there is room.

    Of an array that is too large, only the part around the index `at` is shown; without one, its shape.
    kernels: whether 4-D arrays are kernels (kh×kw×C1×C2) and not images (B×H×W×C); k always is.
    """
    rows, width = [], WIDTH
    for name, array in arrays.items():
        block = _block(name, np.asarray(array), at, (0, 1) if kernels or name == "k" else (1, 2))
        if width + len(block[0]) + 3 > WIDTH - 4:
            rows.append([])
            width = 0
        rows[-1].append(block)
        width += len(block[0]) + 3
    return "\n\n".join(_joined(row) for row in rows)


def _block(name, array, at, space):
    """Lines of one length: the name, then the numbers of an array. space: the two axes of a picture, if 4-D."""
    title, shown = f"{name} =", array
    if array.dtype.kind == "U":
        return [title.ljust(len(str(array))), str(array).ljust(len(title))]
    if array.ndim > 2:
        title, shown = _flat(name, array, at, space if array.ndim == 4 else (array.ndim - 2, array.ndim - 1))
    elif array.size > SHOWN:
        shown = None
    if shown is None:
        return [f"{name}: {'×'.join(map(str, array.shape))} numbers"]
    text = np.array2string(shown, precision=5, suppress_small=True, max_line_width=WIDTH - 8)
    lines = [title, *text.splitlines()]
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines]


def _flat(name, array, at, space):
    """(title, 2-D array) to show of an array of more axes; None for the array if it is too large for that."""
    title = f"{name}, {'×'.join(map(str, array.shape))} ="
    across = [array.shape[axis] for axis in space]
    if array.size > SHOWN and not at:
        return title, None
    if array.size == across[0] * across[1]:
        return title, array.reshape(across)
    if array.size <= SHOWN and sum(length > 1 for length in array.shape) <= 2:
        return title, array.squeeze()
    if not at:
        return title, array
    part = tuple(slice(None) if axis in space else i for axis, i in enumerate(at))
    index = ", ".join(":" if isinstance(i, slice) else str(i) for i in part)
    return f"{name}[{index}] =", array[part]


def _joined(blocks):
    height = max(map(len, blocks))
    lines = []
    for i in range(height):
        parts = [block[i] if i < len(block) else " " * len(block[0]) for block in blocks]
        lines.append("   ".join(parts).rstrip())
    return "\n".join(lines)
