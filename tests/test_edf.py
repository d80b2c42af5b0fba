"""Tests of the reference solution; its gradients by central differences of its own forward, in float64."""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

SOLUTION = Path(__file__).resolve().parent.parent / "solutions" / "edf.py"
EPSILON = 1e-5
TOLERANCE = 1e-6


def load():
    spec = importlib.util.spec_from_file_location("edf_solution", SOLUTION)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


edf = load()


@pytest.fixture(autouse=True)
def empty_lists():
    for nodes in (edf.ops, edf.params, edf.values):
        nodes.clear()


def rng():
    return np.random.default_rng(7)


def leaf(kind, array):
    """A Value or Param with this very array: `set` would round it to float32."""
    node = kind()
    node.top = np.asarray(array)
    return node


def param(array):
    return leaf(edf.Param, array)


def value(array):
    return leaf(edf.Value, array)


def normal(*shape):
    return rng().standard_normal(shape)


def off_the_kink(*shape):
    """Normal numbers, each at least 0.05 away from 0."""
    x = normal(*shape)
    return x + 0.05 * np.sign(x)


def apart(count, *shape):
    """`count` arrays from one shuffled grid: no two of all their elements are closer than 0.1."""
    size = count * int(np.prod(shape))
    return rng().permutation(np.arange(size) * 0.1 - size * 0.05).reshape(count, *shape)


# Gradients


def build(case, arrays, params=()):
    """Make the operation of a case on leaves with these arrays; returns (node, leaves by input name)."""
    leaves = {name: (param if name in params else value)(array) for name, array in arrays.items()}
    return getattr(edf, case["op"])(*leaves.values(), **case["options"]), leaves


def output(case, arrays):
    node, _ = build(case, arrays)
    node.forward()
    return node.top


def upstream_of(case):
    return np.random.default_rng(8).standard_normal(output(case, case["inputs"]).shape)


def numeric_gradient(case, name):
    """Gradient of Σ upstream · output to an input, by central differences of the forward pass."""
    at, upstream = case["inputs"][name], upstream_of(case)
    gradient = np.empty_like(at)
    for place in np.ndindex(at.shape):
        sides = []
        for step in (EPSILON, -EPSILON):
            moved = at.copy()
            moved[place] += step
            sides.append(np.sum(upstream * output(case, {**case["inputs"], name: moved})))
        gradient[place] = (sides[0] - sides[1]) / (2 * EPSILON)
    return gradient


def analytic_gradients(case):
    """The gradients that `backward` gives to each differentiable input, all of them Params at once."""
    node, leaves = build(case, case["inputs"], params=case["to"])
    node.forward()
    node.grad = upstream_of(case)
    for name in case["to"]:
        leaves[name].grad = np.zeros_like(leaves[name].top)
    node.backward()
    return {name: leaves[name].grad for name in case["to"]}


def agree(got, expected):
    """True if the gradients are equal but for the error of the central difference, element by element."""
    return got.shape == expected.shape and np.allclose(got, expected, rtol=TOLERANCE, atol=1e-8)


def case(op, to, inputs, **options):
    return {"op": op, "to": to, "inputs": inputs, "options": options}


def conv2_case(image, kernel, stride):
    f, k = normal(*image), np.random.default_rng(9).standard_normal(kernel)
    return case("conv2", ["f", "k"], {"f": f, "k": k}, stride=stride)


