"""Ways to damage a catalogue on the disk."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

Damaging = Callable[[Path], None]
"""Damages a file."""


def own(path: Path) -> Path:
    """Make a file that other generations share (hard link) this one's alone, as a fault of one disk block is not."""
    copy = path.with_name(f"{path.name}.own")
    shutil.copy2(path, copy)
    copy.replace(path)
    return path


def truncated(path: Path) -> None:
    """Cut the second half off; of a single byte, all."""
    os.truncate(own(path), path.stat().st_size // 2)


def emptied(path: Path) -> None:
    os.truncate(own(path), 0)


def flipped(path: Path, place: float = 0.5) -> None:
    """Flip one bit in the middle, or at a fraction of the length."""
    content = bytearray(own(path).read_bytes())
    at = min(int(len(content) * place), len(content) - 1)
    content[at] ^= 1 << (at % 8)
    path.write_bytes(content)


def zeroed(path: Path) -> None:
    """A block that never reached the disk: zeros in place of the second half."""
    content = own(path).read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(len(content) - half))


def removed(path: Path) -> None:
    path.unlink()


def dangling(path: Path) -> None:
    """A symbolic link that leads nowhere."""
    path.unlink()
    path.symlink_to("gone")


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def extended(path: Path) -> None:
    with own(path).open("ab") as file:
        file.write(b"\x00more")


EVERY: dict[str, Damaging] = {
    each.__name__: each
    for each in (truncated, emptied, flipped, zeroed, removed, dangling, replaced_by_a_folder, extended)
}


def files_of(home: Path) -> list[Path]:
    """Every file whose content counts, in order."""
    found = [path for path in sorted(home.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [
        path
        for path in found
        if path.name not in {"lock", "LOCK", "rembigraph.json"}
        and not path.name.startswith("LOG")
        and ".cache" not in path.parts
        and path.relative_to(home).parts[0] != "current"
    ]


def at_random(home: Path, dice: random.Random) -> str:
    """Damage a random file in a random way; say which and how."""
    path = dice.choice([path for path in files_of(home) if path.stat().st_size])
    if dice.random() < 0.5:
        place = dice.random()
        flipped(path, place)
        return f"{path.relative_to(home)}: one bit flipped at {place:.4f}"
    name = dice.choice(sorted(EVERY))
    EVERY[name](path)
    return f"{path.relative_to(home)}: {name}"
