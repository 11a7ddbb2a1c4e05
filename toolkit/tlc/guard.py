"""Guard process that runs a program and kills it when the toolkit's Python process has ended.

This file is run as a script (``python -I -S guard.py FOLDER PROGRAM ...``), in its own process
group.  Its standard input is a pipe whose other end only the toolkit's process holds.  When that
process ends in any way, including a kill, the pipe is closed; the guard then kills the program and
removes its folder.  It imports as little as possible, because every run of TLC waits for it.
"""

from __future__ import annotations

import os
import select
import signal
import sys

__all__: list[str] = []


def main(folder: str, command: list[str]) -> int:
    """Run a command, and return its exit status, or 128 plus its signal as shells do.

    Parameters
    ----------
    folder : str
        The folder to remove if the toolkit's process ends.
    command : list of str
        The path of the program, and its arguments.

    Returns
    -------
    int
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # These signals are for the program; the guard stays until the program has ended.
    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
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
