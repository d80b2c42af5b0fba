"""Structural findings: what is said of a wrong result, and that nothing is said where it could be false."""

import itertools

import numpy as np
import pytest

from autograder.diagnosis.comparison import Comparison, comparisons, named_constants
from autograder.diagnosis.structure import finding
from autograder.exercise import load_exercises
from autograder.replay import Raised, answers, local_answers, requests_of, same
from autograder.variant import Wrong

SECRET = b"s" * 32
IMAGES = [(2, 3, 5, 1), (3, 6, 4, 2), (1, 4, 7, 3)]


def drawn(*shape):
    return np.random.default_rng(sum(shape) + 31 * len(shape)).standard_normal(shape)


def of_sizes(shapes, change, **fields):
    """Comparisons of drawn arrays of these shapes with what `change` makes of them."""
    return [Comparison(change(drawn(*shape)), drawn(*shape), fields.get("constants", {})) for shape in shapes]


def tag_of(comparisons):
    found = finding(comparisons)
    return found and found.tag


def but(place, axis):
    """A change that leaves all but one place along an axis right."""

    def change(x):
        x = x.copy()
        np.moveaxis(x, axis, 0)[place] += 1
        return x

    return change


def only(place, axis):
    """A change that leaves one place along an axis right, and nothing else."""

    def change(x):
        found = np.zeros_like(x)
        np.moveaxis(found, axis, 0)[place] = np.moveaxis(x, axis, 0)[place]
        return found

    return change


def interior(x, width=1, height=1):
    """Whether each place of images is neither in the first or last rows nor in such columns."""
    found = np.zeros(x.shape, bool)
    found[:, height : x.shape[1] - height, width : x.shape[2] - width] = True
    return found


@pytest.mark.parametrize(
    "tag, change",
    [
        ("zero", np.zeros_like),
        ("opposite_sign", np.negative),
        ("times_2", lambda x: 2 * x),
        ("divided_by_2", lambda x: x / 2),
        ("divided_by_4", lambda x: x / 4),
        ("another_shape", lambda x: x.reshape(len(x), -1)),
        ("flipped_1", lambda x: x[:, ::-1]),
        ("flipped_1_2", lambda x: x[:, ::-1, ::-1]),
        ("exchanged_1_2", lambda x: x.swapaxes(1, 2)),
        ("order_0_2_3_1", lambda x: x.transpose(0, 2, 3, 1)),
        ("reshaped_exchanged_1_2", lambda x: x.swapaxes(1, 2).reshape(x.shape)),
        ("without_last_2", lambda x: x[:, :, :-1]),
        ("without_first_1", lambda x: x[:, 1:]),
        ("only_first_0", only(0, axis=0)),
        ("only_last_0", only(-1, axis=0)),
        ("only_first_3", only(0, axis=3)),
        ("but_last_1", but(-1, axis=1)),
        ("but_first_2", but(0, axis=2)),
        ("but_last_row_and_column", lambda x: np.pad(x[:, :-1, :-1], ((0, 0), (0, 1), (0, 1), (0, 0)))),
        ("only_interior", lambda x: x + ~interior(x)),
        ("only_border", lambda x: x + interior(x)),
        ("not_0_where_expected", lambda x: x),
        ("permuted", lambda x: np.roll(x, 2)),
        (None, lambda x: x + 1),
        (None, np.abs),
        (None, lambda x: x.sum(axis=0)),
        (None, lambda x: 3 * x),
    ],
)
def test_the_finding_is_what_was_done(tag, change):
    pairs = of_sizes(IMAGES, change)
    if tag == "not_0_where_expected":
        pairs = [Comparison(c.got, np.maximum(c.expected, 0), {}) for c in pairs]
    assert tag_of(pairs) == tag


def test_axes_are_counted_from_the_end_where_their_number_differs():
    shapes = [(2, 3), (4, 5), (2, 4, 3, 5)]
    assert tag_of(of_sizes(shapes, lambda x: x[..., ::-1])) == "flipped_last"
    assert tag_of(of_sizes(shapes, lambda x: x[::-1])) == "flipped_0"
    assert tag_of(of_sizes(shapes, but(-1, axis=-1))) == "but_last_last"
    sentence = finding(of_sizes(shapes, but(-1, axis=-1))).sentence
    assert sentence == "It is right everywhere but in the last entry along the last axis."


