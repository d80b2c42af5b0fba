"""Renders the instructions of a check as three lines of Python, which a student can paste.

The first line holds the imports and the leaves, the second all that is done with them, the third prints
what the check asked for. They use only what the release has: `edf` and numpy.
"""

import ast
import collections
import functools

import numpy as np

from autograder.paths import SOLUTION

# The grader counts with a class of its own how often a node ran (inside/interpreter.py): this is one in a line.
PROBE = (
    'probe = type("probe", (), {"top": 0, "__init__": lambda self, x, step=1: '
    "self.__dict__.update(x=x, step=step) or edf.ops.append(self), "
    '"forward": lambda self: setattr(self, "top", self.top + self.step)})'
)
# Where all nodes count, those that a Python session made before must not.
DROP_GRAPH = "edf.ops.clear(); edf.params.clear(); edf.values.clear()"
LEAVES = {"edf.Value": "v", "edf.Param": "p"}  # and their names, where they feed no operation


def snippet(recorded, use_set=True, optional=False, suffix=""):
    """(three lines of Python, the expression that they print), for the requests that a check made.

    recorded: [(instructions, arrays)], see sandbox/inside/interpreter.py; what stands before the last
    "fresh" is left out. use_set: let leaves get their numbers by `set`, and not by an assignment. optional:
    what is asked for may rightly be missing: print None then. suffix: put behind what is printed (".dtype").
    """
    script = _Script(_since_fresh(recorded), use_set)
    statements = script.statements()
    first = next((i for i, (is_leaf, _) in enumerate(statements) if not is_leaf), len(statements))
    opening, rest = [text for _, text in statements[:first]], [text for _, text in statements[first:]]
    if script.uses_probe:
        opening.insert(0, PROBE)
    if script.depends_on_graph or "length" in dict(_questions(recorded)):
        opening.insert(0, DROP_GRAPH)
    asked = ", ".join(question + suffix for question in script.asked(_questions(recorded), optional))
    lines = ["; ".join(["import edf, numpy as np", *opening]), "; ".join(rest), f"print({asked})"]
    return "\n".join(lines), asked


def _since_fresh(recorded):
    """[(verb, operands, arrays of the request)] from the last "fresh" on, the questions left out."""
    flat = [(verb, operands, arrays) for instructions, arrays in recorded for verb, *operands in instructions]
    last = max((i for i, (verb, *_) in enumerate(flat) if verb == "fresh"), default=-1)
    return [entry for entry in flat[last + 1 :] if entry[0] in ("call", "set")]


def _questions(recorded):
    """What was asked for in the last request: [(verb, path)]."""
    instructions = recorded[-1][0] if recorded else []
    return [(verb, operands[0]) for verb, *operands in instructions if verb in ("get", "length")]


