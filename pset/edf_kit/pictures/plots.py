"""Pictures of numbers: a gradient against its central differences, filters, and how training went."""

import numpy as np

from edf_kit.pictures.layout import KERNEL, Tiles, number_text, shape_text

NUMBERED = 8  # arrays with more rows or columns than this show colours alone
TILES = 8  # filters of one input channel in a row
NOISE = 1e-3  # of the gradient's scale: a difference this small stays pale


def comparison_figure(analytic, numeric, title, failing=None, axes=None):
    """A gradient, its central differences and what lies between them: three heat maps, side by side.

    analytic: the gradient of a backward; numeric: the central differences. failing: the index, a tuple, of the
    first element that is wrong; it is outlined, and named under the title. axes: what the axes of the arrays
    are called; by default rows and columns, or b, y, x, c for images; layout.KERNEL for the kernels of conv2.
    Arrays of more than two axes are laid out as tiles. Shapes that differ are shown, and said.
    """
    from edf_kit.pictures.figure import WIDTH, Picture, house_style

    analytic, numeric = (np.asarray(array, dtype=np.float64) for array in (analytic, numeric))
    scale = _scale(analytic, numeric) or 1.0
    maps = [("your gradient", analytic, scale), ("central difference", numeric, scale)]
    if analytic.shape == numeric.shape:
        with np.errstate(all="ignore"):
            difference = analytic - numeric
        maps.append(("difference", difference, max(_scale(difference), NOISE * scale)))
    else:
        failing = None
    tiles = [Tiles(array.shape, axes) for _, array, _ in maps]
    caption = _verdict(analytic, numeric, failing)
    # Squares of at most 0.6 inches, unless that makes the picture too flat or too long.
    height = np.clip(
        max(rows * min(2.5 / columns, 0.6) for rows, columns in (t.shape for t in tiles)), 0.5, 5
    )
    with house_style():
        picture = Picture(figsize=(WIDTH, height + 2), layout="constrained")
        picture.suptitle(f"{title}\n\n")  # with room for the caption
        picture.text(0.5, 1 - 0.4 / (height + 2), caption, ha="center", va="center")
        for axis, (name, array, limit), t in zip(picture.subplots(1, len(maps)), maps, tiles):
            _heat_map(axis, array, t, limit, name, failing)
    picture.caption = f"{title}. {caption}"
    return picture


def _scale(*arrays):
    """The largest absolute value in the arrays that is finite, else 0."""
    return float(max(np.abs(array[np.isfinite(array)]).max(initial=0) for array in arrays))


def _verdict(analytic, numeric, failing):
    """What a comparison shows, in one sentence."""
    if analytic.shape != numeric.shape:
        return f"the shapes differ: yours is {analytic.shape}, should be {numeric.shape}"
    if failing is not None:
        failing = tuple(int(i) for i in np.atleast_1d(failing))
        place = f" at {list(failing)}" if failing else ""
        # As many digits as it takes to see that they differ.
        for digits in range(3, 10):
            yours, expected = (number_text(array[failing], digits) for array in (analytic, numeric))
            if yours != expected:
                break
        return f"first differs{place}: yours {yours}, should be {expected}"
    with np.errstate(all="ignore"):
        return f"largest difference: {number_text(np.abs(analytic - numeric).max(initial=0), 2)}"


