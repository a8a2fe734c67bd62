"""What a worker process may not do: outlive its parent, dump core, grow without bound, open a socket.

The socket filter and the parent-death signal are Linux's. Elsewhere the other limits hold and
`confine_sockets` says that the process is not confined.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
import sys
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2

# Classic BPF, as <linux/filter.h> and <linux/seccomp.h> define it.
_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_DENY: Final = 0x00050000 | 13  # SECCOMP_RET_ERRNO | EACCES
_KILL: Final = 0x80000000
_OFFSET_NUMBER: Final = 0
_OFFSET_ARCHITECTURE: Final = 4
_OFFSET_ARGUMENT: Final = 16
_AF_UNIX: Final = 1

# Per machine: audit architecture, then the numbers of the system calls that are looked at.
_MACHINES: Final[dict[str, tuple[int, dict[str, int]]]] = {
    "x86_64": (
        0xC000003E,
        {"socket": 41, "execve": 59, "execveat": 322, "ptrace": 101, "io_uring_setup": 425},
    ),
    "aarch64": (
        0xC00000B7,
        {"socket": 198, "execve": 221, "execveat": 281, "ptrace": 117, "io_uring_setup": 425},
    ),
}
_X32_CALLS: Final = 0x40000000


def confine_sockets() -> str:
    """Deny this thread, and all it starts, every socket but a Unix one; and execve, ptrace, io_uring.

    Returns:
        Why it could not be done; empty when the filter is in force.
    """
    if not sys.platform.startswith("linux"):
        return f"{sys.platform} has no seccomp"
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return f"no socket filter is written for {platform.machine()}"
    program = _filter_program(*machine)
    try:
        _install(program)
    except OSError as error:
        return f"seccomp refused: {error.strerror or error}"
    return ""


def _filter_program(architecture: int, numbers: dict[str, int]) -> list[tuple[int, int, int, int]]:
    """Instructions (code, jump if true, jump if false, operand); jumps count from the next instruction."""
    denied = [number for name, number in numbers.items() if name != "socket"]
    program = [
        (_LOAD, 0, 0, _OFFSET_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32_CALLS),
        (_RETURN, 0, 0, _DENY),
    ]
    for number in denied:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _DENY)]
    program += [
        (_JUMP_EQUAL, 1, 0, numbers["socket"]),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _OFFSET_ARGUMENT),
        (_JUMP_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _DENY),
    ]
    return program


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _install(program: list[tuple[int, int, int, int]]) -> None:
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(
        _PR_SET_SECCOMP,
        _SECCOMP_MODE_FILTER,
        ctypes.byref(_Program(len(program), ctypes.addressof(buffer))),
    )


def _prctl(option: int, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    values = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in arguments]
    values += [ctypes.c_ulong(0)] * (4 - len(values))
    if library.prctl(ctypes.c_int(option), *values) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends; `parent` is the parent's process id as it sees it."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError):
            _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if sys.platform != "win32" and os.getppid() != parent:
        raise SystemExit(0)  # it ended before we asked


def forbid_core_dumps() -> None:
    """Write no core file when a query crashes this process."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def cap_memory(more_bytes: int) -> None:
    """Let this process's address space grow by at most `more_bytes` from now on (Linux only)."""
    limit_address_space(address_space_bytes() + more_bytes)


def limit_address_space(most_bytes: int) -> None:
    """Let this process's address space be at most `most_bytes`, or what it was limited to before (Linux only)."""
    if sys.platform.startswith("linux"):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def address_space_bytes() -> int:
    """The size of this process's address space; 0 where it cannot be read."""
    return _statm(0)


def resident_bytes() -> int:
    """The memory this process holds; 0 where it cannot be read."""
    return _statm(1)


def _statm(field: int) -> int:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[field]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def kill_at(seconds: float) -> None:
    """Have this process killed by its own alarm after `seconds`; 0 calls the alarm off.

    The parent kills at the deadline. This is for a parent that cannot: stopped, or gone on a system
    without a parent-death signal.
    """
    if sys.platform != "win32":
        # The signal keeps its default action, which ends the process even inside native code.
        signal.setitimer(signal.ITIMER_REAL, seconds)
