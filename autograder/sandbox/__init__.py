"""Runs student code where it can do no harm. `session.Sandbox` is the door; the rest is how it is locked.

session.py      the judge's side: start a sandbox, fork a process in it, exchange frames with that
answers.py      what comes back, checked; StudentError for all that is no answer
warm.py         keeps one started from one submission to the next
choose.py       which stack this machine gives: bubblewrap, else Landlock, else none, and nothing is graded
bubblewrap.py   namespaces: student code sees a file system, a network, processes and users of its own
landlock.py     no namespaces: student code is kept from opening anything but what is allowed
visible.py      the allow-list of what can be seen, for both
policy.py       seccomp: the allow-lists of system calls, for both
inside/         all that runs in the sandbox; imports nothing but numpy and the standard library

docs/security.md says what each holds.
"""