def _heat_map(axis, array, tiles, limit, name, failing):
    """Draw `array` on a matplotlib axis; colours run from -limit to limit."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    from edf_kit.pictures.figure import BLACK, DIVERGING, GREY, SMALL

    canvas = tiles.arrange(array)
    shown = np.ma.masked_invalid(canvas)
    image = axis.imshow(shown, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    rows, columns = canvas.shape
    for row, column in np.argwhere(~np.isfinite(canvas)):
        corner = (column - 0.5, row - 0.5)
        axis.add_patch(Rectangle(corner, 1, 1, facecolor="white", edgecolor=GREY, hatch="////", linewidth=0))
    if rows <= NUMBERED and columns <= NUMBERED:
        # Numbers that are all large or small are shown as multiples of a power of ten.
        power = int(np.floor(np.log10(limit))) if not 0.1 <= limit < 1000 else 0
        if power:
            name += f", in units of 1e{power}".replace("-", "−")
        for (row, column), number in np.ndenumerate(canvas):
            is_dark = np.isfinite(number) and abs(number) > 0.6 * limit
            text = _cell_text(number / 10.0**power, is_narrow=columns > 5)
            look = {"fontsize": SMALL, "color": "white" if is_dark else BLACK}
            axis.text(column, row, text, ha="center", va="center", **look)
    tiles.label(axis, colour=BLACK, width=0.8)
    if failing is not None:
        row, column = tiles.place(failing)
        outline = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=BLACK, linewidth=2.5)
        outline.set(path_effects=[withStroke(linewidth=5, foreground="white")], clip_on=False, zorder=5)
        outline.set_gid("failing")
        axis.add_patch(outline)
    axis.set_title(name)
    axis.spines[:].set_visible(True)
    bar = axis.figure.colorbar(image, ax=axis, location="bottom", fraction=0.06, aspect=30)
    bar.set_ticks([-limit, 0, limit], labels=[number_text(end, 2) for end in (-limit, 0, limit)])


def _cell_text(number, is_narrow):
    """A number between −1000 and 1000 for a cell of a heat map; a lone 0 is exactly zero."""
    if number == 0:
        return "0"
    decimals = 0 if abs(number) >= 100 else 1 if abs(number) >= (1 if is_narrow else 10) else 2
    text = f"{number:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    if is_narrow and abs(number) < 1:
        text = text.replace("0.", ".")
    return text.replace("-", "−")


def show_filters(kernels, title=None):
    """The kernels of a conv2 as tiles: blue below zero, red above, on one scale for all.

    kernels: an array kh×kw×C1×C2, or a Param that holds one. A row for each input channel, a column for each
    output channel.
    """
    from edf_kit.pictures.figure import DIVERGING, WIDTH, Picture, house_style

    kernels = np.asarray(getattr(kernels, "top", kernels), dtype=np.float64)
    if kernels.ndim != 4:
        raise ValueError(f"kernels have the shape kh×kw×C1×C2, but this is {shape_text(kernels.shape)}")
    name, (kh, kw, c_in, c_out) = title or f"filters, {shape_text(kernels.shape)}", kernels.shape
    limit = _scale(kernels) or 1.0
    is_wrapped = c_in == 1 and c_out > TILES
    if is_wrapped:  # one row would be too long
        rest = np.full((kh, kw, 1, -c_out % TILES), np.nan)
        kernels = np.concatenate([kernels, rest], axis=3).reshape(kh, kw, -1, TILES)
    tiles = Tiles(kernels.shape, KERNEL)
    rows, columns = tiles.shape
    with house_style():
        height = np.clip((WIDTH - 1.8) * rows / columns, 0.6, 8)
        width = np.clip((height * columns / rows), 2.5, WIDTH - 1.8) + 1.8
        picture = Picture(figsize=(width, height + 1), layout="constrained")
        picture.suptitle(name)
        axis = picture.subplots()
        shown = np.ma.masked_invalid(tiles.arrange(kernels))
        image = axis.imshow(shown, cmap=DIVERGING, vmin=-limit, vmax=limit, aspect="equal")
        tiles.label(axis, colour="white", width=4)
        if is_wrapped:
            axis.set_yticks(axis.get_yticks(), labels=range(0, kernels[0, 0].size, TILES))
            axis.set(xlabel=f"c2, in rows of {TILES}", ylabel="c2 of the first")
        axis.spines[:].set_visible(False)
        bar = picture.colorbar(image, ax=axis, fraction=0.03, aspect=12)
        bar.set_ticks([-limit, 0, limit], labels=[number_text(end, 2) for end in (-limit, 0, limit)])
    picture.caption = f"{name}: {c_in}×{c_out} tiles of {kh}×{kw} weights, none larger than {limit:.2g}"
    return picture


def training_figure(live):
    """Loss and accuracy of one run so far; live: a LiveTraining."""
    from edf_kit.pictures.figure import BLUE, VERMILION

    curves = {"training": (live.history, live.validations, BLUE, "-")}
    return _curves(curves, live.title, live.steps, VERMILION)


def plot_histories(histories, title=None):
    """Loss and accuracy of several runs, in the same axes.

    histories: a dict from a name to a LiveTraining, or to its .history.
    """
    from edf_kit.pictures.figure import BLACK, BLUE, GREEN, PURPLE, VERMILION

    looks = [(BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PURPLE, ":"), (BLACK, (0, (8, 2)))]
    curves = {
        name: (getattr(run, "history", run), getattr(run, "validations", []), *looks[i % len(looks)])
        for i, (name, run) in enumerate(histories.items())
    }
    steps = max((len(history) for history, *_ in curves.values()), default=1)
    return _curves(curves, title or " and ".join(curves), steps)


def _curves(curves, title, steps, validation_colour=None):
    """Draw runs: a dict from a name to (history, validations, colour, line style)."""
    from edf_kit.pictures.figure import WIDTH, Picture, house_style

    with_accuracy = any(history[-1][2] is not None for history, *_ in curves.values() if history)
    with_accuracy = with_accuracy or any(validations for _, validations, *_ in curves.values())
    with house_style():
        # Margins by hand: matplotlib's own layout takes longer than all the rest, and this is drawn often.
        margins = {"left": 0.06, "right": 0.985, "bottom": 0.16, "top": 0.82, "wspace": 0.14}
        picture = Picture(figsize=(WIDTH if with_accuracy else WIDTH * 0.6, 3))
        picture.suptitle(title)
        axes = picture.subplots(1, 1 + with_accuracy, squeeze=False, gridspec_kw=margins)
        loss_axis, *accuracy_axes = axes[0]
        for name, (history, validations, colour, line) in curves.items():
            numbers = np.array(history, dtype=np.float64).reshape(-1, 3)  # None becomes nan
            _curve(loss_axis, numbers[:, 0], numbers[:, 1], name, colour, line)
            if len(broken := numbers[~np.isfinite(numbers[:, 1]), 0]):
                loss_axis.plot(broken, 0 * broken, "x", color=colour, label="nan or inf", clip_on=False)
                loss_axis.legend(loc="upper right")  # to look for the best place takes long
            for axis in accuracy_axes:
                _curve(axis, numbers[:, 0], 100 * numbers[:, 2], name, colour, line)
                if validations:
                    at, accuracy = np.array(validations).T
                    look = {"color": validation_colour or colour, "linestyle": line, "markersize": 6}
                    label = "validation" if len(curves) == 1 else f"{name}, validation"
                    axis.plot(at, 100 * accuracy, marker="D", label=label, **look | {"linewidth": 1})
        loss_axis.set(title="loss", xlabel="step", xlim=(0, 1.02 * max(steps, 2)))
        losses = [loss for history, *_ in curves.values() for _, loss, _ in history if np.isfinite(loss)]
        loss_axis.set_ylim(bottom=min([0, *losses]))
        for axis in accuracy_axes:
            axis.set(title="accuracy in %", xlabel="step", xlim=(0, 1.02 * max(steps, 2)), ylim=(0, 101))
        for axis in (loss_axis, *accuracy_axes):
            axis.grid(color="#dddddd", linewidth=0.6)
        if len(curves) > 1 or accuracy_axes:
            (accuracy_axes or [loss_axis])[0].legend(loc="lower right" if accuracy_axes else "upper right")
    picture.caption = f"{title}: " + "; ".join(
        f"{name}: loss {history[0][1]:.4g} at first, {history[-1][1]:.4g} after {len(history)} steps"
        for name, (history, *_) in curves.items()
        if history
    )
    return picture


def _curve(axis, steps, numbers, name, colour, line):
    """A curve: pale as it is, and strong as the mean of the last steps, where there are many."""
    window = len(numbers) // 25
    if window < 2:
        axis.plot(steps, numbers, color=colour, linestyle=line, label=name, marker=".", markersize=4)
        return
    axis.plot(steps, numbers, color=colour, alpha=0.25, linewidth=0.8)
    axis.plot(steps, _running_mean(numbers, window), color=colour, linestyle=line, linewidth=1.8, label=name)


def _running_mean(numbers, window):
    """The mean of each number and the up to window - 1 before it; those that are not finite don't count."""
    finite = np.isfinite(numbers)
    total = np.cumsum(np.where(finite, numbers, 0))
    count = np.cumsum(finite)
    total[window:], count[window:] = total[window:] - total[:-window], count[window:] - count[:-window]
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
