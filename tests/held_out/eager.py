"""Held-out mistakes in eager and reset."""

from held_out.mistake import HeldOut

EAGER = [
    HeldOut(
        "eager_runs_the_whole_graph",
        "eager",
        "Each new node runs Forward, and so all nodes before it once more; the results are right.",
        """
def eager(op):
    class now(op):
        def __init__(self, *inputs, **options):
            op.__init__(self, *inputs, **options)
            Forward()

    return now
""",
        true=("eager: whole_graph_run_again",),
    ),
    HeldOut(
        "eager_changes_the_class",
        "eager",
        "The class itself is changed: its own constructor runs forward from then on.",
        """
def eager(op):
    construct = op.__init__

    def construct_and_run(self, *args, **kwargs):
        construct(self, *args, **kwargs)
        self.forward()

    op.__init__ = construct_and_run
    return op
""",
        true=("eager: class_itself_changed",),
    ),
    HeldOut(
        "eager_loses_options",
        "eager",
        "Arguments that are given by name are dropped.",
        """
def eager(op):
    def make(*inputs, **_):
        node = op(*inputs)
        node.forward()
        return node

    return make
""",
        true=("eager: options_dropped",),
    ),
    HeldOut(
        "eager_listed_twice",
        "eager",
        "The node puts itself into ops once more, although the constructor of the operation has done so.",
        """
def eager(op):
    class Eager(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            ops.append(self)
            self.forward()

    return Eager
""",
        true=("eager: in_ops_twice",),
    ),
    HeldOut(
        "reset_skips_every_second",
        "eager",
        "The list is changed while it is gone through: every second operation stays.",
        """
def reset():
    for op in ops:
        ops.remove(op)
    for value in values:
        values.remove(value)
""",
        true=("eager: removed_while_looping",),
    ),
    HeldOut(
        "reset_new_lists",
        "eager",
        "ops and values become new lists: those who hold the old ones do not see it.",
        """
def reset():
    globals()["ops"] = []
    globals()["values"] = []
""",
        true=("eager: lists_replaced",),
    ),
    HeldOut(
        "reset_forgets_params",
        "eager",
        "The Params are dropped too, so that the next iterations do not move them.",
        """
def reset():
    for nodes in (ops, params, values):
        del nodes[:]
""",
        true=("eager: params_dropped",),
    ),
    HeldOut(
        "reset_params_to_zero",
        "eager",
        "What the Params have learned is dropped: they are set to 0.",
        """
def reset():
    ops.clear()
    values.clear()
    for p in params:
        p.top = np.zeros_like(p.top)
""",
        true=("eager: params_set_to_zero",),
    ),
    HeldOut(
        "reset_keeps_one_operation",
        "eager",
        "The loop ends one too early: the last operation stays in the list.",
        """
def reset():
    while len(ops) > 1:
        ops.pop(0)
    while values:
        values.pop()
""",
    ),
    HeldOut(
        "reset_drops_the_last_only",
        "eager",
        "Only the operation made last is dropped, and the Value made last.",
        """
def reset():
    if ops:
        ops.pop()
    if values:
        values.pop()
""",
    ),
    HeldOut(
        "reset_local_names",
        "eager",
        "It assigns new lists to local variables, and so does nothing.",
        """
def reset():
    ops = []
    values = []
""",
        true=("eager: graph_kept",),
    ),
    HeldOut(
        "eager_runs_twice",
        "eager",
        "The constructor runs forward until there is a result, and then once more.",
        """
def eager(op):
    class Impatient(op):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.top = None
            while self.top is None:
                self.forward()
            self.forward()

    return Impatient
""",
        true=("eager: forward_run_twice",),
    ),
    HeldOut(
        "reset_params_instead_of_operations",
        "eager",
        "It clears params and values, and leaves ops alone: the wrong two of the three.",
        """
def reset():
    params.clear()
    values.clear()
""",
        true=("eager: params_dropped",),
    ),
    HeldOut(
        "reset_operations_only",
        "eager",
        "Values are not dropped.",
        """
def reset():
    while ops:
        ops.pop()
""",
        true=("eager: values_kept",),
    ),
]
