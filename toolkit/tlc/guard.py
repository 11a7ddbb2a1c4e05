"""Runs a program for Python, and ends it when Python is gone.

This file is run by itself (``python -I -S guard.py FOLDER PROGRAM ...``), in a process group of
its own.  Its standard input is a pipe whose other end nobody but our Python holds: however
Python ends, killed outright included, the pipe is closed, and then the program is killed and
its folder removed.  It imports as little as it can, since every run of TLC waits for it.
"""

from __future__ import annotations

import os
import select
import signal
import sys

__all__: list[str] = []


def main(folder: str, command: list[str]) -> int:
    """Run the command; return its exit status, or 128 and its signal as shells do.

    Parameters
    ----------
    folder : str
        What to remove if Python dies.
    command : list of str
        The program, by its path, and its arguments.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # A polite end is for the program: the guard stays until it has ended.
    for polite in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(polite, signal.SIG_IGN)
    program = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
        setsigdef=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD],
    )
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if woken in ready:
            os.read(woken, 512)
        if 0 in ready and not os.read(0, 512):
            os.kill(program, signal.SIGKILL)
            os.waitpid(program, 0)
            import shutil

            os.chdir("/")
            shutil.rmtree(folder, ignore_errors=True)
            return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
