"""Snippets: three lines that a student can paste, and that print what the smallest case says they do."""

import contextlib
import dataclasses
import io
import json
import sys

import numpy as np
import pytest
from small_cases import OPS, REFERENCE, failures, module_of, pasted, says, smallest_of, student

from autograder.compare import Mismatch
from autograder.diagnosis.smallest import smallest_case, text
from autograder.diagnosis.snippet import DROP_GRAPH
from autograder.op_checks import expect_forward, expect_gradient
from autograder.reference import Op

# Of longer ones nobody reads the numbers any more.
LONGEST = 1000


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"):
        yield


# Of every exercise


@pytest.mark.parametrize("id", OPS)
def test_every_failure_of_a_wrong_variant_is_shown_and_reproduced(id, monkeypatch):
    for variant in OPS[id].wrong_variants:
        failed = failures(OPS[id], variant.source)
        assert failed, variant.tag
        for check in failed:
            case = smallest_case(student(variant.source), check)
            where = f"{variant.tag}, {check.id}: {case}"
            assert case is not None and case.snippet.count("\n") == 2, where
            assert len(case.snippet) < LONGEST, where
            assert says(pasted(monkeypatch, case.snippet, module_of(variant.source)), case.got), where
            right = pasted(monkeypatch, case.snippet, module_of(REFERENCE))
            assert says(right, case.expected), where
            assert case.expected != case.got, where
            json.dumps(dataclasses.asdict(case), allow_nan=False)
            assert case.message in " ".join(text(case).split()), where


@pytest.mark.parametrize("id", OPS)
def test_right_code_passes_on_every_rung(id):
    sources = {"the reference": REFERENCE}
    for exercise in OPS.values():
        for variant in exercise.right_variants:
            # An exercise without stubs of its own runs what those that it needs have written.
            owned = OPS[id].owned or [name for other in OPS[id].needs for name in OPS[other].owned]
            if id not in variant.without and set(variant.of) & set(owned):
                sources[f"{exercise.id}/{variant.tag}"] = variant.source
    for name, source in sources.items():
        for check in OPS[id].checks:
            assert smallest_case(student(source), check) is None, (name, check.id)


# How things are written


def shown(old, new, run):
    """The snippet for the reference with an edit."""
    assert old in REFERENCE
    case = smallest_of(REFERENCE.replace(old, new), run)
    return case.snippet.split("\n"), case


def test_an_operation_is_written_as_students_write_it():
    def run(edf, draw):
        arrays = {"f": np.array([[[[1], [2.5]]]], np.float32), "k": np.array([[[[3]]]], np.float32)}
        expect_gradient(edf, draw, Op("conv2", **arrays, stride=2), to="k")

    (first, second, third), case = shown("kernel_grad[ky, kx] = ", "kernel_grad[ky, kx] = 1 + ", run)
    assert first == (
        "import edf, numpy as np; f = edf.Value(); f.set(np.reshape([1, 2.5], (1, 1, 2, 1))); "
        "k = edf.Param(); k.set([[[[3]]]]); k.grad = np.zeros_like(k.top)"
    )
    assert second == "z = edf.conv2(f, k, stride=2); z.forward(); z.grad = np.array([[[[2.]]]]); z.backward()"
    assert third == "print(k.grad)" and case.printed == "k.grad"
    assert case.expected == [[[[2]]]] and case.got == [[[[3]]]]


def test_only_what_follows_the_last_fresh_start_is_shown():
    def run(edf, draw):
        for number in (1, 2):
            expect_forward(edf, Op("RELU", x=np.array([number], np.float32)))

    (first, *_), case = shown("np.maximum(self.x.top, 0)", "np.minimum(self.x.top, 1)", run)
    assert first == "import edf, numpy as np; x = edf.Value(); x.set([2])"


def test_an_upstream_gradient_of_whole_numbers_is_one_of_floats(monkeypatch):
    def run(edf, draw):
        x = edf.param(np.ones(2, np.float32))
        node = edf.op("RELU", x)
        node.forward()
        node.grad = np.array([3, -2], np.float32)
        node.backward()
        if node.grad.dtype.kind == "f" and x.grad[0] != 3:
            raise Mismatch("x.grad is wrong", "", x.grad, np.array([3.0, -2.0]))

    (_, second, _), case = shown("self.grad * (self.x.top >= 0)", "np.full_like(self.grad, 0.5)", run)
    assert "z.grad = np.array([3., -2])" in second
    wrong = REFERENCE.replace("self.grad * (self.x.top >= 0)", "np.full_like(self.grad, 0.5)")
    assert says(pasted(monkeypatch, case.snippet, module_of(wrong)), [0.5, 0.5])


