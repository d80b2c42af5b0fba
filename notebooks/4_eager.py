# %% [markdown]
# # 4 · Conditionals and eager execution
#
# So far the graph was built once, and every step ran the same operations. What if the data should decide what
# is computed? There are two ways: operations that choose, and graphs that are built anew in each step.

# %%
import numpy as np
import edf
from edf import Param, Value, ops, params, values
from edf_kit import LiveTraining, check, draw_graph, show_gradient, use_answers

# %%
# What you wrote there, as saved.
use_answers("1_autograd.ipynb", "2_training.ipynb", "3_convolution.ipynb")

# %%
from types import SimpleNamespace

import matplotlib.pyplot as plt


def new_graph():
    """Start a new graph: forget all nodes there are. To go back to an older one, run its cell again."""
    for nodes in (ops, params, values):
        nodes.clear()


# %% [markdown] section="max"
# ## `max`
#
# The larger of $x$ and $y$, element by element; both have the same shape. A small change of the smaller one
# changes nothing. Where the two are equal there is no derivative, and a rule has to decide: here, **$x$ wins
# ties**.
#
# **Predict.** $x = (1, 5, 2)$, $y = (4, 3, 2)$, and the upstream gradient is $(10, 20, 30)$. What are $\nabla x$
# and $\nabla y$?

# %% [markdown] answer="max-predict"
# *Your prediction:*

# %% [markdown]
# `max` is a function of Python's own, too. So that you don't lose it, the cell puts the class into `edf` and
# then deletes the name: the operation is `edf.max`, and `max` is Python's. Inside the class, use numpy's
# functions.

# %% stub="max"

# %%
show_gradient("max")

# %% [markdown]
# The largest of three straight lines, and its slope:


# %%
def line(x, slope, height):
    """The nodes of slope·x + height, for x of N×1."""
    w, b = Value(), Value()
    w.set([[slope]])
    b.set([height])
    return edf.add(edf.matmul(x, w), b)


def plot_op(title, build):
    """The value and the slope of build(x), a node, for x from −3 to 3."""
    new_graph()
    x = Param()
    x.set(np.linspace(-3, 3, 301)[:, np.newaxis])
    y = build(x)
    edf.Forward()
    edf.Backward(y)
    figure, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
    ax.plot(x.top, y.top, label="value")
    ax.plot(x.top, x.grad, "--", label="slope")
    ax.set(title=title, xlabel="x")
    ax.grid(alpha=0.3)
    ax.legend()
    plt.show()


# %%
plot_op(
    "the largest of −x − 1, 0.3 and 2x − 1",
    lambda x: edf.max(edf.max(line(x, -1, -1), line(x, 0, 0.3)), line(x, 2, -1)),
)

# %% check="max"

# %% [markdown]
# **Think.** How would you make `RELU` of `max`? What could a network do with the largest of *learned* lines?
# And what would be wrong with giving, at a tie, the whole gradient to $x$ *and* to $y$?

# %% [markdown] answer="max-think"
# *Your answer:*

# %% [markdown] section="where"
# ## `where`
#
# `where(p, q, x, y)` is $x$ where $p \ge q$, else $y$, element by element; all four have the same shape. It is
# an `if` for arrays.
#
# **Predict.** A little more of $p$ changes nothing, nearly everywhere. So what are $\nabla p$ and $\nabla q$?
# How can `max` be had from `where`?

# %% [markdown] answer="where-predict"
# *Your prediction:*

# %% stub="where"

# %%
show_gradient("where")

# %% [markdown]
# A *leaky* RELU: $x$ where $x \ge 0$, else $0.2\,x$.
#
# **Predict.** Here $x$ is used three times: to choose, as it is, and in $0.2\,x$. Sketch the slope.

# %% [markdown] answer="leaky-predict"
# *Your prediction:*

# %%
plot_op("leaky RELU", lambda x: edf.where(x, line(x, 0, 0), x, line(x, 0.2, 0)))

# %% check="where"

# %% [markdown]
# **Think.** A Param $p$ sets a threshold: `where(x, p, a, b)`. Can $p$ be learned by gradient descent? What
# could take the place of `where`, so that it can?

# %% [markdown] answer="where-think"
# *Your answer:*

# %% [markdown]
# ## `where` is not `if`
#
# `where` chooses between two arrays that are both *there*: both branches are computed, all of the time, and
# one of them is thrown away, element by element. An `if` of Python's would compute only one. But when the
# graph is being built, there is nothing yet to decide on:

# %%
new_graph()
x, w = Value(), Param()
x.set([[1, 2]])
w.set([[3], [4]])
product = edf.matmul(x, w)
print("product.top is there:", hasattr(product, "top"))

