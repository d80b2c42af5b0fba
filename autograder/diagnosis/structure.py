"""Structural findings: how a wrong result relates to the right one, without a known mistake to compare it with.

A finding is a fact about the results at hand: it holds wherever the result is wrong, and fits that it is right
elsewhere. It rests on numbers drawn at random, which agree for a reason only; short numbers, as those of
draw.SimpleDraw, do so by chance.
"""

import dataclasses
import itertools

import numpy as np

from autograder.diagnosis.comparison import KERNEL_HEIGHT, KERNEL_WIDTH
from autograder.replay import SAME, same

# Factors that need no size to explain them; 4 for the blocks of down2.
PLAIN_FACTORS = {
    -1: ("opposite_sign", "It is what is expected with the opposite sign."),
    2: ("times_2", "It is twice what is expected."),
    1 / 2: ("divided_by_2", "It is half of what is expected."),
    4: ("times_4", "It is four times what is expected."),
    1 / 4: ("divided_by_4", "It is a quarter of what is expected."),
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """tag: for grouping. sentence: for the student, about "it", the wrong result; it holds no hidden number."""

    tag: str
    sentence: str


@np.errstate(all="ignore")  # a student's numbers may be huge
def finding(comparisons):
    """The simplest Finding that holds for all wrong ones of `comparisons` (comparison.Comparison), or None.

    Those that are right must be so in spite of it: at a batch size of 1, say.
    """
    wrong = [c for c in comparisons if not same(c.got, c.expected)]
    if not wrong or not all(map(_finite, wrong)):
        return None
    subjects = {c.of for c in wrong}
    right = [c for c in comparisons if c.of in subjects and _finite(c) and same(c.got, c.expected)]
    if found := _scaled(wrong, right):
        return found
    axes = _common_axes(wrong + right)
    for tag, sentence, predict in _rearrangements(axes, wrong):
        if _predicted(predict, wrong, right):
            return Finding(tag, sentence)
    for tag, sentence, region, axis in _regions(axes):
        if _right_just_in(region, axis, wrong, right):
            return Finding(tag, sentence)
    # At other shapes the order may make no difference.
    of_same_shape = [c for c in right if any(c.expected.shape == w.expected.shape for w in wrong)]
    if not of_same_shape and _predicted(_reordered, wrong, [], evidence=3):
        return Finding("permuted", "It holds the numbers that are expected, in another order.")
    return None


def _finite(c):
    arrays = isinstance(c.got, np.ndarray) and isinstance(c.expected, np.ndarray)
    return arrays and bool(np.isfinite(c.got).all() and np.isfinite(c.expected).all())


def _predicted(predict, wrong, right, evidence=2):
    """Whether all of them got what `predict` (Comparison → array) says, and not by chance.

    evidence: how many different numbers the wrong ones must hold. Equal ones, or zeros and ones, agree easily.
    """
    if not all(same(c.got, np.asarray(predict(c))) for c in wrong + right):
        return False
    return _different(c.expected for c in wrong) >= evidence


def _different(arrays):
    """How many numbers of different magnitude there are, besides 0."""
    return len({f"{abs(number):.4g}" for array in arrays for number in array.flat if number})


def _scaled(wrong, right):
    """Zero, or what is expected times a factor that has one name and no other; else None."""
    if _predicted(lambda c: 0 * c.expected, wrong, right):
        return Finding("zero", "It is 0 everywhere.")
    named = []
    for name in set.intersection(*(set(c.constants) for c in wrong + right)):
        words = name.removeprefix("the ").replace(" ", "_")
        if _predicted(lambda c, name=name: c.expected * c.constants[name], wrong, right):
            named.append((name, f"times_{words}", f"It is what is expected times {name}."))
        if _predicted(lambda c, name=name: c.expected / c.constants[name], wrong, right):
            named.append((name, f"divided_by_{words}", f"It is what is expected divided by {name}."))
    for factor, (tag, sentence) in PLAIN_FACTORS.items():
        if _predicted(lambda c, factor=factor: factor * c.expected, wrong, right):
            # At a single size, a batch of 2 is as good a reason for a 2.
            return Finding(tag, sentence) if not named or len({*map(_sizes, wrong)}) > 1 else None
    # A number seen once may be many a thing.
    if len(named) == 1 and len({c.constants[named[0][0]] for c in wrong + right}) > 1:
        return Finding(*named[0][1:])
    return None


def _sizes(c):
    return tuple(sorted(c.constants.items()))


def _common_axes(comparisons):
    """[(axis, what its entries are called)]: the axes that mean the same in all of them."""
    if len({c.axes for c in comparisons}) == 1:
        return list(enumerate(comparisons[0].axes))
    if len({len(c.axes) for c in comparisons}) == 1:
        return [(axis, "") for axis in range(len(comparisons[0].axes))]
    return [(0, ""), (-1, "")] if all(c.axes for c in comparisons) else []


def _called(axes):
    """[(0, "row"), (1, "column")] as "axes 0 and 1 (rows and columns)"."""
    numbers = " and ".join("the last" if axis == -1 else str(axis) for axis, _ in axes)
    words = "the last axis" if numbers == "the last" else f"{'axis' if len(axes) == 1 else 'axes'} {numbers}"
    names = [f"{name}s" for _, name in axes if name]
    return f"{words} ({' and '.join(names)})" if names else words


def _tag(axes):
    return "_".join("last" if axis == -1 else str(axis) for axis, _ in axes)


def _ends(axes):
    """Yield (tag, words, axis, place): the first and the last entry along each axis."""
    for axis, name in axes:
        for end, place in ("first", 0), ("last", -1):
            words = f"{end} {name}" if name else f"{end} entry along {_called([(axis, name)])}"
            yield f"{end}_{_tag([(axis, name)])}", f"the {words}", axis, place


def _rearrangements(axes, wrong):
    """Yield (tag, sentence, predict) for the ways to hold the right numbers at wrong places."""
    yield (
        "another_shape",
        "It holds the numbers that are expected, in the right order, but its shape is another.",
        lambda c: c.expected.reshape(c.got.shape) if c.got.size == c.expected.size else c.expected,
    )
    for flipped in [*([axis] for axis in axes), *itertools.combinations(axes, 2)]:
        yield (
            f"flipped_{_tag(flipped)}",
            f"It is what is expected, flipped along {_called(flipped)}.",
            lambda c, flipped=flipped: np.flip(c.expected, tuple({i % c.expected.ndim for i, _ in flipped})),
        )
    orders = list(_orders(axes, wrong))
    for tag, words, order in orders:
        yield tag, f"It is what is expected {words}.", lambda c, order=order: c.expected.transpose(order)
    for tag, words, order in orders:
        yield (
            f"reshaped_{tag}",
            "Its shape is right, but its numbers, read one after the other, are those of what is expected "
            f"{words}. Note that reshape does not exchange axes.",
            lambda c, order=order: c.expected.transpose(order).reshape(c.expected.shape),
        )
    for tag, words, axis, place in _ends(axes):
        yield (
            f"without_{tag}",
            f"It is what is expected, but without {words}.",
            lambda c, axis=axis, place=place: np.delete(c.expected, place, axis),
        )


def _orders(axes, wrong):
    """Yield (tag, words, order) for each other order of the axes, those that move the fewest first."""
    if any(axis < 0 for axis, _ in axes):
        return  # not all of them have the same axes
    # Which axis of length 1 is where, nobody can tell.
    movable = [axis for axis, _ in axes if any(c.expected.shape[axis] > 1 for c in wrong)]
    found = []
    for moved in itertools.permutations(movable):
        order = list(range(len(axes)))
        for place, axis in zip(movable, moved):
            order[place] = axis
        found.append((order, [axes[i] for i, axis in enumerate(order) if axis != i]))
    for order, moved in sorted(found, key=lambda pair: len(pair[1]))[1:]:
        if len(moved) == 2:
            yield f"exchanged_{_tag(moved)}", f"with {_called(moved)} exchanged", order
        else:
            words = ", ".join(map(str, order))
            yield f"order_{'_'.join(map(str, order))}", f"with its axes in the order {words}", order


def _reordered(c):
    """The expected numbers, put in the order of those that were got."""
    if c.got.shape != c.expected.shape:
        return c.expected
    numbers = np.empty(c.got.size)
    numbers[np.argsort(c.got, axis=None)] = np.sort(c.expected, axis=None)
    return numbers.reshape(c.got.shape)


def _regions(axes):
    """Yield (tag, sentence, region, axis) of places that may be right while all others are wrong.

    region: Comparison → array of bool. axis: the one along which the places lie, or None.
    """
    for tag, words, axis, place in _ends(axes):

        def end(c, axis=axis, place=place):
            found = np.zeros(c.expected.shape, bool)
            np.moveaxis(found, axis, 0)[place] = True
            return found

        yield f"only_{tag}", f"It is right in {words}, and wrong everywhere else.", end, axis
        yield f"but_{tag}", f"It is right everywhere but in {words}.", lambda c, end=end: ~end(c), axis
    for tag, sentence, region in [
        (
            "but_last_row_and_column",
            "It is right everywhere but in the last row and the last column.",
            lambda c: _interior(c, before=0),
        ),
        ("only_interior", "It is right in the interior, and wrong everywhere at the border.", _interior),
        (
            "only_border",
            "It is right at the border, and wrong everywhere in the interior.",
            lambda c: ~_interior(c),
        ),
        (
            "only_under_whole_kernel",
            "It is right in the pixels that every element of the kernel meets, and wrong nearer to the border.",
            lambda c: _interior(c, hangs_over=True),
        ),
        (
            "not_0_where_expected",
            "It is right wherever it should not be 0, but it is not always 0 where it should be.",
            lambda c: c.expected != 0,
        ),
    ]:
        yield tag, sentence, region, None


def _interior(c, before=1, hangs_over=False):
    """All places but the first (`before`) and last row and column; or but as many as the kernel hangs over."""
    found = np.ones(c.expected.shape, bool)
    for name, size in ("row", KERNEL_HEIGHT), ("column", KERNEL_WIDTH):
        if name in c.axes:
            lines = np.moveaxis(found, c.axes.index(name), 0)
            after = c.constants.get(size, 2) - 1 if hangs_over else 1
            lines[: after if hangs_over else before] = False
            lines[len(lines) - after :] = False
    return found


def _right_just_in(region, axis, wrong, right):
    """Whether all of them are right in `region` and wrong in every place outside it, and not by chance.

    Places where 0 is expected, and got, say nothing.
    """
    inside, wrong_places = [], 0
    for c in wrong + right:
        if c.got.shape != c.expected.shape and not c.got.size == c.expected.size == 1:
            return False
        got, place = c.got.reshape(c.expected.shape), region(c)
        rms = np.sqrt(np.mean(c.expected**2)) if c.expected.size else 0
        is_wrong = np.abs(got - c.expected) > SAME * (np.abs(c.expected) + 0.1 * rms)
        tells = (got != 0) | (c.expected != 0)
        if np.any(tells & (is_wrong == place)):
            return False
        if is_wrong.any():
            inside.append(c.expected[place & tells])
            wrong_places += is_wrong.sum()
    # Rows may be right or wrong by what stands in them: a few are soon so in any order.
    if axis is not None and len({c.expected.shape[axis] for c in wrong} - {1}) < 2:
        return False
    return _different(inside) >= 2 and wrong_places >= 2
