"""Wrong and right ways to write edf, as edits of the solution: what the public checks are tried on."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = (ROOT / "solutions" / "edf.py").read_text(encoding="utf-8")
SKELETON = (ROOT / "pset" / "edf.py").read_text(encoding="utf-8")


def changed(name, *edits, source=SOLUTION):
    """The solution with (old, new) edits in the class or function of that name; each old occurs once there."""
    node = next(node for node in ast.parse(source).body if getattr(node, "name", None) == name)
    before = after = ast.get_source_segment(source, node)
    for old, new in edits:
        assert after.count(old) == 1, f"{old!r} occurs {after.count(old)} times in {name}"
        after = after.replace(old, new)
    return source.replace(before, after)


X_ADDED, Y_ADDED = "self.x.grad = self.x.grad + ", "self.y.grad = self.y.grad + "
F_ADDED, K_ADDED = "self.f.grad = self.f.grad + ", "self.k.grad = self.k.grad + "
TO_X, TO_Y = "if self.x in ops or self.x in params:", "if self.y in ops or self.y in params:"
FLIPPED = ("@ k[ky, kx]", "@ k[-1 - ky, -1 - kx]")
CHOSEN_TO_BOTH = f"{X_ADDED}self.grad * chosen\n        {TO_Y}\n            {Y_ADDED}"
OLD_MAX = "shifted = self.x.top - self.x.top.max(axis=1, keepdims=True)"

# (exercise, changed name, old, new): plausible mistakes.
WRONG = [
    ("Value", "Value", "np.array(value, dtype=np.float32)", "np.asarray(value, dtype=np.float32)"),
    ("Value", "Param", "np.array(value, dtype=np.float32)", "np.array(value)"),
    ("Value", "Param", "np.array(value, dtype=np.float32)", "np.zeros(np.shape(value), np.float32)"),
    ("Forward", "Forward", "in ops", "in reversed(ops)"),
    ("Forward", "Forward", "in ops", "in ops[:-1]"),
    ("Forward", "Forward", "        op.forward()", "        op.forward()\n        op.forward()"),
    ("Backward", "Backward", "node.grad = np.zeros_like(node.top)", "node.grad = getattr(node, 'grad', 0)"),
    ("Backward", "Backward", "reversed(ops)", "ops"),
    ("Backward", "Backward", "np.ones_like(loss.top)", "np.zeros_like(loss.top)"),
    ("Backward", "Backward", "ops + params", "ops + params + values"),
    ("SGD", "SGD", "p.top - lr", "p.top + lr"),
    ("SGD", "SGD", "in params", "in params[:1]"),
    ("SGD", "SGD", "p.top = p.top - lr * p.grad", "p.grad *= lr\n        p.top = p.top - p.grad"),
    ("matmul", "matmul", "self.x.top @ self.y.top", "self.y.top.T @ self.x.top.T"),
    ("matmul", "matmul", "self.x.top @ self.y.top", "self.x.top * self.y.top"),
    ("matmul", "matmul", "self.grad @ self.y.top.T", "self.grad.sum() * np.ones_like(self.x.top)"),
    ("matmul", "matmul", "self.x.top.T @ self.grad", "self.grad.T @ self.x.top"),
    ("matmul", "matmul", X_ADDED, "self.x.grad = "),
    ("add", "add", "self.x.top + self.y.top", "self.x.top - self.y.top"),
    ("add", "add", "self.grad.sum(axis=copied)", "self.grad.mean(axis=copied)"),
    ("add", "add", "self.grad.sum(axis=copied)", "self.grad"),
    (
        "add",
        "add",
        "self.grad.sum(axis=copied)",
        "(self.grad if self.y.top.ndim > 1 else self.grad.sum(axis=0))",
    ),
    ("add", "add", X_ADDED, "self.x.grad = "),
    ("add", "add", Y_ADDED, "self.y.grad = "),
    ("add", "add", X_ADDED + "self.grad", X_ADDED + "1"),
    ("add", "add", TO_Y, "if True:"),
    ("add", "add", TO_X, "if self.x in params:"),
    ("add", "add", "self.top = self.x.top + self.y.top", "self.top = self.x.top; self.top += self.y.top"),
    ("RELU", "RELU", "np.maximum(self.x.top, 0)", "np.abs(self.x.top)"),
    ("RELU", "RELU", "np.maximum(self.x.top, 0)", "0 * self.x.top"),
    ("RELU", "RELU", "* (self.x.top >= 0)", "* (self.grad >= 0)"),
    ("RELU", "RELU", "self.grad * (self.x.top >= 0)", "(self.x.top >= 0)"),
    ("RELU", "RELU", "self.grad * (self.x.top >= 0)", "self.grad"),
    ("RELU", "RELU", X_ADDED, "self.x.grad = "),
    ("RELU", "RELU", "self.x.grad = self", "self.grad[self.x.top < 0] = 0; self.x.grad = self"),
    ("RELU", "RELU", "(self.x.top >= 0)", "self.__dict__.setdefault('mask', self.x.top >= 0)"),
    ("RELU", "RELU", "self.grad * (", "self.__dict__.setdefault('seen', self.grad) * ("),
    (
        "where",
        "where",
        "chosen = ",
        "chosen = self.__dict__.setdefault('mask', self.p.top >= self.q.top); _ = ",
    ),
    ("max", "max", "x_wins = ", "x_wins = self.__dict__.setdefault('mask', self.x.top >= self.y.top); _ = "),
    ("add", "add", "self.top = self.x.top", "self.top = getattr(self, 'top', 0) + self.x.top"),
    ("sigmoid", "sigmoid", "self.top * (1 - self.top)", "self.x.top * (1 - self.x.top)"),
    ("sigmoid", "sigmoid", "/ (1 + small)", "/ (2 + small)"),
    ("mean", "mean", "np.mean(self.x.top)", "np.sum(self.x.top)"),
    ("mean", "mean", "np.mean(self.x.top)", "np.mean(self.x.top, axis=0)"),
    ("mean", "mean", "self.grad / self.x.top.size", "self.grad"),
    ("mean", "mean", "self.grad / self.x.top.size", "self.grad / len(self.x.top)"),
    ("mean", "mean", "self.grad / self.x.top.size", "1 / self.x.top.size"),
    ("mean", "mean", " + share * np.ones_like(self.x.top)", " * 0 + share"),
    ("smaxloss", "smaxloss", "self.top = -log", "self.top = log"),
    ("smaxloss", "smaxloss", "exp(shifted).sum(axis=1, keepdims=True)", "exp(shifted).sum()"),
    ("smaxloss", "smaxloss", OLD_MAX, "shifted = self.x.top"),
    ("smaxloss", "smaxloss", OLD_MAX, "shifted = self.x.top - self.x.top.max()"),
    ("smaxloss", "smaxloss", "self.grad[:, np.newaxis] * ", ""),
    ("smaxloss", "smaxloss", "(self.softmax - onehot)", "self.softmax"),
    ("smaxloss", "smaxloss", "(self.softmax - onehot)", "(onehot - self.softmax)"),
    ("smaxloss", "smaxloss", "(self.softmax - onehot)", "(self.softmax - onehot) / len(onehot)"),
    ("smaxloss", "smaxloss", "-log_softmax[rows, labels]", "np.mean(-log_softmax[rows, labels])"),
    ("accuracy", "accuracy", "axis=1", "axis=0"),
    ("accuracy", "accuracy", "argmax", "argmin"),
    ("accuracy", "accuracy", "        pass", "        self.x.grad = self.x.grad + 1"),
    ("conv2_forward", "conv2", *FLIPPED),
    ("conv2_forward", "conv2", "f[seen] @ k[ky, kx]", "f[seen] @ k[ky, kx] * 0"),
    ("conv2_forward", "conv2", "self.top += f", "self.top = f"),
    ("conv2_forward", "conv2", "(B, height, width, C2), dtype=f.dtype)", "(B, H, W, C2), dtype=f.dtype)"),
    ("conv2_image", "conv2", "image_grad[seen] += self.grad", "image_grad[seen] = self.grad"),
    ("conv2_image", "conv2", "self.k.top[ky, kx].T", "self.k.top[-1 - ky, -1 - kx].T"),
    ("conv2_image", "conv2", "self.grad @ self.k.top[ky, kx].T", "1 @ self.k.top[ky, kx].T"),
    ("conv2_image", "conv2", F_ADDED, "self.f.grad = "),
    ("conv2_image", "conv2", "if self.f in ops or self.f in params:", "if self.f in params:"),
    ("conv2_kernel", "conv2", K_ADDED, "self.k.grad = "),
    ("conv2_kernel", "conv2", "kernel_grad[ky, kx] =", "kernel_grad[-1 - ky, -1 - kx] ="),
    ("conv2_kernel", "conv2", "kernel_grad\n", "kernel_grad / len(self.f.top)\n"),
    ("conv2_kernel", "conv2", "if self.k in ops or self.k in params:", "if True:"),
    ("stride", "conv2", "self.stride = stride", "self.stride = 1"),
    ("stride", "conv2", "-(-(H - kh + 1) // self.stride)", "((H - kh + 1) // self.stride)"),
    ("down2", "down2", "self.top = self.x.top[:, ::2, ::2, :]", "self.top = self.x.top[:, 1::2, 1::2, :]"),
    ("down2", "down2", "self.top = self.x.top[:, ::2, ::2, :]", "self.top = self.x.top[::2, ::2]"),
    ("down2", "down2", "x_grad[:, ::2, ::2, :] = self.grad", "x_grad[:] = self.grad.mean()"),
    ("flatten", "flatten", "reshape(len(self.x.top), -1)", "reshape(len(self.x.top), -1, order='F')"),
    ("flatten", "flatten", "reshape(len(self.x.top), -1)", "reshape(-1)"),
    ("flatten", "flatten", "self.grad.reshape(self.x.top.shape)", "self.grad"),
    ("max", "max", "self.x.top >= self.y.top", "self.x.top > self.y.top"),
    ("max", "max", "np.maximum", "np.minimum"),
    ("max", "max", "self.grad * x_wins", "x_wins"),
    ("max", "max", "self.grad * ~x_wins", "self.grad * (self.y.top >= self.x.top)"),
    ("max", "max", "self.grad * ~x_wins", "self.grad"),
    ("max", "max", "x_wins = self.x.top >= self.y.top", "x_wins = self.grad >= 0"),
    ("where", "where", "np.where(self.p.top >= self.q.top", "np.where(self.p.top > self.q.top"),
    ("where", "where", "chosen = self.p.top >= self.q.top", "chosen = self.p.top > self.q.top"),
    ("where", "where", "chosen = self.p.top >= self.q.top", "chosen = self.x.top >= self.y.top"),
    ("where", "where", TO_X, "self.p.grad = self.grad\n        " + TO_X),
    (
        "where",
        "where",
        CHOSEN_TO_BOTH,
        f"before = getattr(self.y, 'grad', 0); {CHOSEN_TO_BOTH}".replace(
            Y_ADDED, "self.y.grad = (before if self.x in params else self.y.grad) + "
        ),
    ),
    ("momentum", "momentum", "mom * p.velocity + p.grad", "mom * p.velocity"),
    ("momentum", "momentum", "mom * p.velocity + p.grad", "mom * p.velocity + (1 - mom) * p.grad"),
    ("momentum", "momentum", "mom * p.velocity + p.grad", "p.velocity + mom * p.grad"),
    ("momentum", "momentum", "p.velocity = mom", "velocity = mom"),
    ("momentum", "momentum", "mom * p.velocity", "0.9 * p.velocity"),
    ("momentum", "momentum", "mom=0.9", "mom=0.5"),
    (
        "momentum",
        "momentum",
        "p.velocity = mom * p.velocity",
        "params[0].velocity = mom * params[0].velocity",
    ),
    ("eager", "eager", "self.forward()", "pass"),
    ("eager", "eager", "__init__(*args, **kwargs)", "__init__(*args)"),
    ("eager", "eager", "            self.forward()", "            ops.append(self); self.forward()"),
    ("eager", "eager", "    return eager_op", "    return eager_op()"),
    ("eager", "eager", "    return eager_op", "    op.__init__ = eager_op.__init__; return op"),
    ("eager", "reset", "    ops.clear()", "    global ops; ops = []"),
    ("eager", "reset", "    values.clear()", "    params.clear(); values.clear()"),
    ("eager", "reset", "    ops.clear()", "    del ops[:1]"),
]

LOOPS = """f, k = self.f.top, self.k.top
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        self.top = np.zeros((B, H - kh + 1, W - kw + 1, C2))
        for b, y, x, c2 in np.ndindex(self.top.shape):
            self.top[b, y, x, c2] = (f[b, y : y + kh, x : x + kw] * k[..., c2]).sum()

    def unused(self):
        f, k = self.f.top, self.k.top"""
FLOAT32 = ".astype(np.float32)"
CAREFUL_LOG = (
    "log_softmax = np.log(np.maximum(np.exp(shifted) / np.exp(shifted).sum(axis=1)[:, None], 1e-300))"
)

# (exercise, changed name, (old, new) edits): other ways to be right.
RIGHT = [
    (
        "conv2",
        "conv2",
        ("C2), dtype=f.dtype", "C2), dtype=np.float32"),
        ("self.top += ", "self.top[...] += "),
    ),
    (
        "conv2",
        "conv2",
        ("image_grad = np.zeros_like(self.f.top)", "image_grad = np.zeros(self.f.top.shape, 'f4')"),
    ),
    (
        "conv2",
        "conv2",
        ("kernel_grad = np.zeros_like(self.k.top)", "kernel_grad = np.zeros(self.k.top.shape, 'f4')"),
    ),
    ("conv2", "conv2", ("f, k = self.f.top, self.k.top", f"f, k = self.f.top{FLOAT32}, self.k.top{FLOAT32}")),
    ("conv2", "conv2", ("f, k = self.f.top, self.k.top", LOOPS)),
    ("conv2", "conv2", ("self.f.grad = self.f.grad + image", "self.f.grad += image")),
    ("matmul", "matmul", ("self.x.top @ self.y.top", f"(self.x.top{FLOAT32} @ self.y.top).astype(float)")),
    ("matmul", "matmul", ("self.x.top @ self.y.top", f"self.x.top{FLOAT32} @ self.y.top{FLOAT32}")),
    ("add", "add", ("self.x.top + self.y.top", f"(self.x.top + self.y.top){FLOAT32}")),
    ("add", "add", (X_ADDED, "self.x.grad += "), (Y_ADDED, "self.y.grad += ")),
    ("RELU", "RELU", (">= 0", "> 0"), ("np.maximum(self.x.top, 0)", f"np.maximum(self.x.top, 0){FLOAT32}")),
    (
        "RELU",
        "RELU",
        (
            X_ADDED + "self.grad * (self.x.top >= 0)",
            "self.x.grad += np.where(self.x.top > 0, self.grad, 0)",
        ),
    ),
    (
        "sigmoid",
        "sigmoid",
        ("/ (1 + small)", f"/ (1 + small){FLOAT32}"),
        ("(self.x.top >= 0, 1, small)", f"(self.x.top >= 0, 1, small){FLOAT32}"),
    ),
    ("mean", "mean", ("np.mean(self.x.top)", "np.mean(self.x.top, dtype=np.float32)")),
    ("mean", "mean", ("np.mean(self.x.top)", "float(np.mean(self.x.top))")),
    ("mean", "mean", (" + share * np.ones_like(self.x.top)", " + share")),
    ("smaxloss", "smaxloss", ("shifted = self.x.top - ", f"shifted = self.x.top{FLOAT32} - ")),
    (
        "max",
        "max",
        ("np.maximum(self.x.top, self.y.top)", "np.where(self.x.top > self.y.top, self.x.top, self.y.top)"),
    ),
    ("max", "max", ("np.maximum(self.x.top, self.y.top)", f"np.maximum(self.x.top, self.y.top){FLOAT32}")),
    ("where", "where", ("np.where(", "np.float32(np.where("), ("self.y.top)", "self.y.top))")),
    ("momentum", "momentum", ("+ p.grad", "+ lr * p.grad"), ("- lr * p.velocity", "- p.velocity")),
    ("momentum", "init_momentum", ("np.zeros_like(p.top)", "0")),
    ("momentum", "momentum", ("p.top = p.top - ", "p.top -= ")),
    ("eager", "reset", ("ops.clear()", "ops[:] = []"), ("values.clear()", "del values[:]")),
    ("eager", "eager", ("return eager_op", "return lambda *args, **kwargs: eager_op(*args, **kwargs)")),
    ("Forward", "Forward", ("in ops", "in list(ops)")),
]
