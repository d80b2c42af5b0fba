# %% [markdown]
# # 3 · Convolution
#
# The network of the last notebook doesn't know what an image is: shuffle the pixels of all digits in the
# same way, and it learns just as well. A convolution knows. It looks at small neighbourhoods, and it looks
# for the same pattern everywhere.
#
# The images here are arrays of B×H×W×C: batch, height, width, channels.

# %%
import numpy as np
import edf
from edf import Param, Value, ops, params, values
from edf_kit import LiveTraining, batches, check, load_training, show_filters, show_gradient, use_answers
from edf_kit import xavier, zeros

# %%
use_answers("1_autograd.ipynb", "2_training.ipynb")  # what you wrote there, as saved

# %%
import time

import matplotlib.pyplot as plt

(images, labels), (validation_images, validation_labels) = load_training((28, 28, 1))


def new_graph():
    """Start a new graph: forget all nodes there are. To go back to an older one, run its cell again."""
    for nodes in (ops, params, values):
        nodes.clear()


# %% [markdown] section="conv2_forward"
# ## `conv2`: forward
#
# Images $f$ (B×H×W×C1) and kernels $k$ (kh×kw×C1×C2) give
#
# $$g_{b,y,x,c_2} = \sum_{k_y,\,k_x,\,c_1} f_{b,\;y+k_y,\;x+k_x,\;c_1} \; k_{k_y,\,k_x,\,c_1,\,c_2}.$$
#
# The kernel slides over the image; at each place, what lies under it is multiplied with it and added up, over
# all channels that come in. This is done for every place where the kernel lies wholly inside the image: it is
# called *valid*. And strictly speaking it is a **cross-correlation**: a convolution would have minus signs in
# place of the plus signs, that is, a kernel turned by 180°.
#
# **Predict.**
#
# 1. Of which size is $g$, for images of 28×28 and a kernel of 4×4? And in general?
# 2. An image is 0, but for one pixel of 1 in its middle, and the kernel is
#    $\begin{pmatrix}1&2&3\\4&5&6\\7&8&9\end{pmatrix}$. What does $g$ look like around the middle?
# 3. The kernel $\begin{pmatrix}-1&0&1\\-2&0&2\\-1&0&1\end{pmatrix}$ slides over a dark digit on a white sheet
#    (ink is 1, paper is 0). Where is $g$ positive, where negative, where 0?

# %% [markdown] answer="conv2_forward-predict"
# *Your prediction:*

# %% [markdown]
# All of `conv2` is one class, so its methods stand in one cell, which three sections share. Where several are
# still to be written, take them one at a time: `forward` first, then on to its picture and check; then come back
# for `backward_image`, and for `backward_kernel`. The constructor keeps a `stride`. Until the end of this notebook
# it is 1, and can be left aside.
#
# Six nested loops are a good way to start on any of them, and right. But training wants speed: of the sums and
# places that are looped over, which are few, and which are many? Leave the many to numpy. Loops over pixels may
# cost points (the README says how many): where a method is right and has some, its check says so.

# %% stub="conv2"

# %% [markdown]
# The three predictions, one by one. First the size, and the single pixel:


# %%
def correlate(image, kernel):
    """g of one image (H×W) and one kernel (kh×kw), without the axes of length 1."""
    new_graph()
    f, k = Value(), Value()
    f.set(np.reshape(image, (1, *np.shape(image), 1)))
    k.set(np.reshape(kernel, (*np.shape(kernel), 1, 1)))
    g = edf.conv2(f, k)
    edf.Forward()
    return g.top[0, :, :, 0]


# %%
dot = np.zeros((7, 7))
dot[3, 3] = 1
print(correlate(dot, np.arange(1, 10).reshape(3, 3)))

# %% [markdown]
# And two edge filters on a digit:

# %%
EDGES = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])


