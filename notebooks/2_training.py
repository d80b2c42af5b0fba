# %% [markdown]
# # 2 · Training
#
# You have gradients. Now you use them: gradient descent on a function that can be drawn, then a network of
# two layers that learns to read handwritten digits, in seconds, on what you wrote.
#
# The cell after the next one takes your answers from the first notebook, as you saved it: save that one
# first. If you change something there, save it, and run the cell again.

# %%
import numpy as np
import edf
from edf import Param, Value, ops, params, values
from edf_kit import LiveTraining, batches, check, load_training, plot_histories, show_filters, use_answers
from edf_kit import xavier, zeros

# %%
use_answers("1_autograd.ipynb")  # what you wrote there, as saved

# %%
from functools import partial

import matplotlib.pyplot as plt


def new_graph():
    """Start a new graph: forget all nodes there are. To go back to an older one, run its cell again."""
    for nodes in (ops, params, values):
        nodes.clear()


# %% [markdown] section="SGD"
# ## `SGD`
#
# The gradient says in which direction the loss grows fastest. So go the other way, a little: every Param
# moves by
#
# $$p \leftarrow p - \eta\, \nabla p,$$
#
# where $\eta$, the **learning rate**, is `lr` in the code. It is called *stochastic* gradient descent because
# the gradient is that of a few examples drawn at random, not of all of them.
#
# `SGD` only looks at `.top` and `.grad`. So we can watch it on a loss without any graph, by putting its
# gradient into `.grad` ourselves: the valley
#
# $$L(p) = \tfrac12 \left(p_0^2 + 10\, p_1^2\right), \qquad \nabla p = (p_0,\ 10\, p_1).$$
#
# **Predict.** Start at $(9, 2)$. After one step with $\eta = 0.1$, where are you? What happens to $p_1$ for
# $\eta = 0.15$, for $0.2$ and for $0.21$?

# %% [markdown] answer="SGD-predict"
# *Your prediction:*

# %% stub="SGD"

# %%
STEEPNESS = np.array([1, 10])


def descend(step, count, steepness=STEEPNESS, start=(9, 2), prepare=None):
    """The way of one Param down the valley: count + 1 places (count+1 × 2). step() moves all Params."""
    new_graph()
    p = Param()
    p.set(start)
    if prepare:
        prepare()
    way = [p.top]
    for _ in range(count):
        p.grad = steepness * p.top
        step()
        way.append(p.top)
    return np.array(way)


def valley(ax, steepness):
    """Draw the valley's contour lines."""
    across, along = np.meshgrid(np.linspace(-10, 10, 121), np.linspace(-3, 3, 121))
    height = (steepness[0] * across**2 + steepness[1] * along**2) / 2
    ax.contour(across, along, np.sqrt(height), levels=10, colors="0.8", linewidths=0.8)
    ax.plot(0, 0, "k+")
    ax.set(xlabel="$p_0$", ylabel="$p_1$", xlim=(-10, 10), ylim=(-3, 3))


def plot_rates(rates, count=25):
    """The ways down that gradient descent takes with these learning rates."""
    ways = [descend(partial(edf.SGD, rate), count) for rate in rates]
    size = (3.2 * len(rates), 2.6)
    figure, axes = plt.subplots(1, len(rates), figsize=size, layout="constrained", sharey=True)
    for ax, rate, way in zip(axes, rates, ways):
        valley(ax, STEEPNESS)
        ax.plot(*way.T, "o-", markersize=3)
        ax.set_title(f"lr = {rate}: ends at ({way[-1, 0]:.2f}, {way[-1, 1]:.2f})", fontsize=10)
        ax.label_outer()
    plt.show()


# %%
plot_rates([0.02, 0.1, 0.18, 0.205])

# %% check="SGD"

# %% [markdown]
# **Think.** The largest rate that still works is set by the *steepest* direction, and the time that it takes
# by the *flattest* one. If the valley were 1000 times as steep across as along, how many steps would you
# need, about?

# %% [markdown] answer="SGD-think"
# *Your answer:*

# %% [markdown] section="accuracy"
# ## `accuracy`
#
# The loss is what we minimise; what we would like to know is how many digits the network gets right.
# `accuracy` gives, for each row of logits, 1 if the largest stands at the label, else 0. It is an op as all
# others are, so that `Forward` computes it along with the loss.
#
# **Predict.** Why don't we minimise the number of mistakes itself? What would the gradient be?

# %% [markdown] answer="accuracy-predict"
# *Your prediction:*

# %% stub="accuracy"

# %%
new_graph()
logits, label = Value(), Value()
logits.set([[2, 1, 0], [0.1, 0.2, 0.3], [5, 9, 8]])
label.set([0, 2, 2])
right = edf.accuracy(logits, label)
edf.Forward()
print(right.top)

