"""Shows how far the work is: a bar with the time that is left, or, where the output is kept, a line now and then."""

from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

EVERY = 10  # percent, between two lines


class Watch:
    """Watches tasks (work.Task) that run in some processes; a context manager."""

    def __init__(self, processes, console):
        self.processes, self.console = processes, console
        self._total = self._done = self._said = 0.0
        columns = (
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(TextColumn("grading the grader"), *columns, console=console)
        self._bar = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._progress.stop()

    def started(self, tasks):
        """All tasks are waiting: say how long they will take."""
        self._total = sum(task.seconds for task in tasks)
        minutes = self._total / self.processes / 60
        self.console.print(f"{len(tasks)} tasks, about {minutes:.0f} minutes in {self.processes} processes")
        if self.console.is_terminal:
            self._bar = self._progress.add_task("", total=self._total)
            self._progress.start()

    def done(self, task):
        """A task has ended."""
        self._done += task.seconds
        if self._bar is not None:
            self._progress.advance(self._bar, task.seconds)
        elif (percent := 100 * self._done / self._total) >= self._said + EVERY:
            self._said = percent // EVERY * EVERY
            self.console.print(f"{self._said:.0f} %")
