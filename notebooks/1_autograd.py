# %% [markdown]
# # 1 · Autograd
#
# In four notebooks you build `edf`, a small framework for deep learning, and train networks with it. This
# one is about its heart: a program that computes a number, and then, by itself, the gradient of that number
# to everything it was computed from.
#
# Each section goes the same way:
#
# 1. a little text, in the notation of the lecture,
# 2. a **prediction**: write down what you expect, before you know (nobody marks it wrong),
# 3. the **code**: yours to write where it says so, to read where it is given,
# 4. a **picture** of what the code does,
# 5. a **check**, which tells you what is right and what isn't, and a question to **think** about.
#
# Run the cells from top to bottom. While some code is still to be written, a cell that needs it stops with
# a message that names it: write that code, then run the cell again. After longer editing, restart the
# kernel and run all cells, so that nothing of an older version is left.

# %%
import numpy as np
import edf
from edf import Param, Value, ops, params, values
from edf_kit import check, draw_graph, graph_text, show_gradient

# %%
import matplotlib.pyplot as plt
from edf_kit import xavier

# %% [markdown]
# ## What a graph is
#
# Take the line $y = \mathrm{relu}(x \cdot w + b)$. It has three inputs and three operations, and each of
# them becomes a **node**:
#
# * a **Value** is a leaf that holds data, here $x$;
# * a **Param** is a leaf that is learned, here $w$ and $b$;
# * an **operation** (op) has other nodes as inputs: `matmul`, `add`, `RELU`.
#
# Every node has `.top`, the array that it computes. Making a node computes nothing: it only puts the node
# into one of the lists `values`, `params` and `ops`. That is all there is to a graph: three lists, and
# operations that know their inputs.


# %%
def new_graph():
    """Start a new graph: forget all nodes there are."""
    for nodes in (ops, params, values):
        nodes.clear()


# %%
new_graph()
x, w, b = Value(), Param(), Param()
product = edf.matmul(x, w)
total = edf.add(product, b)
y = edf.RELU(total)

names = {"x": x, "w": w, "b": b, "x·w": product, "x·w + b": total, "y": y}
draw_graph("made, but nothing computed yet", names=names)

# %% [markdown]
# The cell above calls `new_graph()` first. Without it, running the cell twice would leave you with two
# copies of the graph in the lists. There is one graph at a time: to go back to a cell that works on an older
# one, first run the cell again that builds it.
#
# The same graph, in words:

# %%
print(graph_text(names=names))

# %% [markdown]
# ### By hand
#
# Let $x = \begin{pmatrix}1 & 2\end{pmatrix}$, $w = \begin{pmatrix}3\\-1\end{pmatrix}$ and $b = 0.5$.
# The **forward** pass fills in `.top`, from the inputs to the end:
#
# $$x \cdot w = 1 \cdot 3 + 2 \cdot (-1) = 1, \qquad x \cdot w + b = 1.5, \qquad y = \mathrm{relu}(1.5) = 1.5.$$
#
# The **backward** pass fills in `.grad`, from the end to the inputs. We write $\nabla x$ for the gradient of
# the loss to $x$: an array of the shape of $x$ that says how much the loss grows for a little more of each
# element. For the last node it is 1: the loss grows as much as itself. An op receives the gradient to its
# own output, the **upstream gradient** (its `.grad`), and passes to each input, by the chain rule,
#
# $$\nabla x_i = \sum_j \nabla \mathrm{top}_j \cdot \frac{\partial\, \mathrm{top}_j}{\partial x_i}.$$
#
# If a node is an input of several ops, each of them *adds* its share to that node's `.grad`.
#
# **Predict.** Let $y$ be the loss. What are the gradients to $x \cdot w + b$, to $b$, to $w$ and to $x$? And
# if $b$ were $-2$?

# %% [markdown] answer="graph-predict"
# *Your prediction:*

# %% [markdown] section="Value"
# ## Leaves: `Value` and `Param`
#
# A leaf's `set` stores an array in `.top`: as a *copy*, and in *float32*, 32 bits a number, with which
# networks are usually trained.
#
# **Predict.** What will the cell after the next one print: does `leaf.top` follow when `array` changes?
# What is left of the number 1/3?

# %% [markdown] answer="Value-predict"
# *Your prediction:*

# %% stub="Value Param"