def plot_edges(digit):
    """A digit, and what an edge filter and the same one turned by 90° make of it."""
    pictures = {
        "f": digit,
        "g, left and right edges": correlate(digit, EDGES),
        "g, upper and lower edges": correlate(digit, EDGES.T),
    }
    figure, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    for ax, (title, picture) in zip(axes, pictures.items()):
        style = {"cmap": "gray_r"} if title == "f" else {"cmap": "PuOr_r", "vmin": -4, "vmax": 4}
        figure.colorbar(ax.imshow(picture, **style), ax=ax, shrink=0.85)
        ax.set_title(f"{title}: {picture.shape[0]}×{picture.shape[1]}")
        ax.axis("off")
    plt.show()


# %%
plot_edges(validation_images[0, :, :, 0])

# %% check="conv2_forward"

# %% [markdown]
# **Think.** Networks learn their kernels. Does it matter to a network whether `conv2` is a correlation or a
# true convolution? To whom does it matter?

# %% [markdown] answer="conv2_forward-think"
# *Your answer:*

# %% [markdown] section="conv2_image"
# ## `conv2`: the gradient to the image
#
# Now backward: `backward_image` receives $\nabla g$ (its `.grad`, of the shape of $g$) and adds to $\nabla f$.
#
# Start from the definition. Which elements of $g$ does one pixel $f_{b,i,j,c_1}$ go into, and with which
# factor each time? The chain rule adds up upstream gradient times factor over just these. Careful with the
# pixels near the border.
#
# **Predict.** A kernel of 3×3 ones, and an upstream gradient of ones, on an image of 6×6. Then each element of
# $\nabla f$ is a count: of what? Write down its first row.

# %% [markdown] answer="conv2_image-predict"
# *Your prediction:*

# %% [markdown]
# The method is in the cell of `conv2` above. Once it is there:


# %%
def count_picture():
    """The gradient to an image of 6×6, for a kernel of 3×3 ones and an upstream gradient of ones."""
    new_graph()
    f, k = Param(), Value()
    f.set(np.zeros((1, 6, 6, 1)))
    k.set(np.ones((3, 3, 1, 1)))
    g = edf.conv2(f, k)
    edf.Forward()
    edf.Backward(g)
    counts = f.grad[0, :, :, 0]
    figure, ax = plt.subplots(figsize=(3.4, 3.4), layout="constrained")
    ax.imshow(counts, cmap="Blues", vmin=0, vmax=12)
    for (row, column), count in np.ndenumerate(counts):
        ax.text(column, row, f"{count:g}", ha="center", va="center")
    ax.set_title("∇f, kernel and upstream of ones")
    ax.axis("off")
    plt.show()


# %%
count_picture()

# %%
show_gradient("conv2_image")

# %% check="conv2_image"

# %% [markdown]
# **Think.** Written out, your $\nabla f$ looks much like the definition of $g$. In what does it differ: in
# its signs, its sizes, its channels? What would you call it?

# %% [markdown] answer="conv2_image-think"
# *Your answer:*

# %% [markdown] section="conv2_kernel"
# ## `conv2`: the gradient to the kernel
#
# `backward_kernel` adds to $\nabla k$. The same question again: which elements of $g$ does one weight
# $k_{k_y,k_x,c_1,c_2}$ go into, and with which factor?
#
# **Predict.** 50 images of 28×28, a kernel of 4×4. In how many elements of $g$ does one weight have a part, for
# one $c_2$? If image and upstream gradient are 1 everywhere, what is $\nabla k$?

# %% [markdown] answer="conv2_kernel-predict"
# *Your prediction:*

# %% [markdown]
# This method, too, is in the cell of `conv2` above.

# %%
show_gradient("conv2_kernel")

# %% check="conv2_kernel"

# %% [markdown]
# **Think.** So many places share one weight, and their gradients add up. What does this mean for the number
# of examples that a convolution needs to learn from, compared with a `matmul` on all pixels?

# %% [markdown] answer="conv2_kernel-think"
# *Your answer:*

# %% [markdown] section="down2"
# ## `down2`
#
# Every second row and column, from the first: an image of half the size. What is left after it sees, with
# the same kernel, twice as much of the image.
#
# **Predict.** 25×25 becomes how large? Three of four pixels are dropped: what is the gradient to those?

# %% [markdown] answer="down2-predict"
# *Your prediction:*

# %% stub="down2"

# %%
show_gradient("down2")

# %% check="down2"

