"""The catalogue's own server, as the proxies stand in front of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.deploy.fronts import await_port, free_port

PUBLIC_URL = "http://catalogue.example"
DEADLINE_SECONDS = 11.0
LIMITS = {"REMBIGRAPH_QUERY_TIMEOUT": f"{DEADLINE_SECONDS}", "REMBIGRAPH_QUERY_RESULT_BYTES": "3000000"}
"""A deadline above the proxies' 10 s for headers, and short enough to be waited for."""


@dataclass
class Site:
    """The catalogue's own server, without a proxy."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self.home.parent / "serve.log"
        command = [sys.executable, "-m", "rembigraph.app", "--home", str(self.home), "serve"]
        options = ["--port", str(self.port), "--public-url", PUBLIC_URL]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *options], stdout=output, stderr=output, env={**os.environ, **LIMITS}
            )
        await_port(self.port, self.process, log)

    def stop(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0

    def status(self) -> dict[str, int]:
        """What `/status` says about the query service."""
        answer = httpx.get(f"http://127.0.0.1:{self.port}/status", timeout=20)
        return dict(answer.json()["service"])


def decent_client(port: int, address: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}",
        headers={"Host": "catalogue.example"},
        transport=httpx.HTTPTransport(local_address=address),
        timeout=30,
    )
