"""The socket filter, run on paper: what its instructions decide for the system calls of either machine."""

from __future__ import annotations

import errno
import platform
import socket
import subprocess
import sys

import pytest
from rembigraph.app.sparql import sandbox

ALLOW, DENY, KILL = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x80000000
AUDIT_I386 = 0x40000003


def decide(
    program: list[tuple[int, int, int, int]], architecture: int, number: int, argument: int = 0
) -> int:
    """Interpret a classic BPF program over `struct seccomp_data`."""
    fields = {0: number, 4: architecture, 16: argument}
    position = accumulator = 0
    while True:
        code, when_true, when_false, operand = program[position]
        position += 1
        if code == 0x20:
            accumulator = fields[operand]
        elif code == 0x06:
            return operand
        else:
            holds = accumulator == operand if code == 0x15 else accumulator >= operand
            position += when_true if holds else when_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_decisions(machine: str) -> None:
    architecture, numbers = sandbox._MACHINES[machine]
    program = sandbox._filter_program(architecture, numbers)
    assert decide(program, architecture, numbers["socket"], socket.AF_UNIX) == ALLOW
    for family in (socket.AF_INET, socket.AF_INET6, 16, 17, 40):  # netlink, packet, vsock
        assert decide(program, architecture, numbers["socket"], family) == DENY
    for name in ("execve", "execveat", "ptrace", "io_uring_setup"):
        assert decide(program, architecture, numbers[name]) == DENY
    assert decide(program, architecture, 0) == ALLOW  # read, or io_setup
    assert decide(program, architecture, 0x40000000 | numbers["socket"], socket.AF_INET) == DENY
    assert decide(program, AUDIT_I386, numbers["socket"], socket.AF_INET) == KILL


def test_other_machines_say_that_they_are_not_confined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(sys, "platform", "linux")
    assert "riscv64" in sandbox.confine_sockets()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "darwin" in sandbox.confine_sockets()
    sandbox.cap_memory(0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the socket filter is Linux's")
def test_the_filter_holds_in_a_process() -> None:
    script = """
import os, socket
from rembigraph.app.sparql.sandbox import confine_sockets
assert confine_sockets() == ""
socket.socketpair()
for family in (socket.AF_INET, socket.AF_INET6):
    try:
        socket.socket(family)
    except PermissionError:
        print("denied")
try:
    os.execv("/bin/true", ["true"])
except PermissionError:
    print("denied")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["denied"] * 3
