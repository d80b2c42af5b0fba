"""Held-out mistakes in momentum and SGD."""

from held_out.mistake import HeldOut

UPDATES = [
    HeldOut(
        "momentum_shares_exchanged",
        "momentum",
        "mom weighs the new gradient, and 1 − mom the velocity: a mean with its shares exchanged.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = (1 - mom) * p.velocity + mom * p.grad
        p.top = p.top - lr * p.velocity
""",
    ),
    HeldOut(
        "momentum_damped",
        "momentum",
        "The gradient enters the velocity with a share of 1 − mom, so that every step is shorter.",
        """
def momentum(lr, mom=0.9):
    for i in range(len(params)):
        p = params[i]
        difference = p.grad - p.velocity
        p.velocity = p.velocity + (1 - mom) * difference
        p.top = p.top - lr * p.velocity
""",
        true=("momentum: gradient_times_one_minus_mom",),
    ),
    HeldOut(
        "momentum_after_the_step_and_scaled",
        "momentum",
        "The velocity is updated after the step, and scaled as a whole: v ← mom·(v + g).",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.top = p.top - lr * p.velocity
        p.velocity += p.grad
        p.velocity *= mom
""",
    ),
    HeldOut(
        "momentum_looks_ahead",
        "momentum",
        "The step goes along mom·v + g, once more ahead, as Nesterov's does.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        v = mom * p.velocity + p.grad
        p.velocity = v
        p.top = p.top - lr * p.grad
        p.top = p.top - lr * mom * v
""",
        true=("momentum: nesterov",),
    ),
    HeldOut(
        "momentum_adds_the_gradient_twice",
        "momentum",
        "Besides the velocity's, a step of plain gradient descent is made too.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = mom * p.velocity + p.grad
    for p in params:
        p.top = p.top - lr * p.velocity
    SGD(lr)
""",
    ),
    HeldOut(
        "momentum_root_of_squares",
        "momentum",
        "The velocity is a mean of squared gradients, by whose root the step is divided.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = mom * p.velocity + (1 - mom) * p.grad**2
        p.top = p.top - lr * p.grad / (np.sqrt(p.velocity) + 1e-8)
""",
    ),
    HeldOut(
        "momentum_in_the_gradient",
        "momentum",
        "The velocity is the very array of the gradient, which is so modified; the steps are right.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.grad += mom * p.velocity
        p.velocity = p.grad
        p.top = p.top - lr * p.velocity
""",
    ),
    HeldOut(
        "momentum_rate_within_and_again",
        "momentum",
        "The velocity already holds steps of length lr, and is multiplied by lr once more.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        step = lr * p.grad
        p.velocity = np.add(np.multiply(mom, p.velocity), step)
        p.top = np.subtract(p.top, lr * p.velocity)
""",
        true=("momentum: lr_twice",),
    ),
    HeldOut(
        "momentum_restarts_on_a_turn",
        "momentum",
        "Where the gradient's sign is not the velocity's, the velocity restarts from 0.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        agrees = p.velocity * p.grad > 0
        p.velocity = np.where(agrees, mom * p.velocity, 0) + p.grad
        p.top = p.top - lr * p.velocity
""",
    ),
    HeldOut(
        "momentum_one_for_all",
        "momentum",
        "All Params move along one velocity, which is kept in a global variable and mixes their gradients.",
        """
speed = None

def init_momentum():
    global speed
    speed = 0

def momentum(lr, mom=0.9):
    global speed
    for p in params:
        speed = mom * speed + p.grad
        p.top = p.top - lr * speed
""",
        true=("momentum: shared_velocity",),
    ),
    HeldOut(
        "momentum_initialises_itself",
        "momentum",
        "It calls init_momentum at every step, so that the velocity is never more than the last gradient.",
        """
def momentum(lr, mom=0.9):
    init_momentum()
    for p in params:
        p.velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * p.velocity
""",
        true=("momentum: no_history",),
    ),
    HeldOut(
        "momentum_velocity_not_kept",
        "momentum",
        "The new velocity is a local variable, which is never stored: each step starts from 0.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * velocity
""",
        true=("momentum: no_history",),
    ),
    HeldOut(
        "momentum_first_velocity_kept",
        "momentum",
        "The velocity is stored in the first step only, and stays what it was then.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        velocity = mom * p.velocity + p.grad
        if not np.any(p.velocity):
            p.velocity = velocity
        p.top = p.top - lr * velocity
""",
    ),
    HeldOut(
        "momentum_starts_at_one",
        "momentum",
        "The velocity starts at 1 instead of 0.",
        """
def init_momentum():
    for p in params:
        p.velocity = np.ones(p.top.shape)
""",
    ),
    HeldOut(
        "momentum_velocity_by_shape",
        "momentum",
        "Velocities are kept in a dictionary by the Param's shape: Params of one shape share theirs.",
        """
velocities = {}

def init_momentum():
    velocities.clear()

def momentum(lr, mom=0.9):
    for p in params:
        old = velocities.get(p.top.shape, 0)
        velocities[p.top.shape] = mom * old + p.grad
        p.top = p.top - lr * velocities[p.top.shape]
""",
    ),
    HeldOut(
        "momentum_always_nine_tenths",
        "momentum",
        "0.9 stands in the code, whatever mom is.",
        """
def momentum(lr, mom=0.9):
    for p in params:
        p.velocity = p.velocity * 9 / 10 + p.grad
        p.top = p.top - p.velocity * lr
""",
        true=("momentum: mom_ignored",),
    ),
    HeldOut(
        "momentum_rate_fades",
        "momentum",
        "The rate also shrinks by mom with every call.",
        """
calls = 0

def init_momentum():
    global calls
    calls = 0
    for p in params:
        p.velocity = 0.0 * p.top

def momentum(lr, mom=0.9):
    global calls
    for p in params:
        p.velocity = mom * p.velocity + p.grad
        p.top = p.top - lr * mom**calls * p.velocity
    calls += 1
""",
    ),
    HeldOut(
        "sgd_shared_rate",
        "SGD",
        "The rate is divided by the number of Params.",
        """
def SGD(lr):
    n = len(params)
    for p in params:
        p.top = p.top - p.grad * lr / n
""",
    ),
    HeldOut(
        "sgd_unit_gradient",
        "SGD",
        "Each gradient is scaled to length 1 before the step.",
        """
def SGD(lr):
    for p in params:
        length = np.sqrt((p.grad**2).sum())
        p.top = p.top - lr * p.grad / (length + 1e-12)
""",
    ),
    HeldOut(
        "sgd_decay",
        "SGD",
        "Params also shrink by 1 % in each step, as with weight decay.",
        """
def SGD(lr, decay=0.01):
    for p in params:
        p.top = (1 - decay) * p.top - lr * p.grad
""",
    ),
    HeldOut(
        "sgd_first_param_only",
        "SGD",
        "It returns from within the loop: only the first Param moves.",
        """
def SGD(lr):
    for param in params:
        param.top = param.top - lr * param.grad
        return param.top
""",
        true=("SGD: first_param_only",),
    ),
    HeldOut(
        "sgd_uphill",
        "SGD",
        "It moves along the gradient instead of against it.",
        """
def SGD(lr):
    for node in params:
        step = -lr * node.grad
        node.top = node.top - step
""",
        true=("SGD: ascent",),
    ),
    HeldOut(
        "sgd_gradient_turned_into_step",
        "SGD",
        "The gradient is overwritten by the step; the Params are right.",
        """
def SGD(lr):
    for p in params:
        p.grad *= -lr
        p.top = p.top + p.grad
""",
    ),
    HeldOut(
        "sgd_result_thrown_away",
        "SGD",
        "The new value is computed and thrown away: nothing is assigned, and no Param moves.",
        """
def SGD(lr):
    for p in params:
        p.top - lr * p.grad
""",
        true=("SGD: not_stored",),
    ),
    HeldOut(
        "sgd_last_gradient_for_all",
        "SGD",
        "The gradients are read in a loop of their own, of which the last one is left, spread over all Params.",
        """
def SGD(lr):
    for p in params:
        g = p.grad
    for p in params:
        p.top = p.top - lr * np.resize(g, p.top.shape)
""",
    ),
    HeldOut(
        "sgd_gradient_negated",
        "SGD",
        "The gradient's own sign is turned before it is added; the Params are right.",
        """
def SGD(lr):
    for p in params:
        p.grad *= -1
        p.top = p.top + lr * p.grad
""",
        true=("SGD: opposite_sign",),
    ),
]
