"""The systemd units: well-formed, tight, and not so tight that what they run can't work."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from rembigraph.app.serving import GRACE_SECONDS
from rembigraph.app.sparql.limits import MEBIBYTE, QueryLimits

from tests.deploy.confinement import BINARY, DEPLOY, JOBS_DROP_IN, commands_of, is_available, settings_of
from tests.deploy.fronts import await_port, free_port, program

pytestmark = [pytest.mark.server, pytest.mark.slow]

UNITS = sorted(path.name for path in DEPLOY.glob("*.service")) + sorted(
    path.name for path in DEPLOY.glob("*.timer")
)
CONFINED = [name for name in UNITS if name.startswith("rembigraph") and name.endswith(".service")]
needs_confinement = pytest.mark.skipif(
    not is_available(), reason="systemd-analyze or libseccomp2 is not installed"
)
COUNT = "SELECT (COUNT(*) AS ?n) { ?s a <https://w3id.org/rembigraph/ns#Study> }"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file system with the units where the README puts them, the programs that they name, and systemd's own units."""
    program("systemd-analyze")
    folder = tmp_path_factory.mktemp("root")
    target = folder / "etc" / "systemd" / "system"
    target.mkdir(parents=True)
    for name in UNITS:
        shutil.copy(DEPLOY / name, target)
    shutil.copytree(JOBS_DROP_IN.parent, target / JOBS_DROP_IN.parent.name)
    theirs = folder / "usr" / "lib" / "systemd" / "system"
    theirs.mkdir(parents=True)
    for pattern in ("*.target", "*.slice"):
        for unit in Path("/lib/systemd/system").glob(pattern):
            shutil.copy(unit, theirs, follow_symlinks=False)
    for name in (BINARY, "/usr/bin/logger", "/bin/sh"):
        file = folder / name[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n", encoding="utf-8")
        file.chmod(0o755)
    return folder


@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_unit(root: Path, name: str) -> None:
    instance = name.replace("@.", "@rembigraph-fsck.")
    command = ["systemd-analyze", "verify", "--man=no", f"--root={root}", instance]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize("name", CONFINED)
def test_the_unit_is_little_exposed(root: Path, name: str) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--no-pager",
        "--offline=true",
        "--threshold=20",
        f"--root={root}",
        name,
    ]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout[-300:]


def test_every_failure_is_reported(tmp_path: Path) -> None:
    for name in CONFINED:
        assert settings_of(DEPLOY / name)["OnFailure"] == ["alert-rembigraph@%N.service"]
    hook = tmp_path / "on-failure"
    _, call = settings_of(DEPLOY / "alert-rembigraph@.service")["ExecStart"]
    command = shlex.split(
        call.replace("/etc/rembigraph/on-failure", str(hook)).replace("%i", "rembigraph-fsck")
    )
    assert subprocess.run(command).returncode == 0, "no hook is no failure"
    hook.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/told\n', encoding="utf-8")
    hook.chmod(0o755)
    assert subprocess.run(command).returncode == 0
    assert (tmp_path / "told").read_text(encoding="utf-8") == "rembigraph-fsck\n"


def test_numbers_fit_those_of_the_program() -> None:
    unit, limits = settings_of(DEPLOY / "rembigraph.service"), QueryLimits()
    assert int(unit["TimeoutStopSec"][0]) > GRACE_SECONDS
    workers = limits.workers + limits.spares
    pages = 4 * 300 * MEBIBYTE  # processes that make pages, on four cores
    needed = 400 * MEBIBYTE + pages + workers * (limits.memory_bytes + 300 * MEBIBYTE)
    assert int(unit["MemoryMax"][0].removesuffix("G")) * 1024 * MEBIBYTE > needed
    nginx, caddy = ((DEPLOY / name).read_text(encoding="utf-8") for name in ("nginx.conf", "Caddyfile"))
    for text, words in (
        (nginx, "proxy_read_timeout "),
        (caddy, "response_header_timeout "),
    ):
        assert int(text.split(words)[1].split("s")[0]) >= limits.deadline_seconds * 2


def test_the_readme_names_every_file() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    files = [path.name for path in DEPLOY.iterdir() if path.name != "README.md"]
    assert [name for name in files if name.replace("@", "") not in text.replace("@", "")] == []
    assert len(text.splitlines()) < 80