def test_axes_are_named():
    assert finding(of_sizes(IMAGES, lambda x: x[:, ::-1])).sentence == (
        "It is what is expected, flipped along axis 1 (rows)."
    )
    kernels = [
        Comparison(c.got, c.expected, {}, axes=("row", "column", "input channel", "output channel"))
        for c in of_sizes(IMAGES, lambda x: x.swapaxes(2, 3))
    ]
    assert finding(kernels).sentence == (
        "It is what is expected with axes 2 and 3 (input channels and output channels) exchanged."
    )


def scaled(*factors_and_constants):
    """Comparisons of the sizes (4, 3), each multiplied by a factor, with its constants."""
    return [Comparison(factor * drawn(4, 3), drawn(4, 3), c) for factor, c in factors_and_constants]


def test_a_factor_is_named():
    pairs = scaled((3, {"the batch size": 3, "the stride": 1}), (2, {"the batch size": 2, "the stride": 1}))
    assert finding(pairs).sentence == "It is what is expected times the batch size."
    pairs = scaled((1 / 3, {"the batch size": 3}), (1 / 5, {"the batch size": 5}))
    assert tag_of(pairs) == "divided_by_batch_size"


def test_a_factor_of_two_names_is_not_named():
    both = [{"the height of the kernel": n, "the width of the kernel": n} for n in (3, 5)]
    assert finding(scaled((3, both[0]), (5, both[1]))) is None
    wide = {"the height of the kernel": 2, "the width of the kernel": 5}
    assert tag_of(scaled((3, both[0]), (5, wide))) == "times_width_of_the_kernel"


def test_a_factor_seen_at_one_size_is_not_named():
    assert finding(scaled((3, {"the batch size": 3}))) is None
    assert finding(scaled((2, {"the batch size": 2}), (2, {"the batch size": 2}))) is None
    assert tag_of(scaled((2, {"the batch size": 3}), (2, {"the batch size": 5}))) == "times_2"


def test_a_factor_that_is_one_number_at_several_sizes_is_that_number():
    sizes = {"the batch size": 2, "the stride": 1}, {"the batch size": 2, "the stride": 3}
    assert tag_of(scaled((2, sizes[0]), (2, sizes[1]))) == "times_2"


@pytest.mark.parametrize("unlisted", [lambda h, w: h + w, lambda h, w: h * w + 1, lambda h, w: 2 * h])
def test_a_factor_without_a_name_is_not_named(unlisted):
    sizes = [(2, 2), (3, 2), (2, 4), (5, 3)]
    names = [{"the height": h, "the width": w, "the area": h * w} for h, w in sizes]
    assert finding(scaled(*((unlisted(*size), n) for size, n in zip(sizes, names)))) is None


def test_right_results_speak_against_a_finding():
    right = Comparison(drawn(4, 3), drawn(4, 3), {"the batch size": 4})
    small = Comparison(drawn(1, 3), drawn(1, 3), {"the batch size": 1})
    shapes = [(2, 3), (3, 5)]
    for change in (np.zeros_like, np.negative, lambda x: x.T, only(0, axis=0)):
        pairs = of_sizes(shapes, change)
        assert finding(pairs) is not None
        assert finding([*pairs, right]) is None
    flipped = of_sizes(shapes, lambda x: x[::-1])
    assert tag_of(flipped) == "flipped_0"
    assert tag_of([*flipped, right]) == "permuted"
    assert finding([*flipped, Comparison(drawn(2, 3), drawn(2, 3), {})]) is None
    by_batch = scaled((1 / 2, {"the batch size": 2}), (1 / 3, {"the batch size": 3}))
    assert tag_of([*by_batch, small]) == "divided_by_batch_size"
    assert finding([*by_batch, right]) is None
    # Where it makes no difference, it may be right.
    assert tag_of([*of_sizes(shapes, lambda x: x[::-1]), small]) == "flipped_0"
    nothing = Comparison(np.zeros((4, 3)), np.zeros((4, 3)), {})
    assert tag_of([*of_sizes(shapes, np.zeros_like), nothing]) == "zero"


def test_right_results_of_something_else_do_not():
    wrong = [Comparison(c.got, c.expected, {}, of=("to y",)) for c in of_sizes([(2, 3)], np.zeros_like)]
    right = Comparison(drawn(4, 3), drawn(4, 3), {}, of=("to x",))
    assert tag_of([*wrong, right]) == "zero"