LABELS = np.array([4.0, 0.0, 2.0])
CASES = {
    "matmul": case("matmul", ["x", "y"], {"x": normal(2, 3), "y": normal(3, 4)}),
    "add": case("add", ["x", "y"], {"x": normal(2, 3, 4), "y": normal(2, 3, 4)}),
    "add of a bias to rows": case("add", ["x", "y"], {"x": normal(3, 4), "y": normal(4)}),
    "add of a bias to images": case("add", ["x", "y"], {"x": normal(2, 3, 4, 5), "y": normal(5)}),
    "RELU": case("RELU", ["x"], {"x": off_the_kink(3, 4)}),
    "sigmoid": case("sigmoid", ["x"], {"x": normal(3, 4)}),
    "mean": case("mean", ["x"], {"x": normal(2, 3, 4)}),
    "smaxloss": case("smaxloss", ["x"], {"x": normal(3, 5), "y": LABELS}),
    "down2 of odd sizes": case("down2", ["x"], {"x": normal(2, 5, 7, 3)}),
    "down2 of even sizes": case("down2", ["x"], {"x": normal(2, 4, 6, 3)}),
    "flatten": case("flatten", ["x"], {"x": normal(2, 3, 4, 5)}),
    "max": case("max", ["x", "y"], dict(zip("xy", apart(2, 3, 4)))),
    "where": case("where", ["x", "y"], dict(zip("pqxy", apart(4, 3, 4)))),
}
SIZES = {
    "odd image": ((2, 5, 7, 3), (2, 3, 3, 4)),
    "even image": ((2, 6, 8, 3), (3, 2, 3, 4)),
    "kernel of 1×1": ((2, 4, 5, 3), (1, 1, 3, 6)),
    "kernel as large as the image": ((2, 4, 5, 3), (4, 5, 3, 6)),
}
for (size, (image, kernel)), stride in itertools.product(SIZES.items(), (1, 2, 3)):
    CASES[f"conv2, {size}, stride {stride}"] = conv2_case(image, kernel, stride)


@pytest.mark.parametrize("name", CASES)
def test_every_gradient_is_that_of_the_forward_pass(name):
    for to, gradient in analytic_gradients(CASES[name]).items():
        assert agree(gradient, numeric_gradient(CASES[name], to)), to


@pytest.mark.parametrize("name", CASES)
def test_an_error_of_one_percent_in_one_element_of_a_gradient_is_seen(name):
    for to, gradient in analytic_gradients(CASES[name]).items():
        wrong = gradient.copy()
        # The smallest is the one that a careless tolerance overlooks.
        smallest = np.abs(np.where(gradient == 0, np.inf, gradient)).argmin()
        wrong.flat[smallest] *= 1.01
        assert not agree(wrong, numeric_gradient(CASES[name], to)), to


def test_every_operation_with_a_gradient_has_a_case():
    operations = {
        name for name, thing in vars(edf).items() if isinstance(thing, type) and hasattr(thing, "backward")
    }
    assert operations - {"accuracy"} == {case["op"] for case in CASES.values()}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_added_to_what_is_there(name):
    case = CASES[name]
    node, leaves = build(case, case["inputs"], params=case["to"])
    node.forward()
    node.grad = upstream_of(case)
    for to in case["to"]:
        leaves[to].grad = np.full_like(leaves[to].top, 10)
    node.backward()
    for to, gradient in analytic_gradients(case).items():
        assert np.allclose(leaves[to].grad, 10 + gradient)


@pytest.mark.parametrize("name", CASES)
def test_values_get_no_gradient(name):
    case = CASES[name]
    for to in case["to"]:
        node, leaves = build(case, case["inputs"], params=[other for other in case["to"] if other != to])
        edf.Forward()
        edf.Backward(node)
        assert not hasattr(leaves[to], "grad")


# Forward passes, by their definitions


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name]["op"] == "conv2"])
def test_conv2_is_the_sum_of_its_definition(name):
    f, k = CASES[name]["inputs"].values()
    (B, H, W, C1), (kh, kw, _, C2), s = f.shape, k.shape, CASES[name]["options"]["stride"]
    expected = np.zeros((B, H - kh + 1, W - kw + 1, C2))
    for b, y, x, c2 in np.ndindex(expected.shape):
        for ky, kx, c1 in np.ndindex(kh, kw, C1):
            expected[b, y, x, c2] += f[b, y + ky, x + kx, c1] * k[ky, kx, c1, c2]
    expected = expected[:, ::s, ::s]
    top = output(CASES[name], CASES[name]["inputs"])
    assert top.shape == expected.shape and np.allclose(top, expected, rtol=1e-12, atol=1e-12)