# %%
new_graph()
array = np.array([1 / 3, 2, 3])
leaf = Value()
leaf.set(array)
array[1] = 100
print("top   ", leaf.top, leaf.top.dtype)
print("array ", array, array.dtype)
print("lost of 1/3:", array[0] - leaf.top[0].astype(np.float64))

# %% check="Value"

# %% [markdown]
# **Think.** Why have two classes that do the same? What would it cost to have only Params?

# %% [markdown] answer="Value-think"
# *Your answer:*

# %% [markdown] section="matmul"
# ## `matmul`
#
# The product of $x$ (B×N) and $y$ (N×M), B×M. Every operation is a class with three methods: the
# constructor keeps the books, `forward` sets `.top`, `backward` adds to the `.grad` of the inputs.
#
# Note the two `if`s in `backward`: only ops and Params have a gradient. A Value has none, and asking for it
# would be an error.
#
# **Predict.** $\nabla x$ has the shape of $x$, B×N. It is a product of the upstream gradient (B×M) and of
# $y$ (N×M). Which of the two has to be transposed, and on which side does it stand? What about $\nabla y$?

# %% [markdown] answer="matmul-predict"
# *Your prediction:*

# %% stub="matmul"

# %%
new_graph()
x, w = Value(), Param()
x.set([[1, 2]])
w.set([[3, 10], [-1, 1]])
product = edf.matmul(x, w)
product.forward()
print(product.top)

# %% check="matmul"

# %% [markdown]
# **Think.** A row of $x$ is one example of a batch. Why does $\nabla x$ keep the rows apart, while $\nabla y$
# adds them up?

# %% [markdown] answer="matmul-think"
# *Your answer:*

# %% [markdown] section="sigmoid"
# ## `sigmoid`
#
# The logistic function, element by element:
#
# $$\sigma(x) = \frac{1}{1 + e^{-x}}.$$
#
# It takes any number to one between 0 and 1. For decades it was what stood between the layers of a
# network.
#
# **Predict.** Where is it steepest, and how steep? And how steep is it at $x = 10$?

# %% [markdown] answer="sigmoid-predict"
# *Your prediction:*

# %% stub="sigmoid"

# %%
new_graph()
x = Value()
x.set([[-1000, -10, -1, 0, 1, 10, 1000]])
squashed = edf.sigmoid(x)
squashed.forward()
print(squashed.top)

# %% check="sigmoid"

# %% [markdown]
# **Think.** The formula for $x = -1000$ asks for $e^{1000}$, which no float32 can hold. How can one compute
# $\sigma(-1000)$ all the same?

# %% [markdown] answer="sigmoid-think"
# *Your answer:*

# %% [markdown] section="Forward"
# ## `Forward`
#
# `Forward` runs the `forward` of every op in `ops`, in the order in which they were made.
#
# **Predict.** Why is that order always a good one? Could an op ever be run before one of its inputs?

# %% [markdown] answer="Forward-predict"
# *Your prediction:*

# %% stub="Forward"


# %%
def small_network():
    """A new graph: sigmoid(x·w), with numbers in its leaves. Returns its nodes."""
    new_graph()
    x, w = Value(), Param()
    x.set([[1, 2]])
    w.set([[0.3], [-0.1]])
    product = edf.matmul(x, w)
    return {"x": x, "w": w, "x·w": product, "y": edf.sigmoid(product)}


# %%
nodes = small_network()
edf.Forward()
draw_graph("after Forward", names=nodes)

# %% check="Forward"

# %% [markdown]
# **Think.** You change `w.top` and don't call `Forward`. What is `y.top`? What happens if you call it twice?

# %% [markdown] answer="Forward-think"
# *Your answer:*

# %% [markdown] section="Backward"
# ## `Backward`
#
# `Backward(loss)` fills in every `.grad`. First, all the grads of ops and Params become zeros; then that of
# the loss becomes ones; then the ops run their `backward` in reverse order.
#
# **Predict.** The order matters here too. Which op must have run before an op can pass on its gradient?
# And what would happen in the second step of a training, if the grads weren't made zero first?

# %% [markdown] answer="Backward-predict"
# *Your prediction:*

# %% stub="Backward"

# %%
nodes = small_network()
edf.Forward()
edf.Backward(nodes["y"])
draw_graph("after Backward", names=nodes)

