"""Training runs of the judge: what is sent together, and how trained parameters are tried."""

import numpy as np
import pytest

from autograder import training
from autograder.compare import Mismatch
from autograder.draw import Draw
from autograder.exercise import load_exercises
from autograder.paths import SOLUTION
from autograder.sandbox.session import StudentError
from autograder.student import local_edf


@pytest.fixture
def draw():
    return Draw(b"secret", "mnist_conv", "long_run")


def test_a_quick_network_gives_the_logits_of_the_one_that_is_trained(draw):
    network = load_exercises()["mnist_conv"].training
    params = network.draw_start(draw)
    images = draw.uniform(1, 7, *network.image_shape)
    found = []
    for logits in (network.logits, network.quick_logits):
        edf = local_edf(SOLUTION)
        node = logits(edf, edf.value(images), [edf.value(array) for array in params])
        edf.call("Forward")
        found.append(node.top)
    assert found[0].shape == (7, 10)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5, atol=1e-6)


def test_each_of_the_first_steps_is_an_exchange_of_its_own_and_later_ones_go_together(draw):
    network, steps = (
        load_exercises()["mnist_mlp"].training,
        training.FIRST_STEPS + training.STEPS_TOGETHER + 3,
    )
    edf, exchanges = local_edf(SOLUTION), []
    answer = edf.request

    def request(instructions, arrays=()):
        exchanges.append(sum(verb == "get" for verb, *_ in instructions))
        return answer(instructions, arrays)

    edf.request = request
    batches = draw.batches(steps, 4, 9000)
    losses = [
        float(loss) for loss, _ in network.losses(edf, network.draw_start(draw), batches, np.float32, 0.05)
    ]
    assert exchanges == [1] * training.FIRST_STEPS + [training.STEPS_TOGETHER, 3]
    assert len(losses) == steps


def test_parameters_are_tried_on_all_hidden_digits():
    network = load_exercises()["mnist_mlp"].training
    w1, b1, w2, b2 = (np.zeros(shape, np.float32) for shape in network.shapes)
    b2[3] = 1  # calls everything a three
    _, labels = training.hidden_digits()
    assert network.accuracy_of([w1, b1, w2, b2]) == np.mean(labels == 3)
    assert network.accuracy_of([w1, b1, w2, b2]) > 0.05


def out_of_time_after(steps, edf):
    """The same edf, which is ended by its limit of CPU time when it has given the losses of so many steps."""
    answer, given = edf.request, []

    def request(instructions, arrays=()):
        if len(given) == steps:
            raise StudentError("cpu", "stopped at its limit of 20 s of CPU time")
        given.append(instructions)
        return answer(instructions, arrays)

    edf.request = request
    return edf


@pytest.fixture
def long_run():
    return next(check for check in load_exercises()["mnist_mlp"].checks if check.id == "long_run")


def test_slow_code_is_judged_by_the_steps_that_it_got_through(draw, long_run):
    slow = out_of_time_after(3, local_edf(SOLUTION))
    assert "judged by the steps up to there" in long_run.run(slow, draw)
    assert len(slow.losses) == 3


def test_code_that_ends_no_step_is_not_judged_by_none(draw, long_run):
    with pytest.raises(Mismatch, match="not one training step"):
        long_run.run(out_of_time_after(0, local_edf(SOLUTION)), draw)


def test_right_code_may_keep_its_arrays_from_step_to_step(draw):
    """All batches of a run have one size: a Backward that zeroes its grads in place, say, is right."""
    for network in (load_exercises()[id].training for id in ("mnist_mlp", "mnist_conv")):
        for _, batches, *_ in (network.first_steps(draw), network.long_run(draw)):
            assert len({len(batch) for batch in batches}) == 1


def test_slow_code_whose_steps_are_wrong_is_wrong(draw, long_run, tmp_path):
    wrong = tmp_path / "edf.py"
    wrong.write_text(SOLUTION.read_text().replace("p.top - lr * p.grad", "p.top - 1.1 * lr * p.grad"))
    with pytest.raises(Mismatch, match="the loss of step 2"):
        long_run.run(out_of_time_after(3, local_edf(wrong)), draw)
