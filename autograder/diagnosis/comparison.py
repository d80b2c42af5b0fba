"""A student's answers beside the reference's, with what they are of and the sizes that a mistake may bring in."""

import dataclasses
import math

import numpy as np

# What the entries along each axis are called, by the number of axes.
AXES = {2: ("row", "column"), 4: ("image", "row", "column", "channel")}
KERNEL_AXES = ("row", "column", "input channel", "output channel")
KERNEL_HEIGHT, KERNEL_WIDTH = "the height of the kernel", "the width of the kernel"


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """One answer of the student's beside the reference's.

    got, expected: float64 arrays, or what replay.answers gives in place of one. constants: {name: number} of
    the sizes by which a mistake may multiply or divide. of: what the answer is; only answers of the same tell
    against each other. axes: what the entries along each axis are called ("": nothing), by default by AXES.
    """

    got: object
    expected: object
    constants: dict
    of: tuple = ()
    axes: tuple = ()

    def __post_init__(self):
        if isinstance(self.expected, np.ndarray) and len(self.axes) != self.expected.ndim:
            object.__setattr__(self, "axes", AXES.get(self.expected.ndim, ("",) * self.expected.ndim))


def named_constants(op, shapes, stride=1):
    """{name: number}: what a mistake in an operation may multiply or divide by.

    op: name of its class; shapes: of its inputs, in the constructor's order. No two names are of what is
    always the same number.
    """
    if op == "conv2":
        (B, H, W, C1), (kh, kw, _, C2) = shapes
        height, width = -(-(H - kh + 1) // stride), -(-(W - kw + 1) // stride)
        return {
            "the batch size": B,
            "the height of the images": H,
            "the width of the images": W,
            "the number of pixels of an image": H * W,
            "the number of elements of the images": B * H * W * C1,
            "the number of input channels": C1,
            "the number of output channels": C2,
            KERNEL_HEIGHT: kh,
            KERNEL_WIDTH: kw,
            "the area of the kernel": kh * kw,
            "the number of products that are summed": kh * kw * C1,
            "the number of elements of the kernel": kh * kw * C1 * C2,
            "the height of the result": height,
            "the width of the result": width,
            "the number of places of the kernel in an image": height * width,
            "the number of places of the kernel in all images": B * height * width,
            "the number of elements of the result": B * height * width * C2,
            "the stride": stride,
        }
    if op == "matmul":
        (rows, inner), (_, columns) = shapes
        return {
            "the batch size": rows,
            "the number of columns of x": inner,
            "the number of columns of y": columns,
            "the number of elements of x": rows * inner,
            "the number of elements of y": inner * columns,
            "the number of elements of the result": rows * columns,
        }
    if op in ("smaxloss", "accuracy"):
        rows, classes = shapes[0]
        return {
            "the batch size": rows,
            "the number of classes": classes,
            "the number of logits": rows * classes,
        }
    shape = shapes[0]
    if not shape:
        return {}
    found = {
        "the batch size" if op in ("down2", "flatten") else "the length of the first axis": shape[0],
        "the length of the last axis": shape[-1],
        "the number of elements": math.prod(shape),
        "the number of elements along all axes but the first": math.prod(shape[1:]),
        "the number of elements along all axes but the last": math.prod(shape[:-1]),
    }
    if op == "add":
        # y is as long as the last axes of x.
        del found["the number of elements along all axes but the last"]
        found["the number of times that y is added"] = math.prod(shape[: len(shape) - len(shapes[1])])
    return found


def comparisons(requests, got, expected):
    """A Comparison for each question of a check, but for counts of opcodes: these differ in right code too.

    requests: as replay.requests_of gives them. got, expected: the student's and the reference's answers to
    them (replay.answers).
    """
    graph = _Graph()
    pairs = iter(zip(got, expected, strict=True))
    found = []
    for instructions, arrays in requests:
        for verb, *operands in instructions:
            if verb == "fresh":
                graph = _Graph()
            elif verb == "call":
                graph.call(*operands, arrays)
            elif verb == "set":
                graph.set(*operands, arrays)
            elif verb == "get":
                found.append(graph.compare(*next(pairs), *operands))
            elif verb == "length":
                found.append(Comparison(*next(pairs), {}, ("length", *operands)))
            elif verb == "count":
                next(pairs)
    return found


class _Graph:
    """The nodes that instructions make, and the shapes of the leaves."""

    def __init__(self):
        self.ops = {}  # name → (name of the class, names of its inputs, stride)
        self.eager = {}  # name of a class that eager() made → name of the operation
        self.shapes = {}  # of leaves, by name

    def call(self, name, path, args, kwargs, arrays):
        owner, _, called = path.rpartition(".")
        inputs = [a["path"] for a in (*args, *kwargs.values()) if isinstance(a, dict) and "path" in a]
        if path == "edf.eager":
            self.eager[name] = inputs[0].rpartition(".")[2]
        elif called == "set" and args and isinstance(args[0], dict) and "array" in args[0]:
            self.shapes[owner] = arrays[args[0]["array"]].shape
        elif owner == "edf" or path in self.eager:
            self.ops[name] = self.eager.get(path, called), inputs, kwargs.get("stride", 1)

    def set(self, path, argument, arrays):
        owner, _, attribute = path.rpartition(".")
        if attribute == "top" and isinstance(argument, dict) and "array" in argument:
            self.shapes[owner] = arrays[argument["array"]].shape

    def compare(self, got, expected, path):
        """The Comparison for what was asked of `path`."""
        owner, _, attribute = path.rpartition(".")
        if attribute == "top" and owner in self.ops and self.ops[owner][1]:
            uses = {(owner, None)}
        else:  # of an input, as the operations that take it see it
            uses = {
                (name, place)
                for name, (_, inputs, _) in self.ops.items()
                for place, input in enumerate(inputs)
                if input == owner
            }
        of = {(self.ops[name][0], place, self.is_broadcast(name, place)) for name, place in uses}
        constants = [self.constants(*self.ops[name]) for name, _ in uses]
        same_for_all = constants and all(c == constants[0] for c in constants)
        return Comparison(
            got,
            expected,
            constants[0] if same_for_all else {},
            (attribute, *sorted(of, key=str)),
            KERNEL_AXES if of == {("conv2", 1, False)} else (),
        )

    def is_broadcast(self, name, place):
        """Whether the input at that place is known to have fewer axes than the first: a bias."""
        shapes = [self.shapes.get(input) for input in self.ops[name][1]]
        return place is not None and None not in shapes and len(shapes[place]) < len(shapes[0])

    def constants(self, op, inputs, stride):
        if not all(name in self.shapes for name in inputs):
            return {}  # its inputs are results of other operations
        return named_constants(op, [self.shapes[name] for name in inputs], stride)