# %% check="Backward"

# %% [markdown]
# **Think.** One `Forward` and one `Backward` give the gradient to *every* Param. How many times would you
# have to run `Forward` to find the same gradient by trying: change one number a little, look at the loss?
# A network may have a million numbers.

# %% [markdown] answer="Backward-think"
# *Your answer:*

# %% [markdown]
# ## Checking a gradient
#
# Trying is slow, but it is a check that needs no mathematics. Change one input by a small $\pm\varepsilon$:
# the slope of the loss is about the **central difference**
#
# $$\nabla x \approx \frac{L(x + \varepsilon) - L(x - \varepsilon)}{2 \varepsilon}.$$
#
# Once, by hand: $L = \sigma(x)$ at $x = 0.5$, first by `Backward`, then by central differences, for smaller
# and smaller $\varepsilon$.
#
# **Predict.** Does the error get smaller all the way?

# %% [markdown] answer="difference-predict"
# *Your prediction:*

# %%
new_graph()
x = Param()
loss = edf.sigmoid(x)


def loss_at(number):
    """The loss, for this x."""
    x.set([[number]])
    edf.Forward()
    return loss.top.item()


loss_at(0.5)
edf.Backward(loss)
slope = x.grad.item()
print(f"by Backward: {slope:.8f}\n")
print("     ε    central difference         error")
for power in range(1, 8):
    eps = 10.0**-power
    difference = (loss_at(0.5 + eps) - loss_at(0.5 - eps)) / (2 * eps)
    print(f"{eps:6.0e}    {difference:18.8f}    {difference - slope:10.1e}")

# %% [markdown]
# With large $\varepsilon$ the function bends; with a small one, two nearly equal numbers are subtracted, and
# float32 has only seven digits to tell them apart. The checks of this course take their differences in
# float64, which has sixteen.
#
# `show_gradient` does that for a whole array and draws it as three heat maps: the gradient from
# `backward`, the central difference, and what is left when they are subtracted. It uses a random upstream
# gradient, because with ones everywhere many a mistake can't be seen.

# %%
show_gradient("matmul")

# %%
show_gradient("sigmoid")

# %% [markdown] section="add"
# ## `add`
#
# `add` has two uses. $x$ and $y$ have the same shape and are added element by element; or $y$ has one axis
# only and is a **bias**: it is added along the last axis of $x$, to every row of a B×N matrix, to every pixel
# of B×H×W×C images.
#
# **Predict.** In $z = x + b$, with $x$ of 4×3 and $b$ of 3: to how many elements of $z$ does $b_0$
# contribute? Let the upstream gradient be 1 everywhere. What are the shapes and the elements of $\nabla x$
# and $\nabla b$?

# %% [markdown] answer="add-predict"
# *Your prediction:*

# %% [markdown]
# Every op has this form: a constructor that does the book-keeping, `forward`, which sets `self.top`, and
# `backward`, which adds to the `.grad` of the inputs. The last line of the cell puts the class into `edf`: use
# `edf.add` only after it.

# %% stub="add"

# %%
show_gradient("add")

# %% check="add"

# %% [markdown]
# **Think.** `add(x, x)` is $2x$. Nothing in `backward` knows of this case: why is the gradient right
# all the same?

# %% [markdown] answer="add-think"
# *Your answer:*

# %% [markdown] section="RELU"
# ## `RELU`
#
# The rectifier: $x$ where $x$ is positive, else 0. It is the simplest function that is not linear, and what
# most networks have between their layers today.
#
# **Predict.** $x = (-2,\ 3,\ 0.1)$, and the upstream gradient is $(10,\ 20,\ 30)$. What is $\nabla x$?

# %% [markdown] answer="RELU-predict"
# *Your prediction:*

# %% stub="RELU"

# %%
show_gradient("RELU")

# %% check="RELU"

# %% [markdown]
# At $x = 0$ there is no derivative: the slope is 0 on the left and 1 on the right. The lecture takes 1, many
# frameworks 0, and the check accepts either.
#
# **Think.** Why is it that nobody minds? What would central differences say there?

# %% [markdown] answer="RELU-think"
# *Your answer:*

# %% [markdown]
# ### The first graph, complete
#
# Here is $y = \mathrm{relu}(x \cdot w + b)$ again, with the numbers from above. Compare it with what you
# predicted. Then set $b$ to $-2$ and run the cell again.

