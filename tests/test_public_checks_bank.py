"""The public checks on the bank: what costs points can be seen at home, and whatever is right passes."""

import re

import numpy as np
import pytest
from edf_kit.checks import CheckFailed, check
from edf_kit.checks import run as checks
from edited import changed
from held_out import HELD_OUT

from autograder.exercise import load_exercises
from autograder.variant import Variant

BANK = load_exercises()
WRONG = [variant for exercise in BANK.values() for variant in exercise.wrong_variants]
RIGHT = [variant for exercise in BANK.values() for variant in exercise.right_variants]
# Mistakes that the checks were not made with.
OTHERS = [Variant(mistake.exercise, mistake.name, "", (), mistake.code, ()) for mistake in HELD_OUT]

# (exercise, old, new, what is said of it): what the hidden checks take amiss too, and nobody above does.
RARE = [
    ("eager", "self.forward()", "self.forward(); self.forward = lambda: None", "does not run once more"),
    (
        "where",
        "chosen = ",
        "self.p.grad = getattr(self.p, 'grad', 0); chosen = ",
        "gives a .grad to p, a Value",
    ),
    ("accuracy", "        pass", "        self.x.top[:] = 0", "The input x of accuracy was changed"),
]

QUICK = [id for id in checks.exercise_ids() if not id.startswith("mnist")]
OPERATIONS = [id for id in QUICK if checks.EXERCISES[id].picture and not id.startswith("conv2")]


def names(variants):
    return [f"{variant.exercise}-{variant.tag}" for variant in variants]


@pytest.mark.parametrize("variant", WRONG, ids=names(WRONG))
def test_wrong_code_fails_its_own_check(install_edf, capfd, variant):
    install_edf(variant.source)
    with pytest.raises(CheckFailed) as caught:
        check(variant.exercise)
    message = str(caught.value)
    assert re.search("expected.*got|before.*after|raises|not an array", message, re.DOTALL), message
    assert message.count("\n\nHint: ") == 1
    assert max(map(len, message.splitlines())) <= 80
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("variant", OTHERS, ids=names(OTHERS))
def test_mistakes_that_are_not_in_the_bank_fail_too(install_edf, variant):
    install_edf(variant.source)
    with pytest.raises(CheckFailed):
        check(variant.exercise)


@pytest.mark.parametrize(("exercise", "old", "new", "said"), RARE)
def test_rare_mistakes_fail_too(install_edf, exercise, old, new, said):
    install_edf(changed(exercise, (old, new)))
    with pytest.raises(CheckFailed, match=re.escape(said)):
        check(exercise)


@pytest.mark.parametrize("variant", RIGHT, ids=names(RIGHT))
def test_honest_variants_pass(install_edf, variant):
    """They pass the check of their exercise and those of all that build on it, without the long ones."""
    install_edf(variant.source)
    for id in QUICK:
        if id not in variant.without and variant.exercise in (id, *checks.EXERCISES[id].needs):
            check(id)


@pytest.mark.parametrize("variant", BANK["mean"].right_variants, ids=lambda variant: variant.tag)
def test_a_network_takes_every_right_mean(install_edf, variant):
    """A single number has many shapes in numpy, and whoever watches the loss makes one number of each."""
    install_edf(variant.source)
    check("mnist_conv")


def rounded(op, at):
    """A subclass of the operation `op` whose forward computes in float32, inside (at: "inputs") or at the end."""

    class Rounded(op):
        def forward(self):
            tops = [(leaf, leaf.top) for leaf in vars(self).values() if hasattr(leaf, "top")]
            for leaf, top in tops if at == "inputs" else ():
                leaf.top = top.astype(np.float32)
            super().forward()
            self.top = np.float32(self.top) if at == "result" else np.float64(self.top)
            for leaf, top in tops:
                leaf.top = top

    return Rounded


@pytest.mark.parametrize("at", ["inputs", "result"])
@pytest.mark.parametrize("op", [*OPERATIONS, "conv2"])
def test_a_forward_may_compute_in_float32(install_edf, op, at):
    edf = install_edf()
    setattr(edf, op, rounded(getattr(edf, op), at))
    check(op)


def test_a_backward_that_misses_the_inputs_of_conv2_fails(install_edf):
    (walk,) = (variant for variant in BANK["Backward"].right_variants if variant.tag == "sorted_by_inputs")
    assert walk.source.count("in 'xyfkpq'") == 1
    install_edf(walk.source.replace("in 'xyfkpq'", "in 'xy'"))
    with pytest.raises(CheckFailed, match="conv2 has f and k") as caught:
        check("Backward")
    assert "its inputs =" in caught.value.case
