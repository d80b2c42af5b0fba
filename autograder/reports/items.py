"""Item analysis: how hard each exercise was, and whether it tells those who know more from those who know less."""

import dataclasses
import math
import statistics

FEWEST = 10  # submissions, below which a correlation says nothing
CONFIDENCE = 0.95
SAME = 1e-9  # of points: differences of rounding are none


@dataclasses.dataclass(frozen=True)
class Discrimination:
    """The item–rest correlation of an exercise: its points against the sum of all others.

    n: number of submissions. correlation: from −1 to 1, or None where it is undefined; why: then the reason.
    interval: (least, most), that it lies in by 95 % confidence, or None.
    """

    n: int
    correlation: float | None
    why: str = ""
    interval: tuple | None = None

    @property
    def is_negative(self):
        """Whether those who did better elsewhere did worse here: look at our key."""
        return self.correlation is not None and self.correlation < 0


def mean_share(points, most):
    """The mean part, 0 to 1, of `most` points that were earned; None of nobody."""
    return statistics.fmean(points) / most if points else None


def discrimination(points, rest):
    """The Discrimination of an exercise: points, those of each submission; rest, those of its other exercises.

    The exercise itself is left out of the rest, or it would correlate with itself.
    """
    n = len(points)
    if n < FEWEST:
        return Discrimination(n, None, f"fewer than {FEWEST} submissions")
    if _spread(points) < SAME:
        return Discrimination(n, None, "all have the same points here")
    if _spread(rest) < SAME:
        return Discrimination(n, None, "all have the same points elsewhere")
    correlation = statistics.correlation(points, rest)
    return Discrimination(n, correlation, "", _interval(correlation, n))


def _spread(values):
    return max(values) - min(values)


def _interval(correlation, n):
    """By Fisher's transformation, in which the error is about normal."""
    if abs(correlation) > 1 - SAME:
        return correlation, correlation
    half = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2) / math.sqrt(n - 3)
    return math.tanh(math.atanh(correlation) - half), math.tanh(math.atanh(correlation) + half)
