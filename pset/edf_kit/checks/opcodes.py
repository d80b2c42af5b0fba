"""Counts the work that a call makes Python do: the opcodes executed in functions written in Python.

It is no clock: the same call gives the same number, however busy the machine is. The students' checks and the
grader's sandbox use this very file.
"""

import builtins
import contextlib
import functools
import gc
import itertools
import sys

import numpy as np


def count_opcodes(call):
    """How many opcodes `call()` executes, in all Python functions that run in it, numpy's own among them.

    It is called twice, and counted the second time: the first fills caches and imports what is imported late.
    `map`, `filter`, `itertools.starmap` and `accumulate`, `functools.reduce` and `numpy.frompyfunc` loop in C, out of
    sight if what they call is in C as well. While it counts, equals of theirs that fetch each item in Python stand
    in for them. Arrays are printed in short. Whatever the call raises goes through.
    """
    call()
    opcodes = 0
    with _stand_ins() as put_into, np.printoptions(threshold=0), _without_garbage_collection():

        def trace(frame, event, _):
            nonlocal opcodes
            if event == "opcode":
                opcodes += 1
            elif event == "call":
                frame.f_trace_opcodes, frame.f_trace_lines = True, False
                put_into(frame.f_globals)
            return trace

        # Python 3.12 traces opcodes only if some frame asked for it before the tracing starts.
        sys._getframe().f_trace_opcodes = True
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            call()
        finally:
            sys.settrace(before)
    return opcodes


def _one_by_one(items):
    yield from items


class _Map(map):
    def __new__(cls, function, items, *more, **options):
        return super().__new__(cls, function, _one_by_one(iter(items)), *more, **options)


class _Filter(filter):
    def __new__(cls, function, items):
        return super().__new__(cls, function, _one_by_one(iter(items)))


class _Starmap(itertools.starmap):
    def __new__(cls, function, items):
        return super().__new__(cls, function, _one_by_one(iter(items)))


class _Accumulate(itertools.accumulate):
    def __new__(cls, iterable, *function, **options):
        return super().__new__(cls, _one_by_one(iter(iterable)), *function, **options)


def _reduce(function, items, *initial, **options):
    return _originals["reduce"](function, _one_by_one(iter(items)), *initial, **options)


def _frompyfunc(function, *counts, **options):
    return _originals["frompyfunc"](lambda *numbers: function(*numbers), *counts, **options)


_PLACES = {
    "map": (builtins, _Map),
    "filter": (builtins, _Filter),
    "starmap": (itertools, _Starmap),
    "accumulate": (itertools, _Accumulate),
    "reduce": (functools, _reduce),
    "frompyfunc": (np, _frompyfunc),
}
_originals = {name: getattr(module, name) for name, (module, _) in _PLACES.items()}
_by_id = {id(original): _PLACES[name][1] for name, original in _originals.items()}


@contextlib.contextmanager
def _stand_ins():
    """For a while the stand-ins are in place. Gives a function that puts them into the globals of a module, too,
    where `from itertools import starmap` may have left the original."""
    replaced, seen = [], {id(globals())}

    def put_into(namespace):
        if id(namespace) in seen:
            return
        seen.add(id(namespace))
        for name, value in [item for item in namespace.items() if id(item[1]) in _by_id]:
            replaced.append((namespace, name, value))
            namespace[name] = _by_id[id(value)]

    try:
        for module, _ in _PLACES.values():
            put_into(vars(module))
        yield put_into
    finally:
        for namespace, name, value in replaced:
            namespace[name] = value


@contextlib.contextmanager
def _without_garbage_collection():
    """For a while nothing is cleaned up in the midst of something else: that could run Python, too."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
