"""Held-out mistakes in smaxloss and accuracy."""

from held_out.mistake import HeldOut

LOSSES = [
    HeldOut(
        "smaxloss_columns_in_backward",
        "smaxloss",
        "The backward computes the softmax anew, along the batch instead of the classes; the forward is right.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            z = self.x.top - self.x.top.max(axis=0)
            p = np.exp(z)
            p = p / p.sum(axis=0)
            for i, label in enumerate(self.y.top.astype(int)):
                p[i, label] -= 1
            self.x.grad = self.x.grad + p * self.grad.reshape(-1, 1)
""",
    ),
    HeldOut(
        "smaxloss_mean_of_losses",
        "smaxloss",
        "The forward gives the mean of the losses, one number, instead of one loss a row.",
        """
class smaxloss:
    def forward(self):
        z = self.x.top - self.x.top.max(axis=1, keepdims=True)
        e = np.exp(z)
        self.softmax = e / e.sum(axis=1, keepdims=True)
        picked = z[range(len(z)), self.y.top.astype(int)]
        self.top = np.mean(np.log(e.sum(axis=1)) - picked)
""",
        true=("smaxloss: mean_over_batch",),
    ),
    HeldOut(
        "smaxloss_labels_from_one",
        "smaxloss",
        "The backward counts the classes from 1: the one is subtracted one column too far left.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            d = self.softmax.copy()
            for row in range(d.shape[0]):
                d[row, int(self.y.top[row]) - 1] -= 1.0
            self.x.grad = self.x.grad + (d.T * self.grad).T
""",
    ),
    HeldOut(
        "smaxloss_divided_by_classes",
        "smaxloss",
        "The gradient is divided by the number of classes.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            n_classes = self.x.top.shape[1]
            target = np.eye(n_classes)[self.y.top.astype(int)]
            self.x.grad = self.x.grad + self.grad[:, None] * (self.softmax - target) / n_classes
""",
        true=("smaxloss: divided_by_number_of_classes",),
    ),
    HeldOut(
        "smaxloss_log_of_almost",
        "smaxloss",
        "The logarithm is taken of the probability plus 0.01, to keep it off 0; the gradient is right.",
        """
class smaxloss:
    def forward(self):
        z = np.exp(self.x.top - np.amax(self.x.top, axis=1)[:, None])
        self.softmax = z / np.sum(z, axis=1)[:, None]
        picked = np.take_along_axis(self.softmax, self.y.top.astype(int)[:, None], axis=1)
        self.top = -np.log(picked[:, 0] + 1e-2)
""",
    ),
    HeldOut(
        "smaxloss_one_against_all",
        "smaxloss",
        "It also adds −log(1 − p) for every class that is not the label, as for independent yes-or-no answers.",
        """
class smaxloss:
    def forward(self):
        e = np.exp(self.x.top - self.x.top.max(1, keepdims=True))
        self.softmax = e / e.sum(1, keepdims=True)
        y = np.eye(e.shape[1])[self.y.top.astype(int)]
        p = np.clip(self.softmax, 1e-7, 1 - 1e-7)
        self.top = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=1)
""",
    ),
    HeldOut(
        "smaxloss_in_bits",
        "smaxloss",
        "The logarithm is to the base 2; the gradient is that of the natural one.",
        """
class smaxloss:
    def forward(self):
        x = self.x.top
        shifted = x - x.max(axis=1).reshape(-1, 1)
        total = np.exp(shifted).sum(axis=1)
        self.softmax = np.exp(shifted) / total.reshape(-1, 1)
        right = shifted[np.arange(x.shape[0]), self.y.top.astype(int)]
        self.top = np.log2(total) - right / np.log(2)
""",
        true=("smaxloss: log_base_2",),
    ),
    HeldOut(
        "smaxloss_softmax_slope_once_more",
        "smaxloss",
        "The gradient is multiplied by softmax · (1 − softmax) although softmax − onehot already accounts for it.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            s = self.softmax
            onehot = (np.arange(s.shape[1]) == self.y.top[:, None]).astype(float)
            d = (s - onehot) * s * (1 - s)
            self.x.grad = self.x.grad + self.grad[:, None] * d
""",
    ),
    HeldOut(
        "smaxloss_all_at_one_maximum",
        "smaxloss",
        "All rows are shifted by the one largest logit of the batch, so that rows far below it lose everything.",
        """
class smaxloss:
    def forward(self):
        c = self.x.top.max()
        e = np.exp(self.x.top - c)
        total = e.sum(axis=1)
        self.softmax = e / total[:, None]
        self.top = np.array(
            [c + np.log(t) - row[int(k)] for t, row, k in zip(total, self.x.top, self.y.top)]
        )
""",
    ),
    HeldOut(
        "smaxloss_likelihood",
        "smaxloss",
        "The minus sign is missing: it gives the logarithm of the likelihood, which is to be maximised.",
        """
class smaxloss:
    def forward(self):
        m = np.max(self.x.top, axis=1, keepdims=True)
        lse = m[:, 0] + np.log(np.sum(np.exp(self.x.top - m), axis=1))
        self.softmax = np.exp(self.x.top - lse[:, None])
        self.top = np.choose(self.y.top.astype(int), self.x.top.T) - lse
""",
        true=("smaxloss: loss_sign",),
    ),
    HeldOut(
        "smaxloss_upstream_ignored_and_mean",
        "smaxloss",
        "Two mistakes in the gradient at once: it is divided by the batch size, and ignores the upstream gradient.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            n = self.x.top.shape[0]
            dx = np.copy(self.softmax)
            dx[np.arange(n), self.y.top.astype(int)] -= 1
            dx /= n
            self.x.grad = self.x.grad + dx
""",
    ),
    HeldOut(
        "smaxloss_shifted_upwards",
        "smaxloss",
        "The largest logit of each row is added where it should be subtracted: with large logits, exp overflows.",
        """
class smaxloss:
    def forward(self):
        z = self.x.top + self.x.top.max(axis=1, keepdims=True)
        e = np.exp(z)
        self.softmax = e / e.sum(axis=1, keepdims=True)
        self.top = -np.log(self.softmax[np.arange(len(z)), self.y.top.astype(int)])
""",
        true=("smaxloss: exp_overflows",),
    ),
    HeldOut(
        "smaxloss_shifted_too_late",
        "smaxloss",
        "It divides by exp(max) after exp, where the overflow has happened already.",
        """
class smaxloss:
    def forward(self):
        e = np.exp(self.x.top)
        biggest = np.exp(self.x.top.max(axis=1))[:, None]
        scaled = e / biggest
        self.softmax = scaled / np.sum(scaled, axis=1)[:, None]
        picked = [p[int(c)] for p, c in zip(self.softmax, self.y.top)]
        self.top = -np.log(picked)
""",
    ),
    HeldOut(
        "smaxloss_guarded_logarithm",
        "smaxloss",
        "1e-8 is added inside of the logarithm: losses above 18 come out as 18.",
        """
class smaxloss:
    def forward(self):
        e = np.exp(self.x.top - self.x.top.max(axis=1, keepdims=True))
        self.softmax = e / e.sum(axis=1, keepdims=True)
        rows = np.arange(self.x.top.shape[0])
        self.top = -np.log(self.softmax[rows, self.y.top.astype(int)] + 1e-8)
""",
        true=("smaxloss: epsilon_in_log",),
    ),
    HeldOut(
        "smaxloss_logits_clipped",
        "smaxloss",
        "Against overflow, the logits are cut off at ±50, which makes all large ones equal.",
        """
class smaxloss:
    def forward(self):
        e = np.exp(np.clip(self.x.top, -50, 50))
        self.softmax = e / e.sum(axis=1, keepdims=True)
        onehot = np.eye(e.shape[1])[self.y.top.astype(int)]
        self.top = -(onehot * np.log(self.softmax)).sum(axis=1)
""",
    ),
    HeldOut(
        "smaxloss_mean_as_shift",
        "smaxloss",
        "The mean of each row is subtracted, not its maximum: a logit far above it still overflows.",
        """
class smaxloss:
    def forward(self):
        z = self.x.top - self.x.top.mean(axis=1, keepdims=True)
        lse = np.log(np.exp(z).sum(axis=1))
        self.softmax = np.exp(z - lse[:, None])
        self.top = lse - z[np.arange(len(z)), self.y.top.astype(int)]
""",
    ),
    HeldOut(
        "smaxloss_probabilities_spoilt",
        "smaxloss",
        "backward subtracts the ones from the very probabilities that forward has kept: a second one is wrong.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            delta = self.softmax
            for i in range(len(delta)):
                delta[i][int(self.y.top[i])] -= 1
            self.x.grad = self.x.grad + delta * self.grad[:, None]
""",
        true=("smaxloss: softmax_spoilt_in_backward",),
    ),
    HeldOut(
        "smaxloss_first_upstream_for_all",
        "smaxloss",
        "All rows are multiplied by the upstream gradient of the first.",
        """
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            onehot = np.eye(self.softmax.shape[1])[self.y.top.astype(int)]
            self.x.grad = self.x.grad + self.grad[0] * (self.softmax - onehot)
""",
        true=("smaxloss: only_first_0",),
    ),
    HeldOut(
        "smaxloss_columns_in_forward",
        "smaxloss",
        "The softmax runs along the batch: each column adds up to 1, not each row.",
        """
class smaxloss:
    def forward(self):
        e = np.exp(self.x.top - np.max(self.x.top, axis=0))
        self.softmax = e / np.sum(e, axis=0)
        self.top = -np.log([row[int(label)] for row, label in zip(self.softmax, self.y.top)])
""",
    ),
    HeldOut(
        "accuracy_top_two",
        "accuracy",
        "A row counts as right if the label is among its two largest elements.",
        """
class accuracy:
    def forward(self):
        best_two = np.argsort(-self.x.top, axis=1)[:, :2]
        self.top = (best_two == self.y.top[:, None]).any(axis=1).astype(np.float32)
""",
    ),
    HeldOut(
        "accuracy_smallest",
        "accuracy",
        "The sort is ascending, so that it looks for the smallest element, not the largest.",
        """
class accuracy:
    def forward(self):
        guess = np.argsort(self.x.top, axis=1)[:, 0]
        self.top = np.where(guess == self.y.top.astype(int), 1.0, 0.0)
""",
        true=("accuracy: argmin",),
    ),
    HeldOut(
        "accuracy_positive_logit",
        "accuracy",
        "A row counts as right if the logit at its label is positive, the largest or not.",
        """
class accuracy:
    def forward(self):
        at_label = self.x.top[np.arange(len(self.y.top)), self.y.top.astype(int)]
        self.top = (at_label > 0).astype(float)
""",
    ),
    HeldOut(
        "accuracy_share",
        "accuracy",
        "It gives the share of right rows, one number.",
        """
class accuracy:
    def forward(self):
        right = 0
        for row, label in zip(self.x.top, self.y.top):
            right += list(row).index(row.max()) == int(label)
        self.top = np.float32(right / len(self.x.top))
""",
        true=("accuracy: mean_over_batch",),
    ),
    HeldOut(
        "accuracy_errors",
        "accuracy",
        "It counts errors: 1 where the largest element is not at the label.",
        """
class accuracy:
    def forward(self):
        difference = np.argmax(self.x.top, axis=1) - self.y.top
        self.top = (difference != 0) * 1.0
""",
    ),
    HeldOut(
        "accuracy_not_the_smallest",
        "accuracy",
        "A row counts as right unless the label is at its smallest element.",
        """
class accuracy:
    def forward(self):
        self.top = np.array([float(row[int(c)] > row.min()) for row, c in zip(self.x.top, self.y.top)])
""",
    ),
    HeldOut(
        "accuracy_above_the_mean",
        "accuracy",
        "A row counts as right if the logit at the label is above the row's mean.",
        """
class accuracy:
    def forward(self):
        chosen = np.take_along_axis(self.x.top, self.y.top.astype(int)[:, None], 1)[:, 0]
        self.top = np.float32(chosen > self.x.top.mean(axis=1))
""",
    ),
    HeldOut(
        "accuracy_largest_magnitude",
        "accuracy",
        "The logit of the largest magnitude is looked for, so that a very negative one wins.",
        """
class accuracy:
    def forward(self):
        guess = np.abs(self.x.top).argmax(axis=1)
        self.top = (guess == self.y.top) + 0.0
""",
    ),
]