def test_it_must_hold_for_all_that_is_wrong():
    assert finding(of_sizes([(2, 3)], np.negative) + of_sizes([(3, 5)], lambda x: 2 * x)) is None
    assert finding(of_sizes([(2, 3)], np.negative) + of_sizes([(3, 5)], lambda x: x + 1)) is None


@pytest.mark.parametrize("got", ["is not set", Raised("ValueError"), 3, np.full((2, 3), np.nan)])
def test_what_is_no_array_of_finite_numbers_has_no_structure(got):
    assert finding([Comparison(got, drawn(2, 3), {})]) is None
    assert finding([*of_sizes([(2, 3), (3, 5)], np.negative), Comparison(got, drawn(2, 3), {})]) is None


def test_right_results_have_no_finding():
    assert finding(of_sizes(IMAGES, np.copy)) is None
    assert finding([]) is None


@pytest.mark.parametrize(
    "expected, got",
    [
        ([1.5], [-1.5]),  # a single number
        ([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]),  # right or not
        ([0.25, 0.25, 0.25], [0.5, 0.5, 0.5]),  # the gradient of a mean
        ([0.5, -0.5], [-0.5, 0.5]),  # that of a softmax with two classes
        ([1.5, 2.5, 2.5, 1.5], [1.5, 1.5, 2.5, 2.5]),  # two numbers in another order
        ([1.5, 2.5, 0.0], [1.5, 2.5, 1.0]),  # a single place that is wrong
    ],
)
def test_what_may_be_chance_is_not_said(expected, got):
    assert finding([Comparison(np.array(got), np.array(expected), {})]) is None


def test_single_numbers_of_several_sizes_are_evidence():
    pairs = [
        Comparison(np.array([n * total]), np.array(total), {"the number of elements": n})
        for n, total in ((3, 1.5), (6, 2.25))
    ]
    assert tag_of(pairs) == "times_number_of_elements"


def test_numbers_that_are_not_finite_are_not_right():
    for value in (np.nan, np.inf):
        pairs = of_sizes(IMAGES, but(-1, axis=1))
        pairs[0].got[0, 0, 0, 0] = value
        assert finding(pairs) is None


def test_an_axis_of_length_1_is_not_moved():
    def channels_first(x):
        return x.transpose(0, 3, 1, 2).reshape(x.shape)

    assert tag_of(of_sizes([(1, 5, 4, 3)], channels_first)) == "reshaped_order_0_3_1_2"
    assert tag_of(of_sizes([(1, 1, 2, 3)], channels_first)) == "reshaped_exchanged_2_3"


def test_places_of_zeros_that_are_right_say_nothing():
    pairs = [
        Comparison(np.maximum(c.got, 0), np.maximum(c.expected, 0), {}) for c in of_sizes(IMAGES, only(0, 0))
    ]
    assert not pairs[0].expected.all() and tag_of(pairs) == "only_first_0"


def test_what_is_wrong_throughout_is_not_right_in_a_region():
    wrong = of_sizes([(2, 2), (2, 1)], lambda x: x + 1)
    assert finding([*wrong, Comparison(drawn(5), drawn(5), {})]) is None


def test_right_rows_at_one_length_are_not_enough():
    assert finding(of_sizes([(4, 5)], only(0, axis=0))) is None
    assert tag_of(of_sizes([(4, 5), (2, 3)], only(0, axis=0))) == "only_first_0"


def test_borders_are_as_wide_as_the_kernel_hangs_over():
    pairs = []
    for shape, (height, width) in zip([(2, 6, 9, 2), (1, 7, 8, 3)], [(2, 4), (3, 2)]):
        x = drawn(*shape)
        got = x + ~interior(x, height=height - 1, width=width - 1)
        sizes = {"the height of the kernel": height, "the width of the kernel": width}
        pairs.append(Comparison(got, x, sizes))
    assert tag_of(pairs) == "only_under_whole_kernel"


