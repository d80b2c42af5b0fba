"""Draws a graph as boxes and arrows: columns from left to right, wrapped into bands like lines of text.

An operation stands in the column of its depth: the number of operations on the longest way to it. A leaf stands
in the column before the first operation that uses it. An arrow from another band starts at a tag, a dashed box
with the name of its source.
"""

from dataclasses import dataclass, field
from itertools import pairwise

from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from edf_kit.pictures.figure import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    SMALL,
    TITLE,
    WIDTH,
    Picture,
    house_style,
    quiet,
)

# All in inches.
MARGIN = 0.1
GAP = 0.28  # between columns, for the arrows
BETWEEN = 0.1  # boxes of a column
BANDS = 0.25
PAD = 0.08  # around the letters
LINE = 0.142  # from one line of letters to the next
CUT = 0.07  # of the corners of a Param
LABEL = 0.15  # the name above an operation

# kind: fill, border, width of the border, letters. They differ in lightness, and in shape, too.
LOOKS = {
    "op": (BLUE, BLUE, 1, "white"),
    "param": (ORANGE, BLACK, 1.4, BLACK),
    "value": ("#E3F2FB", BLACK, 0.8, BLACK),
    "tag": ("white", GREY, 0.8, BLACK),
}
LEGEND = {
    "value": "Value: data",
    "param": "Param: is learned",
    "op": "operation",
    "tag": "a box of another row",
}


@dataclass(eq=False)
class Box:
    """What stands at a place of a column.

    kind: that of its node, or "tag", or "lane": an empty box, through which an arrow goes to a later column.
    x, y: its middle, in inches from the top left of the picture.
    """

    kind: str
    lines: list
    name: str
    column: int = 0
    inputs: list = field(default_factory=list)  # after _route: those in the column before
    wanted: float | None = None  # y, if no other box were in its way
    x: float = 0
    y: float = 0
    space: float = 0  # the width of its column

    def __post_init__(self):
        self.width = max((_width(line, i == 0) for i, line in enumerate(self.lines)), default=0) + 2 * PAD
        self.height = LINE * len(self.lines) + PAD

    @property
    def top(self):
        return self.y - self.height / 2 - (LABEL if self.kind == "op" else 0)

    @property
    def bottom(self):
        return self.y + self.height / 2


def draw_boxes(nodes, letters, title=None):
    """A Picture of the nodes, each with its lines of letters."""
    boxes = {node: Box(node.kind, lines, node.name) for node, lines in zip(nodes, letters)}
    for node, box in boxes.items():
        box.inputs = [boxes[source] for source in node.inputs]
    boxes = list(boxes.values())
    _set_columns(boxes)
    drawn, arrows = [], []
    bottom = MARGIN + (0.3 if title else 0)
    for first, last in _bands(boxes):
        columns, paths = _route(boxes, first, last)
        bottom = _place(columns, bottom) + BANDS
        drawn += [box for column in columns.values() for box in column]
        arrows += paths
    samples = [
        Box(kind, [says], "") for kind, says in LEGEND.items() if any(box.kind == kind for box in drawn)
    ]
    right = MARGIN
    for sample in samples:
        sample.x, sample.y = right + sample.width / 2, bottom + 0.08
        right += sample.width + MARGIN
    title_width = _width(title or "", True) * TITLE / SMALL
    width = max(title_width + MARGIN, *(box.x + box.width / 2 for box in drawn + samples)) + MARGIN
    height = bottom + 0.3
    with house_style():
        picture = Picture(figsize=(width, height))
        axis = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axis.set_axis_off()
        if title:
            picture.suptitle(title, y=1 - 0.1 / height, va="top")
        for op in (box for box in drawn if box.kind == "op"):
            # Each ends at a place of its own, in the order in which they come in.
            paths = sorted((path for path in arrows if path[-1] is op), key=lambda path: path[-2].y)
            between = min(0.14, op.height / (len(paths) + 1))
            for i, path in enumerate(paths):
                _draw_arrow(axis, path, op.y + (i - (len(paths) - 1) / 2) * between)
        for box in drawn:
            if box.kind != "lane":
                _draw_box(axis, box, box.kind)
        for sample in samples:
            _draw_box(axis, sample, "legend")
    return picture


def _set_columns(boxes):
    """Leaves and operations go as far to the right as those that use them allow; last results don't."""
    ops = [box for box in boxes if box.kind == "op"]
    for op in ops:
        op.column = 1 + max((source.column for source in op.inputs if source.kind == "op"), default=0)
    for box in [*reversed(ops), *(box for box in boxes if box.kind != "op")]:
        box.column = min((op.column - 1 for op in ops if box in op.inputs), default=box.column)


def _bands(boxes):
    """(first, last) column of the operations in each band, such that bands fit and are about equally wide.

    The leaves of a band stand in the columns from first - 1 to last - 1.
    """
    columns = range(1, max((box.column for box in boxes), default=0) + 2)
    columns = columns[:-1] or columns

    def width(column, of_ops):
        wide = [box.width for box in boxes if box.column == column and (box.kind == "op") == of_ops]
        return max(wide, default=0.4)

    def wrap(limit):
        bands, used = [], 0
        for column in columns:
            wide = GAP + max(width(column, True), width(column, False))
            if not bands or used + wide > limit:
                bands.append((column, column))
                used = width(column - 1, False) + wide
            else:
                bands[-1] = (bands[-1][0], column)
                used += wide
        return bands

    bands = wrap(WIDTH - 2 * MARGIN)
    for narrower in range(int(10 * WIDTH), 0, -1):
        tried = wrap(narrower / 10 - 2 * MARGIN)
        if len(tried) > len(bands):
            return bands
        bands = tried
    return bands


