"""The reference and the skeleton with edits: code for tests to try."""

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


# An edit of conv2: a true convolution.
FLIPPED = ("@ k[ky, kx]", "@ k[-1 - ky, -1 - kx]")

# In place of OLD_FORWARD, a forward of conv2 that is right, and loops over pixels.
OLD_FORWARD = "f, k = self.f.top, self.k.top"
SLOW_FORWARD = f"""{OLD_FORWARD}
        (B, H, W, C1), (kh, kw, _, C2) = f.shape, k.shape
        self.top = np.zeros((B, H - kh + 1, W - kw + 1, C2))
        for b, y, x, c2 in np.ndindex(self.top.shape):
            self.top[b, y, x, c2] = (f[b, y : y + kh, x : x + kw] * k[..., c2]).sum()

    def unused(self):
        {OLD_FORWARD}"""
