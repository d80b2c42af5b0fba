"""How arrays are shown to people: shapes and numbers in words, many axes as tiles on one flat sheet."""

import math

TICKS = 8  # at most, on a side
KERNEL = ("ky", "kx", "c1", "c2")
AXES = {
    0: (),
    1: ("element",),
    2: ("row", "column"),
    3: ("i", "j", "k"),
    4: ("b", "y", "x", "c"),
}
# Which axes run down the sheet, outer first, then which run across it.
ARRANGEMENTS = {
    (): ((), ()),
    ("element",): ((), (0,)),
    ("row", "column"): ((0,), (1,)),
    ("i", "j", "k"): ((0, 1), (2,)),
    ("b", "y", "x", "c"): ((0, 1), (3, 2)),
    KERNEL: ((2, 0), (3, 1)),
}


def shape_text(shape):
    """(50, 1024) as 50×1024, but (50,) as Python has it: a lone 50 would look like a number."""
    return "×".join(map(str, shape)) if len(shape) > 1 else str(tuple(shape))


def number_text(number, digits=3):
    """A number as short as it goes with so many significant digits, with a true minus sign."""
    text = f"{float(number):.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


class Tiles:
    """How arrays of this shape lie on the sheet. axes: KERNEL for kernels, else chosen by the shape.

    .shape: rows and columns of the sheet.
    """

    def __init__(self, shape, axes=None):
        names = tuple(axes or ())
        if len(names) != len(shape):
            names = AXES.get(len(shape)) or tuple(f"axis {i}" for i in range(len(shape)))
        # Of arrays that are none of these, the last axis runs across and all others down.
        last = len(shape) - 1
        self.sides = ARRANGEMENTS.get(names, (tuple(range(last)), (last,)))
        self.names, self.sizes = names, shape
        self.shape = tuple(math.prod(shape[i] for i in side) for side in self.sides)

    def arrange(self, array):
        """The array as a sheet."""
        down, across = self.sides
        return array.transpose(down + across).reshape(self.shape)

    def place(self, index):
        """(row, column) on the sheet of the element at this index, a tuple, of the array."""
        place = []
        for side in self.sides:
            at = 0
            for i in side:
                at = at * self.sizes[i] + index[i]
            place.append(at)
        return tuple(place)

    def label(self, axis, colour, width):
        """Name the rows and columns of a matplotlib axis that shows a sheet, and draw lines between tiles."""
        for side, line, ticks, say in zip(
            self.sides,
            (axis.axhline, axis.axvline),
            (axis.set_yticks, axis.set_xticks),
            (axis.set_ylabel, axis.set_xlabel),
        ):
            *outer, inner = side or [None]
            if inner is None:
                ticks([])
                continue
            # A tick for each index of the outer axes or, if there is one axis alone, of that.
            count = math.prod(self.sizes[i] for i in outer or [inner])
            size = self.sizes[inner] if outer else 1
            for i in range(1, count if outer else 0):
                line(i * size - 0.5, color=colour, linewidth=width)
            shown = range(0, count, -(-count // TICKS) or 1)
            ticks([(i + 0.5) * size - 0.5 for i in shown], labels=[str(i) for i in shown])
            name = self.names[inner]
            say(f"{', '.join(self.names[i] for i in outer)}, in it {name}" if outer else name)
        axis.tick_params(length=0)
