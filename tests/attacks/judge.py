"""The judge: results that lie about themselves, and a process that is patched so that all looks right.

None of these has a right line: what they earn beyond the blank submission, they earn by a trick.
"""

from attacks.attack import AS_BLANK, attack, blank


def trick(tries, payload, ends=AS_BLANK):
    """An attack for points, on the skeleton. RESULT, a function of the node, makes the `.top` of its forwards."""
    use = """
    def forward(self):
        self.top = RESULT(self)
    add.forward = mean.forward = forward
    add.backward = mean.backward = lambda self: None
    """
    return attack(tries, payload + (use if "RESULT" in payload else ""), ends=ends, base=blank)


def nothing_earned(evidence):
    assert evidence.points == 0
    assert evidence.run.peak_mb < 1024


@trick("patches numpy: all arrays are close, equal and finite", """
    yes = lambda *arguments, **options: True
    for name in "allclose array_equal isclose isfinite all abs max array_equiv testing".split():
        setattr(np, name, yes)
    RESULT = lambda node: np.zeros(1)
    """)  # fmt: skip
def patched_numpy(evidence):
    nothing_earned(evidence)


@trick("patches Python's built-ins and json, by which answers are made and read", """
    builtins.len = builtins.isinstance = builtins.abs = builtins.any = lambda *arguments: True
    json.loads = lambda text, **options: {"status": "pass", "score": 4.0, "results": [], "error": None}
    RESULT = lambda node: 0.0
    """, ends="")  # fmt: skip
def patched_builtins(evidence):
    nothing_earned(evidence)


@trick("answers with an ndarray subclass that equals everything, whatever is done to it", """
    class Agrees(np.ndarray):
        __eq__ = __le__ = __ge__ = lambda self, other: True
        __ne__ = __lt__ = __gt__ = lambda self, other: False
        __sub__ = __rsub__ = __abs__ = __mul__ = lambda self, *other: self
        __array_ufunc__ = __array_function__ = lambda self, *arguments, **options: True
        __array_finalize__ = __array_wrap__ = lambda self, *arguments: self
    RESULT = lambda node: np.zeros(node.x.top.shape).view(Agrees)
    """)  # fmt: skip
def agreeable_array(evidence):
    nothing_earned(evidence)


@trick("answers with objects that make another array each time they are asked, of memory that is not theirs", """
    class Shifting:
        asked = 0
        def __array__(self, dtype=None, copy=None):
            self.asked += 1
            return np.full((1,) * (self.asked % 5), self.asked)
    class Elsewhere:
        __array_interface__ = {"shape": (4,), "typestr": "<f8", "data": (8, False), "version": 3}
    made = iter(range(10**9))
    RESULT = lambda node: Shifting() if next(made) % 2 else Elsewhere()
    """, ends="")  # fmt: skip
def array_protocols(evidence):
    nothing_earned(evidence)


@trick("answers with memory that changes after it was sent: a mapped file, rewritten by a timer", """
    import mmap
    file = open(os.environ["HOME"] + "/shared", "wb+", buffering=0)
    file.truncate(1 << 16)
    shared = np.frombuffer(mmap.mmap(file.fileno(), 1 << 16), np.float32)
    def rewrite(*_):
        shared[:] = np.random.default_rng().normal(size=shared.size)
    signal.signal(signal.SIGALRM, rewrite)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    RESULT = lambda node: shared[: node.x.top.size].reshape(node.x.top.shape)
    """, ends="")  # fmt: skip
def changing_result(evidence):
    nothing_earned(evidence)


@trick("looks for what is expected in all frames below it and in all objects of the process", """
    def found():
        frame, texts = sys._getframe(), []
        while frame:
            texts += frame.f_locals
            frame = frame.f_back
        texts += [name for thing in gc.get_objects() if isinstance(thing, dict) for name in thing if type(name) is str]
        return {"expected", "tolerance", "hidden_digits", "Mismatch", "Draw", "local_edf"} & {*texts}
    looked = []
    def result(node):
        if not looked:
            looked.append(found())
            print("\\n@" + json.dumps(["look", str(sorted(looked[0])), ""]), flush=True)
        return 0.0
    RESULT = result
    """)  # fmt: skip
def frames_and_objects(evidence):
    assert evidence.attempts["look"] == {"[]"}
    nothing_earned(evidence)


@trick("imports the grader, its exercises and the model answer, to answer with their results", """
    sys.path += ["/work", "/", "..", "/sandbox/..", os.path.dirname(json.__file__) + "/../site-packages"]
    sys.path += [os.path.dirname(WORLD["folder"])]
    for name in ("autograder", "autograder.reference", "autograder.judge", "solutions.edf", "edf_kit"):
        attempt(name, __import__, name)
    """)  # fmt: skip
