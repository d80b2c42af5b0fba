"""What goes with the problem set: checks, pictures, digits, and the way from notebooks to one edf.py.

Used in the notebooks (`from edf_kit import check`) and in a terminal (`python -m edf_kit --help`).
"""

from edf_kit.answers.use import use_answers
from edf_kit.checks import check, show_gradient
from edf_kit.digits import batches, load_training, xavier, zeros
from edf_kit.pictures.graph import draw_graph, graph_text
from edf_kit.pictures.live import LiveTraining
from edf_kit.pictures.plots import plot_histories, show_filters

__all__ = [
    "LiveTraining",
    "batches",
    "check",
    "draw_graph",
    "graph_text",
    "load_training",
    "plot_histories",
    "show_filters",
    "show_gradient",
    "use_answers",
    "xavier",
    "zeros",
]
