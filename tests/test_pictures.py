"""Tests of the pictures: the graph, gradients, filters and curves, by what stands on them."""

import io
import subprocess
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from edf_kit.pictures.graph import draw_graph, graph_text
from edf_kit.pictures.layout import KERNEL
from edf_kit.pictures.plots import comparison_figure, plot_histories, show_filters
from matplotlib.colors import to_rgb
from matplotlib.text import Text

rng = np.random.default_rng(5)


@pytest.fixture
def edf(install_edf):
    """The reference, with an empty graph."""
    return install_edf()


@pytest.fixture(autouse=True)
def nothing_on_stderr(capfd):
    """Nothing that is drawn in a test warns, or writes to stderr."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert capfd.readouterr().err == ""


def leaf(kind, top):
    node = kind()
    node.set(top)
    return node


def perceptron(edf):
    """The graph of the network of two layers, small, with loss and accuracy: 2 Values, 4 Params, 9 ops."""
    x, y = leaf(edf.Value, rng.normal(size=(5, 4))), leaf(edf.Value, [0, 1, 2, 0, 1])
    w1, b1 = leaf(edf.Param, rng.normal(size=(4, 7))), leaf(edf.Param, np.zeros(7))
    w2, b2 = leaf(edf.Param, rng.normal(size=(7, 3))), leaf(edf.Param, np.zeros(3))
    logits = edf.add(edf.matmul(edf.RELU(edf.add(edf.matmul(x, w1), b1)), w2), b2)
    loss = edf.mean(edf.smaxloss(logits, y))
    edf.mean(edf.accuracy(logits, y))
    return loss


def convolutions(edf):
    """As perceptron, for two layers of conv2: 14 ops."""
    x, y = leaf(edf.Value, rng.normal(size=(2, 9, 9, 1))), leaf(edf.Value, [0, 1])
    for channels in ((1, 3), (3, 2)):
        k, b = leaf(edf.Param, rng.normal(size=(2, 2, *channels))), leaf(edf.Param, np.zeros(channels[1]))
        x = edf.RELU(edf.add(edf.down2(edf.conv2(x, k)), b))
    logits = edf.matmul(edf.flatten(x), leaf(edf.Param, rng.normal(size=(8, 2))))
    loss = edf.mean(edf.smaxloss(logits, y))
    edf.mean(edf.accuracy(logits, y))
    return loss


def recurrent(edf, steps=4):
    """A recurrent net whose Params are used in every step."""
    h, y = leaf(edf.Value, np.zeros((3, 2))), leaf(edf.Value, [0, 1, 1])
    w, u, b = (leaf(edf.Param, rng.normal(size=shape)) for shape in ((2, 2), (4, 2), 2))
    for _ in range(steps):
        x = leaf(edf.Value, rng.normal(size=(3, 4)))
        h = edf.sigmoid(edf.add(edf.add(edf.matmul(h, w), edf.matmul(x, u)), b))
    return edf.mean(edf.smaxloss(h, y))


def drawn(picture):
    """The picture as pixels: so a warning or an error of drawing shows, too."""
    bundle, _ = picture._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    return picture


def texts(picture):
    return [text for text in picture.findobj(Text) if text.get_text() and text.get_visible()]


def written(picture):
    return [text.get_text() for text in texts(picture)]


def patches(picture, gid):
    return [patch for axis in picture.axes for patch in axis.patches if patch.get_gid() == gid]


def boxes(picture):
    return [patch for kind in ("value", "param", "op", "tag") for patch in patches(picture, kind)]


GRAPHS = [perceptron, convolutions, recurrent]


@pytest.mark.parametrize("is_run", [False, True], ids=["as built", "after Backward"])
@pytest.mark.parametrize("build", GRAPHS)
def test_the_graph_has_a_box_a_node_and_an_arrow_an_input(edf, build, is_run):
    loss = build(edf)
    if is_run:
        edf.Forward()
        edf.Backward(loss)
    picture = drawn(draw_graph())
    for kind, nodes in (("value", edf.values), ("param", edf.params), ("op", edf.ops)):
        assert len(patches(picture, kind)) == len(nodes)
    inputs = sum(len(vars(op).keys() & {"x", "y", "f", "k"}) for op in edf.ops)
    assert len(patches(picture, "arrow")) == inputs


@pytest.mark.parametrize("build", GRAPHS)
def test_boxes_of_the_graph_neither_overlap_nor_leave_the_picture(edf, build):
    loss = build(edf)
    edf.Forward()
    edf.Backward(loss)
    picture = drawn(draw_graph("A title"))
    frame = picture.bbox
    assert picture.get_figwidth() <= 9
    extents = [box.get_window_extent() for box in boxes(picture)]
    assert all(frame.containsx(e.x0) and frame.containsx(e.x1) for e in extents)
    assert all(frame.containsy(e.y0) and frame.containsy(e.y1) for e in extents)
    assert not any(a.overlaps(b) for i, a in enumerate(extents) for b in extents[:i])


def test_a_small_graph_is_as_wide_as_its_title(edf):
    leaf(edf.Param, 1.0)
    picture = drawn(draw_graph("A title that is longer than all of its graph, and yet is read whole"))
    extent = picture._suptitle.get_window_extent()
    assert 0 < extent.x0 and extent.x1 < picture.bbox.x1


@pytest.mark.parametrize("build", GRAPHS)
def test_arrows_go_from_left_to_right(edf, build):
    build(edf)
    for arrow in patches(drawn(draw_graph()), "arrow"):
        xs = arrow._path_original.vertices[:, 0]
        # Without a length at its end, an arrow has no head.
        assert (np.diff(xs) >= 0).all() and xs[-1] > xs[-2]


def test_the_three_kinds_of_node_differ_in_shape_and_lightness(edf):
    perceptron(edf)
    picture = drawn(draw_graph())
    looks = [patches(picture, kind)[0] for kind in ("value", "param", "op")]
    # Relative luminance, as WCAG has it.
    luminances = sorted(
        np.dot(np.array(to_rgb(p.get_facecolor())) ** 2.2, [0.2126, 0.7152, 0.0722]) for p in looks
    )
    assert luminances[0] + 0.2 < luminances[1] < luminances[2] - 0.2
    assert len({type(p) for p in looks}) == 3


def test_letters_of_the_graph_are_not_tiny(edf):
    perceptron(edf)
    assert min(text.get_fontsize() for text in texts(drawn(draw_graph("A title")))) >= 8


def test_a_small_box_tells_its_numbers_and_a_large_one_their_range(edf):
    x, w = leaf(edf.Value, [[1, 2], [3, 4.5]]), leaf(edf.Param, [[0.5, 0], [0, 0.25]])
    loss = edf.mean(edf.matmul(x, w))
    leaf(edf.Param, np.arange(7) - 3.0)
    assert "2×2" in written(draw_graph()) and "top −3..3" in written(draw_graph())
    assert not any(line.startswith("grad") for line in written(draw_graph()))
    edf.Forward()
    edf.Backward(loss)
    lines = written(drawn(draw_graph()))
    assert "1 2" in lines and "3 4.5" in lines  # of x
    assert "top 0.906" in lines and "grad 1" in lines  # of the loss
    assert "0.25 0.25" in lines  # the gradient of matmul


def test_values_have_no_gradient_in_the_picture_nor_in_the_text(edf):
    x = leaf(edf.Value, 1.0)
    x.grad = np.array(77.0)
    assert not any("77" in line for line in written(draw_graph())) and "77" not in graph_text()


def test_nodes_are_named_as_asked(edf):
    x, w = leaf(edf.Value, 1.0), leaf(edf.Param, 2.0)
    product = edf.add(x, w)
    picture = drawn(draw_graph("Graph of $y", names={"input": x, "$y": product}))
    assert {"input", "p1", "$y", "Graph of $y"} <= set(written(picture))
    assert graph_text({"input": x}).splitlines()[-1].startswith("op1    add(input, p1)")


def test_an_input_used_twice_has_two_arrows_that_end_apart(edf):
    w = leaf(edf.Param, 1.0)
    edf.add(w, w)
    ends = [tuple(arrow._path_original.vertices[-1]) for arrow in patches(draw_graph(), "arrow")]
    assert len(set(ends)) == 2


def test_inputs_are_found_in_lists_in_the_order_of_the_constructor(edf):
    class concat:
        def __init__(self, first, *rest):
            edf.ops.append(self)
            self.first, self.rest, self.all = first, rest, [first, *rest]

    a, b, c = (leaf(edf.Param, 1.0) for _ in range(3))
    edf.ops.clear()
    concat(c, a, b)
    assert "concat(p3, p1, p2)" in graph_text()
    assert len(patches(draw_graph(), "arrow")) == 3


def test_operations_that_are_half_written_are_drawn(install_edf):
    edf = install_edf(
        "ops, params, values = [], [], []\n"
        "class Value:\n    def __init__(self): values.append(self)\n"
        "class Param:\n    def __init__(self): params.append(self); self.top = 'not yet'\n"
        "class stub:\n    def __init__(self, x, y): ops.append(self); self.x = x; self.top = [[1], [1, 2]]\n"
        "class slotted:\n    __slots__ = ()\n    def __init__(self): ops.append(self)\n"
    )
    edf.stub(edf.Value(), edf.Param()), edf.slotted()
    edf.ops.append(edf.ops[0])  # one that was listed twice
    picture = drawn(draw_graph())
    assert len(boxes(picture)) == 4 and len(patches(picture, "arrow")) == 1
    assert graph_text().splitlines()[2].split() == ["op1", "stub(v1)", "top", "–", "grad", "–"]


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_box_says_that_its_numbers_are_not_finite(edf, number):
    leaf(edf.Value, [1, number] * 4)
    assert any(f"has {number}" in line for line in written(drawn(draw_graph())))


def test_an_empty_graph_gives_a_friendly_line(edf):
    assert graph_text().startswith("The graph is empty")
    assert any(line.startswith("The graph is empty") for line in written(drawn(draw_graph())))


def test_a_graph_that_is_too_large_is_printed_as_text(edf, capfd):
    recurrent(edf, steps=12)
    picture = drawn(draw_graph())
    assert "too large to draw: 79 nodes" in picture.caption
    assert capfd.readouterr().out == graph_text() + "\n"


def test_the_text_has_a_line_a_node_with_inputs_top_and_gradient(edf):
    x, w = leaf(edf.Value, np.ones((50, 8))), leaf(edf.Param, np.ones((8, 3)))
    out = edf.mean(edf.RELU(edf.matmul(x, w)))
    lines = [line.split() for line in graph_text().splitlines()]
    assert lines[0] == ["v1", "Value", "top", "50×8:", "all", "1"]
    assert lines[3] == ["op2", "RELU(op1)", "top", "–", "grad", "–"]
    edf.Forward()
    edf.Backward(out)
    lines = graph_text().splitlines()
    assert lines[4].split() == ["op3", "mean(op2)", "top", "8", "grad", "1"]
    assert lines[1].endswith("grad 8×3: all 0.33")
    assert draw_graph("Mine").caption.endswith("\n".join(lines))


def outlines(picture):
    """(x, y, width, height) of each outlined element, a panel each."""
    found = []
    for axis in picture.axes:
        found += [
            (*p.get_xy(), p.get_width(), p.get_height()) for p in axis.patches if p.get_gid() == "failing"
        ]
    return found


def maps(picture):
    """The axes of the heat maps, without those of their colour bars."""
    return [axis for axis in picture.axes if axis.images]


def test_a_comparison_has_three_maps_and_the_first_two_share_their_colours():
    numeric = rng.normal(size=(2, 3))
    picture = drawn(comparison_figure(3 * numeric, numeric, "gradient of matmul to x"))
    yours, central, difference = maps(picture)
    assert [axis.get_title() for axis in maps(picture)] == [
        "your gradient",
        "central difference",
        "difference",
    ]
    largest = 3 * np.abs(numeric).max()
    for axis, limit in ((yours, largest), (central, largest), (difference, largest * 2 / 3)):
        assert axis.images[0].get_clim() == pytest.approx((-limit, limit))
    assert np.allclose(difference.images[0].get_array(), 2 * numeric)
    assert picture.caption.startswith("gradient of matmul to x. ")


def test_rounding_stays_pale():
    numeric = rng.normal(size=3)
    difference = maps(comparison_figure(numeric + 1e-9, numeric, "bias"))[2]
    assert difference.images[0].get_clim()[1] > 1e5 * 1e-9


def test_the_first_failing_element_is_outlined_in_all_three_and_named():
    numeric = np.full((2, 3), 0.6)
    analytic = numeric.copy()
    analytic[0, 2] = 0.3
    picture = drawn(comparison_figure(analytic, numeric, "gradient", failing=(0, 2)))
    assert outlines(picture) == [(1.5, -0.5, 1, 1)] * 3
    assert "first differs at [0, 2]: yours 0.3, should be 0.6" in written(picture)
    assert "first differs at [0, 2]: yours 0.3, should be 0.6" in picture.caption
    assert not outlines(comparison_figure(numeric, numeric, "gradient"))


def test_numbers_that_differ_late_are_written_so_that_one_sees_it():
    picture = comparison_figure(np.array([1.00001]), np.array([1.0]), "gradient", failing=(0,))
    assert "yours 1.00001, should be 1" in picture.caption


SHAPES = [((3, 2, 2, 3), KERNEL), ((2, 3, 4, 2), None), ((2, 3, 4), None), ((7,), None), ((), None)]


@pytest.mark.parametrize(("shape", "axes"), SHAPES)
def test_every_element_of_any_shape_has_a_place_and_the_failing_one_is_outlined_there(shape, axes):
    array = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    for failing in list(np.ndindex(shape))[::11]:
        picture = comparison_figure(array, array, "gradient", failing=failing, axes=axes)
        sheet = maps(picture)[0].images[0].get_array()
        assert sorted(sheet.ravel()) == sorted(array.ravel())
        x, y, *_ = outlines(picture)[0]
        assert sheet[round(y + 0.5), round(x + 0.5)] == array[failing]
    drawn(picture)


def test_kernels_are_tiles_of_ky_and_kx_in_rows_of_c1_and_columns_of_c2():
    kernel = rng.normal(size=(3, 2, 4, 5))
    axis = maps(comparison_figure(kernel, kernel, "gradient", axes=KERNEL))[0]
    assert np.array_equal(axis.images[0].get_array()[3 * 2 : 3 * 3, 2 * 4 : 2 * 5], kernel[:, :, 2, 4])
    assert axis.get_xlabel() == "c2, in it kx" and axis.get_ylabel() == "c1, in it ky"
    image = rng.normal(size=(2, 4, 3, 5))
    axis = maps(comparison_figure(image, image, "gradient"))[0]
    assert np.array_equal(axis.images[0].get_array()[4:8, 3 * 2 : 3 * 3], image[1, :, :, 2])
    assert axis.get_xlabel() == "c, in it x" and axis.get_ylabel() == "b, in it y"


def test_small_arrays_have_their_numbers_in_the_cells_and_large_ones_do_not():
    small = np.array([[0.25, -1.5], [0, 0.001]])
    cells = [text.get_text() for text in maps(comparison_figure(small, small, "gradient"))[0].texts]
    assert cells == ["0.25", "−1.50", "0", "0.00"]
    tiny = maps(comparison_figure(small * 1e-7, small * 1e-7, "gradient"))[0]
    assert [text.get_text() for text in tiny.texts] == cells
    assert tiny.get_title() == "your gradient, in units of 1e−7"
    large = np.ones((9, 3))
    assert not maps(comparison_figure(large, large, "gradient"))[0].texts


def test_shapes_that_differ_are_both_shown_and_said():
    picture = drawn(comparison_figure(np.ones(3), np.ones((2, 3)), "gradient of add to y", failing=(0,)))
    assert [axis.get_title() for axis in maps(picture)] == ["your gradient", "central difference"]
    assert "the shapes differ: yours is (3,), should be (2, 3)" in picture.caption
    assert not outlines(picture)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_hatched(bad):
    numeric = rng.normal(size=(2, 2))
    analytic = numeric.copy()
    analytic[1, 0] = bad
    picture = drawn(comparison_figure(analytic, numeric, "gradient", failing=(1, 0)))
    hatched = [[p.get_xy() for p in axis.patches if p.get_hatch()] for axis in maps(picture)]
    assert hatched == [[(-0.5, 0.5)], [], [(-0.5, 0.5)]]
    assert f"yours {bad}".replace("-", "−") in picture.caption
    drawn(comparison_figure(np.full(2, bad), np.full(2, bad), "gradient"))


def test_filters_are_tiles_on_one_scale_centred_at_zero(edf):
    kernels = rng.normal(size=(2, 3, 4, 5))
    picture = drawn(show_filters(leaf(edf.Param, kernels), "first layer"))
    image = picture.axes[0].images[0]
    assert np.allclose(image.get_array()[2:4, 3:6], kernels[:, :, 1, 1])
    low, high = image.get_clim()
    assert -low == high == pytest.approx(np.abs(kernels).max())
    assert "first layer" in written(picture)
    drawn(show_filters(np.zeros((1, 1, 1, 1))))


def test_many_filters_of_one_channel_are_wrapped():
    kernels = np.broadcast_to(np.arange(1.0, 20), (2, 2, 1, 19))
    sheet = drawn(show_filters(kernels)).axes[0].images[0].get_array()
    assert sheet.shape == (6, 16)
    assert np.array_equal(sheet[::2, ::2].compressed(), np.arange(1, 20))


def test_filters_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"kh×kw×C1×C2, but this is 3×4"):
        show_filters(np.ones((3, 4)))


def test_histories_are_overlaid_in_colours_and_line_styles_of_their_own():
    runs = {
        "sigmoid": SimpleNamespace(history=[(i, 2.0, 0.1) for i in range(1, 9)], validations=[(8, 0.2)]),
        "RELU": [(i, 1 / i, 0.9) for i in range(1, 6)],
    }
    picture = drawn(plot_histories(runs, "Two activations"))
    loss, accuracy = picture.axes
    sigmoid, relu = loss.lines
    assert sigmoid.get_linestyle() != relu.get_linestyle() and sigmoid.get_color() != relu.get_color()
    assert np.allclose(relu.get_ydata(), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    assert {"sigmoid", "RELU", "sigmoid, validation"} == {t.get_text() for t in accuracy.get_legend().texts}
    assert np.allclose(accuracy.lines[0].get_ydata(), 10)
    assert "RELU: loss 1 at first, 0.2 after 5 steps" in picture.caption


def test_histories_without_accuracy_show_the_loss_alone():
    picture = drawn(plot_histories({"a": [(1, 2.0, None), (2, np.nan, None)], "b": [(1, -1.0, None)]}))
    (loss,) = picture.axes
    assert {"a", "b", "nan or inf"} == {text.get_text() for text in loss.get_legend().texts}
    assert loss.get_ylim()[0] <= -1


def test_a_long_run_has_a_smooth_curve_over_its_noise():
    numbers = rng.normal(size=500) + 5
    numbers[100] = np.nan
    picture = drawn(plot_histories({"a": [(i, n, None) for i, n in enumerate(numbers, 1)]}))
    raw, smooth = picture.axes[0].lines[:2]
    assert np.isfinite(smooth.get_ydata()).all()
    assert np.std(smooth.get_ydata()[20:]) < 0.5 * np.nanstd(raw.get_ydata())
    assert smooth.get_ydata()[-1] == pytest.approx(numbers[-20:].mean())


def test_pictures_look_the_same_whatever_the_style_of_the_notebook():
    import matplotlib

    def pixels():
        png = io.BytesIO()
        comparison_figure(np.eye(2), np.eye(2), "gradient").savefig(png, format="png")
        return png.getvalue()

    before = pixels()
    with matplotlib.style.context("dark_background"):
        assert pixels() == before


def test_letters_that_the_font_does_not_have_do_not_warn(edf):
    drawn(draw_graph("图", names={"权重": leaf(edf.Param, 1.0)}))
    drawn(show_filters(np.ones((2, 2, 1, 1)), "卷积 filters"))


def test_importing_the_kit_imports_neither_matplotlib_nor_ipython():
    code = (
        "import sys, edf_kit, edf_kit.script\n"
        "print([name for name in ('matplotlib', 'IPython', 'edf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"
