"""The capped training runs on MNIST: a network built of the student's operations, trained as they do it.

Accuracy alone is a weak judge: with a bias gradient missing or a kernel flipped, the conv net still reaches
that of correct code. So the first steps are held against the reference's, loss by loss, on small batches
that even a conv2 of six Python loops gets through; only then a longer run is tried on hidden digits.
docs/judging.md has the measurements behind each number here.
"""

import dataclasses

import numpy as np

from autograder import reference
from autograder.compare import Mismatch, expect_close, expect_shape
from autograder.digits import hidden_digits, scaled, student_digits
from autograder.draw import Draw
from autograder.paths import SOLUTION
from autograder.reference import remember
from autograder.sandbox.session import StudentError
from autograder.student import local_edf

FIRST_STEPS = 10
FIRST_BATCH = 8
LONG_BATCH = 50
# After the first steps, which are judged one by one, as many go in one exchange: less waiting for each other.
STEPS_TOGETHER = 10
LONG_RUN_CPU_SECONDS = 20
# Of the losses of a long run that its cap ended: in float32, they differ with the order of summation.
CAPPED_TOLERANCE = 1e-4
EVALUATED_TOGETHER = 50  # digits: what the layers of so many hold fits into a processor's cache
MAX_LOSS = 1e6  # that is kept for the record


@dataclasses.dataclass(frozen=True)
class Training:
    """A network and how it is trained.

    logits(edf, x, params): builds the network on an image node, returns the node of the logits (B×10).
    image_shape: (784,) or (28, 28, 1). shapes: of the parameters. fan_in: how many inputs an output sums
    over, for each parameter; None for a bias. optimizer: "SGD" or "momentum". first_rate: its learning rate
    in the first steps, a power of two, exact in float32 as in float64 (as is the momentum of 7/8).
    tolerance: of the losses of the first steps, relative. rate, steps, accuracy: of the longer run, and the
    share of hidden digits that its parameters must get right. quick_logits: builds another network of the same logits,
    with which the reference tries parameters, if there is a quicker one.
    """

    logits: callable
    image_shape: tuple
    shapes: tuple
    fan_in: tuple
    optimizer: str
    first_rate: float
    tolerance: float
    rate: float
    steps: int
    accuracy: float
    quick_logits: callable = None

    def draw_start(self, draw):
        """Xavier weights, and biases near 0 but not at it: at 0, many a RELU would start at its kink."""
        return [
            draw.uniform(np.sqrt(3 / fan_in), *shape) if fan_in else draw.uniform(0.05, *shape)
            for shape, fan_in in zip(self.shapes, self.fan_in)
        ]

    def losses(self, edf, start, batches, dtype, *rates):
        """Train on `edf`: yields (loss of each step's batch before the step, Params).

        start: parameters; batches: indices of the students' digits (steps×B); dtype: of parameters and
        images; rates: what the optimizer is called with. The losses are left in `edf.losses` too.
        """
        images, labels = student_digits()
        edf.fresh()
        edf.losses = []
        params = [edf.param(array.astype(dtype)) for array in start]
        x, y = edf.value(np.zeros(0, dtype)), edf.value(np.zeros(0, dtype))
        loss = edf.op("mean", edf.op("smaxloss", self.logits(edf, x, params), y))
        if self.optimizer == "momentum":
            edf.call("init_momentum")
        for together in _exchanges(batches):
            for batch in together:
                x.top = scaled(images[batch], *self.image_shape).astype(dtype)
                y.top = labels[batch].astype(dtype)
                edf.call("Forward")
                edf.call("Backward", loss)
                edf.call(self.optimizer, *rates)
                edf.ask_later(loss, "top")
            for top in edf.flush():
                edf.losses.append(top)
                yield top, params

    def accuracy_of(self, params):
        """Share of the hidden digits that the reference, with these parameters, gets right."""
        images, labels = hidden_digits()
        edf = reference.reference()
        edf.fresh()
        x = edf.value(np.zeros(0, np.float32))
        logits = (self.quick_logits or self.logits)(edf, x, [edf.value(array) for array in params])
        for start in range(0, len(labels), EVALUATED_TOGETHER):
            x.top = scaled(images[start : start + EVALUATED_TOGETHER], *self.image_shape)
            edf.call("Forward")
            edf.ask_later(logits, "top")
        return float(np.mean(np.concatenate(edf.flush()).argmax(axis=1) == labels))


