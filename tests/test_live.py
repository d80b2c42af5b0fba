"""Tests of LiveTraining, in a notebook and outside of one."""

import nbformat
import numpy as np
import pytest
from edf_kit.pictures.live import LiveTraining
from nbclient import NotebookClient


@pytest.fixture(scope="module")
def run_cells(tmp_path_factory):
    """A function that runs cells in a notebook's kernel and returns the outputs of each."""

    def run(*sources):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebook"))}}
        NotebookClient(notebook, allow_errors=True, resources=place).execute()
        return [cell.outputs for cell in notebook.cells]

    return run


@pytest.fixture(scope="module")
def outputs(run_cells):
    """The outputs of the cells of one notebook, by name."""
    cells = {
        "quick": "from edf_kit.pictures.live import LiveTraining\n"
        "with LiveTraining(50, 'two layers') as live:\n"
        "    for i in range(50): live.step(1 / (i + 1), i / 50)\n"
        "    live.validation(0.75)",
        "redrawn": "from edf_kit.pictures import live as module\nmodule.REDRAW_SECONDS, module.DRAWING_SHARE = 0, 1e9\n"
        "with LiveTraining(5) as live:\n    for i in range(5): live.step(1.0)",
        "stopped": "with LiveTraining(10) as live:\n    live.step(1.0)\n    raise NotImplementedError('write add')",
        "stopped before a step": "with LiveTraining(10) as live: raise NotImplementedError",
        "graph": "import sys, types\nsys.modules['edf'] = types.SimpleNamespace(values=[], params=[1], ops=[])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "from edf_kit.pictures.graph import draw_graph\ndraw_graph('A title: 图')",
        "graph after pyplot": "%matplotlib inline\nimport matplotlib.pyplot as plt\n"
        "plt.style.use('dark_background')\ndraw_graph()",
    }
    return dict(zip(cells, run_cells(*cells.values())))


def pictures(outputs):
    return [output for output in outputs if "image/png" in output.get("data", {})]


def text(outputs, name="stdout"):
    return "".join(output.text for output in outputs if output.get("name") == name)


def test_a_run_in_a_notebook_leaves_a_full_bar_one_figure_and_a_line(outputs):
    bar, figure, line = outputs["quick"]
    assert "50/50" in bar.data["text/plain"] and "<progress" in bar.data["text/html"]
    assert "image/png" in figure.data and "two layers" in figure.metadata["image/png"]["alt"]
    assert line.text.startswith("two layers: 50 steps") and "validation 75.0%" in line.text
    assert line.text.count("\n") == 1


def test_a_figure_drawn_many_times_is_one_output(outputs):
    assert len(pictures(outputs["redrawn"])) == 1
    assert "after 5 steps" in pictures(outputs["redrawn"])[0].metadata["image/png"]["alt"]


def test_an_exception_keeps_what_was_drawn_and_is_raised_again(outputs):
    assert len(pictures(outputs["stopped"])) == 1
    assert "stopped after 1 of 10 steps" in text(outputs["stopped"])
    error = outputs["stopped"][-1]
    assert (error.ename, error.evalue) == ("NotImplementedError", "write add")


def test_without_a_step_there_is_no_figure(outputs):
    assert not pictures(outputs["stopped before a step"])
    assert outputs["stopped before a step"][-1].ename == "NotImplementedError"


@pytest.mark.parametrize("cell", ["graph", "graph after pyplot"])
def test_a_figure_at_the_end_of_a_cell_is_shown_once_whether_or_not_pyplot_is_there(outputs, cell):
    assert [output.output_type for output in outputs[cell]] == ["execute_result"]
    picture = outputs[cell][0]
    assert "image/png" in picture.data and "Params: 1" in picture.metadata["image/png"]["alt"]


def test_nothing_is_written_to_stderr(outputs):
    assert not any(text(cell, "stderr") for cell in outputs.values())


def test_outside_of_a_notebook_it_prints_ten_lines_and_a_summary(capsys):
    with LiveTraining(steps=200, title="MLP") as live:
        for step in range(200):
            live.step(np.float32(2 if step < 20 else 1), np.array([0.5]))
        live.validation(0.25)
    *lines, validation, summary = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert lines[0].split() == ["step", "20/200", "loss", "2.0000,", "accuracy", "50.0%"]
    assert lines[1].split()[:4] == ["step", "40/200", "loss", "1.0000,"]
    assert validation == "after step 200: validation 25.0%"
    assert summary == ("MLP: 200 steps; mean of the last 20: loss 1.0000, accuracy 50.0%; validation 25.0%")


def test_history_has_step_loss_and_accuracy(capsys):
    with LiveTraining(steps=2) as live:
        live.step(np.array(0.5), 0.25)
        live.validation(np.float32(0.5))
        live.step(0.125)
    assert live.history == [(1, 0.5, 0.25), (2, 0.125, None)]
    assert live.validations == [(1, 0.5)]
    assert "accuracy" not in capsys.readouterr().out.splitlines()[2]


@pytest.mark.parametrize("bad", ["nan", "inf"])
def test_a_loss_that_is_not_finite_is_said_once_and_training_goes_on(capsys, bad):
    with LiveTraining(steps=30) as live:
        for step in range(1, 31):
            live.step(1.0 if step < 12 else float(bad))
    printed = capsys.readouterr()
    assert printed.out.count(f"loss is {bad} at step 12: ") == 1 and "is nan at step 13" not in printed.out
    assert len(live.history) == 30 and printed.err == ""


@pytest.mark.parametrize("error", [NotImplementedError, KeyboardInterrupt])
def test_outside_of_a_notebook_an_exception_is_raised_again_after_the_summary(capsys, error):
    with pytest.raises(error), LiveTraining(steps=40) as live:
        live.step(0.5)
        raise error
    assert capsys.readouterr().out == "stopped after 1 of 40 steps; mean of the last 1: loss 0.5000\n"


def test_more_steps_than_announced_are_no_error(capsys):
    with LiveTraining(steps=2) as live:
        for _ in range(5):
            live.step(1.0)
    assert "5 steps" in capsys.readouterr().out


def test_a_loss_for_each_digit_is_refused():
    with pytest.raises(ValueError), LiveTraining(steps=2) as live:
        live.step(np.ones(3))