def test_matmul_is_the_sum_of_its_definition():
    x, y = normal(2, 3), normal(3, 4)
    expected = [[sum(x[b, n] * y[n, m] for n in range(3)) for m in range(4)] for b in range(2)]
    assert np.allclose(output(CASES["matmul"], {"x": x, "y": y}), expected)


def test_a_bias_is_added_along_the_last_axis():
    x, bias = np.zeros((2, 3, 3, 3)), np.array([1.0, 2.0, 3.0])
    top = output(CASES["add"], {"x": x, "y": bias})
    assert all(np.array_equal(top[..., c], np.full((2, 3, 3), bias[c])) for c in range(3))


def test_the_gradient_to_a_bias_is_the_sum_over_the_places_it_was_added_to():
    x, bias = param(np.zeros((2, 3, 5, 4))), param(np.zeros(4))
    node = edf.add(x, bias)
    edf.Forward()
    edf.Backward(node)
    assert bias.grad.tolist() == [30, 30, 30, 30]


def test_relu_and_sigmoid_follow_their_definitions():
    x = np.array([-2.0, -0.5, 0.5, 3.0])
    assert output(CASES["RELU"], {"x": x}).tolist() == [0, 0, 0.5, 3]
    assert np.allclose(output(CASES["sigmoid"], {"x": x}), 1 / (1 + np.exp(-x)), rtol=1e-14)


@pytest.mark.filterwarnings("error")
def test_sigmoid_of_a_thousand_is_finite_without_a_warning():
    assert output(CASES["sigmoid"], {"x": np.array([-1000.0, 1000.0])}).tolist() == [0, 1]


def test_mean_is_one_number():
    top = output(CASES["mean"], {"x": np.arange(24.0).reshape(2, 3, 4)})
    assert np.shape(top) == () and top == 11.5