def _exchanges(batches):
    """The batches of a training run, those whose losses are asked for together in a list."""
    yield from ([batch] for batch in batches[:FIRST_STEPS])
    for start in range(FIRST_STEPS, len(batches), STEPS_TOGETHER):
        yield batches[start : start + STEPS_TOGETHER]


def check_training(exercise, training):
    """Add the two checks of a training run to an exercise."""
    first_rates = (training.first_rate, *([0.875] if training.optimizer == "momentum" else []))

    @exercise.check(weight=4)
    def first_steps(student, draw):
        """the losses of the first ten training steps are those of a correct network"""
        start = training.draw_start(draw)
        batches = draw.batches(FIRST_STEPS, FIRST_BATCH, len(student_digits()[0]))
        run = start, batches, np.float64, *first_rates

        def expected_losses():
            return [loss for loss, _ in training.losses(reference.reference(), *run)]

        expected = remember((exercise.id, "first_steps", start[0].tobytes()), expected_losses)
        for step, (loss, _) in enumerate(training.losses(student, *run)):
            expect_close(loss, expected[step], f"the loss of step {step + 1}", training.tolerance)

    @exercise.check(after=["first_steps"], cpu_seconds=LONG_RUN_CPU_SECONDS)
    def long_run(student, draw):
        """after a longer run, the network recognises digits that it has not seen"""
        start = training.draw_start(draw)
        batches = draw.batches(training.steps, LONG_BATCH, len(student_digits()[0]))
        run = start, batches, np.float32, training.rate
        losses, params = [], []
        try:
            for loss, nodes in training.losses(student, *run):
                losses.append(loss)
            params = student.read(*((node, "top") for node in nodes))
        except StudentError as error:
            if error.kind != "cpu":
                raise
            return judge_capped(training, run, losses)
        for param, shape in zip(params, training.shapes):
            expect_shape(param, shape, "a trained Param")
        reached = training.accuracy_of([param.astype(np.float32) for param in params])
        if not reached >= training.accuracy:
            raise Mismatch(
                f"after {training.steps} steps it gets {reached:.1%} of unseen digits right; "
                f"correct code gets more than {training.accuracy:.0%}"
            )


def judge_capped(training, run, losses):
    """Judge a long run by the steps that it got through before its CPU limit: points follow steps.

    Slow code is not wrong code. Returns the remark that says so; raises Mismatch if those steps are wrong.
    """
    losses = losses[:FIRST_STEPS]
    expected = training.losses(reference.reference(), *run)
    for step, (loss, (right, _)) in enumerate(zip(losses, expected), start=1):
        expect_close(loss, right.astype(np.float64), f"the loss of step {step}", CAPPED_TOLERANCE)
    return f"ended at its limit of {LONG_RUN_CPU_SECONDS} s of CPU time: judged by the steps up to there"


def shown_losses(losses):
    """Losses as students may see them: numbers of three digits, None for what is no such number.

    losses: what a student's code left there, or the reference's. Three digits draw a curve, and are too few to be
    handed in as an expected value.
    """
    shown = []
    for loss in losses:
        is_number = isinstance(loss, np.ndarray) and loss.size == 1 and loss.dtype.kind in "fiu"
        number = float(loss.flat[0]) if is_number else np.nan
        shown.append(float(f"{number:.3g}") if abs(number) <= MAX_LOSS else None)
    return shown


def remember_losses(secret, exercise, check, losses):
    """Keep what the reference's losses were in a check, for the feedback of the class."""
    if losses:
        remember(("losses", secret, exercise, check), lambda: shown_losses(losses))


def reference_losses(secret, exercise, check):
    """The losses of the reference, as students may see them, in a check of a training run (both exercise.py's)."""

    def run():
        edf = local_edf(SOLUTION)
        edf.fresh()
        check.run(edf, Draw(secret, exercise.id, check.id))
        return shown_losses(edf.losses)

    return remember(("losses", secret, exercise.id, check.id), run)


def beside_reference(kept, exercises, secret):
    """{exercise: {check: {"losses": the student's, "expected": the reference's}}}, for the record.

    kept: {exercise: {check: shown losses}} of one submission.
    """
    return {
        exercise.id: {
            check.id: {
                "losses": kept[exercise.id][check.id],
                "expected": reference_losses(secret, exercise, check),
            }
            for check in exercise.checks
            if check.id in kept[exercise.id]
        }
        for exercise in exercises
        if exercise.id in kept
    }
