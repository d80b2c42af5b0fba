"""Held-out mistakes in max and where."""

from held_out.mistake import HeldOut

CHOICES = [
    HeldOut(
        "max_ties_half_each",
        "max",
        "Where x equals y, each gets half of the gradient.",
        """
class max:
    def backward(self):
        to_x = np.heaviside(self.x.top - self.y.top, 0.5)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + to_x * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + (1 - to_x) * self.grad
""",
        true=("max: ties_shared",),
    ),
    HeldOut(
        "max_ties_lost",
        "max",
        "Both comparisons are strict: where x equals y, nobody gets the gradient.",
        """
class max:
    def backward(self):
        sign = np.sign(self.x.top - self.y.top)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(sign == 1, self.grad, 0)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(sign == -1, self.grad, 0)
""",
        true=("max: ties_to_neither",),
    ),
    HeldOut(
        "max_one_decision_for_all",
        "max",
        "It decides once for the whole array, by the sums, who gets the gradient.",
        """
class max:
    def backward(self):
        if np.sum(self.x.top) >= np.sum(self.y.top):
            winner = self.x
        else:
            winner = self.y
        if winner in ops or winner in params:
            winner.grad = winner.grad + self.grad
""",
    ),
    HeldOut(
        "max_by_magnitude",
        "max",
        "It compares magnitudes: −3 wins over 2, forward and backward.",
        """
class max:
    def forward(self):
        self.left = np.abs(self.x.top) >= np.abs(self.y.top)
        self.top = np.where(self.left, self.x.top, self.y.top)

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.left * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.logical_not(self.left) * self.grad
""",
    ),
    HeldOut(
        "max_smooth",
        "max",
        "It computes a smooth maximum, log(exp(x) + exp(y)), whose derivative the backward is.",
        """
class max:
    def forward(self):
        self.top = np.logaddexp(self.x.top, self.y.top)

    def backward(self):
        share = np.exp(self.x.top - self.top)
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + share * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + (1 - share) * self.grad
""",
        true=("max: consistent",),
    ),
    HeldOut(
        "max_ties_to_both",
        "max",
        "Both comparisons let ties through: where x equals y, each gets the whole gradient.",
        """
class max:
    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * (self.x.top == self.top)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (self.y.top == self.top)
""",
        true=("max: ties_to_both",),
    ),
    HeldOut(
        "max_params_only",
        "max",
        "Only Params get a gradient, operations do not.",
        """
class max:
    def backward(self):
        first = self.x.top >= self.y.top
        if isinstance(self.x, Param):
            self.x.grad = self.x.grad + first * self.grad
        if isinstance(self.y, Param):
            self.y.grad = self.y.grad + (self.grad - first * self.grad)
""",
    ),
    HeldOut(
        "where_q_forgotten",
        "where",
        "It compares p with 0 instead of with q, forward and backward.",
        """
class where:
    def forward(self):
        self.cond = self.p.top >= 0
        self.top = self.cond * self.x.top + (1 - self.cond) * self.y.top

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.cond * self.grad
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + (1 - self.cond) * self.grad
""",
        true=(
            "where: carried",
            "where: q_ignored",
        ),
    ),
    HeldOut(
        "where_y_gets_all",
        "where",
        "y gets the whole upstream gradient, also where x was chosen; the gradient to x is right.",
        """
class where:
    def backward(self):
        if self.x in ops or self.x in params:
            dx = np.zeros(self.grad.shape)
            took_x = self.p.top >= self.q.top
            dx[took_x] = self.grad[took_x]
            self.x.grad = self.x.grad + dx
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad
""",
        true=("where: not_0_where_expected",),
    ),
    HeldOut(
        "where_straight_through",
        "where",
        "p and q get gradients too, as if the choice were p·x + q·y.",
        """
class where:
    def backward(self):
        took_x = np.greater_equal(self.p.top, self.q.top)
        shares = [
            (self.x, took_x),
            (self.y, ~took_x),
            (self.p, self.x.top),
            (self.q, self.y.top),
        ]
        for node, share in shares:
            if node in ops or node in params:
                node.grad = node.grad + self.grad * share
""",
    ),
    HeldOut(
        "where_strict",
        "where",
        "The comparison is strict: where p equals q, y is chosen and gets the gradient.",
        """
class where:
    def forward(self):
        out = self.y.top.copy()
        out[self.p.top > self.q.top] = self.x.top[self.p.top > self.q.top]
        self.top = out

    def backward(self):
        to_y = self.p.top <= self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + np.where(to_y, 0, self.grad)
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + np.where(to_y, self.grad, 0)
""",
        true=("where: ties_to_y",),
    ),
    HeldOut(
        "where_strict_in_backward",
        "where",
        "The forward is right; the backward gives the gradient to y where p equals q.",
        """
class where:
    def backward(self):
        higher = self.p.top > self.q.top
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + self.grad * higher
        if self.y in ops or self.y in params:
            self.y.grad = self.y.grad + self.grad * (1 - higher)
""",
        true=("where: gradient_of_ties_to_y",),
    ),
    HeldOut(
        "where_operations_only",
        "where",
        "Only operations get a gradient, Params do not.",
        """
class where:
    def backward(self):
        c = self.p.top >= self.q.top
        if self.x in ops:
            self.x.grad = self.x.grad + self.grad * c
        if self.y in ops:
            self.y.grad = self.y.grad + self.grad * ~c
""",
    ),
]
