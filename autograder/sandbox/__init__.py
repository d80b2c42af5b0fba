"""Runs student code where it can do no harm. `session.Sandbox` is the door; the rest is how it is locked.

session.py      the judge's side: start a sandbox, fork a process in it, exchange frames with that
bubblewrap.py   namespaces, and the allow-list of what can be seen
policy.py       seccomp: the allow-lists of system calls
inside/         all that runs in the sandbox; imports nothing but numpy and the standard library

A machine without user namespaces is refused. Another way of isolation (Landlock) would stand beside
bubblewrap.py: a `start` with the same arguments, chosen in session.py.
"""
