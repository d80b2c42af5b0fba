"""Runs instructions on an edf module: the same way on a student's, in the sandbox, and on the reference.

An instruction is a list of JSON values; nodes are named by the sender. "edf" names the module.

    ["fresh"]                              empty the module's lists: forget all nodes
    ["call", name, path, args, kwargs]     call what `path` names ("edf.add", "z.forward"), keep the
                                           result as `name` (None: don't)
    ["set", path, argument]                assign an attribute ("x.top")
    ["get", path]                          send an attribute back, as an array
    ["length", path]                       send its length back
    ["count", path, args, kwargs]          call what `path` names, twice; send back how many opcodes the second call
                                           took (edf_kit/checks/opcodes.py)

A path is a node's name or "edf", and attributes: "z.top". An argument is {"path": path}, {"array": index
into the request's arrays}, {"pixels": index, "shape", "dtype"} or a plain JSON value. Pixels are sent as bytes, a
quarter of what they are as float32, and arrive as numbers from 0 to 1.
"""

import functools

import numpy as np

GRAPH_LISTS = ("ops", "params", "values")
QUESTIONS = ("get", "length", "count")  # the verbs that are answered


class Probe:
    """An operation that counts how often its `forward` ran: `.top` = number of runs so far.

    Made by the name "probe" in place of an op class, to see when a graph runs and how often. step: what a run
    counts, an option such as conv2's `stride`.
    """

    def __init__(self, module, x, step=1):
        module.ops.append(self)
        self.x = x
        self.step = step
        self.runs = 0

    def forward(self):
        self.runs += 1
        self.top = np.array(self.runs * self.step)

    def backward(self):
        pass


def probe_class(module):
    """A class of operations like `Probe`, with the constructor of an op: `probe(x, step=1)`."""

    class probe(Probe):
        def __init__(self, x, step=1):
            super().__init__(module, x, step)

    return probe


def _scaled(images, shape, dtype):
    """Pixels from 0 to 1, of bytes, each image in that shape. Divided in float32: the same numbers in any dtype."""
    return (images / np.float32(255)).astype(dtype, copy=False).reshape(len(images), *shape)


class Interpreter:
    """Holds the nodes made so far on `module`, an edf. count_opcodes: that of edf_kit/checks/opcodes.py."""

    def __init__(self, module, count_opcodes):
        self.count_opcodes = count_opcodes
        self.nodes = {"edf": module, "probe": probe_class(module)}

    def run(self, instructions, arrays):
        """Yield a result for each of the QUESTIONS: ("array", a), ("number", n) or ("missing", why).

        `instructions` and `arrays` as described above. Whatever the module's code raises goes through.
        """
        for verb, *operands in instructions:
            if verb == "fresh":
                self._fresh()
            elif verb == "call":
                name, *called = operands
                result = self._prepared(*called, arrays)()
                if name is not None:
                    self.nodes[name] = result
            elif verb == "set":
                path, argument = operands
                owner, _, attribute = path.rpartition(".")
                setattr(self._find(owner), attribute, self._argument(argument, arrays))
            elif verb == "get":
                yield self._get(operands[0])
            elif verb == "length":
                yield "number", len(self._find(operands[0]))
            elif verb == "count":
                yield "number", self.count_opcodes(self._prepared(*operands, arrays))
            else:
                raise ValueError(f"no instruction is called {verb}")

    def _fresh(self):
        module = self.nodes["edf"]
        for name in GRAPH_LISTS:
            getattr(module, name).clear()
        # A class of its own for each, since code may change the one that it is given.
        self.nodes = {"edf": module, "probe": probe_class(module)}

    def _prepared(self, path, args, kwargs, arrays):
        """A function without arguments that makes the call."""
        args = [self._argument(a, arrays) for a in args]
        kwargs = {key: self._argument(a, arrays) for key, a in kwargs.items()}
        return functools.partial(self._find(path), *args, **kwargs)

    def _find(self, path):
        name, *attributes = path.split(".")
        found = self.nodes[name]
        for attribute in attributes:
            found = getattr(found, attribute)
        return found

    def _argument(self, argument, arrays):
        if isinstance(argument, dict):
            if "path" in argument:
                return self._find(argument["path"])
            if "pixels" in argument:
                return _scaled(arrays[argument["pixels"]], argument["shape"], argument["dtype"])
            # A copy of its own: what arrives in a frame is read-only and shares memory with its neighbours.
            return arrays[argument["array"]].copy()
        return argument

    def _get(self, path):
        owner, _, attribute = path.rpartition(".")
        try:
            value = getattr(self._find(owner), attribute)
        except AttributeError:
            return "missing", "is not set"
        if value is None:
            return "missing", "is None"
        try:
            array = np.asarray(value)
        except Exception as error:  # a list of arrays of unequal length, or an object with an __array__
            return "missing", f"is no array of numbers ({type(error).__name__})"
        if array.dtype.kind not in "biuf":
            return "missing", f"is an array of dtype {array.dtype}, not of numbers"
        if array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        # A copy, so that a later operation that works in place can't change a result already taken.
        return "array", np.array(array)