# %% [markdown]
# **Think.** Instead of dropping three of four pixels one could take the mean of the four, or the largest. What
# would each do to an edge that is one pixel wide?

# %% [markdown] answer="down2-think"
# *Your answer:*

# %% [markdown] section="flatten"
# ## `flatten`
#
# From images to rows: B×H×W×C becomes B×(H·W·C), and a `matmul` can follow. Nothing is computed, the numbers
# are only read in another way.
#
# **Predict.** An element of 2×3×4×5 stands at $(b, y, x, c)$. Where is it after `flatten`?

# %% [markdown] answer="flatten-predict"
# *Your prediction:*

# %% stub="flatten"

# %%
show_gradient("flatten")

# %% check="flatten"

# %% [markdown]
# **Think.** In some frameworks images are B×C×H×W. You load weights from one of those into a network of yours,
# with all axes of the kernels put in the right order. Which layer still goes wrong?

# %% [markdown] answer="flatten-think"
# *Your answer:*

# %% [markdown] section="mnist_conv"
# ## A convolutional network
#
# | | size of a digit | parameters |
# |---|---|---|
# | image | 28×28×1 | |
# | conv2 4×4, down2, bias, RELU | 13×13×8 | ? |
# | conv2 2×2, down2, bias, RELU | 6×6×16 | ? |
# | flatten | 576 | |
# | matmul | 10 | ? |
#
# It is trained with momentum, a learning rate of 0.01, in batches of 50.
#
# **Predict.** Fill in the numbers of parameters. How many are they altogether, and how many did the network of two
# layers have? Which of the two will be better after one epoch?

# %% [markdown] answer="mnist_conv-predict"
# *Your prediction:*


# %%
def convolutional(x, rng):
    """Logits (B×10) of images x (B×28×28×1); the first two Params are k1 and its bias."""
    k1, b1 = xavier(rng, 4 * 4 * 1, 4, 4, 1, 8), zeros(8)
    k2, b2 = xavier(rng, 2 * 2 * 8, 2, 2, 8, 16), zeros(16)
    w = xavier(rng, 6 * 6 * 16, 6 * 6 * 16, 10)
    h = edf.RELU(edf.add(edf.down2(edf.conv2(x, k1)), b1))
    h = edf.RELU(edf.add(edf.down2(edf.conv2(h, k2)), b2))
    return edf.matmul(edf.flatten(h), w)


def predict(x, y, logits):
    """What the network says of the validation images (1000). In batches, to spare memory."""
    guesses = []
    for part in batches(np.arange(1000), 100):
        x.set(validation_images[part])
        y.set(validation_labels[part])
        edf.Forward()
        guesses.append(logits.top.argmax(axis=1))
    return np.concatenate(guesses)


# %%
new_graph()
x, y = Value(), Value()
rng = np.random.default_rng(1)
logits = convolutional(x, rng)
right = edf.accuracy(logits, y)
loss = edf.mean(edf.smaxloss(logits, y))
k1, b1 = params[:2]
k1_before = k1.top.copy()

# %% [markdown]
# One epoch. It should take a few seconds. If it would take minutes, interrupt the kernel, and think again about
# what `conv2` loops over. (Run the cell again for another epoch: the Params go on from where they are.)

# %%
BATCH = 50

