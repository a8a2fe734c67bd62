"""nginx and Caddy on loopback, with the shipped configurations: only names of places are replaced."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.confinement import DEPLOY

NAMES: Final = ("nginx", "caddy")
NGINX_MAIN: Final = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 768; }}
http {{
    # What Debian and nginx.org set before they include a site.
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    default_type application/octet-stream;
    keepalive_timeout 65;
    gzip on;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {more}
    include {folder}/rembigraph.conf;
}}
"""


@dataclass(frozen=True)
class Front:
    """A running proxy: its name, and the port at which it answers HTTP."""

    name: str
    port: int


def program(name: str) -> str:
    """Path of a program; the test is skipped where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"{name} is not installed (apt-get install -y --no-install-recommends nginx-light caddy)")
    return found


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def adapted(text: str, replacements: dict[str, str]) -> str:
    """Replace names of places; each must be there, so that a test can't run on something else than what is shipped."""
    for old, new in replacements.items():
        assert old in text, f"not in the configuration: {old!r}"
        text = text.replace(old, new)
    return text


def nginx_command(
    folder: Path, port: int, backend: int, *, more: str = "", places: dict[str, str] | None = None
) -> list[str]:
    """Write the configuration and return the command that runs it."""
    found = program("nginx")
    site = adapted(
        (DEPLOY / "nginx.conf").read_text(encoding="utf-8"),
        {
            "    listen [::]:80 default_server;\n": "",
            "    listen [::]:80;\n": "",
            "listen 80": f"listen 127.0.0.1:{port}",
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{backend};",
            **(places or {}),
        },
    )
    (folder / "rembigraph.conf").write_text(site, encoding="utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(NGINX_MAIN.format(user=user, folder=folder, more=more), encoding="utf-8")
    return [found, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(main)]


def caddy_version() -> tuple[int, ...]:
    said = subprocess.run([program("caddy"), "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    assert found, said
    return tuple(int(each) for each in found.groups())


def caddy_command(folder: Path, port: int, backend: int) -> list[str]:
    found = program("caddy")
    site = adapted(
        (DEPLOY / "Caddyfile").read_text(encoding="utf-8"),
        {
            "{\n\tservers {": "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\tservers {",
            "\ncatalogue.example {": f"\nhttp://catalogue.example:{port} {{",
            "reverse_proxy 127.0.0.1:8000 {": f"reverse_proxy 127.0.0.1:{backend} {{",
        },
    )
    if caddy_version() < (2, 7):
        site = adapted(site, {"\t\trequest_buffers 1MB\n": ""})
    (folder / "Caddyfile").write_text(site, encoding="utf-8")
    return [found, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """Run a proxy until the end of the block."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        await_port(port, process, folder / "output.log")
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)  # Caddy waits for connections that are open
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120  # other suites may be at work
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"nothing listens at port {port}: {log.read_text(encoding='utf-8', errors='replace')}")


@contextmanager
def front(
    name: str, folder: Path, backend: int, *, more: str = "", places: dict[str, str] | None = None
) -> Iterator[Front]:
    """Run one of the proxies in front of a port.

    Args:
        name: one of `NAMES`.
        folder: an empty folder for its files.
        backend: port of what it is in front of.
        more: lines for nginx's http block.
        places: further replacements in nginx's configuration.
    """
    port = free_port()
    if name == "nginx":
        command = nginx_command(folder, port, backend, more=more, places=places)
    else:
        command = caddy_command(folder, port, backend)
    with running(command, folder, port):
        yield Front(name, port)