def test_params_of_no_operation_and_single_numbers():
    def run(edf, draw):
        params = edf.param(np.array(1, np.float32)), edf.param(np.array([1.5, 2], np.float32))
        params[0].grad = np.array(2, np.float32)
        edf.call("SGD", 0.125)
        raise Mismatch("wrong", "", params[1].top, np.zeros(2))

    (first, second, third), _ = shown("", "", run)
    assert first.startswith(f"import edf, numpy as np; {DROP_GRAPH}; p = edf.Param(); p.set(1)")
    assert (
        "p2 = edf.Param(); p2.set([1.5, 2]); p2.grad = np.zeros_like(p2.top); p.grad = np.array(2.)" in first
    )
    assert (second, third) == ("edf.SGD(0.125)", "print(p2.top)")


def test_eager_classes():
    def once(edf, draw):
        x = edf.value(np.ones((1, 1), np.float32))
        node = edf.op(edf.call("eager", edf.name("matmul")), x, x)
        raise Mismatch("wrong", "", node.top, np.zeros((1, 1)))

    def often(edf, draw):
        eager = edf.call("eager", edf.name("sigmoid"))
        edf.op(eager, edf.op(eager, edf.value(np.ones(1, np.float32))))
        raise Mismatch("wrong", "", np.array(edf.length("ops")), np.zeros(()))

    assert shown("", "", once)[0][1:] == ["z = edf.eager(edf.matmul)(x, x)", "print(z.top)"]
    (first, second, third), _ = shown("", "", often)
    assert DROP_GRAPH in first and first.endswith(
        "sigmoid = edf.eager(edf.sigmoid); x = edf.Value(); x.set([1])"
    )
    assert (second, third) == ("z = sigmoid(x); z2 = sigmoid(z)", "print(len(edf.ops))")


def test_code_that_raises_is_shown_with_its_place():
    def run(edf, draw):
        expect_forward(edf, Op("RELU", x=np.ones(1, np.float32)))

    lines, case = shown("np.maximum(self.x.top, 0)", "{}['a']", run)
    assert case.message == "the code raises KeyError: 'a' (edf.py, line 7)"
    assert lines[1:] == ["z = edf.RELU(x); z.forward()", "print(z.top)"]
    assert case.expected == [1] and case.got == "raises KeyError (edf.py, line 7)"
    assert text(case).endswith("\nexpected =   got =\n[1.]         raises KeyError (edf.py, line 7)")


def test_what_right_code_does_not_have_is_printed_as_none(monkeypatch):
    def run(edf, draw):
        x = edf.value(np.ones(1, np.float32))
        node = edf.op("sigmoid", x)
        if not isinstance(node.top, str):
            raise Mismatch("it ran", "", node.top, "None")

    _, case = shown("class sigmoid:", "class sigmoid:\n    top = 5\n", run)
    assert case.printed == 'getattr(z, "top", None)' and case.expected == "None"
    assert pasted(monkeypatch, case.snippet, module_of(REFERENCE)) is None


def test_numbers_do_not_go_through_a_set_that_is_wrong(monkeypatch):
    def run(edf, draw):
        expect_forward(edf, Op("RELU", x=np.array([1, 2], np.float32)))

    wrong = REFERENCE.replace("np.maximum(self.x.top, 0)", "self.x.top - 1")
    wrong = wrong.replace("self.top = np.array(value, dtype=np.float32)", "self.tip = value")
    case = smallest_of(wrong, run)
    assert case.snippet.startswith(
        "import edf, numpy as np; x = edf.Value(); x.top = np.array([1., 2], np.float32)"
    )
    assert says(pasted(monkeypatch, case.snippet, module_of(wrong)), [0, 1])


def test_a_snippet_is_not_disturbed_by_what_the_session_has_made(monkeypatch):
    exercises = [OPS[id] for id in ("Forward", "Backward", "SGD", "momentum", "eager")]
    for exercise, variant in [(e, variant) for e in exercises for variant in e.wrong_variants]:
        check = next(check for check in exercise.checks if check.id == variant.gives_away)
        case = smallest_case(student(variant.source), check)
        module = module_of(REFERENCE)
        # A Param without a gradient, an operation that can't run.
        module.matmul(module.Param(), module.Value())
        right = pasted(monkeypatch, case.snippet, module)
        assert says(right, case.expected), (variant.tag, case, right)


def test_snippets_print_what_a_student_sees(monkeypatch):
    case = smallest_case(
        student(REFERENCE.replace("self.x.top + self.y.top", "self.x.top - self.y.top")), OPS["add"].checks[0]
    )
    monkeypatch.setitem(sys.modules, "edf", module_of(REFERENCE))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(case.snippet, {})
    assert printed.getvalue() == f"[{case.expected[0]}.]\n"
