"""The capped training runs on MNIST: a network built of the student's operations, trained as they do it.

Accuracy alone is a weak judge: with a bias gradient missing or a kernel flipped, the conv net still reaches
that of correct code. So the first steps are held against the reference's, loss by loss, on small batches
that even a conv2 of six Python loops gets through; only then a longer run is tried on hidden digits.
docs/judging.md has the measurements behind each number here.

The first steps are judged on hidden inputs. The longer run, and the first steps once more where they are to be shown,
start from inputs that are public: a process that has seen no hidden ones can't put them into a curve.
"""

import dataclasses

import numpy as np

from autograder import reference
from autograder.compare import Mismatch, expect_close, expect_shape
from autograder.digits import hidden_digits, student_digits
from autograder.draw import Draw
from autograder.reference import remember
from autograder.sandbox.session import StudentError

FIRST_STEPS = 10
FIRST_BATCH = 8
LONG_BATCH = 50
# After the first steps, which are judged one by one, as many go in one exchange: less waiting for each other.
STEPS_TOGETHER = 10
LONG_RUN_CPU_SECONDS = 30  # twice what a conv2 of six Python loops takes for one step
# Of the losses of a long run that its cap ended: in float32, they differ with the order of summation.
CAPPED_TOLERANCE = 1e-4
EVALUATED_TOGETHER = 50  # digits: what the layers of so many hold fits into a processor's cache
MOMENTUM = 0.875  # of the first steps
PUBLIC = b"public"  # in the place of a course secret


@dataclasses.dataclass(frozen=True)
class Training:
    """A network and how it is trained.

    logits(edf, x, params): builds the network on an image node, returns the node of the logits (B×10).
    image_shape: (784,) or (28, 28, 1). shapes: of the parameters. fan_in: how many inputs an output sums
    over, for each parameter; None for a bias. optimizer: "SGD" or "momentum". first_rate: its learning rate
    in the first steps, a power of two, exact in float32 as in float64 (as is MOMENTUM).
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

    def first_steps(self, draw):
        """What `losses` takes for the first steps: start, batches, dtype and rates."""
        start = self.draw_start(draw)
        batches = draw.batches(FIRST_STEPS, FIRST_BATCH, len(student_digits()[0]))
        momentum = [MOMENTUM] if self.optimizer == "momentum" else []
        return start, batches, np.float64, self.first_rate, *momentum

    def long_run(self, draw):
        """The same for the longer run. All batches are of one size: right code may keep arrays from step to step."""
        start = self.draw_start(draw)
        batches = draw.batches(self.steps, LONG_BATCH, len(student_digits()[0]))
        return start, batches, np.float32, self.rate

    def losses(self, edf, start, batches, dtype, *rates):
        """Train on `edf`: yields (loss of each step's batch before the step, Params).

        start: parameters; batches: indices of the students' digits, an array for each step; dtype: of parameters and
        images; rates: what the optimizer is called with.
        """
        images, labels = student_digits()
        edf.fresh()
        params = [edf.param(array.astype(dtype)) for array in start]
        x, y = edf.value(np.zeros(0, dtype)), edf.value(np.zeros(0, dtype))
        loss = edf.op("mean", edf.op("smaxloss", self.logits(edf, x, params), y))
        if self.optimizer == "momentum":
            edf.call("init_momentum")
        for together in _exchanges(batches):
            for batch in together:
                x.set_pixels(images[batch], self.image_shape, dtype)
                y.top = labels[batch].astype(dtype)
                edf.call("Forward")
                edf.call("Backward", loss)
                edf.call(self.optimizer, *rates)
                edf.ask_later(loss, "top")
            for top in edf.flush():
                yield top, params

    def accuracy_of(self, params):
        """Share of the hidden digits that the reference, with these parameters, gets right."""
        images, labels = hidden_digits()
        edf = reference.reference()
        edf.fresh()
        x = edf.value(np.zeros(0, np.float32))
        logits = (self.quick_logits or self.logits)(edf, x, [edf.value(array) for array in params])
        for start in range(0, len(labels), EVALUATED_TOGETHER):
            x.set_pixels(images[start : start + EVALUATED_TOGETHER], self.image_shape, np.float32)
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
    exercise.training = training

    @exercise.check(weight=4)
    def first_steps(student, draw):
        """the losses of the first ten training steps are those of a correct network"""
        run = training.first_steps(draw)
        start, *_ = run

        def expected_losses():
            return [loss for loss, _ in training.losses(reference.reference(), *run)]

        expected = remember((exercise.id, "first_steps", start[0].tobytes()), expected_losses)
        for step, (loss, _) in enumerate(training.losses(student, *run)):
            expect_close(loss, expected[step], f"the loss of step {step + 1}", training.tolerance)

    @exercise.check(after=["first_steps"], cpu_seconds=LONG_RUN_CPU_SECONDS, is_public=True)
    def long_run(student, _):
        """after a longer run, the network recognises digits that it has not seen"""
        params = []
        try:
            for _, nodes in train_in_public(exercise, "long_run", student):
                params = nodes
            params = student.read(*((node, "top") for node in params))
        except StudentError as error:
            if error.kind != "cpu":
                raise
            return judge_capped(exercise, student.losses)
        for param, shape in zip(params, training.shapes):
            expect_shape(param, shape, "a trained Param")
        reached = training.accuracy_of([param.astype(np.float32) for param in params])
        if not reached >= training.accuracy:
            raise Mismatch(
                f"after {training.steps} steps it gets {reached:.1%} of unseen digits right; "
                f"correct code gets more than {training.accuracy:.0%}"
            )


def train_in_public(exercise, check, edf):
    """Training.losses of a check of `exercise`, "first_steps" or "long_run", on inputs that are no secret.

    They are the same in every course. The losses are left in `edf.losses`: they may be shown.
    """
    training, draw = exercise.training, Draw(PUBLIC, exercise.id, check)
    run = {"first_steps": training.first_steps, "long_run": training.long_run}[check](draw)
    edf.losses = []
    for loss, params in training.losses(edf, *run):
        edf.losses.append(loss)
        yield loss, params


def judge_capped(exercise, losses):
    """Judge a long run by the steps that it got through before its CPU limit: points follow steps.

    Slow code is not wrong code. Returns the remark that says so; raises Mismatch if those steps are wrong, or none.
    """
    if not losses:
        raise Mismatch(f"not one training step ended within {LONG_RUN_CPU_SECONDS} s of CPU time")
    losses = losses[:FIRST_STEPS]
    expected = train_in_public(exercise, "long_run", reference.reference())
    for step, (loss, (right, _)) in enumerate(zip(losses, expected), start=1):
        expect_close(loss, right.astype(np.float64), f"the loss of step {step}", CAPPED_TOLERANCE)
    return f"ended at its limit of {LONG_RUN_CPU_SECONDS} s of CPU time: judged by the steps up to there"
