# SPDX-License-Identifier: GPL-2.0-or-later
"""Let one call of the file system fail, in Python and in every C library: Linux asks this process before each call.

A forked process puts a filter on itself (seccomp, user notification); the parent answers each call below a folder:
go on, or an error. No call outside the folder is touched.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import re
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

#: Linux answers how large its notices are.
IS_SUPPORTED = (
    sys.platform == "linux"
    and platform.machine() == "x86_64"
    and ctypes.CDLL(None).syscall(317, 3, 0, ctypes.create_string_buffer(6)) == 0
)
#: Number of each call on x86_64 → its name, the place of its path or handle, and of the folder that it is relative to.
_CALLS = {
    0: ("read", 0, None), 1: ("write", 0, None), 17: ("pread", 0, None), 18: ("pwrite", 0, None), 20: ("write", 0, None),
    2: ("open", 0, None), 257: ("open", 1, 0), 85: ("open", 0, None),
    4: ("stat", 0, None), 6: ("stat", 0, None), 262: ("stat", 1, 0), 332: ("stat", 1, 0), 21: ("stat", 0, None),
    269: ("stat", 1, 0), 439: ("stat", 1, 0), 78: ("list", 0, None), 217: ("list", 0, None),
    74: ("sync", 0, None), 75: ("sync", 0, None), 77: ("truncate", 0, None), 76: ("truncate", 0, None),
    40: ("write", 0, None), 326: ("write", 2, None), 82: ("rename", 0, None), 264: ("rename", 1, 0), 316: ("rename", 1, 0),
    83: ("mkdir", 0, None), 258: ("mkdir", 1, 0), 84: ("remove", 0, None), 87: ("remove", 0, None), 263: ("remove", 1, 0),
    86: ("link", 0, None), 265: ("link", 1, 0), 88: ("link", 1, None), 266: ("link", 2, 1),
    90: ("mode", 0, None), 91: ("mode", 0, None), 280: ("mode", 1, 0),
}  # fmt: skip
#: Errors of each kind of call: the disk is full, access is denied, the file or its drive is gone.
ERRORS = {
    **dict.fromkeys(("read", "pread", "list"), (errno.EIO,)),
    **dict.fromkeys(("write", "pwrite", "truncate", "sync"), (errno.ENOSPC, errno.EIO)),
    **dict.fromkeys(("mkdir", "link", "rename"), (errno.ENOSPC, errno.EACCES, errno.ENOENT)),
    "open": (errno.EACCES, errno.ENOENT),
    "create": (errno.ENOSPC, errno.EACCES, errno.ENOENT),
    **dict.fromkeys(("stat", "remove", "mode"), (errno.EACCES, errno.EIO)),
}
#: Calls that fail while a disk is full.
FILLING_CALLS = ("write", "pwrite", "truncate", "mkdir", "create")
#: Random parts of the names of temporary files.
_RANDOM_NAME = re.compile(
    r"(?<=\.sanxian-)\w{8}(?=/|$)|(?<=/tmp)\w{8}(?=/|$)|(?<=-)[a-z0-9_]{8}(?=/|$)|\d{4,}"
    r"|(?<=/qt_temp[-.])\w{6}|\w{6}(?=_styles\.db)|\{[-\w]+\}(\.\w{6})?"
)
_INSTRUCTION = struct.Struct("=HBBI")
_NOTICE, _ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NO_NEW_PRIVILEGES, _SECCOMP = 38, 317
_MAX_PATH_BYTES = 4096


class Call(NamedTuple):
    """A call: its kind, the path below the folder without random names, and the how-manieth of these it is."""

    kind: str
    path: str
    number: int


def run_with_failure(
    run: Callable[[], int], folder: Path, find_error: Callable[[Call], int], watched: Iterable[str]
) -> tuple[list[Call], int]:
    """Run a function in a forked process; return its calls below ``folder``, and its result (0 to 255).

    ``find_error``: the number of the error with which a call fails, 0 if it goes on; ``watched``: names in the folder.
    The result is negative if a signal ended the process.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        code = 255
        try:
            ours.close()
            socket.send_fds(theirs, [b"-"], [_install_filter()])
            code = run()
        finally:
            os._exit(code)
    theirs.close()
    _, (listener, *_), _, _ = socket.recv_fds(ours, 1, 1)
    try:
        calls = _answer_calls(listener, str(folder), find_error, tuple(f"{folder}/{name}" for name in watched))
    finally:
        os.close(listener)
        ours.close()
    return calls, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _install_filter() -> int:
    """Report the calls of this process and of its later threads; return the handle that its parent needs."""
    load_number, report, allow = (0x20, 0, 0, 0), (0x06, 0, 0, 0x7FC00000), (0x06, 0, 0, 0x7FFF0000)
    tests = [(0x15, len(_CALLS) - position, 0, number) for position, number in enumerate(_CALLS)]
    code = b"".join(_INSTRUCTION.pack(*one) for one in (load_number, *tests, allow, report))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("=HxxxxxxQ", len(code) // _INSTRUCTION.size, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = libc.syscall(_SECCOMP, 1, 8, ctypes.c_char_p(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


def _answer_calls(
    listener: int, folder: str, find_error: Callable[[Call], int], watched: tuple[str, ...]
) -> list[Call]:
    """Answer the calls of a process until it ends; return those below watched folders."""
    calls: list[Call] = []
    counts: dict[tuple[str, str], int] = {}
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        if any(event & select.POLLHUP for _, event in poll.poll()):
            return calls
        notice = bytearray(_NOTICE.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, notice)
        except OSError:  # the process has ended meanwhile
            continue
        identity, pid, _, number, _, _, *arguments = _NOTICE.unpack(notice)
        kind, path = _describe_call(pid, number, arguments)
        error = 0
        if path.startswith(watched):
            name = _RANDOM_NAME.sub("*", path[len(folder) :])
            counts[kind, name] = counts.get((kind, name), 0) + 1
            calls.append(Call(kind, name, counts[kind, name]))
            error = find_error(calls[-1])
        try:
            fcntl.ioctl(listener, _SEND, _ANSWER.pack(identity, 0, -error, 0 if error else _CONTINUE))
        except OSError:
            continue


def _describe_call(pid: int, number: int, arguments: list[int]) -> tuple[str, str]:
    """Return the kind of a call and the absolute path of its file; empty if it has none."""
    kind, place, folder_place = _CALLS[number]
    if kind in ("read", "write", "pread", "pwrite", "list", "sync") or number in (77, 91):
        return kind, _find_open_path(pid, arguments[place])
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        path = _read_text(memory, arguments[place])
    if kind == "open" and (number == 85 or arguments[place + 1] & os.O_CREAT):
        kind = "create"
    if not path:
        # The state of an open file, which is in memory.
        return kind, ""
    if not path.startswith("/"):
        handle = ctypes.c_int32(arguments[folder_place]).value if folder_place is not None else -100
        folder = os.readlink(f"/proc/{pid}/cwd") if handle == -100 else _find_open_path(pid, handle)
        path = f"{folder}/{path}"
    return kind, os.path.normpath(path)


def _find_open_path(pid: int, handle: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{handle}").removesuffix(" (deleted)")
    except OSError:
        return ""


def _read_text(memory, address: int) -> str:
    """Return the text at an address of a process; only whole pages after it can be read."""
    memory.seek(address)
    content = memory.read(_MAX_PATH_BYTES - address % _MAX_PATH_BYTES)
    if b"\0" not in content:
        content += memory.read(_MAX_PATH_BYTES)
    return os.fsdecode(content.partition(b"\0")[0])
