"""What systemd would do to a process, as far as a test can: `python confinement.py JSON COMMAND...`.

It takes away all capabilities and new privileges, sets the mask of new files, denies memory that is writable and
executable, and loads the unit's filter of system calls and address families, with the library that systemd uses.
JSON gives `calls` (names), `families` (numbers), `umask`, `no_exec_gain`.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

_SET_NO_NEW_PRIVILEGES, _DROP_FROM_BOUNDS, _SET_MDWE = 38, 24, 65
_LAST_CAPABILITY: Final = 40
_ALLOW, _ERRNO, _EQUAL = 0x7FFF0000, 0x00050000, 4
DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
JOBS_DROP_IN: Final = DEPLOY / "rembigraph-.service.d" / "hardening.conf"
BINARY: Final = "/opt/rembigraph/bin/rembigraph"
LIBRARY: Final = "libseccomp.so.2"


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def settings_of(*files: Path) -> dict[str, list[str]]:
    """Settings of a unit and its drop-ins; an empty value takes back what was said before it."""
    found: dict[str, list[str]] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if "=" not in line or line.startswith(("#", "[")):
                continue
            name, value = line.split("=", 1)
            found[name] = [*found.get(name, []), value] if value else []
    return found


def call_names(filters: list[str]) -> list[str]:
    """System calls that `SystemCallFilter=` lines leave over; the first is a list of what is allowed."""
    allowed: set[str] = set()
    for line in filters:
        named = {name for word in line.removeprefix("~").split() for name in _names(word)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return sorted(allowed)


@cache
def _names(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    command = ["systemd-analyze", "syscall-filter", word]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    words = [line.strip() for line in listed if line.strip() and not line.strip().startswith("#")]
    return {name for each in words for name in _names(each)}


def confinement_of(settings: dict[str, list[str]]) -> str:
    """Return the argument for this script that a unit's settings mean."""
    families = " ".join(settings["RestrictAddressFamilies"]).split()
    return json.dumps(
        {
            "calls": [*call_names(["@default", *settings["SystemCallFilter"]])],
            "families": [int(getattr(socket, family)) for family in families],
            "umask": int(settings["UMask"][-1], 8),
            "no_exec_gain": settings["MemoryDenyWriteExecute"] == ["yes"],
        }
    )


def is_available() -> bool:
    """Whether units can be imitated here."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return shutil.which("systemd-analyze") is not None


def commands_of(unit: str, places: dict[str, str]) -> list[list[str]]:
    """The commands of a shipped unit, to be run under its restrictions, with other words for some places."""
    drop_ins = [JOBS_DROP_IN] if unit.startswith("rembigraph-") else []
    settings = settings_of(DEPLOY / unit, *drop_ins)
    wrapper = [sys.executable, __file__, confinement_of(settings)]
    commands = []
    for line in settings["ExecStart"]:
        words = [places.get(word, word) for word in shlex.split(line)]
        assert words[0] == BINARY
        commands.append([*wrapper, sys.executable, "-m", "rembigraph.app", *words[1:]])
    return commands


def confine(wanted: dict[str, Any]) -> None:
    """Confine this process, and all that it starts, from now on."""
    system = ctypes.CDLL(None, use_errno=True)
    os.umask(wanted["umask"])
    for number in range(_LAST_CAPABILITY + 1):
        if os.geteuid() == 0 and system.prctl(_DROP_FROM_BOUNDS, number, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "capabilities can't be dropped")
    system.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if wanted["no_exec_gain"] and system.prctl(_SET_MDWE, 1, 0, 0, 0) and ctypes.get_errno() != errno.EINVAL:
        raise OSError(
            ctypes.get_errno(), "writable and executable memory can't be denied"
        )  # EINVAL: before 6.3
    _load_filter(wanted["calls"], wanted["families"])


def _load_filter(calls: list[str], families: list[int]) -> None:
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO | errno.EPERM)))
    for name in calls:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0 and name != "socket":
            _rule(library, context, number, [])
    for family in families:
        socket_call = library.seccomp_syscall_resolve_name(b"socket")
        _rule(library, context, socket_call, [_Comparison(0, _EQUAL, family, 0)])
    if library.seccomp_load(context):
        raise OSError("the filter can't be loaded")


def _rule(
    library: ctypes.CDLL, context: ctypes.c_void_p, number: int, comparisons: list[_Comparison]
) -> None:
    array = (_Comparison * max(len(comparisons), 1))(*comparisons)
    failed = library.seccomp_rule_add_array(context, ctypes.c_uint32(_ALLOW), number, len(comparisons), array)
    if failed:
        raise OSError(-failed, f"no rule can be made for system call {number}")


if __name__ == "__main__":
    confine(json.loads(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