def test_no_two_names_are_of_one_number():
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 9, size=(20, 7))
    of_conv2 = [
        named_constants("conv2", [(b, h + 9, w + 9, c), (kh, kw, c, n)], stride=2)
        for b, h, w, c, kh, kw, n in sizes
    ]
    of_matmul = [named_constants("matmul", [(a, b), (b, c)]) for a, b, c, *_ in sizes]
    of_smaxloss = [named_constants("smaxloss", [(a, b), (a,)]) for a, b, *_ in sizes]
    of_add = [named_constants("add", [(a, b, c), (b, c)]) for a, b, c, *_ in sizes]
    of_add += [named_constants("add", [(a, b, c), (c,)]) for a, b, c, *_ in sizes]
    of_relu = [named_constants("RELU", [tuple(size[: 3 + i % 2])]) for i, size in enumerate(sizes)]
    of_relu += [named_constants("RELU", [tuple(size[:2])]) for size in sizes]
    for found in of_conv2, of_matmul, of_smaxloss, of_add, of_relu:
        assert len({frozenset(names) for names in found}) == 1
        for a, b in itertools.combinations(found[0], 2):
            assert any(names[a] != names[b] for names in found), (a, b)


def test_the_sizes_of_a_conv2():
    found = named_constants("conv2", [(2, 7, 6, 3), (2, 3, 3, 4)], stride=2)
    assert found["the batch size"] == 2
    assert found["the area of the kernel"] == 6
    assert found["the number of elements of the kernel"] == 72
    assert found["the number of places of the kernel in an image"] == 3 * 2
    assert found["the number of places of the kernel in all images"] == 2 * 3 * 2


def test_shapes_without_axes_have_no_sizes():
    assert named_constants("sigmoid", [()]) == {}


def compared(exercise_id, check_ids, of="", edits=(), code=""):
    """The comparisons of the checks of an exercise with an edited reference."""
    exercise = load_exercises()[exercise_id]
    request = Wrong(exercise_id, "tried", "", tuple(edits), code, (of,), "", ()).request()
    found = []
    for check in exercise.checks:
        if check.id in check_ids:
            requests = requests_of(exercise, check, SECRET)
            right = local_answers(None, exercise, check, SECRET)
            found += comparisons(requests, answers(request, requests), right)
    return found


def test_comparisons_are_of_what_was_asked():
    found = compared("conv2_kernel", ["gradient", "inputs_unmodified"])
    assert all(same(c.got, c.expected) for c in found)
    *gradients, image, kernel, upstream = found
    assert [c.expected.shape for c in gradients] == [(2, 2, 1, 1), (3, 2, 3, 4), (2, 4, 2, 5)]
    assert [c.constants["the batch size"] for c in gradients] == [2, 2, 3]
    assert {c.of for c in gradients} == {("grad", ("conv2", 1, False))}
    assert gradients[0].axes == kernel.axes == ("row", "column", "input channel", "output channel")
    assert image.axes == upstream.axes == ("image", "row", "column", "channel")
    assert len({gradients[0].of, image.of, kernel.of, upstream.of}) == 4


def test_comparisons_know_strides_biases_and_eager_operations():
    assert [c.constants["the stride"] for c in compared("stride", ["kernel_gradient"])] == [2, 2, 3]
    pairs = compared("add", ["gradient_bias", "gradient_same_shape"])
    bias = [c for c in pairs if c.of == ("grad", ("add", 1, True))]
    assert {c.constants["the number of times that y is added"] for c in bias} >= {1, 2, 4, 24}
    assert any(c.of == ("grad", ("add", 1, False)) for c in pairs)
    matmul, flat = compared("eager", ["runs_at_once"])[:2]
    assert matmul.of == ("top", ("matmul", None, False)) and matmul.constants["the batch size"] == 2
    assert flat.of == ("top", ("flatten", None, False)) and flat.constants == {}


def test_an_input_of_operations_of_different_sizes_has_no_constants():
    arrays = [np.ones((2, 3)), np.ones((4, 3)), np.ones(3)]
    calls = [
        instruction
        for name, i in (("a", 0), ("b", 1), ("bias", 2))
        for instruction in (
            ["call", name, "edf.Param", [], {}],
            ["call", None, f"{name}.set", [{"array": i}], {}],
        )
    ]
    both = [["call", f"sum {x}", "edf.add", [{"path": x}, {"path": "bias"}], {}] for x in "ab"]
    question = ["get", "bias.grad"]
    got = np.ones(3)
    (one,) = comparisons([([*calls, both[0], question], arrays)], [got], [got])
    assert one.constants["the number of times that y is added"] == 2
    (two,) = comparisons([([*calls, *both, question], arrays)], [got], [got])
    assert two.constants == {} and two.of == one.of
    _, forgotten = comparisons(
        [([*calls, both[0], question], arrays), ([["fresh"], *calls, question], arrays)], [got] * 2, [got] * 2
    )
    assert forgotten.constants == {} and forgotten.of == ("grad",)


