"""The students' public checks: they pass right code, and say well what is wrong with the rest."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from edf_kit.checks import CheckFailed, check, run_check
from edf_kit.checks import run as checks
from edited import FLIPPED, ROOT, SKELETON, SOLUTION, changed

QUICK = [id for id in checks.exercise_ids() if not id.startswith("mnist")]


def failure_of(exercise):
    """The message of an exercise's check, which must fail."""
    with pytest.raises(CheckFailed) as caught:
        check(exercise)
    return str(caught.value)


def test_the_solution_passes_all(install_edf, capfd):
    install_edf()
    check()
    out, err = capfd.readouterr()
    assert not err
    assert [line.split(":")[0] for line in out.splitlines()] == [f"✓ {id}" for id in checks.EXERCISES]
    assert re.search(r"✓ mnist_conv: .* loss 2\.\d+ → [01]\.\d+, \d\d% of new digits right", out)


# (exercise, changed name, old, new, what the smallest case that can show it holds)
SMALLEST = [
    ("conv2_forward", "conv2", *FLIPPED, "f, 1×1×2×1 =   k, 1×2×1×1 ="),
    ("conv2_forward", "conv2", "self.stride = stride", "self.stride = 2", "f, 1×1×2×1 =   k, 1×1×1×1"),
    (
        "stride",
        "conv2",
        "self.stride = stride",
        "self.stride = min(stride, 2)",
        "f, 1×1×4×1 =      k, 1×1×1×1",
    ),
    ("conv2_kernel", "conv2", "kernel_grad\n", "kernel_grad / len(self.f.top)\n", "f, 2×1×1×1 ="),
    (
        "add",
        "add",
        "over_batch.sum(axis=copied[:-1])",
        "self.grad.mean(axis=copied)",
        "expected =   got =\n    [-4.7]       [-2.35]",
    ),
    (
        "add",
        "add",
        "over_batch.sum(axis=copied[:-1])",
        "self.grad",
        "expected =   got =\n    [-4.7]       [[-1.85]\n                  [-2.85]]",
    ),
    (
        "mean",
        "mean",
        "self.grad / self.x.top.size",
        "self.grad",
        "upstream gradient =\n    [[-0.9  1. ]]   -0.25",
    ),
    ("max", "max", "self.x.top >= self.y.top", "self.x.top > self.y.top", "x =      y =      upstream"),
    ("Backward", "Backward", "reversed(ops)", "reversed(ops[:-1])", "x =       loss =\n    [[3 4]]   5 · 2x"),
    ("eager", "eager", "self.forward()", "Forward()", "nodes made =\n    two"),
    (
        "smaxloss",
        "smaxloss",
        "shifted = self.x.top - self.x.top.max(axis=1, keepdims=True)",
        "shifted = self.x.top",
        "x =                 y =\n    [[ 1000. -1000.]]",
    ),
]


@pytest.mark.parametrize(("exercise", "name", "old", "new", "case"), SMALLEST)
def test_the_smallest_case_that_fails_is_shown(install_edf, exercise, name, old, new, case):
    install_edf(changed(name, (old, new)))
    assert case in failure_of(exercise)


def test_code_that_raises_is_told_what_it_should_give(install_edf):
    install_edf(changed("add", ("self.x.top + self.y.top", "self.x.top[1] + self.y.top")))
    assert "x =      y =      expected =\n    [[2.]]   [[3.]]   [[5.]]" in failure_of("add")
    install_edf(changed("add", ("over_batch.sum(axis=copied[:-1])", "self.grad.sum(axis=9)")))
    message = failure_of("add")
    assert message.startswith("add.backward raises AxisError")
    assert "expected gradient to x =   expected gradient to y =\n    [[" in message


def test_a_large_case_is_shown_around_the_first_wrong_element(install_edf):
    # Wrong in the second channel of the second image alone.
    install_edf(
        changed(
            "down2",
            (
                "x_grad[:, ::2, ::2, :] = self.grad",
                "x_grad[:, ::2, ::2, :] = self.grad; x_grad[1:, 2:, :, 1:] *= 2",
            ),
        )
    )
    message = failure_of("down2")
    assert "first at [1,2,0,1]." in message
    assert "expected[1, :, :, 1] =" in message and "got[1, :, :, 1] =" in message
    assert "x: 2×4×5×3 numbers" in message


def test_upstream_gradients_that_are_ignored_are_named(install_edf):
    install_edf(changed("RELU", ("self.grad * (self.x.top >= 0)", "(self.x.top >= 0)")))
    assert "right for an upstream gradient of ones" in failure_of("RELU")


