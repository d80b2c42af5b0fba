"""The protocol: forged answers, sent over the channel that the sandboxed process has to the judge."""

from attacks.attack import ANY, AS_BLANK, attack, blank

UNREADABLE = "the code's answer can't be read"

# The channel, and what is written to it. `put` stops when the judge hangs up.
FORGE = """
    import stat
    def is_channel(descriptor):
        try:
            return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
        except OSError:
            return False
    DATA = next(filter(is_channel, range(3, 64)))
    def frame(header, payload=b"", sizes=None, magic=b"edf1"):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack(">4sIQ", magic, *(sizes or (len(text), len(payload)))) + text + payload
    def put(data):
        view = memoryview(data)
        while view:
            view = view[os.write(DATA, view):]
    def answer(arrays=(), payload=b"", results=None, **more):
        results = [["array", i] for i in range(len(arrays))] if results is None else results
        return frame({"results": results, "error": None, "arrays": list(arrays), **more}, payload)
    LOADED = frame({"error": None, "arrays": []})
"""


def forged(tries, payload, ends=UNREADABLE):
    """An attack without a right line, that says it is loaded and goes on with a forged answer."""
    return attack(tries, f"{FORGE}\n    put(LOADED)\n{payload}", ends=ends, base=blank)


def nothing_earned(evidence):
    assert evidence.points == 0
    assert evidence.run.peak_mb < 1024


@forged("sends an array that is longer than its bytes", """
    put(answer([["<f4", [1000]]], bytes(4)))
    """)  # fmt: skip
def wrong_length(evidence):
    assert "longer than the bytes" in evidence.messages
    nothing_earned(evidence)


@forged("sends more bytes than its arrays have", """
    put(answer([["<f4", [1]]], bytes(4000)))
    """)  # fmt: skip
def too_many_bytes(evidence):
    assert "more bytes than the arrays need" in evidence.messages
    nothing_earned(evidence)


@forged("sends shapes with negative sides, whose product is right", """
    put(answer([["<f4", [-2, -3]]], bytes(24)))
    """)  # fmt: skip
def negative_shape(evidence):
    assert "impossible shape" in evidence.messages
    nothing_earned(evidence)


@forged("sends a shape of 2**62 × 2**62 elements, and sides that are no numbers", """
    put(answer([["<f8", [1 << 28, 1 << 28, 1 << 28]]], bytes(8)))
    put(answer([["<f8", [True, "1", 1.0, None]]], bytes(8)))
    """)  # fmt: skip
def huge_shape(evidence):
    nothing_earned(evidence)


@forged("sends an array without elements, with sides whose product no number holds", """
    put(answer([["<f8", [0, 1 << 28, 1 << 28, 1 << 28, 1 << 28]]]))
    """)  # fmt: skip
def zero_and_huge_shape(evidence):
    nothing_earned(evidence)


@forged("sends an array of 10,000 axes", """
    put(answer([["|u1", [1] * 10_000]], b"x"))
    """)  # fmt: skip
def many_axes(evidence):
    assert "impossible shape" in evidence.messages
    nothing_earned(evidence)


@forged("sends 60,000 arrays in one answer", """
    put(answer([["|u1", [0]]] * 60_000, results=[]))
    """)  # fmt: skip
def many_arrays(evidence):
    nothing_earned(evidence)


@forged("sends objects, as a pickle that writes a file where it is loaded", """
    class Planted:
        def __reduce__(self):
            return exec, (f"open({WORLD['outside']!r} + '/pickle', 'w')",)
    import pickle
    data = pickle.dumps(Planted())
    for dtype in ("|O", "O", "|V8", "<U4", "|S8", "<M8[s]", [["x", "<f4"]], "f4,f4"):
        put(answer([[dtype, [1]]], data))
    """)  # fmt: skip
def objects(evidence):
    assert "is not accepted" in evidence.messages
    nothing_earned(evidence)


@forged("starts an answer with bytes that start no answer", """
    put(frame({}, magic=b"\\x93NUM"))
    """)  # fmt: skip
def wrong_magic(evidence):
    nothing_earned(evidence)


@forged("announces 2**63 bytes, and sends none", """
    put(frame({}, sizes=(100, 1 << 63)))
    """)  # fmt: skip
def huge_announcement(evidence):
    assert "is too large" in evidence.messages
    nothing_earned(evidence)


@forged("announces an answer, sends half of it and waits", """
    put(frame({}, b"x" * 1000)[:500])
    time.sleep(60)
    """, ends="stopped after 11 s without finishing")  # fmt: skip
