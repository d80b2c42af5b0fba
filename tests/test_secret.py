"""The course secret is made once, whole, and for its owner alone."""

import errno
import os
import stat

import pytest

from autograder.secret import SIZE, SecretError, course_secret


def no_links(*_):
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "no hard links"])
def test_a_secret_is_made_once(tmp_path, monkeypatch, has_links):
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "secret"
    made, is_new = course_secret(path)
    assert is_new and len(made) == SIZE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert course_secret(path) == (made, False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "no hard links"])
def test_of_two_runs_one_makes_it(tmp_path, monkeypatch, has_links):
    path, other = tmp_path / "secret", bytes(SIZE)
    if not has_links:
        monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr("autograder.secret.secrets.token_bytes", lambda size: _meanwhile(path, other))
    assert course_secret(path) == (other, False)


def _meanwhile(path, secret):
    path.write_text(secret.hex())
    return bytes(range(SIZE))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(SecretError, match="can't be made: No such file"):
        course_secret(tmp_path / "nowhere" / "secret")