def test_counts_of_opcodes_are_not_compared():
    asked = [["length", "edf.ops"], ["count", "z.forward", [], {}], ["get", "z.top"]]
    length, top = comparisons([(asked, [])], [1, 800, np.ones(3)], [1, 90, np.ones(3)])
    assert length.got == 1 and same(top.got, np.ones(3))


TO_K, TO_Y = "self.k.grad = self.k.grad + kernel_grad", "self.y.grad = self.y.grad + "


@pytest.mark.parametrize(
    "exercise, checks, of, old, new, sentence",
    [
        (
            "conv2_kernel",
            ["gradient", "square", "kernel_1x1", "kernel_full_size"],
            "conv2",
            "kernel_grad[ky, kx] =",
            "kernel_grad[-1 - ky, -1 - kx] =",
            "It is what is expected, flipped along axes 0 and 1 (rows and columns).",
        ),
        (
            "conv2_kernel",
            ["gradient", "batch_of_one", "accumulates", "second_pass"],
            "conv2",
            TO_K,
            TO_K + " / len(self.f.top)",
            "It is what is expected divided by the batch size.",
        ),
        (
            "conv2_kernel",
            ["gradient"],
            "conv2",
            TO_K,
            TO_K + " * self.k.top[..., 0, 0].size",
            "It is what is expected times the area of the kernel.",
        ),
        ("conv2_kernel", ["kernel_1x1"], "conv2", TO_K, TO_K + " / len(self.f.top)", None),
        (
            "conv2_forward",
            ["forward"],
            "conv2",
            "f[seen] @ k[ky, kx]",
            "f[seen] @ k[ky, kx] * (np.arange(B) == 0)[:, None, None, None]",
            "It is right in the first image, and wrong everywhere else.",
        ),
        (
            "add",
            ["gradient_same_shape", "gradient_bias"],
            "add",
            "over_batch.sum(axis=copied[:-1])",
            "self.grad.mean(axis=copied)",
            "It is what is expected divided by the number of times that y is added.",
        ),
        (
            "smaxloss",
            ["gradient", "accumulates"],
            "smaxloss",
            "(self.softmax - onehot)",
            "(onehot - self.softmax)",
            "It is what is expected with the opposite sign.",
        ),
        (
            "flatten",
            ["forward", "second_pass"],
            "flatten",
            "reshape(len(self.x.top), -1)",
            "reshape(len(self.x.top), -1, order='F')",
            "It holds the numbers that are expected, in another order.",
        ),
        (
            "matmul",
            ["forward"],
            "matmul",
            "self.x.top @ self.y.top",
            "(self.x.top @ self.y.top).T",
            "It is what is expected with axes 0 and 1 (rows and columns) exchanged.",
        ),
        (
            "mean",
            ["forward"],
            "mean",
            "np.mean(self.x.top)",
            "np.sum(self.x.top) / len(self.x.top)",
            "It is what is expected times the number of elements along all axes but the first.",
        ),
        (
            "RELU",
            ["gradient"],
            "RELU",
            "self.grad * (self.x.top >= 0)",
            "self.grad",
            "It is right wherever it should not be 0, but it is not always 0 where it should be.",
        ),
        ("matmul", ["gradient"], "matmul", "self.grad @ self.y.top.T", "self.x.top * self.grad.mean()", None),
        ("conv2_forward", ["forward"], "conv2", "@ k[ky, kx]", "@ k[-1 - ky, -1 - kx]", None),
        ("RELU", ["gradient"], "RELU", "self.grad * (self.x.top >= 0)", "(self.x.top >= 0)", None),
        ("add", ["accumulates"], "add", TO_Y, "self.y.grad = ", None),
    ],
)
def test_findings_on_real_mistakes(exercise, checks, of, old, new, sentence):
    found = finding(compared(exercise, checks, of, edits=[(old, new)]))
    assert (found and found.sentence) == sentence