@functools.cache
def arguments_of():
    """{operation: names of its constructor's arguments}, of the reference."""
    found = {"probe": ["x"]}
    for node in ast.parse(SOLUTION.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            inits = [m for m in node.body if getattr(m, "name", None) == "__init__"]
            found |= {f"edf.{node.name}": [a.arg for a in init.args.args[1:]] for init in inits}
    return {path: names for path, names in found.items() if path not in LEAVES}


class _Script:
    """The names of the nodes in a sequence of instructions, and these as statements."""

    def __init__(self, instructions, use_set):
        self.instructions = instructions
        calls = [operands for verb, operands, _ in instructions if verb == "call"]
        paths = [path for _, path, *_ in calls]
        self.made_by = {name: path for name, path, *_ in calls}
        self.use_set = use_set
        self.uses_probe = "probe" in paths or any({"path": "probe"} in args for _, _, args, _ in calls)
        known = {*arguments_of(), *LEAVES, "edf.eager"}
        self.depends_on_graph = any(path.startswith("edf.") and path not in known for path in paths)
        # {its node: the operation} for the classes that eager returned, and how often each is used.
        self.eager = {name: args[0]["path"] for name, path, args, _ in calls if path == "edf.eager"}
        self.uses = collections.Counter(path for path in paths if path in self.eager)
        self.inline = {}
        self.names = {}
        self._name(calls)

    def _name(self, calls):
        # A leaf is called as the argument is for which it is used first.
        wanted = {}
        for _, path, args, kwargs in calls:
            names = arguments_of().get(self.eager.get(path, path), ())
            for name, value in [*zip(names, args), *kwargs.items()]:
                if isinstance(value, dict) and "path" in value:
                    wanted.setdefault(value["path"], name)
        for node, path, *_ in calls:
            if path in LEAVES:
                self._call_it(node, wanted.get(node, LEAVES[path]))
            elif node in self.eager:
                self._call_it(node, self.eager[node].removeprefix("edf."))
            elif self.eager.get(path, path) in arguments_of():
                self._call_it(node, "z")

    def _call_it(self, node, name):
        taken, number = set(self.names.values()), 1
        while (candidate := name + str(number) * (number > 1)) in taken:
            number += 1
        self.names[node] = candidate

    def statements(self):
        """[(whether it only makes a leaf or fills it, text)]."""
        tops, statements = {}, []
        for verb, operands, arrays in self.instructions:
            if verb == "set":
                statements.append((True, self._assignment(*operands, arrays, tops)))
                continue
            name, path, args, kwargs = operands
            call = f"{self._path(path)}({self._arguments(args, kwargs, arrays)})"
            owner = path.partition(".")[0]
            if self.uses[name] == 1:
                self.inline[name] = call
            elif name in self.names:
                # To make an eager class is no more than to make a leaf: nothing runs yet.
                statements.append((path in LEAVES or name in self.eager, f"{self.names[name]} = {call}"))
            else:
                statements.append((self.made_by.get(owner) in LEAVES and not path.endswith(".set"), call))
        return statements

    def _path(self, path):
        owner, dot, attributes = path.partition(".")
        return self.inline.get(owner) or self.names.get(owner, owner) + dot + attributes

    def _arguments(self, args, kwargs, arrays):
        given = [self._argument(value, arrays) for value in args]
        given += [f"{key}={self._argument(value, arrays)}" for key, value in kwargs.items()]
        return ", ".join(given)

    def _argument(self, value, arrays):
        if not isinstance(value, dict):
            return repr(value)
        return self._path(value["path"]) if "path" in value else _array(arrays[value["array"]], exact=True)

    def _assignment(self, path, argument, arrays, tops):
        owner, _, attribute = path.rpartition(".")
        name, array = self._path(owner), arrays[argument["array"]]
        if attribute == "top":
            tops[owner] = array
            is_leaf = self.made_by[owner] in LEAVES
            if is_leaf and self.use_set and array.dtype == np.float32:
                return f"{name}.set({_plain(array)})"
            return f"{name}.top = {_array(array, exact=is_leaf)}"
        if owner in tops and not array.any() and array.shape == tops[owner].shape:
            return f"{name}.{attribute} = np.zeros_like({name}.top)"
        return f"{name}.{attribute} = {_array(array)}"

    def asked(self, questions, optional):
        """The questions as expressions; of a request that asks nothing, the `.top` of the node made last."""
        if not questions:
            return [f"{list(self.names.values())[-1]}.top"] if self.names else []
        return [self._question(verb, path, optional) for verb, path in questions]

    def _question(self, verb, path, optional):
        if verb == "length":
            return f"len({self._path(path)})"
        if not optional:
            return self._path(path)
        owner, _, attribute = path.rpartition(".")
        return f'getattr({self._path(owner)}, "{attribute}", None)'


def _array(array, exact=False):
    """An expression for an array of floats. exact: in its own dtype, where that is not numpy's default."""
    flat = _texts(array)
    if not any("." in text for text in flat):
        # One number with a point is enough to make them all floats.
        flat[0] += "."
    dtype = ", np.float32" if exact and array.dtype == np.float32 else ""
    if dtype or array.ndim < 3 or array.size == 1:
        return f"np.array({_nested(flat, array.shape)}{dtype})"
    return _reshaped(flat, array.shape)


def _plain(array):
    """An expression from which numpy makes an array of these numbers, of whatever dtype."""
    flat = _texts(array)
    return _nested(flat, array.shape) if array.ndim < 3 or array.size == 1 else _reshaped(flat, array.shape)


def _reshaped(flat, shape):
    """Of more axes, brackets are hard to read."""
    return f"np.reshape([{', '.join(flat)}], {shape})"


def _texts(array):
    """The numbers of an array as short as can be: 1, 0.5, -1.5."""
    return [np.format_float_positional(number, trim="-") for number in array.flat]


def _nested(flat, shape):
    """The texts as nested lists of a shape."""
    if not shape:
        return flat[0]
    step = len(flat) // shape[0]
    parts = (_nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0]))
    return f"[{', '.join(parts)}]"
