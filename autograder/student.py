"""The handle through which a check uses an edf: a student's, far away in the sandbox, or the reference.

A check reads as if it used the module itself:

    x = student.param(array)
    z = student.op("RELU", x)
    z.forward()
    z.top                      # a numpy array

Calls are collected and sent when a result is asked for. What comes back is plain arrays, never an object
that a student made.
"""

import importlib.util

import numpy as np
from edf_kit.checks.opcodes import count_opcodes

from autograder.sandbox.inside.interpreter import Interpreter


class Edf:
    """An edf module behind `request(instructions, arrays) → results` (see sandbox/inside/interpreter.py)."""

    def __init__(self, request):
        self.request = request
        self._instructions, self._arrays = [], []
        self._count = 0
        self.losses = []  # of a training run on public inputs, as they came: to be shown (losses.py)

    def fresh(self):
        """Forget all nodes: empty the module's lists."""
        self._instructions.append(["fresh"])

    def value(self, array):
        """A new Value with `.top` = array, in the dtype of the array."""
        return self._leaf("edf.Value", array)

    def param(self, array):
        """A new Param with `.top` = array, in the dtype of the array, and a zero `.grad`."""
        leaf = self._leaf("edf.Param", array)
        leaf.grad = np.zeros_like(array)
        return leaf

    def op(self, path, *inputs, **kwargs):
        """A new node: op("add", x, y). `path`: an op class of the module, or a Node that is one."""
        return self._call(f"edf.{path}" if isinstance(path, str) else path, inputs, kwargs)

    def name(self, path):
        """The module's function or class of that name, to be passed on: call("eager", name("add")).

        "probe" is a class of operations that count in their `.top` how often their `forward` ran.
        """
        return Node(self, path if path == "probe" else f"edf.{path}")

    def call(self, name, *args, **kwargs):
        """Call a function of the module: call("SGD", 0.1). Returns a Node for what it returns."""
        return self._call(f"edf.{name}", args, kwargs)

    def length(self, name):
        """Length of one of the module's lists."""
        return self._ask(["length", f"edf.{name}"])[0]

    def read(self, *wanted):
        """Several results in one exchange: read((x, "grad"), (y, "grad"))."""
        return self._ask(*(["get", f"{node.name}.{attribute}"] for node, attribute in wanted))

    def ask_later(self, node, attribute):
        """Ask for a result as it is at this point; the next `flush` gives it."""
        self._instructions.append(["get", f"{node.name}.{attribute}"])

    def flush(self):
        """Have everything done that was collected so far; returns what `ask_later` asked for, as a list."""
        return self._ask()

    def _leaf(self, path, array):
        leaf = self._call(path, (), {})
        leaf.top = array
        return leaf

    def _call(self, path, args, kwargs):
        self._count += 1
        node = Node(self, f"n{self._count}")
        path = path.name if isinstance(path, Node) else path
        args = [self._argument(a) for a in args]
        kwargs = {key: self._argument(a) for key, a in kwargs.items()}
        self._instructions.append(["call", node.name, path, args, kwargs])
        return node

    def _argument(self, argument):
        if isinstance(argument, Node):
            return {"path": argument.name}
        if isinstance(argument, np.ndarray | np.generic):
            self._arrays.append(np.asarray(argument))
            return {"array": len(self._arrays) - 1}
        return argument

    def _ask(self, *questions):
        instructions, arrays = [*self._instructions, *questions], self._arrays
        self._instructions, self._arrays = [], []
        return self.request(instructions, arrays) if instructions else []


class Node:
    """A leaf, an operation, or whatever else a call returned, on the far side.

    `.top` and `.grad` are read as an array (or a str that says why there is none) and may be assigned.
    """

    def __init__(self, edf, name):
        self._edf, self.name = edf, name

    def set(self, array):
        """Call the leaf's own `set`; `array` may be the `attribute` of another node."""
        self.call("set", array)

    def set_pixels(self, images, shape, dtype):
        """Assign images to the leaf's `.top`: uint8 (B×…) as numbers from 0 to 1 in `dtype`, each in `shape`."""
        argument = {
            "pixels": self._edf._argument(images)["array"],
            "shape": shape,
            "dtype": np.dtype(dtype).str,
        }
        self._edf._instructions.append(["set", f"{self.name}.top", argument])

    def forward(self):
        """Call the operation's `forward`."""
        self.call("forward")

    def backward(self):
        """Call the operation's `backward`."""
        self.call("backward")

    def call(self, method, *args):
        """Call a method of the object on the far side."""
        self._edf._call(f"{self.name}.{method}", args, {})

    def opcodes(self, method):
        """How many opcodes a call of the object's method takes: an int. It is called twice, to warm up.

        What the sandbox says is the word of the student's own process.
        """
        return self._edf._ask(["count", f"{self.name}.{method}", [], {}])[0]

    def attribute(self, name):
        """An attribute on the far side, to be passed on or called, without fetching it."""
        return Node(self._edf, f"{self.name}.{name}")

    @property
    def top(self):
        """Result of the last forward pass."""
        return self._edf.read((self, "top"))[0]

    @top.setter
    def top(self, array):
        self._assign("top", array)

    @property
    def grad(self):
        """Gradient of the last backward pass."""
        return self._edf.read((self, "grad"))[0]

    @grad.setter
    def grad(self, array):
        self._assign("grad", array)

    def _assign(self, attribute, array):
        argument = self._edf._argument(np.asarray(array))
        self._edf._instructions.append(["set", f"{self.name}.{attribute}", argument])


def local_edf(path):
    """An `Edf` on a module of our own, run here in this process: the reference. Never for student code."""
    spec = importlib.util.spec_from_file_location("edf", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Edf(local_request(module))


def local_request(module):
    """A function (instructions, arrays) → results, as Process.request is, on a module of our own."""
    interpreter = Interpreter(module, count_opcodes)

    def request(instructions, arrays=()):
        return [detail for _, detail in interpreter.run(instructions, arrays)]

    return request
