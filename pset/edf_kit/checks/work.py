"""Does an operation on images loop over pixels? How its Python work grows with its inputs; the grader uses it, too.

`work`, here, is a function (B, H, W, C1, C2) → opcodes of the operation on images B×H×W×C1 with a kernel of KERNEL
pixels, from C1 channels to C2 (see opcodes.py).
"""

KERNEL = (2, 2)
# Small, so that a few opcodes a row show, and loops over all there is are quickly done. Of more than 6 pixels in
# height and width after the kernel, of which arrays are printed in short.
SIZE = {"B": 1, "H": 9, "W": 10, "C1": 1, "C2": 1}
ADVICE = "The elements of a kernel are few, the pixels many: leave the many to numpy."


def pixel_loops(work, what):
    """A sentence on what grows with the height or width of the images, or "" if nothing does. what: its subject."""
    growing = [axis for axis in "HW" if _grows(work, axis)]
    if not growing:
        return ""
    # At most 99: that of a hostile submission could be any number.
    times = min(99, _work(work, **dict.fromkeys(growing, 2)) / max(_work(work), 1))
    when = " and ".join(f"twice as {'high' if axis == 'H' else 'wide'}" for axis in growing)
    over = " and over ".join("rows" if axis == "H" else "columns" for axis in growing)
    # One loop inside the other, or one after the other?
    if len(growing) == 2 and _work(work, H=2, W=2) + _work(work) > _work(work, H=2) + _work(work, W=2):
        over = "pixels"
    return f"{what} does {times:.1f} times the Python work when the image is {when}: it loops over {over}."


def other_loops(work, what):
    """The same on images and channels, over which it may loop."""
    names = {"B": "images", "C1": "channels", "C2": "channels"}
    grown = dict.fromkeys(name for axis, name in names.items() if _grows(work, axis))
    return f"{what} loops over {' and '.join(grown)}." if grown else ""


def _grows(work, axis):
    """Whether the work grows with an axis: when it is doubled, and half as much again when that is doubled.

    Code may do more for larger inputs once, where it changes its method, or grow with their logarithm.
    """
    once, twice, fourfold = (_work(work, **{axis: factor}) for factor in (1, 2, 4))
    return twice - once >= SIZE[axis] and fourfold - twice >= 1.5 * (twice - once)


def _work(work, **factors):
    return work(*(length * factors.get(axis, 1) for axis, length in SIZE.items()))
