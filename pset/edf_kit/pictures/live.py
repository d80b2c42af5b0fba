"""Watching a training run: a progress bar, and the curves of loss and accuracy while they grow."""

import sys
import time

import numpy as np

from edf_kit.pictures.plots import training_figure

REDRAW_SECONDS = 0.5
DRAWING_SHARE = 0.05  # of the time that has passed goes into drawing, at most
LINES = 10  # of text in a run, outside of a notebook
LINE_SECONDS = 10  # or one as often as this, where steps are slow


class LiveTraining:
    """Shows how a training run goes; in a notebook with pictures, elsewhere with lines of text.

        with LiveTraining(steps=200, title="two layers") as live:
            for step in range(200):
                ...
                live.step(loss.top, right.top)
            live.validation(0.9)

    .history: a list of (step, loss, accuracy or None), one a step, from step 1. .validations: a list of
    (step, accuracy). Accuracies are shares, from 0 to 1. Whatever interrupts the run, what was drawn stays.
    """

    def __init__(self, steps, title=""):
        self.steps = steps
        self.title = title
        self.history = []
        self.validations = []
        self._is_finite = True

    def __enter__(self):
        self._show = _Curves(self) if _in_notebook() else _Lines(self)
        return self

    def step(self, loss, accuracy=None):
        """Note the loss of one more step of training and, if there is one, its accuracy (0 to 1)."""
        loss = np.asarray(loss, dtype=np.float64).item()
        accuracy = None if accuracy is None else np.asarray(accuracy, dtype=np.float64).item()
        self.history.append((len(self.history) + 1, loss, accuracy))
        if self._is_finite and not np.isfinite(loss):
            self._is_finite = False
            print(
                f"loss is {loss} at step {len(self.history)}: a number grew too large, or was divided by 0; "
                "try a smaller learning rate, then look at forward and backward.",
                flush=True,
            )
        self._show.step()

    def validation(self, accuracy):
        """Note the accuracy (0 to 1) on digits that are not trained on, after the steps so far."""
        self.validations.append((len(self.history), float(accuracy)))
        self._show.validation()

    def __exit__(self, kind, error, traceback):
        self._show.end()
        if self.history:
            print(self._summary(), flush=True)

    def _summary(self):
        done = len(self.history)
        text = f"{self.title}: " if self.title else ""
        text += f"{done} steps" if done >= self.steps else f"stopped after {done} of {self.steps} steps"
        last = self.history[-max(1, self.steps // LINES) :]
        text += f"; mean of the last {len(last)}: {_means(last)}"
        if self.validations:
            text += f"; validation {self.validations[-1][1]:.1%}"
        return text


class _Lines:
    """Text on stdout: some lines a run."""

    def __init__(self, live):
        self.live = live
        self.shown = 0  # steps that the lines so far tell of
        self.time = time.monotonic()

    def step(self):
        done, steps = len(self.live.history), self.live.steps
        is_due = done * LINES // steps > (done - 1) * LINES // steps
        if is_due or time.monotonic() - self.time > LINE_SECONDS:
            line = f"step {done:{len(str(steps))}}/{steps}   {_means(self.live.history[self.shown :])}"
            print(line, flush=True)
            self.shown, self.time = done, time.monotonic()

    def validation(self):
        step, accuracy = self.live.validations[-1]
        print(f"after step {step}: validation {accuracy:.1%}", flush=True)

    def end(self):
        pass


class _Curves:
    """A progress bar and a figure, in the output of a notebook's cell.

    Drawing takes about as long as some training steps, so the figure is drawn anew only when that costs
    the training a small share of its time.
    """

    def __init__(self, live):
        from IPython.display import ProgressBar

        self.live = live
        self.bar = ProgressBar(live.steps)
        self.bar.display()
        self.handle = None  # of the figure; none before there is a first step
        self.started = self.drawn = self.moved = time.monotonic()
        self.drawing = 0  # seconds spent on it so far

    def step(self):
        now = time.monotonic()
        if now - self.moved > REDRAW_SECONDS:
            self.moved = now
            self._move_bar()
        is_due = now - self.drawn > REDRAW_SECONDS and self.drawing < DRAWING_SHARE * (now - self.started)
        if is_due or self.handle is None:
            self._draw()

    def validation(self):
        pass  # it is drawn with the next step, or at the end

    def end(self):
        self._move_bar()
        if self.live.history:
            self._draw()

    def _move_bar(self):
        self.bar.progress = min(len(self.live.history), self.bar.total)

    def _draw(self):
        from IPython.display import display

        begin = time.monotonic()
        figure = training_figure(self.live)
        if self.handle is None:  # the first takes long, since matplotlib is imported: it doesn't count
            self.handle = display(figure, display_id=True)
            self.started = self.drawn = time.monotonic()
            return
        self.handle.update(figure)
        self.drawn = time.monotonic()
        self.drawing += self.drawn - begin


def _in_notebook():
    """Whether this runs in a Jupyter kernel, whose frontend shows pictures."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")


def _means(history):
    """The mean loss and accuracy over some steps, in words."""
    accuracies = [accuracy for _, _, accuracy in history if accuracy is not None]
    with np.errstate(all="ignore"):
        text = f"loss {np.mean([loss for _, loss, _ in history]):.4f}"
    return text + (f", accuracy {np.mean(accuracies):.1%}" if accuracies else "")