# %%
new_graph()
x, w, b = Value(), Param(), Param()
y = edf.RELU(edf.add(edf.matmul(x, w), b))
x.set([[1, 2]])
w.set([[3], [-1]])
b.set([0.5])
edf.Forward()
edf.Backward(y)
draw_graph("y = relu(x·w + b), after Forward and Backward", names={"x": x, "w": w, "b": b, "y": y})

# %% [markdown]
# **Think.** What does a RELU learn whose input is negative for all data? Can it ever recover?

# %% [markdown] answer="graph-think"
# *Your answer:*

# %% [markdown] section="mean"
# ## `mean`
#
# The mean of all elements of $x$, whatever its shape: one number. The loss of a batch is the mean of the
# losses of its examples.
#
# **Predict.** $x$ is 5×4. By how much does the mean grow if one element grows by 1? If the upstream gradient
# is 3, what is $\nabla x$, and of which shape?

# %% [markdown] answer="mean-predict"
# *Your prediction:*

# %% stub="mean"

# %%
show_gradient("mean")

# %% check="mean"

# %% [markdown]
# **Think.** With the sum instead of the mean, how would the gradient depend on the size of the batch? What
# would you have to do with the learning rate when you double the batch?

# %% [markdown] answer="mean-think"
# *Your answer:*

# %% [markdown]
# ## Why sigmoids stop learning
#
# Now you have what it takes for an experiment. First, a look at the two functions and at their slopes, as
# `Forward` and `Backward` give them.


# %%
def curve(op, x_axis):
    """(values, slopes) of an op that works element by element."""
    new_graph()
    x = Param()
    x.set(x_axis)
    y = op(x)
    edf.Forward()
    edf.Backward(y)
    return y.top, x.grad


def plot_curves():
    """Values and slopes of sigmoid and RELU, side by side."""
    x_axis = np.linspace(-8, 8, 321)
    curves = {"sigmoid": curve(edf.sigmoid, x_axis), "RELU": curve(edf.RELU, x_axis)}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
    for ax, (name, (top, slope)), limit in zip(axes, curves.items(), (1.1, 4.4)):
        ax.plot(x_axis, top, label="value")
        ax.plot(x_axis, slope, "--", label="slope")
        ax.set(title=name, xlabel="x", ylim=(-0.1, limit))
        ax.grid(alpha=0.3)
        ax.legend()
    plt.show()


# %%
plot_curves()

# %% [markdown]
# Far from 0, the sigmoid is **saturated**: nearly flat. And look at the scale: even where it is steepest, its
# slope is small.
#
# **Predict.** Pile up layers, each of them $h \leftarrow \sigma(h \cdot w)$. By which factor, about, does the
# gradient to the *first* layer's $w$ shrink with each layer that is added? And with RELU in place of
# $\sigma$? (A RELU lets through about half of its inputs.)

# %% [markdown] answer="layers-predict"
# *Your prediction:*


# %%
def first_gradient(op, depth, seed, width=64):
    """Size of the gradient to the first layer's weights, in a random network of so many layers."""
    rng = np.random.default_rng(seed)
    new_graph()
    x = Value()
    x.set(rng.normal(size=(32, width)))
    h, weights = x, [xavier(rng, width, width, width) for _ in range(depth)]
    for w in weights:
        h = op(edf.matmul(h, w))
    loss = edf.mean(edf.matmul(h, xavier(rng, width, width, 1)))
    edf.Forward()
    edf.Backward(loss)
    return np.linalg.norm(weights[0].grad)


def plot_first_gradients():
    """How the first layer's gradient shrinks with depth, for sigmoid and RELU."""
    depths = range(1, 9)
    sizes = {
        # Each is the middle one of five random networks.
        name: [np.median([first_gradient(op, depth, seed) for seed in range(5)]) for depth in depths]
        for name, op in (("sigmoid", edf.sigmoid), ("RELU", edf.RELU))
    }
    print("layers   " + "".join(f"{depth:9}" for depth in depths))
    figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for (name, numbers), style in zip(sizes.items(), ("o-", "s--")):
        print(f"{name:9}" + "".join(f"{number:9.1e}" for number in numbers))
        ax.semilogy(depths, numbers, style, label=name)
    ax.set(xlabel="layers", ylabel="size of the gradient", title="Gradient to the first layer's weights")
    ax.grid(alpha=0.3)
    ax.legend()
    plt.show()


