"""The current graph of edf, as text and as a picture of boxes."""

from dataclasses import dataclass, field

import numpy as np

from edf_kit.pictures.layout import number_text, shape_text

LARGEST = 60  # nodes in a picture
FEW = 6  # numbers that are shown one by one
IN_LINE = 3  # of them in a line of a box
EMPTY = "The graph is empty: make a Value or a Param, and operations on them, then draw it again."


@dataclass(eq=False)
class Node:
    """A node of the graph. kind: "value", "param" or "op"; type: the name of its class; made: the object."""

    kind: str
    name: str
    type: str
    made: object
    inputs: list = field(default_factory=list)

    def array(self, attribute):
        """Its .top or .grad (float64), or None where there is none yet, or no array of numbers."""
        try:
            return np.asarray(getattr(self.made, attribute), dtype=np.float64)
        except (AttributeError, TypeError, ValueError):
            return None


def graph_text(names=None):
    """The current graph as text, one line a node: what it is, its inputs, its top and its gradient.

    Values come first, then Params, then operations in the order in which they were made. names: what to call
    some nodes, as in {"w": w}; the others are v1, p1, op1, and so on.
    """
    rows = []
    for node in find_nodes(names):
        what = node.type
        if node.kind == "op":
            what += f"({', '.join(source.name for source in node.inputs)})"
        top, grad = (_in_words(node.array(attribute)) for attribute in ("top", "grad"))
        rows.append((node.name, what, f"top {top}", "" if node.kind == "value" else f"grad {grad}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join(lines) or EMPTY


def draw_graph(title=None, names=None):
    """The current graph as a figure: boxes from left to right, arrows from inputs to operations.

    A box tells its shape, and its numbers or their range, once they are there. names: as in graph_text. A graph
    of more than 60 nodes is printed as text instead.
    """
    from edf_kit.pictures.boxes import draw_boxes
    from edf_kit.pictures.figure import message_picture

    nodes = find_nodes(names)
    if not nodes:
        return message_picture(EMPTY)
    if len(nodes) > LARGEST:
        print(graph_text(names))
        return message_picture(
            f"This graph is too large to draw: {len(nodes)} nodes, text instead. Was a cell run twice? "
            "It adds its nodes again."
        )
    picture = draw_boxes(nodes, [_letters(node) for node in nodes], title)
    kinds = {"value": "Values", "param": "Params", "op": "operations"}
    counts = [f"{says}: {sum(node.kind == kind for node in nodes)}" for kind, says in kinds.items()]
    picture.caption = f"{title or 'Graph'}. {', '.join(counts)}.\n{graph_text(names)}"
    return picture


def find_nodes(names=None):
    """The nodes of edf.values, edf.params and edf.ops, each with its inputs.

    The inputs of an operation are those nodes that its constructor stored on it, made before it.
    """
    import edf

    called = {id(made): name for name, made in (names or {}).items()}
    found = {}
    for kind, letters, made in (
        ("value", "v", edf.values),
        ("param", "p", edf.params),
        ("op", "op", edf.ops),
    ):
        for number, one in enumerate(made, 1):
            node = Node(kind, called.get(id(one), f"{letters}{number}"), type(one).__name__, one)
            if kind == "op":
                node.inputs = [found[key] for key in _stored(one) if key in found]
            found.setdefault(id(one), node)
    return list(found.values())


def _stored(op):
    """The ids of all that is stored on an operation, and of what is in lists there and nowhere else."""
    stored = list(getattr(op, "__dict__", {}).values())
    ids = [id(one) for one in stored]
    for listed in stored:
        if isinstance(listed, (list, tuple)):
            ids += [id(one) for one in listed if id(one) not in ids]
    return ids


def _letters(node):
    """The lines of letters in a node's box."""
    lines = [node.type if node.kind == "op" else node.name]
    top, grad = node.array("top"), node.array("grad")
    if top is not None and top.ndim:
        lines.append(shape_text(top.shape))
    for attribute, array in (("top", top), ("grad", grad)):
        if array is None or (attribute == "grad" and node.kind == "value"):
            continue
        numbers = _numbers(array)
        if len(numbers) == 1 and len(numbers[0]) <= 7:
            lines.append(f"{attribute} {numbers[0]}")
        else:
            lines += [attribute, *(line for row in numbers for line in _wrapped(row))]
    return lines


def _wrapped(row):
    """A row of numbers as lines of about equal length."""
    numbers = row.split(" ")
    count = -(-len(numbers) // IN_LINE)
    length = -(-len(numbers) // count)
    return [" ".join(numbers[i : i + length]) for i in range(0, len(numbers), length)]


def _in_words(array):
    """Shape and numbers of a top or grad, on one line."""
    if array is None:
        return "–"
    numbers = "; ".join(_numbers(array))
    return f"{shape_text(array.shape)}: {numbers}" if array.ndim else numbers


def _numbers(array):
    """The numbers of a small array, a string a row; else their range."""
    if array.size <= FEW:
        rows = array.reshape(-1, array.shape[-1]) if array.size and array.ndim else [array.ravel()]
        digits = 3 if array.size <= IN_LINE else 2
        return [" ".join(number_text(number, digits) for number in row) for row in rows]
    if not np.isfinite(array).all():
        return ["has nan" if np.isnan(array).any() else "has inf"]
    least, most = number_text(array.min(), 2), number_text(array.max(), 2)
    return [f"all {least}" if least == most else f"{least}..{most}"]