edf.init_momentum()
with LiveTraining(len(images) // BATCH, "convolutional network") as live:
    for batch in batches(rng.permutation(len(images)), BATCH):
        x.set(images[batch])
        y.set(labels[batch])
        edf.Forward()
        edf.Backward(loss)
        edf.momentum(0.01)
        live.step(loss.top, right.top.mean())
    live.validation((predict(x, y, logits) == validation_labels).mean())

# %% check="mnist_conv"

# %% [markdown]
# ### What it looks for
#
# The kernels of the first layer, before and after.

# %%
show_filters(k1_before, "first layer, before training")

# %%
show_filters(k1.top, "first layer, after training")

# %% [markdown]
# And what these eight make of a digit: the first layer's output, after the RELU.


# %%
def plot_channels(image):
    """The eight channels that the first layer makes of an image (28×28×1)."""
    x.set(image[np.newaxis])
    y.set([0])
    edf.Forward()
    # The first four operations are conv2, down2, add and RELU of the first layer.
    channels = ops[3].top[0]
    figure, axes = plt.subplots(1, 9, figsize=(12, 1.6), layout="constrained")
    axes[0].imshow(image[:, :, 0], cmap="gray_r")
    for channel, ax in enumerate(axes[1:]):
        ax.imshow(channels[:, :, channel], cmap="gray_r", vmin=0, vmax=channels.max())
        ax.set_title(f"channel {channel}", fontsize=9)
    for ax in axes:
        ax.axis("off")
    plt.show()


# %%
plot_channels(validation_images[0])

# %% [markdown]
# ### What it gets wrong
#
# Under each of these: the label, and what the network says.


# %%
def show_mistakes():
    """The first 20 validation digits that the network gets wrong."""
    guesses = predict(x, y, logits)
    wrong = np.flatnonzero(guesses != validation_labels)
    print(f"{len(wrong)} of {len(guesses)} wrong")
    figure, axes = plt.subplots(2, 10, figsize=(10, 2.5), layout="constrained")
    for ax in axes.flat:
        ax.axis("off")
    for ax, i in zip(axes.flat, wrong):
        ax.imshow(validation_images[i, :, :, 0], cmap="gray_r")
        ax.set_title(f"{validation_labels[i]:.0f} → {guesses[i]}", fontsize=9)
    plt.show()


# %%
show_mistakes()

# %% [markdown]
# **Think.** Which of these would you have got right? Shift all validation images by three pixels to the right
# (`np.roll(validation_images, 3, axis=2)`) and look at the accuracy again. Were you expecting this from a
# network that looks for the same pattern everywhere? Which layer is to blame?

# %% [markdown] answer="mnist_conv-think"
# *Your answer:*

# %% [markdown] section="stride"
# ## `stride`
#
# In this network, `conv2` computes four pixels, and `down2` throws away three of them. With a **stride** of
# $s$, `conv2` computes only what is kept: every $s$-th row and column, from the first.
#
# $$g_{b,y,x,c_2} = \sum_{k_y,\,k_x,\,c_1} f_{b,\;s\,y+k_y,\;s\,x+k_x,\;c_1} \; k_{k_y,\,k_x,\,c_1,\,c_2}.$$
#
# The place for it is the class `conv2` at the top of this notebook: the constructor has kept `self.stride`,
# and all three methods depend on it.
#
# **Predict.** How large is $g$ for 28×28, a kernel of 4×4 and a stride of 2? For a stride of 3, for 4? By
# which factor should training become faster?

# %% [markdown] answer="stride-predict"
# *Your prediction:*


# %%
def seconds_of_a_pass(last):
    """How long Forward and Backward take: the middle one of five tries."""
    tries = []
    for _ in range(5):
        start = time.perf_counter()
        edf.Forward()
        edf.Backward(last)
        tries.append(time.perf_counter() - start)
    return np.median(tries)


def compare_stride():
    """Is conv2 with a stride of 2 the same as conv2 and down2? And how long does each take?"""
    results = {}
    for name in ("conv2 and down2", "stride of 2"):
        new_graph()
        f, k = Param(), Param()
        f.set(images[:20])
        k.set(np.linspace(-1, 1, 128).reshape(4, 4, 1, 8))
        g = edf.conv2(f, k, stride=2) if name == "stride of 2" else edf.down2(edf.conv2(f, k))
        print(f"{name:16}{1000 * seconds_of_a_pass(g):7.1f} ms   {g.top.shape}")
        results[name] = {"g": g.top, "∇f": f.grad, "∇k": k.grad}
    expected, got = results.values()
    for name, first in expected.items():
        second = got[name]
        same = first.shape == second.shape and np.allclose(first, second, atol=1e-4 * np.abs(first).max())
        print(f"{name:2} {'is the same' if same else 'differs'}")


# %%
compare_stride()

# %% check="stride"

# %% [markdown]
# **Think.** In the network above, `down2` comes right after `conv2`, before the bias and the RELU. Would its
# results be others if `down2` came last? Would it still be the same to use a stride, then?

# %% [markdown] answer="stride-think"
# *Your answer:*
