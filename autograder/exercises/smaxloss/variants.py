"""The bank of smaxloss: plausible mistakes, and other ways to be right."""

from autograder.exercises.smaxloss import smaxloss

SHIFT = "self.x.top - self.x.top.max(axis=1, keepdims=True)"
LOG_SOFTMAX = "shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))"
SHARES = "np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)"
LOSS = "-log_softmax[rows, labels]"
UPSTREAM = "self.grad[:, np.newaxis]"
SLOPE = "(self.softmax - onehot)"

smaxloss.wrong(
    "upstream_ignored",
    "the upstream gradient is left out, as if it were 1 in every row",
    gives_away="gradient",
    hints=(
        "By the chain rule, what an operation passes on is the upstream gradient times its own slope.",
        "Look at the use of the upstream gradient in smaxloss.backward.",
    ),
    edits=[(f"{UPSTREAM} * ", "")],
)
smaxloss.wrong(
    "onehot_forgotten",
    "the gradient is the softmax alone, and the label has no part in it",
    gives_away="gradient",
    hints=(
        "The logit of the label enters the loss twice. A row of the gradient adds up to 0.",
        "Look at what smaxloss.backward does at the label's place in each row.",
    ),
    edits=[(SLOPE, "self.softmax")],
)
smaxloss.wrong(
    "exp_overflows",
    "large logits are not brought down to 0 before the exponential is taken: it overflows",
    gives_away="forward_huge_logits",
    hints=(
        "Softmax stays the same when a constant is added to all logits of a row, and this can keep the "
        "exponential from overflowing.",
        "Look at what smaxloss.forward takes the exponential of when a logit is 1000.",
    ),
    edits=[(SHIFT, "self.x.top"), (LOG_SOFTMAX, f"np.log({SHARES})")],
)
smaxloss.wrong(
    "log_of_zero",
    "the logarithm is taken of the softmax, which is rounded to 0 at a logit far below the largest",
    gives_away="forward_huge_logits",
    hints=(
        "A loss of 2000 is a fine number, but exp(−2000) is rounded to 0, and its logarithm is infinite.",
        "Look at the logarithm in smaxloss.forward: that of a quotient, or of a product, can be taken apart "
        "before the numbers get too small.",
    ),
    edits=[(LOG_SOFTMAX, f"np.log({SHARES})")],
)
smaxloss.wrong(
    "divided_by_batch",
    "the gradient is divided by the batch size, which is the business of mean",
    gives_away="gradient",
    hints=(
        "There is one loss for each row, and each has its own upstream gradient. Nothing is averaged here.",
        "Look at what smaxloss.backward divides by.",
    ),
    edits=[(SLOPE, f"{SLOPE} / len(onehot)")],
)
smaxloss.wrong(
    "global_shift",
    "all rows are shifted by the same number, the largest logit of the whole batch",
    gives_away="forward_huge_logits",
    hints=(
        "In a row whose logits are all far below the shift, every exponential is rounded to 0.",
        "Look at the shift in smaxloss.forward: which logits is it the largest of?",
    ),
    edits=[(SHIFT, "self.x.top - self.x.top.max()"), (LOG_SOFTMAX, f"np.log({SHARES})")],
)
smaxloss.wrong(
    "mean_over_batch",
    "the losses are averaged over the batch to one number",
    gives_away="forward",
    hints=(
        "The result has one loss for each row of the logits.",
        "Look at the last step of smaxloss.forward. There is an operation of its own for the mean.",
    ),
    edits=[(LOSS, f"np.mean({LOSS})")],
)
smaxloss.wrong(
    "gradient_sign",
    "the gradient has the opposite sign: one-hot minus softmax",
    gives_away="gradient",
    hints=(
        "A larger logit at the label makes the loss smaller: the slope there is negative.",
        "Look at which of the two is subtracted from the other in smaxloss.backward.",
    ),
    edits=[(SLOPE, "(onehot - self.softmax)")],
)
smaxloss.wrong(
    "loss_sign",
    "the minus in front of the logarithm is missing",
    gives_away="forward",
    hints=(
        "The softmax at the label is below 1 and its logarithm negative; the loss is positive.",
        "Look at the sign of what smaxloss.forward ends with.",
    ),
    edits=[(LOSS, LOSS.removeprefix("-"))],
)
smaxloss.wrong(
    "overwrites",
    "the gradient is assigned to the logits, where it should be added to what is there",
    gives_away="accumulates",
    hints=(
        "Several operations may use the same input, and its gradient is the sum of what they all pass on.",
        "Look at what smaxloss.backward does with a gradient that x has already.",
    ),
    edits=[("self.x.grad = self.x.grad + ", "self.x.grad = ")],
)
smaxloss.wrong(
    "logits_shifted_in_place",
    "forward subtracts the largest logit of each row from the logits of x themselves",
    gives_away="inputs_unmodified",
    hints=(
        "The loss is the same for shifted logits, but x belongs to others too, who read the logits after it.",
        "Look at which array smaxloss.forward writes the shifted logits to.",
    ),
    edits=[(f"shifted = {SHIFT}", "shifted = self.x.top; shifted -= shifted.max(axis=1, keepdims=True)")],
)
smaxloss.wrong(
    "softmax_of_whole_array",
    "the softmax is taken over the whole array: the exponentials of all rows are added up",
    gives_away="forward",
    hints=(
        "Each row is a softmax of its own: its shares add up to 1, whatever the other rows hold.",
        "Look at what is added up in smaxloss.forward, and along which axis.",
    ),
    edits=[("max(axis=1, keepdims=True)", "max()"), ("sum(axis=1, keepdims=True)", "sum()")],
)
smaxloss.wrong(
    "softmax_over_batch",
    "the softmax is taken over the batch, along the columns, where it should be along the rows",
    gives_away="forward",
    hints=(
        "The shares that add up to 1 are those of the classes, in each row.",
        "Look at the axis of the sum and of the maximum in smaxloss.forward.",
    ),
    edits=[("max(axis=1, ", "max(axis=0, "), ("sum(axis=1, ", "sum(axis=0, ")],
)
smaxloss.wrong(
    "shift_of_each_class",
    "each class is shifted by its own largest logit, which changes the softmax of the rows",
    gives_away="forward",
    hints=(
        "Softmax stays the same only if all logits of a row are shifted by the same number.",
        "Look at the axis of the maximum in smaxloss.forward.",
    ),
    edits=[("max(axis=1, ", "max(axis=0, ")],
)
smaxloss.wrong(
    "shift_not_undone",
    "the logarithm of the sum is that of shifted logits, and the label's logit is not shifted",
    gives_away="forward",
    hints=(
        "Adding a constant to all logits of a row must not change its loss.",
        "Look at the two terms of the loss in smaxloss.forward: both need the shift, or neither.",
    ),
    edits=[(LOSS, "(shifted - log_softmax - self.x.top)[rows, labels]")],
)
smaxloss.wrong(
    "softmax_spoilt_in_backward",
    "backward works in place on the softmax that forward saved, and spoils it for the next backward",
    gives_away="second_pass",
    hints=(
        "After one forward, backward gives the same gradient however often it runs.",
        "Look at what smaxloss.backward does to the array that smaxloss.forward saved for it.",
    ),
    edits=[
        ("onehot = np.zeros_like(self.softmax)", "difference = self.softmax"),
        ("onehot[rows, labels] = 1", "difference[rows, labels] -= 1"),
        (SLOPE, "difference"),
    ],
)
smaxloss.wrong(
    "upstream_averaged",
    "every row gets the mean of the upstream gradient over the batch",
    gives_away="gradient",
    hints=(
        "There is one loss for each row, and its upstream gradient concerns the logits of that row only.",
        "Look at how smaxloss.backward brings the upstream gradient, one number a row, to the shape of the "
        "logits.",
    ),
    edits=[(UPSTREAM, "self.grad.mean()")],
)
smaxloss.wrong(
    "upstream_summed",
    "every row gets the sum of the upstream gradient over the batch",
    gives_away="gradient",
    hints=(
        "There is one loss for each row, and its upstream gradient concerns the logits of that row only.",
        "Look at how smaxloss.backward brings the upstream gradient, one number a row, to the shape of the "
        "logits.",
    ),
    edits=[(UPSTREAM, "self.grad.sum()")],
)
smaxloss.wrong(
    "label_column_only",
    "only the label's logit gets a gradient, softmax minus 1, and the others none",
    gives_away="gradient",
    hints=(
        "Every logit of a row has an influence on the loss, by the sum of the exponentials.",
        "Look at what smaxloss.backward gives to the logits that are not the label's.",
    ),
    edits=[(SLOPE, "onehot * (self.softmax - 1)")],
)
smaxloss.wrong(
    "label_number_subtracted",
    "the label as a number is subtracted from all of its row, not 1 at the label's place",
    gives_away="gradient",
    hints=(
        "Labels are names: which number a class has must not matter. A row of the gradient adds up to 0.",
        "Look at what smaxloss.backward subtracts from the softmax, and where.",
    ),
    edits=[(SLOPE, "(self.softmax - self.y.top[:, np.newaxis])")],
)
smaxloss.wrong(
    "slope_of_the_logarithm",
    "the gradient is that to the softmax, −1 divided by it at the label, not to the logits",
    gives_away="gradient",
    hints=(
        "The chain has two links, softmax and logarithm: the gradient goes through both of them.",
        "Look at how far back smaxloss.backward goes: which numbers is its result the slope by?",
    ),
    edits=[(SLOPE, "(-onehot / self.softmax)")],
)
smaxloss.wrong(
    "slope_of_each_share",
    "the gradient is the slope of each share by its own logit, softmax · (1 − softmax), whatever the label",
    gives_away="gradient",
    hints=(
        "The gradient depends on the label: of two rows of equal logits, each has its own.",
        "Look at the use of the labels in smaxloss.backward: the slope of which number does it compute?",
    ),
    edits=[(SLOPE, "self.softmax * (1 - self.softmax)")],
)
smaxloss.wrong(
    "every_row_with_all_labels",
    "each row is taken at the labels of all rows: B×B losses",
    gives_away="forward",
    hints=(
        "Each row has one label, its own, so there is one loss for each row.",
        "Look at how smaxloss.forward picks the label's place: rows and labels go together in pairs.",
    ),
    edits=[(LOSS, "-log_softmax[:, labels]")],
)
smaxloss.wrong(
    "onehot_of_all_labels",
    "1 is subtracted in every row at the labels of all rows",
    gives_away="gradient",
    hints=(
        "Each row has one label, its own. A row of the gradient adds up to 0.",
        "Look at how smaxloss.backward picks the label's place: rows and labels go together in pairs.",
    ),
    edits=[("onehot[rows, labels] = 1", "onehot[:, labels] = 1")],
)
smaxloss.wrong(
    "epsilon_in_log",
    "a small number, 1e-8, keeps the logarithm from 0: no loss can exceed 18.4",
    gives_away="forward_huge_logits",
    hints=(
        "The loss of a row grows with the distance of its logits, here to 2000, without a limit.",
        "Look at what keeps the logarithm in smaxloss.forward from 0. There is an exact way: take the "
        "logarithm of the quotient apart.",
    ),
    edits=[(LOG_SOFTMAX, f"np.log({SHARES} + 1e-8)")],
)
smaxloss.wrong(
    "log_base_2",
    "the logarithm is taken to the base 2",
    gives_away="forward",
    hints=(
        "The exponential and the logarithm undo each other: both have the base e.",
        "Look at the logarithm in smaxloss.forward.",
    ),
    edits=[(LOSS, f"{LOSS} / np.log(2)")],
)
smaxloss.wrong(
    "labels_get_gradient",
    "the labels get a gradient, although they are data",
    gives_away="values_get_no_gradient",
    hints=(
        "Labels say what is right, and no training changes them: a Value has no gradient.",
        "Look at what smaxloss.backward does with y.",
    ),
    edits=[(SLOPE, f"{SLOPE}\n        self.y.grad = -{UPSTREAM} * np.log(self.softmax)")],
)