def imports_the_grader(evidence):
    assert set().union(*evidence.attempts.values()) == {"ModuleNotFoundError"}
    nothing_earned(evidence)


@attack("brings modules called as the sandbox's own and as numpy's, and hooks into every import", files={
    name: "print('\\n@[\"planted\", \"done\", \"\"]', flush=True)\nraise SystemExit(0)\n"
    for name in ("frames.py", "interpreter.py", "opcodes.py", "json.py", "struct.py", "numpy.py", "sitecustomize.py")
}, base=blank, ends=AS_BLANK, payload="""
    class Hook:
        def find_spec(self, name, path=None, target=None):
            print("\\n@" + json.dumps(["hook", name.partition(".")[0], ""]), flush=True)
    sys.meta_path.insert(0, Hook())
    sys.path_hooks.insert(0, lambda path: Hook())
    sys.path_importer_cache.clear()
    """)  # fmt: skip
def import_hooks(evidence):
    assert "planted" not in evidence.attempts
    nothing_earned(evidence)


@trick("rewrites the sandbox's own functions: every question is answered with a number where arrays are expected", """
    import __main__
    def run(self, instructions, arrays):
        for verb, *_ in instructions:
            if verb in ("get", "length", "count"):
                yield ("number", 5) if verb == "get" else ("missing", "is not set")
    __main__.Interpreter.run = run
    """, ends="another question")  # fmt: skip
def answers_of_another_kind(evidence):
    """An exception in a check would be the grader's error, and leave the exercise open."""
    nothing_earned(evidence)


@trick("answers each question with an array of 4 MB, of which the diagnosis keeps all", """
    import __main__
    def run(self, instructions, arrays):
        for verb, *_ in instructions:
            if verb in ("get", "length", "count"):
                yield "array", np.broadcast_to(np.int8(1), (4, 1 << 20))
    __main__.Interpreter.run = run
    """)  # fmt: skip
def huge_answers(evidence):
    nothing_earned(evidence)


@trick("traces the sandbox's own functions, and changes their variables while they run", """
    def trace(frame, event, argument):
        for name in ("results", "sent", "error", "header", "kind"):
            if name in frame.f_locals and isinstance(frame.f_locals[name], list):
                frame.f_locals[name].append(["number", 1])
        return trace
    frame = sys._getframe()
    while frame:
        frame.f_trace = trace
        frame = frame.f_back
    sys.settrace(trace)
    sys.setprofile(trace)
    RESULT = lambda node: 0.0
    """, ends="")  # fmt: skip
def traces(evidence):
    nothing_earned(evidence)


@trick("says that the exercise is blocked: it raises what a blank stub of another one raises", """
    def blocked(self):
        raise NotImplementedError("exercise 'momentum': momentum is still to be written")
    add.forward = mean.forward = add.backward = blocked
    """)  # fmt: skip
def says_it_is_blocked(evidence):
    nothing_earned(evidence)


@attack("is right only the first time that it is asked, as if a check asked once", ends="", payload="""
    def once(right):
        def method(self):
            if not getattr(self, "done", False):
                right(self)
            self.done = True
        return method
    add.forward, mean.forward = once(add.forward), once(mean.forward)
    """)  # fmt: skip
def right_once(evidence):
    checks = {check["id"]: check["status"] for check in evidence.score["exercises"]["add"]["checks"]}
    assert checks["forward"] == "pass" and "fail" in checks.values()


@attack("is right only on short numbers, as those of public checks are", ends="", payload="""
    right_forward = add.forward
    def forward(self):
        right_forward(self)
        if not np.array_equal(self.top * 4, np.round(self.top * 4)):
            self.top = self.top + 1
    add.forward = forward
    """)  # fmt: skip
def right_in_public(evidence):
    """What is drawn for the hidden checks looks like nothing that students have seen."""
    statuses = {check["id"]: check["status"] for check in evidence.score["exercises"]["add"]["checks"]}
    assert statuses["forward"] == "fail"


@attack("is wrong when it is judged and right when it is diagnosed, to have its points carried forward", ends="",
        base=blank, payload="""
    import __main__
    asked, serve = [], __main__.answer
    def answer(interpreter, instructions, arrays):
        # A check ends at the first wrong answer; a diagnosis goes on asking.
        asked.append("fresh" in [verb for verb, *_ in instructions[:1]])
        return serve(interpreter, instructions, arrays)
    __main__.answer = answer
    def forward(self):
        diagnosed = len(asked) > 2 and not asked[-1]
        self.top = self.x.top + self.y.top if diagnosed else self.x.top * 0 + 1
    add.forward, add.backward = forward, lambda self: None
    """)  # fmt: skip
def right_when_diagnosed(evidence):
    assert evidence.points == 0