@pytest.mark.parametrize(
    "id", ["add", "RELU", "mean", "smaxloss", "conv2_forward", "max", "where", "momentum", "eager"]
)
def test_a_blank_stub_says_what_to_do(install_edf, capfd, id):
    install_edf(SKELETON)
    message = failure_of(id)
    assert re.match(
        rf"{id} is still to be written: fill in \w+(\.\w+)? in edf.py, save", " ".join(message.split())
    )
    assert "Hint" not in message
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("id", ["conv2_image", "conv2_kernel", "stride", "mnist_mlp", "mnist_conv"])
def test_an_exercise_names_the_blank_one_that_blocks_it(install_edf, id):
    install_edf(SKELETON)
    needed = "add" if id.startswith("mnist") else "conv2_forward"
    assert failure_of(id).startswith(f"{id} is blocked by {needed}, which is still to be written.")


def test_an_exercise_names_the_wrong_one_that_blocks_it(install_edf):
    install_edf(changed("conv2", FLIPPED))
    message = failure_of("conv2_image")
    assert message.startswith("conv2_image is blocked by conv2_forward, which fails its own checks.")
    assert 'check("conv2_forward")' in message


def test_several_names_get_a_line_each_and_the_first_mistake_in_full(install_edf, capsys):
    source = changed("max", ("np.maximum", "np.minimum"), source=SOLUTION)
    install_edf(changed("RELU", ("np.maximum(self.x.top, 0)", "NotImplementedError()"), source=source))
    with pytest.raises(CheckFailed) as caught:
        check("add", "max", "RELU")
    assert str(caught.value).startswith("max.forward gives the wrong result.")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["✓ add", "✗ max", "✗ RELU"]


def test_what_is_wrong_comes_before_what_is_blank(install_edf, capsys):
    install_edf(changed("down2", ("self.top = ", "self.top = 2 * "), source=SKELETON))
    with pytest.raises(CheckFailed, match="down2.forward gives the wrong result"):
        check("add", "down2")
    assert capsys.readouterr().out.splitlines()[0] == "· add: still to be written"


def test_what_another_exercise_blocks_is_not_called_wrong(install_edf, capsys):
    install_edf(changed("conv2", FLIPPED))
    with pytest.raises(CheckFailed, match="conv2.forward gives the wrong result"):
        check("conv2_image", "conv2_forward")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "‖ conv2_image: blocked by conv2_forward, which fails its own checks."
    assert lines[1].startswith("✗ conv2_forward: ")


def test_conv2_stands_for_its_three_exercises(install_edf):
    install_edf()
    assert [result.id for result in run_check("conv2")] == ["conv2_forward", "conv2_image", "conv2_kernel"]
    assert checks.exercise_ids("conv2", "conv2_image", "add") == [*checks.GROUPS["conv2"], "add"]


@pytest.mark.parametrize(("name", "meant"), [("relu", "RELU"), ("Conv2", "conv2"), ("smaxlos", "smaxloss")])
def test_an_unknown_name_is_told_what_there_is(name, meant):
    with pytest.raises(
        ValueError, match=rf"no exercise '{name}'. Did you mean '{meant}'\? There are: .*momentum"
    ):
        check(name)


def test_a_release_says_which_exercises_are_checked(install_edf, monkeypatch, tmp_path):
    release = tmp_path / "release.json"
    release.write_text('{"exercises": [{"id": "where"}, {"id": "add"}]}', encoding="utf-8")
    monkeypatch.setattr(checks, "RELEASE", release)
    assert checks.exercise_ids() == ["where", "add"]
    assert checks.exercise_ids("matmul") == ["matmul"]


@pytest.mark.parametrize(
    "source", [SOLUTION, SKELETON, changed("reset", ("ops.clear()", "global ops; ops = []"))]
)
def test_the_students_graph_and_random_numbers_are_left_alone(install_edf, source):
    edf = install_edf(source)
    w, x = edf.Param(), edf.Value()
    w.set([[1, 2]])
    product = edf.matmul(w, x)
    w.grad = product.grad = np.ones(1)
    lists = edf.ops, edf.params, edf.values
    state = np.random.get_state()[1].tolist()
    for id in QUICK:
        run_check(id)
    assert (edf.ops, edf.params, edf.values) == ([product], [w], [x])
    assert all(now is before for now, before in zip((edf.ops, edf.params, edf.values), lists))
    assert w.top.tolist() == [[1, 2]] and w.grad == product.grad == 1
    assert np.random.get_state()[1].tolist() == state


