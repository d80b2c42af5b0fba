"""The public checks on the slips of beginners: what is returned and not stored, endless loops, prints."""

import re
import sys

import pytest
from edf_kit.checks import CheckFailed, calls, check, check_announced, run_check, show_gradient
from edf_kit.checks.calls import Printed, Stopped
from edited import SKELETON, changed

TOP = "self.top = np.mean(self.x.top)"
GRAD = "self.x.grad = self.x.grad + share * np.ones_like(self.x.top)"


def forward(code):
    """The solution with another forward of mean."""
    return changed("mean", (TOP, code))


def failure_of(exercise):
    with pytest.raises(CheckFailed) as caught:
        check(exercise)
    return caught.value


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return np.mean(self.x.top)", "mean.forward does not set self.top: it returns its result."),
        ("self.top = None", "mean.forward sets self.top to None."),
        ("top = np.mean(self.x.top)", "mean.forward does not set self.top."),
    ],
)
def test_a_forward_that_leaves_no_result_is_told_to(install_edf, capsys, code, said):
    install_edf(forward(code))
    failure = failure_of("mean")
    assert failure.sentence == said and not failure.case
    assert failure.hint.startswith("Write self.top = … ")
    show_gradient("mean")
    assert capsys.readouterr().out.startswith(said)


def test_a_backward_that_returns_the_gradient_is_told_to_add_it(install_edf, capsys):
    install_edf(changed("mean", (GRAD, "return share * np.ones_like(self.x.top)")))
    failure = failure_of("mean")
    assert failure.sentence == "mean.backward changes no .grad: it returns its result."
    assert failure.hint.startswith("Add it to the .grad of the input")
    show_gradient("mean")
    assert capsys.readouterr().out.startswith(failure.sentence)


def test_a_right_backward_may_return_what_it_likes(install_edf):
    install_edf(changed("mean", (GRAD, f"{GRAD}; return 1")))
    check("mean")


def test_a_worked_example_of_a_gradient_tells_of_a_return_too(install_edf):
    install_edf(changed("RELU", ("self.x.grad = self.x.grad + ", "return ")))
    assert failure_of("RELU").sentence.startswith("RELU.backward changes no .grad")


FAULTY = [
    "None",
    "'text'",
    "[[1, 2], [3]]",
    "np.zeros((0, 2))",
    "np.zeros((2,) * 5)",
    "1j",
    "np.nan",
    "1 / 0",
]


@pytest.mark.parametrize("value", FAULTY)
@pytest.mark.parametrize("place", ["self.top", "self.x.grad"])
def test_show_gradient_says_what_is_wrong_with_whatever_code(install_edf, capfd, place, value):
    install_edf(changed("mean", (TOP if place == "self.top" else GRAD, f"{place} = {value}")))
    show_gradient("mean")
    out, err = capfd.readouterr()
    assert out.startswith("mean") and "Your code printed" not in out and err == ""
    assert failure_of("mean").sentence.startswith(
        "mean." + ("forward" if place == "self.top" else "backward")
    )


@pytest.mark.parametrize("code", ["del ops", "mean = 3", "ops = None", "del mean.forward"])
def test_show_gradient_of_a_broken_module_is_a_sentence(install_edf, capsys, code):
    install_edf(changed("mean", (TOP, TOP)) + f"\n{code}\n")
    show_gradient("mean")
    assert capsys.readouterr().out.startswith("mean")


# Endless loops


def test_an_interrupt_says_where_it_was(install_edf, tmp_path, monkeypatch):
    source = forward("_endless()") + "\n\ndef _endless():\n    raise KeyboardInterrupt\n"
    (tmp_path / "edf.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "edf", raising=False)
    with pytest.raises(Stopped) as caught:
        check("mean")
    line = source.count("\n")
    assert str(caught.value) == (
        f"Stopped in _endless, line {line} of edf.py: is there an endless loop?\n\n    raise KeyboardInterrupt"
    )


def test_a_line_that_is_begun_is_ended_when_a_check_is_stopped(install_edf, capsys):
    install_edf(forward("raise KeyboardInterrupt"))
    with pytest.raises(KeyboardInterrupt):
        check_announced("RELU", "mean")
    assert capsys.readouterr().out == "  RELU  ✓ rectifier, 10 checks\n  mean  …\n"


def test_names_are_printed_before_their_checks(install_edf, monkeypatch, capsys):
    seen = []
    edf = install_edf(forward(f"_note(); {TOP}"))
    out = sys.stdout
    edf._note = lambda: seen or seen.append(out.getvalue())
    check_announced("mean")
    assert seen == ["  mean  "]
    assert capsys.readouterr().out == "  mean  ✓ mean, 10 checks\n"


def test_lines_of_a_terminal_are_at_most_80_wide(install_edf, capsys):
    install_edf(SKELETON)
    with pytest.raises(CheckFailed):
        check_announced()
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_stub_is_to_be_filled_where_the_student_writes(install_edf, monkeypatch):
    monkeypatch.setitem(calls.written_at, "conv2", "3_convolution.ipynb, cell 8")
    install_edf(SKELETON)
    assert (
        "fill in conv2.forward in 3_convolution.ipynb, cell 8, save it"
        in failure_of("conv2_forward").sentence
    )


# Prints


def test_the_first_lines_that_the_code_prints_are_shown_and_the_others_counted(install_edf, capfd):
    install_edf(forward(f"import sys; print('out'); print('err', file=sys.stderr); {TOP}"))
    check("RELU", "mean")
    out, err = capfd.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[:4] == [
        "✓ RELU: rectifier, 10 checks",
        "✓ mean: mean, 10 checks",
        "Your code printed:",
        "    out",
    ]
    assert lines[4:13] == ["    err", "    out"] * 4 + ["    err"]
    assert re.fullmatch(r"    … and \d{2,} more lines", lines[13]) and len(lines) == 14


def test_what_failing_code_prints_comes_before_the_message(install_edf, capsys):
    install_edf(forward("print('here'); self.top = 7"))
    failure_of("mean")
    assert capsys.readouterr().out == "Your code printed:\n    here\n"


def test_run_check_and_show_gradient_print_no_flood(install_edf, capfd):
    install_edf(forward(f"print('here'); {TOP}"))
    run_check("mean")
    assert capfd.readouterr() == ("", "")
    show_gradient("mean")
    assert capfd.readouterr().out.count("here") == 10


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ([], []),
        (["a", "b\n", "c"], ["ab", "c"]),
        (["1\n" * 10], ["1"] * 10),
        (["1\n" * 11], ["1"] * 10 + ["… and 1 more line"]),
        (["1\n" * 10, "x" * 9], ["1"] * 10 + ["… and 1 more line"]),
        (["1\n" * 10, "x", "x", "\nx"], ["1"] * 10 + ["… and 2 more lines"]),
        (["\n\nx\n"], ["", "", "x"]),
        (["x" * 300, "x" * 300, "\ny"], ["x" * 200, "y"]),
    ],
)
def test_what_is_kept_of_prints(texts, shown):
    printed = Printed()
    for text in texts:
        assert printed.write(text) == len(text)
    assert str(printed).splitlines() == (
        ["Your code printed:", *(f"    {line}" for line in shown)] if shown else []
    )


def test_endless_prints_take_no_memory():
    printed = Printed()
    for _ in range(100):
        printed.write("x" * 1000 + "\n")
        printed.write("x" * 1000)
    assert sum(map(len, printed.lines)) <= 2000 and len(printed.__dict__["_line"]) <= 200
