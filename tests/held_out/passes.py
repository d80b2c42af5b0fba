"""Held-out mistakes in Forward and Backward."""

from held_out.mistake import HeldOut

PASSES = [
    HeldOut(
        "forward_only_once",
        "Forward",
        "Operations that have a result already are left out, so that new numbers change nothing.",
        """
def Forward():
    for op in ops:
        if getattr(op, "top", None) is None:
            op.forward()
""",
        true=("Forward: results_kept",),
    ),
    HeldOut(
        "forward_until_settled",
        "Forward",
        "The whole graph is run once for every operation in it; the results are right.",
        """
def Forward():
    for _ in range(len(ops)):
        for op in ops:
            op.forward()
""",
    ),
    HeldOut(
        "forward_without_the_last",
        "Forward",
        "The last operation is left out.",
        """
def Forward():
    i = 0
    while i < len(ops) - 1:
        ops[i].forward()
        i += 1
""",
        true=("Forward: last_left_out",),
    ),
    HeldOut(
        "forward_without_parentheses",
        "Forward",
        "The parentheses of the call are missing: no operation ever runs.",
        """
def Forward():
    for op in ops:
        op.forward
""",
    ),
    HeldOut(
        "forward_flag",
        "Forward",
        "A global flag lets it run once in a program's life; every later call does nothing.",
        """
has_run = False

def Forward():
    global has_run
    if has_run:
        return
    for op in ops:
        op.forward()
    has_run = True
""",
        true=("Forward: results_kept",),
    ),
    HeldOut(
        "forward_newest_first",
        "Forward",
        "It starts with the operation made last and gives up where something is missing.",
        """
def Forward():
    for op in reversed(ops):
        try:
            op.forward()
        except AttributeError:
            break
""",
        true=("Forward: results_kept",),
    ),
    HeldOut(
        "backward_turns_the_list",
        "Backward",
        "The list of operations is itself reversed: the next pass goes through it the wrong way.",
        """
def Backward(loss):
    for node in params + ops:
        node.grad = np.zeros(node.top.shape)
    loss.grad = np.ones(loss.top.shape)
    ops.reverse()
    for op in ops:
        op.backward()
""",
        true=("Backward: next_pass_astray",),
    ),
    HeldOut(
        "backward_depth_first",
        "Backward",
        "It descends from the loss along the inputs and runs what several operations use several times.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)

    def descend(node):
        node.backward()
        for name in ("x", "y", "f", "k", "p", "q"):
            below = getattr(node, name, None)
            if below in ops:
                descend(below)

    descend(loss)
""",
        true=("Backward: once_per_use",),
    ),
    HeldOut(
        "backward_params_not_zeroed",
        "Backward",
        "The gradients of operations are zeroed, those of Params are not.",
        """
def Backward(loss):
    for op in ops:
        op.grad = 0 * op.top
    for p in params:
        if not hasattr(p, "grad"):
            p.grad = 0 * p.top
    loss.grad = loss.grad + 1
    for i in range(len(ops) - 1, -1, -1):
        ops[i].backward()
""",
        true=("Backward: params_not_zeroed",),
    ),
    HeldOut(
        "backward_mean_seed",
        "Backward",
        "The loss starts with 1 divided by its number of elements, as if its mean were the loss.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.full_like(loss.top, 1 / loss.top.size)
    for op in ops[::-1]:
        op.backward()
""",
    ),
    HeldOut(
        "backward_from_the_end_of_the_list",
        "Backward",
        "The last operation is taken for the loss, whatever was given.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    order = list(reversed(ops))
    order[0].grad = np.ones(np.shape(order[0].top))
    for op in order:
        op.backward()
""",
        true=("Backward: last_op_is_the_loss",),
    ),
    HeldOut(
        "backward_loss_left_out",
        "Backward",
        "The loss itself is skipped: nothing below it gets a gradient.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    for op in ops[ops.index(loss) - 1 :: -1]:
        op.backward()
""",
        true=("Backward: zero",),
    ),
    HeldOut(
        "backward_done_flag",
        "Backward",
        "Operations are marked as done and never unmarked: in a second pass, only the loss itself runs.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    loss.backward()
    for op in reversed(ops[: ops.index(loss)]):
        if not hasattr(op, "done"):
            op.backward()
            op.done = True
""",
        true=("Backward: next_pass_astray",),
    ),
    HeldOut(
        "backward_direct_inputs_only",
        "Backward",
        "Only the loss runs, and what it takes directly: the rest of the graph gets no gradient.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    loss.backward()
    if loss.x in ops:
        loss.x.backward()
""",
        true=("Backward: zero",),
    ),
    HeldOut(
        "backward_adds_to_ones",
        "Backward",
        "All gradients start from 1 where they must start from 0; that of the loss is right.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.ones_like(node.top)
    for op in ops[::-1]:
        op.backward()
""",
    ),
    HeldOut(
        "backward_clears_afterwards",
        "Backward",
        "Each operation's gradient is set to 0 once it has been passed on; those of the Params are right.",
        """
def Backward(loss):
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    loss.grad = np.ones_like(loss.top)
    for op in ops[::-1]:
        op.backward()
        op.grad = np.zeros_like(op.top)
""",
        true=("Backward: zero",),
    ),
    HeldOut(
        "backward_zeroes_its_seed",
        "Backward",
        "The ones of the loss are set before all gradients are zeroed, and so are lost.",
        """
def Backward(loss):
    loss.grad = np.ones_like(loss.top)
    for node in ops + params:
        node.grad = np.zeros_like(node.top)
    for op in ops[::-1]:
        op.backward()
""",
        true=("Backward: zero",),
    ),
    HeldOut(
        "backward_oldest_first",
        "Backward",
        "The operations run in the order in which they were made.",
        """
def Backward(loss):
    for group in (ops, params):
        for node in group:
            node.grad = np.zeros(np.shape(node.top))
    loss.grad = np.ones(np.shape(loss.top))
    for i in range(len(ops)):
        ops[i].backward()
""",
        true=("Backward: zero",),
    ),
]