def test_code_that_raises_is_told_where(install_edf, tmp_path, monkeypatch):
    path = tmp_path / "edf.py"
    path.write_text(changed("mean", ("np.mean(self.x.top)", "np.mean(self.x.tip)")), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "edf", raising=False)
    message = failure_of("mean")
    assert message.startswith("mean.forward raises AttributeError: 'Param' object has no attribute 'tip'")
    assert re.search(r"    line \d+ of edf.py: self.top = np.mean\(self.x.tip\)\n", message)
    assert "x =" in message


@pytest.mark.parametrize(
    "statement", ["raise SystemExit", "raise GeneratorExit", "import os; os.nothing()", "1 / 0"]
)
def test_whatever_the_code_raises_fails_the_check(install_edf, statement):
    install_edf(changed("mean", ("self.top = np.mean(self.x.top)", statement)))
    assert "mean.forward raises " in failure_of("mean")


def test_an_interrupt_ends_the_check(install_edf):
    edf = install_edf(changed("mean", ("self.top = np.mean(self.x.top)", "raise KeyboardInterrupt")))
    edf.Value()
    with pytest.raises(KeyboardInterrupt):
        check("mean")
    assert len(edf.values) == 1


@pytest.mark.parametrize(
    "top", ["None", "'text'", "[[1, 2], [3]]", "np.mean", "np.zeros((0, 2))", "1j", "np.nan"]
)
def test_results_that_are_no_arrays_fail_the_check(install_edf, top):
    install_edf(changed("mean", ("self.top = np.mean(self.x.top)", f"self.top = {top}")))
    assert failure_of("mean").startswith("mean.forward ")


def test_a_missing_class_is_said(install_edf):
    edf = install_edf()
    del edf.mean
    assert failure_of("mean").startswith("edf has no mean.")


def test_a_constructor_that_does_not_register_is_said(install_edf):
    install_edf(changed("mean", ("ops.append(self)", "pass")))
    assert "does not append the new node to edf.ops" in failure_of("mean")


def test_students_prints_pass_through(install_edf, capsys):
    install_edf(changed("mean", ("self.top = np", "print('here'); self.top = np")))
    check("mean")
    assert "here\n" in capsys.readouterr().out