# %% [markdown]
# And once `Forward` has run, it is too late: the graph has been made. So let the operations run *while* the
# graph is being made.

# %% [markdown] section="eager"
# ## `eager`
#
# In **eager execution** an op computes its `.top` as soon as it is constructed. Python's own `if` and `for`
# can look at it, and choose the next op. Every step builds a graph of its own; `Backward` walks that one, as
# before; then it is dropped, and the next step starts anew. The Params stay: they outlive the graphs.
#
# Two functions are all it takes:
#
# * `eager(op)` takes one of the classes of ops, and returns a **subclass** of it whose nodes run their
#   `forward` when they are made. The class itself stays as it was. It must work for every class of ops,
#   whatever its constructor takes.
# * `reset()` drops the graph.
#
# **Predict.** Which of the three lists must `reset()` empty, and which not? And why can it not write
# `ops = []`?

# %% [markdown] answer="eager-predict"
# *Your prediction:*

# %% stub="eager reset"


# %%
def eager_ops():
    """The operations that we need, in eager form: eager_ops().matmul and so on."""
    lazy = (edf.matmul, edf.add, edf.sigmoid, edf.smaxloss, edf.mean, edf.accuracy)
    return SimpleNamespace(**{op.__name__: edf.eager(op) for op in lazy})


def data(array):
    """A new Value with this array in it."""
    value = Value()
    value.set(array)
    return value


# %%
new_graph()
now = eager_ops()
w = Param()
w.set([[3], [4]])
product = now.matmul(data([[1, 2]]), w)
print("product.top is there:", product.top)

# %% check="eager"

# %% [markdown]
# ### A graph that depends on its data
#
# Multiply $h$ by $w$ as long as it is larger than 1. That is a `while` loop, and how often it goes round
# depends on where $h$ starts and on $w$.
#
# **Predict.** Let $w = 0.5$. How many ops are there for $h = 3$, and how many for $h = 20$? The result is
# $h \cdot w^n$: what is the gradient to $w$? (A Param that is used $n$ times: each use adds its share.)

# %% [markdown] answer="loop-predict"
# *Your prediction:*


# %%
def shrink(start):
    """Multiply by w = 0.5 until it is at most 1. Returns (first node, w, last node)."""
    new_graph()
    now = eager_ops()
    w = Param()
    w.set([[0.5]])
    first = h = data([[start]])
    while h.top > 1:
        h = now.matmul(h, w)
    edf.Backward(h)
    return first, w, h


# %%
first, w, last = shrink(3)
draw_graph("from 3", names={"h": first, "w": w, "result": last})

# %%
first, w, last = shrink(20)
draw_graph("from 20", names={"h": first, "w": w, "result": last})

# %% [markdown]
# **Think.** As a function of the start, the result of this loop jumps. What does `Backward` know of the
# jumps? What would central differences say close to one?

# %% [markdown] answer="loop-think"
# *Your answer:*

# %% [markdown]
# ## A network that reads
#
# Now something that no network of the last notebooks can do: read sequences of *any* length. A **recurrent**
# network has a state $h$, and the same weights for each symbol $x_t$ that it reads:
#
# $$h_t = \sigma(x_t \cdot w_x + h_{t-1} \cdot w_h + b), \qquad \mathrm{logits} = h_T \cdot w_o + b_o.$$
#
# In Python this is a `for` loop over the symbols. The graph is as deep as the sequence is long.
#
# The task is **parity**: a sequence of bits, and the question whether the ones in it are odd in number. Each
# bit counts, the last as much as the first, and half of an answer is worth nothing: a single bit that is
# overlooked turns it into a coin toss.
#
# **Predict.** We shall train on sequences of 1 to 6 bits. What does the network have to keep in its state? How
# well will it do on 6 bits, and on 100?

# %% [markdown] answer="recurrent-predict"
# *Your prediction:*

# %%
HIDDEN = 8


def new_params(rng):
    """The Params of the recurrent network, in a graph of their own."""
    new_graph()
    shapes = {"wx": (1, HIDDEN), "wh": (HIDDEN, HIDDEN), "b": (HIDDEN,), "wo": (HIDDEN, 2), "bo": (2,)}
    weights = {name: Param() for name in shapes}
    for name, shape in shapes.items():
        # Weights of a size around 1 for what a unit sums over; biases start at 0.
        weights[name].set(rng.normal(size=shape) / np.sqrt(shape[0]) if len(shape) == 2 else np.zeros(shape))
    return SimpleNamespace(**weights)


