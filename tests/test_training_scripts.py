"""Tests of mnist.py and mnist_conv.py, run as students run them, beside a filled edf.py."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from edf_kit.digits import load_training

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ["mnist.py", "mnist_conv.py"]


@pytest.fixture
def folder(tmp_path):
    """A student's folder: the scripts beside a correct edf.py, yet without digits."""
    folder = tmp_path / "student" / "pset"
    folder.mkdir(parents=True)
    for file in (ROOT / "solutions" / "edf.py", *(ROOT / "pset" / name for name in SCRIPTS)):
        shutil.copy(file, folder)
    shutil.copytree(
        ROOT / "pset" / "edf_kit", folder / "edf_kit", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def save_digits(path, count, offset=0):
    """Store some of the real digits; returns (images, labels)."""
    with np.load(ROOT / "data" / "mnist_10k.npz") as file:
        images, labels = (file[name][offset : offset + count] for name in ("images", "labels"))
    np.savez(path, images=images, labels=labels)
    return images, labels


def run(folder, script, *options):
    command = [sys.executable, folder / script, *options]
    return subprocess.run(command, cwd=folder.parent, capture_output=True, text=True)


def table(folder, script, *options):
    """The lines of the table that a run prints, each as a list of numbers."""
    done = run(folder, script, *options)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["epoch", "step", "loss", "training", "validation"]
    return [[float(number) for number in re.findall(r"[\d.]+", line)] for line in lines]


def load_digits(folder, *arguments):
    """What load_digits of the folder's edf_kit returns, or its message: imported in a process of its own."""
    code = (
        "import sys, numpy\nfrom edf_kit import digits\n"
        "try: images, labels = digits.load_digits(*sys.argv[1:])\n"
        "except digits.DigitsError as error: sys.exit(str(error))\n"
        "numpy.savez('loaded.npz', images=images, labels=labels)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    with np.load(folder / "loaded.npz") as file:
        return file["images"], file["labels"]


def test_the_mlp_learns_with_its_default_settings(folder):
    save_digits(folder / "mnist.npz", 9000)
    assert table(folder, "mnist.py")[-1][-1] > 90


def test_the_conv_net_learns_with_its_default_settings(folder):
    save_digits(folder / "mnist.npz", 9000)
    assert table(folder, "mnist_conv.py", "--epochs", "2")[-1][-1] > 85


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_line_has_epoch_step_loss_and_accuracy_and_each_epoch_ends_with_validation(folder, script):
    save_digits(folder / "mnist.npz", 1300)
    lines = table(folder, script, "--epochs", "2", "--batch", "10")
    assert [line[:2] for line in lines] == [[1, 20], [1, 30], [2, 50], [2, 60]]
    assert [len(line) for line in lines] == [4, 5, 4, 5]
    # A start that is sane: the loss of guessing is log 10, and it goes down.
    assert 1 < lines[0][2] < 3.5 and lines[-1][2] < lines[0][2]


@pytest.mark.parametrize("script", SCRIPTS)
def test_steps_end_the_training_within_an_epoch(folder, script):
    save_digits(folder / "mnist.npz", 1300)
    lines = table(folder, script, "--steps", "7")
    assert [line[:2] for line in lines] == [[1, 6], [2, 7]]


def test_the_last_batch_of_an_epoch_may_be_short(folder):
    save_digits(folder / "mnist.npz", 1130)
    assert table(folder, "mnist.py", "--epochs", "1", "--batch", "50")[-1][:2] == [1, 3]


def test_a_seed_repeats_a_run_and_another_seed_does_not(folder):
    save_digits(folder / "mnist.npz", 1300)
    first, again, other = (table(folder, "mnist.py", "--steps", "6", "--seed", s) for s in ("1", "1", "2"))
    assert first == again != other


@pytest.mark.parametrize(("option", "number"), [("--lr", "0.001"), ("--momentum", "0.5"), ("--batch", "20")])
@pytest.mark.parametrize("script", SCRIPTS)
def test_every_option_changes_the_training(folder, script, option, number):
    save_digits(folder / "mnist.npz", 1300)
    assert table(folder, script, "--steps", "6") != table(folder, script, "--steps", "6", option, number)


@pytest.mark.parametrize(("momentum", "unused"), [("0", "momentum"), ("0.9", "SGD")])
@pytest.mark.parametrize("script", SCRIPTS)
def test_without_momentum_it_is_sgd(folder, script, momentum, unused):
    save_digits(folder / "mnist.npz", 1300)
    with open(folder / "edf.py", "a") as edf:
        edf.write(f"\n{unused} = None\n")
    assert run(folder, script, "--steps", "1", "--momentum", momentum).returncode == 0
    defaults = run(folder, script, "--steps", "1")
    assert (defaults.returncode == 0) == ((script == "mnist.py") == (unused == "momentum"))


def test_validation_digits_are_never_trained_on(folder):
    # All images alike; those to train on are labelled 3, those for validation 5.
    labels = np.repeat([3, 5], [200, 1000])
    np.savez(folder / "mnist.npz", images=np.full((1200, 28, 28), 100, np.uint8), labels=labels)
    last = table(folder, "mnist.py", "--epochs", "3")[-1]
    assert last[3:] == [100, 0]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_missing_file_gives_a_message_and_no_traceback(folder, script):
    for options, name in ([], "mnist.npz"), (["--data", "elsewhere.npz"], "elsewhere.npz"):
        done = run(folder, script, *options)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith("There is no file ") and name in done.stderr and "--data" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_file_of_something_else_is_refused(folder):
    other = folder / "other.npz"
    np.savez(other, x_train=np.zeros(3))
    assert "no .npz file with" in load_digits(folder, other)
    other.write_text("not an archive")
    assert "no .npz file with" in load_digits(folder, other)
    with open(other, "wb") as file:
        np.save(file, np.zeros(3))
    assert "no .npz file with" in load_digits(folder, other)


def test_a_file_that_is_all_validation_is_refused(folder):
    save_digits(folder / "few.npz", 1000)
    assert "1000 digits: too few" in load_digits(folder, folder / "few.npz")


@pytest.mark.parametrize("option", ["--epochs", "--steps", "--batch", "--seed"])
@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many"])
def test_counts_are_whole_numbers_above_zero(folder, option, number):
    done = run(folder, "mnist.py", f"{option}={number}")
    assert done.returncode == 2 and f"{number} is not a whole number above 0" in done.stderr


def test_help_names_every_option(folder):
    done = run(folder, "mnist_conv.py", "--help")
    assert done.returncode == 0
    for option in ("--data", "--epochs", "--steps", "--lr", "--momentum", "--batch", "--seed"):
        assert option in done.stdout


def test_digits_beside_the_script_come_before_those_of_the_repository(folder):
    (folder.parent / "data").mkdir()
    in_repository, _ = save_digits(folder.parent / "data" / "mnist_10k.npz", 1100)
    assert np.array_equal(load_digits(folder)[0], in_repository)
    beside, labels = save_digits(folder / "mnist.npz", 1100, offset=5000)
    loaded = load_digits(folder)
    assert np.array_equal(loaded[0], beside) and np.array_equal(loaded[1], labels)


def test_in_the_repository_the_hidden_digits_are_left_out(folder):
    data = folder.parent / "data"
    data.mkdir()
    for name in ("mnist_10k.npz", "hidden_index.txt"):
        shutil.copy(ROOT / "data" / name, data)
    images, labels = load_digits(folder)
    assert images.shape == (9000, 28, 28) and labels.shape == (9000,)
    with np.load(data / "mnist_10k.npz") as file:
        every, hidden = file["images"], np.loadtxt(data / "hidden_index.txt", dtype=int)
        assert np.array_equal(labels, np.delete(file["labels"], hidden))
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in every[hidden]}


def test_digits_for_training_are_numbers_from_0_to_1_and_the_last_1000_are_for_validation(tmp_path):
    images, labels = save_digits(tmp_path / "mnist.npz", 1300)
    training, validation = load_training((28, 28, 1), tmp_path / "mnist.npz")
    for (x, y), part in ((training, slice(0, 300)), (validation, slice(300, 1300))):
        assert x.dtype == np.float32 and np.array_equal(np.round(255 * x[..., 0]), images[part])
        assert np.array_equal(y, labels[part])
    assert training[0].max() == 1


def test_an_unfilled_skeleton_says_which_exercise_is_missing(folder):
    save_digits(folder / "mnist.npz", 1300)
    shutil.copy(ROOT / "pset" / "edf.py", folder)
    assert "NotImplementedError: exercise 'add'" in run(folder, "mnist.py").stderr


def test_starting_weights_have_the_variance_of_xavier(folder):
    code = (
        "import numpy\nfrom edf_kit import digits\n"
        "top = digits.xavier(numpy.random.default_rng(1), 300, 300, 500).top\n"
        "print(top.shape, abs(top).max(), top.mean(), top.var() * 300)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    *shape, largest, mean, variance = [float(n) for n in re.findall(r"[\d.e-]+", done.stdout)]
    assert shape == [300, 500] and 0.999 < largest / np.sqrt(3 / 300) <= 1
    assert abs(mean) < 1e-3 and variance == pytest.approx(1, rel=0.02)