# %%
plot_first_gradients()

# %% [markdown]
# **Think.** Read the factors off the picture. After 20 layers of sigmoids, what is left of the gradient, and
# what does one step of gradient descent do to the first layer then? The RELU line falls too, if less: which
# scale of the weights would keep it level?

# %% [markdown] answer="layers-think"
# *Your answer:*

# %% [markdown] section="smaxloss"
# ## `smaxloss`
#
# A network that tells digits apart ends in ten numbers for each image, the **logits**: the larger one is, the
# more the network believes in that digit. Softmax makes probabilities of a row $x$ of logits,
#
# $$p_i = \frac{e^{x_i}}{\sum_j e^{x_j}},$$
#
# and the loss of the row is the cross-entropy with its label $l$: $-\log p_l$. So `smaxloss` takes the logits
# (B×classes) and the labels (B), and gives one loss for each row (B).
#
# **Predict.**
#
# 1. A network that knows nothing gives ten equal logits. What is its loss?
# 2. What happens to $p$ when 7 is added to all the logits of a row?
# 3. Which sign does $\nabla x$ have at the label, and which elsewhere? What does a row of it add up to? (Your
#    answer to 2 may help.)

# %% [markdown] answer="smaxloss-predict"
# *Your prediction:*

# %% [markdown]
# Before you derive $\nabla x$: write the loss as a function of the logits, with the log of the quotient taken
# apart, and differentiate it for $x_l$ and for another $x_i$. The two results have much in common.
#
# And mind the numbers. Logits of 1000 are no mistake, only a network that is very sure; but

# %%
with np.errstate(over="ignore", under="ignore"):
    print(np.exp(np.array([-1000, -100, 10, 80, 90, 1000], dtype=np.float32)))

# %% [markdown]
# Infinity divided by infinity is `nan`, and the log of 0 is no better. Prediction 2 shows a way around both.
# One more thing: the labels are stored as float32, as all values are, and an index has to be an integer.

# %% stub="smaxloss"

# %%
show_gradient("smaxloss")

# %% [markdown]
# The loss and its gradient, while the label's logit goes from very wrong to very right; the two other
# logits stay at 0:


# %%
def plot_smaxloss():
    """The loss of three logits, and its gradient, along the logit of the label."""
    label_logits = np.linspace(-8, 8, 81)
    new_graph()
    x, label = Param(), Value()
    x.set(np.stack([label_logits, np.zeros(81), np.zeros(81)], axis=1))
    label.set(np.zeros(81))
    loss = edf.smaxloss(x, label)
    edf.Forward()
    edf.Backward(loss)
    figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
    ax.plot(label_logits, loss.top, label="loss")
    ax.plot(label_logits, x.grad[:, 0], "--", label="gradient to the label's logit")
    ax.plot(label_logits, x.grad[:, 1], ":", label="gradient to another logit")
    ax.set(xlabel="logit of the label")
    ax.grid(alpha=0.3)
    ax.legend()
    plt.show()


# %%
plot_smaxloss()

# %% check="smaxloss"

# %% [markdown]
# **Think.** The softmax is made of exponentials, as the sigmoid is. Why does the gradient not vanish when the
# network is very sure, and wrong? What would become of it with the squared error $(1 - p_l)^2$ as a loss?

# %% [markdown] answer="smaxloss-think"
# *Your answer:*

# %% [markdown]
# ## All together
#
# A network of two layers, with a batch of 4 examples, 5 numbers each, and 3 classes. This is all that is
# needed to train one: that comes in the second notebook.

# %%
rng = np.random.default_rng(0)
new_graph()
x, label = Value(), Value()
x.set(rng.normal(size=(4, 5)))
label.set([0, 1, 2, 1])
w1, w2 = xavier(rng, 5, 5, 6), xavier(rng, 6, 6, 3)
logits = edf.matmul(edf.RELU(edf.matmul(x, w1)), w2)
loss = edf.mean(edf.smaxloss(logits, label))
edf.Forward()
edf.Backward(loss)
names = {"x": x, "label": label, "w1": w1, "w2": w2, "logits": logits, "loss": loss}
draw_graph("a network, its loss and all gradients", names=names)