def _route(boxes, first, last):
    """The columns of a band, {column: boxes}, with tags and lanes; and the path of boxes of each arrow."""
    members = [box for box in boxes if first <= box.column + (box.kind != "op") <= last]
    columns = {column: [] for column in range(first - 1, last + 1)}
    for box in members:
        columns[box.column].append(box)
    added = {}

    def add(kind, source, column, before):
        """The tag or lane for arrows from `source` in this column: one for all of them."""
        if (source, column) not in added:
            lines = [source.name] if kind == "tag" else []
            box = added[source, column] = Box(kind, lines, source.name, column, before)
            columns[column].append(box)
        return added[source, column]

    paths = []
    for op in (box for box in members if box.kind == "op"):
        near = []
        for source in op.inputs:
            if source not in members:
                path = [add("tag", source, op.column - 1, [])]
            else:
                path = [source]
                for column in range(source.column + 1, op.column):
                    path.append(add("lane", source, column, [path[-1]]))
            near.append(path[-1])
            paths.append([*path, op])
        op.inputs = near
    return columns, paths


def _place(columns, top):
    """Set x and y of all boxes of a band that begins at this y; returns where it ends."""
    right = MARGIN
    for number, column in columns.items():
        width = max((box.width for box in column), default=0.4)
        for box in column:
            box.x = right + width / 2
            box.space = width
            # Straight on from an operation before it.
            ahead = [source for source in box.inputs if source.kind == "op"] or box.inputs
            if ahead:
                box.wanted = sum(source.y for source in ahead) / len(ahead)
        right += width + GAP
        # Leaves and tags come below the other inputs of the operation that they are for.
        users = [box for box in columns.get(number + 1, []) if box.kind == "op"]
        below = 0
        for user in users:
            below = max((source.wanted for source in user.inputs if source.wanted is not None), default=below)
            for source in user.inputs:
                if source.wanted is None:
                    below += 0.001  # sorts them, and is too little to see
                    source.wanted = below
        for box in column:
            if box.wanted is None:  # nothing uses it
                box.wanted = below
            box.y = box.wanted
        column.sort(key=lambda box: box.wanted)
        for above, box in pairwise(column):
            box.y += max(0, above.bottom + BETWEEN - box.top)
    placed = [box for column in columns.values() for box in column]
    shift = top - min(box.top for box in placed)
    for box in placed:
        box.y += shift
    return max(box.bottom for box in placed)


def _draw_box(axis, box, gid):
    fill, border, line, colour = LOOKS[box.kind]
    left, top, width, height = box.x - box.width / 2, box.y - box.height / 2, box.width, box.height
    look = {"facecolor": fill, "edgecolor": border, "linewidth": line, "gid": gid}
    if box.kind == "param":  # cut corners
        x, y = width / 2, height / 2
        corners = [(x - CUT, y), (x, y - CUT), (x, CUT - y), (x - CUT, -y)]
        corners += [(-x, -y) for x, y in corners]
        axis.add_patch(Polygon([(box.x + x, box.y + y) for x, y in corners], **look))
    elif box.kind == "op":
        axis.add_patch(Rectangle((left, top), width, height, **look))
    else:
        style = f"round,pad=0,rounding_size={0.1 if box.kind == 'value' else 0.05}"
        dashes = "--" if box.kind == "tag" else "-"
        axis.add_patch(FancyBboxPatch((left, top), width, height, boxstyle=style, linestyle=dashes, **look))
    if box.kind == "op":
        axis.text(left, top - 0.02, box.name, fontsize=SMALL, color=BLACK, va="bottom", parse_math=False)
    for i, line in enumerate(box.lines):
        at = top + PAD / 2 + LINE * (i + 0.5)
        weight = "bold" if i == 0 and gid != "legend" else "normal"
        look = {"fontsize": SMALL, "color": colour, "weight": weight, "parse_math": False}
        axis.text(box.x, at, line, ha="center", va="center_baseline", **look)


def _draw_arrow(axis, path, end):
    """An arrow that bends only between the columns, and ends at this y."""
    start, *lanes, op = path
    ends = [(start.x + start.width / 2, start.y), (start.x + start.space / 2, start.y)]
    for lane in lanes:
        ends += [(lane.x - lane.space / 2, lane.y), (lane.x + lane.space / 2, lane.y)]
    ends += [(op.x - op.space / 2, end), (op.x - op.width / 2, end)]
    points, codes = ends[:1], [Path.MOVETO]
    for i, ((x0, y0), (x1, y1)) in enumerate(pairwise(ends)):
        middle = (x0 + x1) / 2
        if i % 2:
            points += [(middle, y0), (middle, y1), (x1, y1)]
            codes += [Path.CURVE4] * 3
        elif x1 > x0:  # an end of no length would leave matplotlib without a direction for the head
            points.append((x1, y1))
            codes.append(Path.LINETO)
    look = {"arrowstyle": "-|>", "mutation_scale": 8, "color": BLACK, "linewidth": 0.9, "gid": "arrow"}
    axis.add_patch(FancyArrowPatch(path=Path(points, codes), **look))


def _width(text, is_bold):
    """Of letters, in inches."""
    font = FontProperties(size=SMALL, weight="bold" if is_bold else "normal")
    with quiet():
        return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72