smaxloss.right(
    "rows_of_eye",
    "picks rows of the unit matrix for the labels in forward, and adds in place",
    code="""
class smaxloss:
    def forward(self):
        x = self.x.top
        self.target = np.eye(x.shape[1], dtype=x.dtype)[self.y.top.astype(int)]
        e = np.exp(x - x.max(1)[:, None])
        total = e.sum(1)
        self.top = np.log(total) - ((x - x.max(1)[:, None]) * self.target).sum(1)
        self.shares = e / total[:, None]

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad += (self.shares - self.target) * self.grad.reshape(-1, 1)
""",
)
smaxloss.right(
    "log_sum_exp",
    "the logarithm of the sum has the shift added back; one-hot by comparing with the class numbers",
    code="""
class smaxloss:
    def log_sum(self):
        highest = self.x.top.max(axis=1)
        return highest + np.log(np.exp(self.x.top - highest[:, np.newaxis]).sum(axis=1))

    def forward(self):
        label = self.y.top.astype(int)[:, np.newaxis]
        self.top = self.log_sum() - np.take_along_axis(self.x.top, label, axis=1)[:, 0]

    def backward(self):
        if self.x in ops or self.x in params:
            softmax = np.exp(self.x.top - self.log_sum()[:, np.newaxis])
            classes = np.arange(softmax.shape[1])
            onehot = classes == self.y.top[:, np.newaxis]
            self.x.grad = self.x.grad + np.einsum("b,bc->bc", self.grad, softmax - onehot)
""",
)
smaxloss.right(
    "row_by_row",
    "loops over the rows; softmax in float32, then a copy of it with 1 taken off at the label",
    code="""
class smaxloss:
    def forward(self):
        losses, self.p = [], []
        for row, label in zip(self.x.top, self.y.top):
            z = np.float32(row - np.amax(row))
            losses.append(np.log(np.sum(np.exp(z))) - z[int(label)])
            self.p.append(np.exp(z) / np.sum(np.exp(z)))
        self.top = np.array(losses, dtype=np.float32)

    def backward(self):
        if self.x not in ops and self.x not in params:
            return
        total = self.x.grad.copy()
        for i, p in enumerate(self.p):
            d = p.copy()
            d[int(self.y.top[i])] -= 1
            total[i] += self.grad[i] * d
        self.x.grad = total
""",
)
smaxloss.right(
    "scipy_log_softmax",
    "scipy's log_softmax; the two terms of the gradient are added one after the other",
    code="""
from scipy.special import log_softmax, softmax

class smaxloss:
    def forward(self):
        self.where = np.arange(self.y.top.size), self.y.top.astype(np.int64)
        self.top = -log_softmax(self.x.top, axis=1)[self.where]

    def backward(self):
        if self.x in ops or self.x in params:
            self.x.grad = self.x.grad + softmax(self.x.top, axis=1) * self.grad[:, None]
            np.subtract.at(self.x.grad, self.where, self.grad)
""",
)
smaxloss.right(
    "jacobian",
    "the slope of every loss by every logit, B×B×classes, contracted with the upstream gradient",
    code="""
class smaxloss:
    def backward(self):
        if self.x in ops or self.x in params:
            rows, classes = self.softmax.shape
            slopes = np.zeros((rows, rows, classes))
            for i in range(rows):
                slopes[i, i] = self.softmax[i]
                slopes[i, i, int(self.y.top[i])] -= 1
            self.x.grad = self.x.grad + np.tensordot(self.grad, slopes, axes=1)
""",
)