@pytest.fixture
def shell():
    """IPython, as in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    yield InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    InteractiveShell.clear_instance()


def test_a_notebook_shows_the_message_and_no_traceback(install_edf, capfd, shell):
    install_edf(changed("RELU", ("np.maximum(self.x.top, 0)", "np.abs(self.x.top)")))
    shell.run_cell('from edf_kit.checks import check\ncheck("RELU")')
    out, err = capfd.readouterr()
    assert out.strip().splitlines()[0] == "RELU.forward gives the wrong result."
    assert "Hint:" in out and "Traceback" not in out
    assert not err


def test_a_notebook_shows_an_unknown_name_without_a_traceback(capfd, shell):
    shell.run_cell('from edf_kit.checks import check\ncheck("relu")')
    out, _ = capfd.readouterr()
    assert out.strip().startswith("There is no exercise 'relu'. Did you mean 'RELU'?")


def test_in_a_notebook_cells_are_named(install_edf, capfd, shell):
    install_edf(SKELETON)
    shell.run_cell('from edf_kit.checks import check\ncheck("RELU")')
    message = " ".join(capfd.readouterr().out.split())
    assert "fill in RELU.forward in its cell above, run that cell, then this one again." in message
    shell.run_cell(
        "import edf\nclass RELU(edf.RELU):\n    def forward(self):\n        self.tip.top\nedf.RELU = RELU"
    )
    shell.run_cell('check("RELU")')
    assert "line 4 of the cell: self.tip.top" in capfd.readouterr().out


def test_a_notebook_shows_where_a_check_was_stopped(install_edf, capfd, shell):
    install_edf()
    shell.run_cell(
        "import edf\nfrom edf_kit.checks import check\nclass mean(edf.mean):\n    def forward(self):\n"
        "        raise KeyboardInterrupt\nedf.mean = mean"
    )
    result = shell.run_cell('check("mean")\nprint("went on")')
    out, err = capfd.readouterr()
    assert "Stopped in mean.forward, line 5 of the cell: is there an endless loop?" in out
    assert "Traceback" not in out and "went on" not in out and not err
    assert isinstance(result.error_in_exec, KeyboardInterrupt)


def test_a_notebooks_own_names_for_the_lists_outlive_a_reset_that_makes_new_ones(install_edf, shell, capfd):
    edf = install_edf()
    shell.run_cell(
        "import edf\nfrom edf import ops, values\ndef reset():\n    global ops\n    ops = []\nedf.reset = reset"
    )
    message = failure_of("eager")
    assert (
        message.startswith("After reset(), edf.ops still holds nodes") and "one and the same list" in message
    )
    assert shell.user_ns["ops"] is edf.ops


def test_a_module_that_cannot_be_imported_is_said(tmp_path, monkeypatch):
    (tmp_path / "edf.py").write_text("class add:\n    def forward(self)\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "edf", raising=False)
    assert failure_of("add").startswith("import edf raises SyntaxError: expected ':' (edf.py, line 2).")


def test_pytest_shows_the_message_and_no_traceback(tmp_path):
    source = changed("RELU", ("np.maximum(self.x.top, 0)", "np.abs(self.x.top)"))
    (tmp_path / "edf.py").write_text(source, encoding="utf-8")
    (tmp_path / "test_edf.py").write_text((ROOT / "pset" / "test_edf.py").read_text(encoding="utf-8"))
    command = [sys.executable, "-m", "pytest", "-q", "-k", "RELU or mean", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "pset")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    # PYTHONPATH comes after the folder of the tests: edf is the one there.
    assert "1 failed, 1 passed" in done.stdout
    assert "\nRELU.forward gives the wrong result.\n" in done.stdout
    assert "def test_edf" not in done.stdout and "Traceback" not in done.stdout


def test_show_gradient_draws_each_input_and_names_the_first_wrong_element(install_edf, capfd):
    install_edf(changed("add", ("over_batch.sum(axis=copied[:-1])", "self.grad.mean(axis=copied)")))
    pictures = checks.gradient_pictures("add")
    assert [picture.caption.split(".")[0] for picture in pictures] == [
        "add: gradient to x",
        "add: gradient to y",
    ]
    assert "first differs at [0]" in pictures[1].caption
    checks.show_gradient("add")
    out, err = capfd.readouterr()
    assert out.splitlines() == [picture.caption for picture in pictures]
    assert not err


@pytest.mark.parametrize("id", [id for id, exercise in checks.EXERCISES.items() if exercise.picture])
def test_every_gradient_can_be_shown(install_edf, id):
    install_edf()
    assert all("largest difference" in picture.caption for picture in checks.gradient_pictures(id))


def test_show_gradient_of_conv2_shows_both(install_edf, capsys):
    install_edf()
    checks.show_gradient("conv2")
    assert re.findall(r"gradient to \w", capsys.readouterr().out) == ["gradient to f", "gradient to k"]


def test_show_gradient_of_a_blank_stub_says_what_to_do(install_edf, capsys):
    install_edf(SKELETON)
    checks.show_gradient("mean")
    assert capsys.readouterr().out.startswith("mean is still to be written")


def test_show_gradient_says_which_exercises_have_one(install_edf):
    install_edf()
    with pytest.raises(ValueError, match="momentum has no gradient to show. These have: .*conv2_image"):
        checks.show_gradient("momentum")


@pytest.mark.parametrize("id", ["mnist_mlp", "mnist_conv"])
def test_networks_need_digits(install_edf, monkeypatch, tmp_path, id):
    install_edf()
    monkeypatch.setattr("edf_kit.digits.PLACES", [tmp_path / "mnist.npz"])
    message = failure_of(id)
    assert "no digits to train on" in message and "mnist.npz" in message


def test_slow_code_is_not_wrong_code(install_edf, monkeypatch, capsys):
    install_edf()
    monkeypatch.setattr("edf_kit.checks.training.ENOUGH_SECONDS", 0)
    check("mnist_mlp")
    assert "too slow to finish: 1 of 60 steps" in capsys.readouterr().out


def test_a_network_that_does_not_learn_fails(install_edf, monkeypatch):
    from edf_kit.checks import training as training_checks

    install_edf()
    with pytest.raises(CheckFailed, match="The loss does not fall in 3 steps"):
        training_checks.train(training_checks.mlp, (784,), 3, 0.6, "SGD", 0.0)
    with pytest.raises(CheckFailed, match="too few new digits: expected 99%, got"):
        training_checks.train(training_checks.mlp, (784,), 20, 0.99, "SGD", 0.1)