# %% check="accuracy"

# %% [markdown]
# **Think.** Can the loss get worse while the accuracy gets better? Make up three logits and a label for
# "before" and for "after".

# %% [markdown] answer="accuracy-think"
# *Your answer:*

# %% [markdown]
# ## The digits
#
# MNIST has handwritten digits of 28×28 pixels. Yours are 8,000 to train on, and 1,000 for **validation**: the
# network is tried on them, but never trained on them.

# %%
(images, labels), (validation_images, validation_labels) = load_training((784,))
print("training  ", images.shape, images.dtype, "from", images.min(), "to", images.max())
print("validation", validation_images.shape)


def show_digits(chosen, titles):
    """Some images (N×784) in rows of 10, each with its title."""
    rows = -(-len(chosen) // 10)
    figure, axes = plt.subplots(rows, 10, figsize=(9, 1.15 * rows), squeeze=False, layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, title in zip(axes.flat, chosen, titles):
        ax.imshow(image.reshape(28, 28), cmap="gray_r")
        ax.set_title(title, fontsize=9)
    plt.show()


show_digits(images[:20], labels[:20])

# %% [markdown] section="mnist_mlp"
# ## A network of two layers
#
# 784 pixels, 1024 hidden units, 10 logits; in formulas
#
# $$h = \mathrm{relu}(x \cdot w_1 + b_1), \qquad \mathrm{logits} = h \cdot w_2 + b_2.$$
#
# The weights start as small random numbers, the biases as zeros. `xavier` chooses the size: it divides by the
# root of the number of inputs, so that what comes out of a layer is about as large as what goes in.
#
# **Predict.** How many parameters does this network have? What is the loss at the very start, about, and the
# accuracy? How many steps are there in an epoch with batches of 50?

# %% [markdown] answer="mnist_mlp-predict"
# *Your prediction:*


# %%
def two_layers(x, rng, op=None, hidden=1024):
    """Logits (B×10) of images x (B×784); op stands between the layers, by default RELU."""
    op = op or edf.RELU
    w1, b1 = xavier(rng, 784, 784, hidden), zeros(hidden)
    w2, b2 = xavier(rng, hidden, hidden, 10), zeros(10)
    h = op(edf.add(edf.matmul(x, w1), b1))
    return edf.add(edf.matmul(h, w2), b2)


def score(x, y, right):
    """Share of the validation digits that the network gets right."""
    correct = 0
    for part in batches(np.arange(1000), 100):
        x.set(validation_images[part])
        y.set(validation_labels[part])
        edf.Forward()
        correct += right.top.sum()
    return correct / 1000


# %% [markdown]
# And here is the training itself, all of it. Each step: a batch, forward, backward, a step downhill. The
# first lines build the graph, once; the loop only puts new numbers into it.

# %%
BATCH, EPOCHS = 50, 2

new_graph()
rng = np.random.default_rng(1)
x, y = Value(), Value()
logits = two_layers(x, rng)
right = edf.accuracy(logits, y)
loss = edf.mean(edf.smaxloss(logits, y))
w1 = params[0]
w1_before = w1.top.copy()

with LiveTraining(EPOCHS * len(images) // BATCH, "784–1024–10") as live:
    for epoch in range(EPOCHS):
        for batch in batches(rng.permutation(len(images)), BATCH):
            x.set(images[batch])
            y.set(labels[batch])
            edf.Forward()
            edf.Backward(loss)
            edf.SGD(0.1)
            live.step(loss.top, right.top.mean())
        live.validation(score(x, y, right))

# %% check="mnist_mlp"

# %% [markdown]
# Which ones does it still get wrong? Under each image: the label, and what the network says.

# %%
x.set(validation_images)
y.set(validation_labels)
edf.Forward()
wrong = np.flatnonzero(right.top == 0)
guesses = logits.top.argmax(axis=1)
titles = [f"{validation_labels[i]:.0f} → {guesses[i]}" for i in wrong[:20]]
show_digits(validation_images[wrong[:20]], titles)

# %% [markdown]
# **Think.** The curve of the training loss is jagged. Why, if every step goes downhill? And would you rather
# believe the accuracy on the training digits, or that on the validation digits?

# %% [markdown] answer="mnist_mlp-think"
# *Your answer:*

# %% [markdown]
# ### What the first layer looks for
#
# A column of $w_1$ has one number for each pixel, so it can be shown as an image: the pattern that makes
# this hidden unit respond most. Here are the eight units that have changed most, and then what of them is
# learned: the weights after training minus those at the start.

# %%
change = w1.top - w1_before
learners = np.argsort(-np.linalg.norm(change, axis=0))[:8]
show_filters(w1.top[:, learners].reshape(28, 28, 1, 8), "first layer, after training")

# %%
show_filters(change[:, learners].reshape(28, 28, 1, 8), "what training changed")

# %% [markdown]
# **Think.** The network gets nine of ten digits right, with weights that still look like noise. How can that
# be? And why doesn't training change the weights of pixels near the border at all?

# %% [markdown] answer="filters-think"
# *Your answer:*

# %% [markdown] section="momentum"
# ## `momentum`
#
# In a long valley, gradient descent is slow: across, the steps must be small, or it diverges; along, small
# steps take for ever. A ball that rolls does better: it gathers speed along the valley, and its swings across
# cancel out. So every Param gets a velocity $v$, of its own shape, which starts at 0 and is kept from step to
# step:
#
# $$v \leftarrow \mu\, v + \nabla p, \qquad p \leftarrow p - \eta\, v,$$
#
# with $\mu$ = `mom`, often 0.9. `init_momentum()` gives every Param its velocity, once, before the training.
#
# **Predict.** Let the gradient be 1 in every step. What is $v$ after 1, 2, 3 steps, and after very many? So
# how much further does a step go, in the end, with $\mu = 0.9$ than without momentum, and what should you do
# with the learning rate?

# %% [markdown] answer="momentum-predict"
# *Your prediction:*

# %% stub="init_momentum momentum"


# %%
def plot_descents(rate, steepness, count=60):
    """Gradient descent without and with momentum, with the same learning rate, from the same place."""
    ways = {
        "SGD": descend(partial(edf.SGD, rate), count, steepness),
        "momentum": descend(partial(edf.momentum, rate), count, steepness, prepare=edf.init_momentum),
    }
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.2), layout="constrained")
    for (name, way), ax, style in zip(ways.items(), axes, ("o-", "s--")):
        valley(ax, steepness)
        color = "C0" if name == "SGD" else "C1"
        ax.plot(*way.T, style, color=color, markersize=3, linewidth=1)
        ax.set_title(f"{name}, {count} steps")
        axes[2].semilogy((steepness * way**2).sum(axis=1) / 2, style, color=color, markersize=2, label=name)
    axes[2].set(xlabel="step", title="loss")
    axes[2].legend()
    plt.show()


# %%
plot_descents(0.01, np.array([1, 30]))

# %% check="momentum"

# %% [markdown]
# **Think.** Set the rate to 0.06 in the cell above the check, and look at both. Then $\mu = 0.99$ instead of
# the default. When is momentum *worse*?

# %% [markdown] answer="momentum-think"
# *Your answer:*

# %% [markdown]
# ## Three trainings compared
#
# The loop from above as a function, so that several can be compared: with RELU and with sigmoid between the
# layers, and with momentum.
#
# **Predict.** In which order will the three be after one epoch: RELU with SGD, sigmoid with SGD, RELU with
# momentum and a tenth of the learning rate?

# %% [markdown] answer="compare-predict"
# *Your prediction:*


# %%
def train(title, op, step, prepare=None, hidden=128):
    """Train two layers for an epoch; step() moves the Params. Returns the record of losses."""
    new_graph()
    rng = np.random.default_rng(1)
    x, y = Value(), Value()
    logits = two_layers(x, rng, op, hidden)
    right = edf.accuracy(logits, y)
    loss = edf.mean(edf.smaxloss(logits, y))
    if prepare:
        prepare()
    with LiveTraining(len(images) // BATCH, title) as live:
        for batch in batches(rng.permutation(len(images)), BATCH):
            x.set(images[batch])
            y.set(labels[batch])
            edf.Forward()
            edf.Backward(loss)
            step()
            live.step(loss.top, right.top.mean())
        live.validation(score(x, y, right))
    return live


# %%
histories = {}
histories["RELU, SGD"] = train("RELU, SGD", edf.RELU, partial(edf.SGD, 0.1))

# %%
histories["sigmoid, SGD"] = train("sigmoid, SGD", edf.sigmoid, partial(edf.SGD, 0.1))

# %%
histories["RELU, momentum"] = train(
    "RELU, momentum", edf.RELU, partial(edf.momentum, 0.01), edf.init_momentum
)

# %%
plot_histories(histories, "784–128–10, one epoch")

# %% [markdown]
# **Think.** There is only one layer of sigmoids here, so the gradient doesn't vanish. Where does the difference
# come from? (What goes into $w_2$ at the start, with a sigmoid, and what with a RELU?) And why are the
# two RELU curves so much alike?

# %% [markdown] answer="compare-think"
# *Your answer:*
