"""A real server with the sample catalogue, and real proxies in front of it, on loopback."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import rembigraph.app

from tests.deploy.confinement import commands_of, is_available
from tests.deploy.fronts import NAMES, Front, front
from tests.deploy.served import Site, decent_client

_numbers = itertools.count(2)


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with a part of the bundled sample; loaded as rembigraph-load.service does it, where that can be."""
    home = tmp_path_factory.mktemp("sample") / "home"
    sample = Path(rembigraph.app.__path__[0]) / "sample" / "correlative.yaml"
    command = [sys.executable, "-m", "rembigraph.app", "load", str(sample)]
    if is_available():
        (command,) = commands_of("rembigraph-load.service", {"/srv/rembigraph-incoming": str(sample)})
    environment = {**os.environ, "REMBIGRAPH_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="session")
def site(sample_home: Path) -> Iterator[Site]:
    made = Site(sample_home)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def started(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Front]]:
    """The proxies that run; filled as tests ask for them."""
    with ExitStack() as stack:

        class Started(dict[str, Front]):
            def __missing__(self, name: str) -> Front:
                folder = tmp_path_factory.mktemp(name)
                self[name] = stack.enter_context(front(name, folder, site.port))
                return self[name]

        yield Started()


@pytest.fixture(params=NAMES)
def proxy(request: pytest.FixtureRequest, started: dict[str, Front]) -> Front:
    return started[request.param]


@pytest.fixture
def address() -> str:
    """An address of the loopback network that no other test uses, so that limits a client do not meet."""
    return f"127.0.1.{next(_numbers)}"


@pytest.fixture
def client(proxy: Front, address: str) -> Iterator[httpx.Client]:
    """A decent client of the proxy."""
    with decent_client(proxy.port, address) as made:
        yield made