def _tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def _forbid_writing(folder: Path) -> None:
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o555)
    folder.chmod(0o555)


def _give_away(folder: Path) -> None:
    """Let another user own the catalogue, with our group, if this user may; it can't be written in either case."""
    if os.geteuid() != 0:
        _forbid_writing(folder)
        return
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, 65534, os.getegid())


FORBIDDEN = """
import ctypes, mmap, os, socket, sys
def refused(act):
    try:
        act()
    except OSError:
        return True
    return False
acts = {
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "chown": lambda: os.chown(sys.argv[1], 1, 1),
    "mount": lambda: ctypes.CDLL(None).mount(None, None, None, 0, None) and os.chroot("/"),
    "write": lambda: open(sys.argv[1] + "/new", "w"),
    "code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC),
}
print(*[name for name, act in acts.items() if not refused(act)])
"""


@needs_confinement
def test_the_restrictions_are_in_force_here(tmp_path: Path) -> None:
    """Else the next test would prove nothing."""
    folder = tmp_path / "folder"
    folder.mkdir()
    _forbid_writing(folder)
    (command,) = commands_of("rembigraph.service", {})
    script = [sys.executable, "-c", FORBIDDEN, str(folder)]
    done = subprocess.run([*command[:3], *script], capture_output=True, text=True)
    new_kernel = tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (6, 3)
    assert (done.stdout.split(), done.stderr) == ([] if new_kernel else ["code"], "")


@needs_confinement
def test_what_the_load_unit_writes_is_for_owner_and_group(sample_home: Path) -> None:
    """The sample was loaded by the unit's command, under its restrictions."""
    paths = [path for path in sample_home.rglob("*") if not path.is_symlink()]
    assert len(paths) > 30
    assert [path for path in paths if path.stat().st_mode & 0o027] == []
    private = [path for path in paths if path.name.endswith(".src.zst")]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert {path.stat().st_mode & 0o040 for path in paths if path not in private} == {0o040}


@needs_confinement
def test_backup_and_fsck_need_not_write_and_serving_need_not_own(sample_home: Path, tmp_path: Path) -> None:
    home, backup = tmp_path / "home", tmp_path / "backup"
    shutil.copytree(sample_home, home, symlinks=True)
    environment = {
        **os.environ,
        "REMBIGRAPH_HOME": str(home),
        "REMBIGRAPH_PUBLIC_URL": "https://catalogue.example",
    }
    environment["REMBIGRAPH_QUERY_TIMEOUT"] = "1"
    _forbid_writing(home)
    before = _tree(home)
    for unit in ("rembigraph-fsck.service", "rembigraph-backup.service"):
        for command in commands_of(unit, {"/backup/rembigraph": str(backup)}):
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, (unit, done.stdout, done.stderr)
    assert "is sound" in done.stdout
    _serve_confined(home, environment)
    assert _tree(home) == before


def _serve_confined(home: Path, environment: dict[str, str]) -> None:
    _give_away(home)
    port = free_port()
    (command,) = commands_of("rembigraph.service", {"8000": str(port)})
    log = home.parent / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        await_port(port, process, log)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            _check_served(client)
    finally:
        process.terminate()
        assert process.wait(timeout=20) == 0, log.read_text(encoding="utf-8")
    assert log.read_text(encoding="utf-8").splitlines()[1:] == [], "no warning and no error"


def _check_served(client: httpx.Client) -> None:
    page = client.get("/S-BSST429", headers={"Accept": "text/html"})
    assert "EMPIAR-10460" in page.text
    assert "https://catalogue.example/S-BSST429" in str(page.headers)
    asked = {"query": COUNT}
    assert client.post("/sparql", data=asked, headers={"Accept": "text/csv"}).text.split()[1] == "9"
    endless = " . ".join(f"?s{number} ?p{number} ?o{number}" for number in range(9))
    late = client.post("/sparql", data={"query": f"SELECT (COUNT(*) AS ?n) {{ {endless} }}"})
    assert late.status_code == 504
    status = client.get("/status").json()
    assert status["sound"] is True
    assert status["query"]["ok"] is True
    assert status["service"]["sandboxed"] is True
    assert status["service"]["workers_killed"] == 1
