"""Servers that tests start: free ports, and processes that end with the test whatever happens to it."""

import ctypes
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import tempfile
import time

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def free_ports(count):
    """Ports that nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def unprivileged():
    """Whom a server runs as that refuses root; None where we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def bound(death=signal.SIGKILL):
    """Arguments of Popen for a process that gets `death` when the thread that started it ends, and not the terminal's Ctrl-C: whoever
    started it ends it."""
    return {"preexec_fn": lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, death), "process_group": 0}


def spawn(command, log, user=None, environment=None, death=signal.SIGKILL, **arguments):
    """A process that writes into the file `log`, bound as above."""
    as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    with open(log, "ab") as out:
        arguments.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, env=environment,
                                **bound(death), **as_user, **arguments)


def end(process, sent, within):
    """Sends the signal and waits; SIGKILL where that is not enough. The exit code."""
    if process.poll() is None:
        process.send_signal(sent)
        process.send_signal(signal.SIGCONT)
    try:
        return process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def home_of_server(prefix, given=None):
    """(folder, whether it goes with the server): one of its own, or the one that it is given, made where it is missing."""
    if given is None:
        return pathlib.Path(tempfile.mkdtemp(prefix=prefix)), True
    given.mkdir(parents=True, exist_ok=True)
    return given.resolve(), False


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(check, within, what, process=None, log=None):
    """Until `check()` is true; RuntimeError with the end of the log where it does not come, or where the process ends first."""
    deadline = time.monotonic() + within
    while not check():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            text = open(log, errors="replace").read()[-3000:] if log else ""
            raise RuntimeError(f"{what} {'ended' if ended else 'did not come up'}:\n{text}")
        time.sleep(0.05)
