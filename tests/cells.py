"""Notebooks made of cells, for tests of what is taken from them."""

import json

from conftest import ROOT
from edf_kit.answers.assemble import assemble
from edf_kit.answers.take import take_answers

SKELETON = (ROOT / "pset" / "edf.py").read_text(encoding="utf-8")
REFERENCE = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
STUBS = [
    "add",
    "RELU",
    "mean",
    "smaxloss",
    "conv2",
    "max",
    "where",
    "init_momentum",
    "momentum",
    "eager",
    "reset",
]
SETUP = "import numpy as np\nimport edf\nfrom edf import Param, Value, ops, params, values\n"

# A filled RELU whose forward's one line is to be put in.
RELU = """class RELU:
    def __init__(self, x):
        ops.append(self)
        self.x = x

    def forward(self):
        self.top = {}

    def backward(self):
        self.x.grad = self.x.grad + self.grad * (self.x.top > 0)
"""
RIGHT = RELU.format("np.where(self.x.top > 0, self.x.top, 0)")


def code(source, write=None, **more):
    """A code cell; write: the name that it was handed out for. more: other fields."""
    nbgrader = {
        "grade": False,
        "solution": True,
        "locked": False,
        "grade_id": f"write-{write}",
        "schema_version": 3,
    }
    metadata = {"nbgrader": nbgrader} if write else {}
    cell = {
        "cell_type": "code",
        "metadata": metadata,
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return cell | more


def notebook(*cells, **more):
    """The text of a notebook; cells: code or dicts."""
    cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | more)


def take(*cells, stubs=STUBS, given=SKELETON):
    """What is taken from one notebook of these cells."""
    return take_answers({"1.ipynb": notebook(*cells)}, stubs, given)


def assembled(*cells):
    """The module that is made of one notebook of these cells: our own code only, since it is run."""
    return run(assemble(SKELETON, take(*cells)))


def run(text):
    """The namespace of a module's text."""
    namespace = {"__name__": "edf"}
    exec(compile(text, "edf.py", "exec"), namespace)
    return namespace


def relu_of(namespace, numbers):
    """The result of a module's RELU."""
    import numpy as np

    x = namespace["Value"]()
    x.set(np.array(numbers))
    node = namespace["RELU"](x)
    node.forward()
    return np.asarray(node.top).tolist()