def test_smaxloss_is_minus_the_log_of_the_labels_softmax():
    x = CASES["smaxloss"]["inputs"]["x"]
    softmax = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    expected = [-np.log(softmax[row, int(label)]) for row, label in enumerate(LABELS)]
    assert np.allclose(output(CASES["smaxloss"], CASES["smaxloss"]["inputs"]), expected, rtol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_smaxloss_of_logits_of_a_thousand_is_finite_and_right(dtype):
    x = param(np.array([[1000, -1000, 0], [-1000, 1000, 1000], [1000, 1000, 1000]], dtype))
    y = value(np.array([1, 2, 0], dtype))
    node = edf.smaxloss(x, y)
    edf.Forward()
    edf.Backward(node)
    assert np.allclose(node.top, [2000, np.log(2), np.log(3)], rtol=1e-6)
    expected = [[1, -1, 0], [0, 1 / 2, -1 / 2], [-2 / 3, 1 / 3, 1 / 3]]
    assert np.allclose(x.grad, expected, atol=1e-6)


def test_accuracy_is_one_where_the_largest_logit_is_at_the_label():
    x = value(np.array([[0, 2, 1], [5, 4, 3], [0, 0, 1]]))
    node = edf.accuracy(x, value(np.array([1.0, 2.0, 2.0])))
    node.forward()
    assert node.top.tolist() == [1, 0, 1]


def test_accuracy_passes_no_gradient_on():
    x = param(normal(3, 5))
    node = edf.accuracy(x, value(LABELS))
    edf.Forward()
    edf.Backward(node)
    assert not x.grad.any()


def test_down2_keeps_every_second_row_and_column_from_the_first():
    x = np.arange(15.0).reshape(1, 3, 5, 1)
    assert output(CASES["down2 of odd sizes"], {"x": x})[0, :, :, 0].tolist() == [[0, 2, 4], [10, 12, 14]]


def test_flatten_keeps_the_batch_and_the_c_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert output(CASES["flatten"], {"x": x}).tolist() == [list(range(12)), list(range(12, 24))]


def test_max_takes_the_larger_and_at_a_tie_all_of_the_gradient_goes_to_x():
    x, y = param(np.array([1.0, 2.0, 3.0])), param(np.array([2.0, 2.0, 2.0]))
    node = edf.max(x, y)
    edf.Forward()
    edf.Backward(node)
    assert node.top.tolist() == [2, 2, 3]
    assert x.grad.tolist() == [0, 1, 1] and y.grad.tolist() == [1, 0, 0]


def test_where_takes_x_at_a_tie_and_gives_nothing_to_the_condition():
    p, q = param(np.array([1.0, 2.0, 3.0])), param(np.array([2.0, 2.0, 2.0]))
    x, y = param(np.array([10.0, 20.0, 30.0])), param(np.array([-1.0, -2.0, -3.0]))
    node = edf.where(p, q, x, y)
    edf.Forward()
    edf.Backward(node)
    assert node.top.tolist() == [-1, 20, 30]
    assert x.grad.tolist() == [0, 1, 1] and y.grad.tolist() == [1, 0, 0]
    assert not p.grad.any() and not q.grad.any()


# Leaves and passes


@pytest.mark.parametrize("kind", ["Value", "Param"])
def test_set_stores_a_float32_copy(kind):
    node, array = getattr(edf, kind)(), np.ones(3, np.float32)
    node.set(array)
    array[:] = 5
    assert node.top.tolist() == [1, 1, 1]
    for given in (np.arange(3, dtype=np.float64), [0, 1, 2], (0, 1, 2)):
        node.set(given)
        assert node.top.dtype == np.float32 and node.top.tolist() == [0, 1, 2]
    node.set(2.5)
    assert node.top.dtype == np.float32 and node.top.shape == ()


def test_nodes_are_listed_as_they_are_made():
    x, w = edf.Value(), edf.Param()
    product = edf.matmul(x, w)
    loss = edf.mean(product)
    assert (edf.values, edf.params, edf.ops) == ([x], [w], [product, loss])


def test_backward_fills_the_gradients_of_a_whole_graph():
    x = off_the_kink(3, 4)
    w, b = param(np.random.default_rng(1).standard_normal((4, 5))), param(np.linspace(-1, 1, 5))
    loss = edf.mean(edf.smaxloss(edf.RELU(edf.add(edf.matmul(value(x), w), b)), value(LABELS)))
    edf.Forward()
    edf.Backward(loss)
    for p in (w, b):
        at, gradient = p.top, p.grad
        for place in np.ndindex(at.shape):
            step = np.zeros_like(at)
            step[place] = EPSILON
            p.top = at + step
            edf.Forward()
            above = loss.top
            p.top = at - step
            edf.Forward()
            assert gradient[place] == pytest.approx((above - loss.top) / (2 * EPSILON), abs=1e-8)
        p.top = at


def test_backward_starts_from_zero_every_time():
    w = param(normal(3, 4))
    loss = edf.mean(edf.RELU(w))
    edf.Forward()
    edf.Backward(loss)
    first = [node.grad.copy() for node in (w, *edf.ops)]
    edf.Backward(loss)
    assert all(np.array_equal(a, node.grad) for a, node in zip(first, (w, *edf.ops)))


def test_backward_gives_zeros_to_what_the_loss_does_not_depend_on():
    w, other = param(normal(2, 3)), param(normal(4))
    loss = edf.mean(w)
    edf.Forward()
    edf.Backward(loss)
    assert other.grad.shape == (4,) and not other.grad.any()


def test_an_operation_that_is_used_twice_gets_both_gradients():
    w = param(np.array([1.0, 2.0, 3.0]))
    positive = edf.RELU(w)
    total = edf.add(positive, positive)
    edf.Forward()
    edf.Backward(total)
    assert w.grad.tolist() == [2, 2, 2]


# Optimizers


def test_sgd_moves_every_param_against_its_gradient():
    first, second = param(np.array([1.0, 2.0])), param(np.array([3.0]))
    first.grad, second.grad = np.array([10.0, -10.0]), np.array([1.0])
    edf.SGD(0.5)
    assert first.top.tolist() == [-4, 7] and second.top.tolist() == [2.5]


def test_momentum_follows_its_formula_for_five_steps():
    starts = [np.array([1.0, -2.0]), np.array([[3.0]])]
    nodes = [param(start) for start in starts]
    edf.init_momentum()
    positions, velocities = [s.copy() for s in starts], [np.zeros_like(s) for s in starts]
    for step in range(5):
        for i, node in enumerate(nodes):
            gradient = np.cos(np.arange(starts[i].size) + 3 * step + i).reshape(starts[i].shape)
            node.grad = gradient
            velocities[i] = 0.8 * velocities[i] + gradient
            positions[i] = positions[i] - 0.1 * velocities[i]
        edf.momentum(0.1, 0.8)
        for node, position in zip(nodes, positions):
            assert np.allclose(node.top, position, rtol=1e-12)


def test_momentum_is_nine_tenths_unless_said_otherwise():
    w = param(np.array([0.0]))
    edf.init_momentum()
    for _ in range(2):
        w.grad = np.array([1.0])
        edf.momentum(0.5)
    assert w.top == pytest.approx(-0.5 * (1 + 1.9))


def test_training_in_float32_stays_in_float32():
    w, x = edf.Param(), edf.Value()
    w.set(normal(3, 4))
    x.set(normal(2, 3))
    loss = edf.mean(edf.sigmoid(edf.matmul(x, w)))
    edf.init_momentum()
    edf.Forward()
    edf.Backward(loss)
    edf.momentum(0.1)
    edf.SGD(0.1)
    assert {node.top.dtype for node in (x, w, *edf.ops)} == {np.dtype(np.float32)}


# Eager graphs


def test_an_eager_operation_has_its_top_as_soon_as_it_is_made():
    relu = edf.eager(edf.RELU)
    node = relu(value(np.array([-1.0, 2.0])))
    assert node.top.tolist() == [0, 2]
    assert isinstance(node, edf.RELU) and edf.ops == [node]


def test_an_eager_operation_takes_options():
    f, k = value(normal(1, 5, 5, 2)), value(normal(2, 2, 2, 3))
    assert edf.eager(edf.conv2)(f, k, stride=2).top.shape == (1, 2, 2, 3)


def test_the_lazy_operation_stays_lazy():
    edf.eager(edf.RELU)
    assert not hasattr(edf.RELU(value(np.array([1.0]))), "top")


def test_backward_works_on_a_graph_that_depends_on_the_data():
    matmul, mean = edf.eager(edf.matmul), edf.eager(edf.mean)
    w = param(np.array([[2.0]]))
    for start, factors in ((50.0, 1), (20.0, 3), (3.0, 5)):
        edf.reset()
        node = value(np.array([[start]]))
        while (node := matmul(node, w)).top < 90:
            pass
        loss = mean(node)
        assert len(edf.ops) == factors + 1
        edf.Backward(loss)
        assert w.grad == factors * start * 2.0 ** (factors - 1)


def test_reset_forgets_the_graph_but_not_the_params():
    w, x = param(np.array([[2.0]])), value(np.array([[3.0]]))
    lists = edf.ops, edf.params, edf.values
    edf.matmul(x, w)
    edf.reset()
    assert (edf.ops, edf.params, edf.values) == ([], [w], [])
    # The same lists, emptied: a program that imported one by name sees it, too.
    assert all(now is before for now, before in zip((edf.ops, edf.params, edf.values), lists))
    assert w.top.tolist() == [[2]]