def read(now, net, bits):
    """Read sequences (B×T, bits), all of the same length: (node of the logits, nodes of the states)."""
    h = data(np.zeros((len(bits), HIDDEN)))
    states = []
    for t in range(bits.shape[1]):
        # The network sees −1 and 1 in place of 0 and 1.
        x = data(2 * bits[:, t : t + 1] - 1)
        h = now.sigmoid(now.add(now.add(now.matmul(x, net.wx), now.matmul(h, net.wh)), net.b))
        states.append(h)
    return now.add(now.matmul(h, net.wo), net.bo), states


def parity(bits):
    """1 for each row of bits (B×T) with an odd number of ones, else 0."""
    return bits.sum(axis=1) % 2


# %% [markdown]
# The graph for two bits. Which of the weights are used twice?

# %%
rng = np.random.default_rng(0)
net = new_params(rng)
logits, states = read(eager_ops(), net, np.array([[0, 1]]))
names = {"h1": states[0], "h2": states[1], "logits": logits, **vars(net)}
draw_graph("reading two bits", names=names)

# %% [markdown]
# Training: each step draws 32 sequences of one length, another length in each step, and builds the graph for
# that length. We start with single bits, and make the sequences longer when the network has
# understood those: nobody learns to count from long columns.

# %%
STEPS, LONGEST = 3000, 6

rng = np.random.default_rng(0)
net = new_params(rng)
now = eager_ops()
edf.init_momentum()
longest, recent = 1, []
with LiveTraining(STEPS, "parity") as live:
    for step in range(STEPS):
        bits = rng.integers(0, 2, size=(32, rng.integers(1, longest + 1)))
        y = data(parity(bits))
        logits, _ = read(now, net, bits)
        right = now.accuracy(logits, y)
        loss = now.mean(now.smaxloss(logits, y))
        edf.Backward(loss)
        edf.momentum(0.1)
        live.step(loss.top, right.top.mean())
        edf.reset()
        recent = [*recent[-49:], loss.top]
        if len(recent) == 50 and np.mean(recent) < 0.15 and longest < LONGEST:
            longest, recent = longest + 1, []
print(f"trained on sequences of up to {longest} bits")

# %% [markdown]
# And now sequences much longer than all that it was trained on:


# %%
def share_right(length, count=200):
    """Share of random sequences of this length of which the network tells the parity."""
    bits = rng.integers(0, 2, size=(count, length))
    logits, _ = read(eager_ops(), net, bits)
    edf.reset()
    return (logits.top.argmax(axis=1) == parity(bits)).mean()


# %%
for length in (1, 2, 4, 6, 8, 12, 25, 50, 100):
    print(f"{length:4} bits: {share_right(length):6.1%}")

# %% [markdown]
# How does it do it? Here is the state, unit by unit, while the network reads 16 bits.


# %%
def plot_states(bits):
    """The states of the network while it reads one sequence of bits (T)."""
    _, states = read(eager_ops(), net, bits[np.newaxis])
    edf.reset()
    figure, axes = plt.subplots(
        2, 1, figsize=(8, 4.2), layout="constrained", sharex=True, height_ratios=[1, 4]
    )
    odd = np.cumsum(bits) % 2
    axes[0].imshow([bits, odd], cmap="Greys", aspect="auto", vmin=0, vmax=1.5)
    axes[0].set_yticks([0, 1], ["bit", "odd so far"])
    for t, pair in enumerate(zip(bits, odd)):
        for row, number in enumerate(pair):
            axes[0].text(t, row, number, ha="center", va="center")
    picture = axes[1].imshow(
        np.concatenate([state.top for state in states]).T, cmap="cividis", aspect="auto", vmin=0, vmax=1
    )
    axes[1].set(xlabel="bits read", ylabel="unit of the state")
    axes[1].set_xticks(range(len(bits)), range(1, len(bits) + 1))
    figure.colorbar(picture, ax=axes[1])
    plt.show()


# %%
plot_states(np.random.default_rng(3).integers(0, 2, 16))

# %% [markdown]
# **Think.**
#
# 1. Compare the columns with the row "odd so far". Which units could you read the answer from?
# 2. Train on sequences of *exactly* 6 bits from the start: put 6 in place of `rng.integers(1, longest + 1)`. What
#    happens? What do the short ones teach? (Think of the piles of sigmoids in the first notebook: how deep is
#    this one?)
# 3. Leave out `edf.reset()` in the training. What becomes slower and slower, and is the result still right?
# 4. In a graph that is built once, one would have to fix the greatest length. How could `where` help there
#    with shorter sequences, and what would it cost?

# %% [markdown] answer="recurrent-think"
# *Your answers:*