def half_an_answer(evidence):
    nothing_earned(evidence)


@forged("sends 1 GB of answers that nobody asked for", """
    for _ in range(1000):
        put(LOADED * 20_000)
    """, ends=AS_BLANK)  # fmt: skip
def flood_of_answers(evidence):
    nothing_earned(evidence)


@forged("sends JSON of 300,000 nested lists", """
    put(frame(b"[" * 300_000))
    """)  # fmt: skip
def nested_header(evidence):
    assert "not JSON" in evidence.messages
    nothing_earned(evidence)


@forged("sends numbers of 100,000 digits, NaN and infinity in the header", """
    put(frame(b'{"results": [["length", ' + b"9" * 100_000 + b']], "error": null, "arrays": []}'))
    put(frame(b'{"results": [["length", NaN]], "error": null, "arrays": [["<f4", [Infinity]]]}'))
    """)  # fmt: skip
def huge_numbers(evidence):
    nothing_earned(evidence)


@forged("sends results that point outside of the answer, or are of no kind that there is", """
    put(answer([["<f4", [1]]], bytes(4), results=[["array", -1]] * 3))
    put(answer([["<f4", [1]]], bytes(4), results=[["array", 10**9], ["pickle", "x"], "array", None]))
    put(answer(results={"array": 0}))
    """, ends="answer")  # fmt: skip
def wrong_results(evidence):
    nothing_earned(evidence)


@attack("says of its import an error of odd forms: halves of characters, lists in lists, no text", FORGE + """
    put(frame({"error": {"type": ["x"] * 99, "message": "\\ud800" * 5000, "where": [{}, "\\udfff", 7]}, "arrays": []}))
    os._exit(0)
    """, ends="edf.py can't be imported", base=blank)  # fmt: skip
def odd_error(evidence):
    assert evidence.status == "import failed"
    assert len(evidence.score["message"]) < 3000


@attack("sends results before the question: ones, for every shape of small sides", FORGE + """
    put(LOADED)
    for shape in [[], [1], [3], [2, 3], [3, 4], [1, 2]]:
        count = int(np.prod(shape, dtype=int))
        put(answer([["<f4", shape]], np.ones(count, dtype="<f4").tobytes()))
    """, ends=AS_BLANK, base=blank)  # fmt: skip
def answer_first(evidence):
    nothing_earned(evidence)


@attack("answers each question with an array that it was sent", base=blank, ends=ANY, payload="""
    main = sys.modules["__main__"]
    kept = []
    def answer(interpreter, instructions, arrays):
        kept.extend(arrays)
        asked = [i for i in instructions if i[0] in ("get", "length", "count")]
        sent = [kept[-1 - i % len(kept)] for i in range(len(asked))] if kept else []
        results = [["array", i] if i < len(sent) else ["length", 0] for i in range(len(asked))]
        return {"results": results, "error": None}, sent
    main.answer = answer
    """)  # fmt: skip
def echo(evidence):
    """The gradient of a sum is the upstream gradient: that one input is an answer. Nothing else is right."""
    checks = [
        (id, check) for id, exercise in evidence.score["exercises"].items() for check in exercise["checks"]
    ]
    assert {(id, check["id"]) for id, check in checks if check["status"] == "pass"} <= {
        ("add", "gradient_same_shape")
    }


@attack("answers with NaN and infinity, which compare to nothing", base=blank, ends=AS_BLANK, payload="""
    def forward(self):
        self.top = np.full_like(np.asarray(self.x.top, dtype=np.float32), np.nan)
    def backward(self):
        self.x.grad = np.full_like(self.x.top, np.inf)
    for op in (add, mean):
        op.forward, op.backward = forward, backward
    """)  # fmt: skip
def not_a_number(evidence):
    nothing_earned(evidence)


@attack("writes a second answer from a thread and from a child, after the first", FORGE + """
    def later():
        time.sleep(0.2)
        put(answer([["<f4", []]], bytes(4)))
    attempt("thread", threading.Thread(target=later).start)
    if attempt("child", os.fork) == 0:
        later()
        os._exit(0)
    """)  # fmt: skip
def second_writer(evidence):
    assert evidence.attempts == {"thread": {"RuntimeError"}, "child": {"EPERM"}}


@attack("reads the template's memory for a way to speak to the judge as the template does", FORGE + """
    def find():
        others = [d for d in range(3, 64) if d != DATA and is_channel(d)]
        assert others
        return others
    attempt("control", find)
    """)  # fmt: skip
def control_channel(evidence):
    assert evidence.attempts["control"] == {"AssertionError"}
