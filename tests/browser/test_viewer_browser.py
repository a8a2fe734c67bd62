"""The link to Neuroglancer, opened in the client of its makers: each image lies where `/transform` says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import yaml
from rembigraph.app.main import create_app
from rembigraph.app.sparql.limits import QueryLimits

from tests.browser.conftest import CHROMIUM
from tests.conftest import running
from tests.correlation.made_places import ELECTRONS, LIGHT, RECORDS
from tests.made_catalogue import made

neuroglancer = pytest.importorskip("neuroglancer", reason="neuroglancer is not installed")
pytestmark = pytest.mark.browser
IMAGES = {
    f"{LIGHT}/cs/lm": ("stack", "czyx", (2, 12, 24, 20)),
    f"{ELECTRONS}/cs/em": ("volume", "zyx", (30, 60, 50)),
}
"""Systems, with the image of each as OME-Zarr: its key, axes and voxels."""
KINDS = {"c": "channel", "z": "space", "y": "space", "x": "space"}
STATE = """async () => {
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const sources = () => viewer.layerManager.managedLayers.map(each => each.layer?.dataSources?.[0]?.loadState);
  for (let tries = 0; tries < 150; tries++) {
    if (window.viewer && sources().length && sources().every(Boolean)) break;
    await wait(200);
  }
  return sources().map(({error, transform}) => {
    if (error) return {error: String(error)};
    const space = transform.value.outputSpace;
    return {
      names: space.names, scales: Array.from(space.scales),
      low: Array.from(space.bounds.lowerBounds), high: Array.from(space.bounds.upperBounds),
    };
  });
}"""


class _Pixels(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A folder that another host serves to any page: the archive."""
    folder = tmp_path_factory.mktemp("pixels")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pixels, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def write_zarr(folder: Path, axes: str, shape: tuple[int, ...], micrometres: float) -> None:
    """Write an image of OME-Zarr 0.4 in one chunk."""
    (folder / "0").mkdir(parents=True)
    scale = [micrometres if axis in "zyx" else 1 for axis in axes]
    units = [{"unit": "micrometer"} if axis in "zyx" else {} for axis in axes]
    said = [{"name": axis, "type": KINDS[axis], **unit} for axis, unit in zip(axes, units, strict=True)]
    level = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}
    array = {
        "zarr_format": 2,
        "shape": shape,
        "chunks": shape,
        "dtype": "|u1",
        "compressor": None,
        "fill_value": 0,
        "order": "C",
        "filters": None,
        "dimension_separator": "/",
    }
    attributes = {"multiscales": [{"version": "0.4", "axes": said, "datasets": [level]}]}
    for name, content in {".zgroup": {"zarr_format": 2}, ".zattrs": attributes, "0/.zarray": array}.items():
        (folder / name).write_text(json.dumps(content))
    chunk = folder / "0" / "/".join("0" * len(axes))
    chunk.parent.mkdir(parents=True, exist_ok=True)
    count = 1
    for size in shape:
        count *= size
    chunk.write_bytes(bytes(at % 251 for at in range(count)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pixels: tuple[Path, str]) -> Iterator[str]:
    folder, address = pixels
    records = {one["accession"]: one for one in yaml.safe_load_all(RECORDS)}
    for system, (key, axes, shape) in IMAGES.items():
        (image,) = records[system.partition("/")[0]]["image"]
        (representation,) = image["representation"]
        size = representation["voxel_size"][0]["value_si"]
        counts = {f"size_{axis}": count for axis, count in zip(axes, shape, strict=True)}
        representation |= {"format": "OME-Zarr", "access_url": [f"{address}/{key}.ome.zarr"], **counts}
        write_zarr(folder / f"{key}.ome.zarr", axes, shape, float(size) * 1e6)
    documents = [yaml.safe_dump(record, sort_keys=False) for record in records.values()]
    home = made(tmp_path_factory.mktemp("viewed") / "home", documents)
    with running(lambda address: create_app(home, address, QueryLimits()), lifespan="on") as served:
        yield served


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    neuroglancer.set_server_bind_address("127.0.0.1", 0)
    yield neuroglancer.Viewer()
    neuroglancer.stop()


def state_in(link: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unquote(link.partition("#!")[2]))
    return found


def expected_box(server: str, source: str, target: str) -> dict[str, Any]:
    """Where `/transform` puts the region of an image: from half a voxel before the first centre to half one behind."""
    key, axes, shape = IMAGES[source]
    size = {"stack": 0.25, "volume": 10.0}[key]
    counts = [count for axis, count in zip(axes, shape, strict=True) if axis in "zyx"]
    box = [
        ",".join(str(edge) for edge in edges)
        for edges in ([-size / 2] * 3, [(n - 0.5) * size for n in counts])
    ]
    answer = httpx.get(
        f"{server}/transform",
        params={"from": source, "to": target, "box": ";".join(box), "format": "json"},
        timeout=30,
    )
    found: dict[str, Any] = answer.json()["boxes"][0]["box"]
    return found


@pytest.mark.parametrize("frame", IMAGES)
def test_neuroglancer_puts_images_where_we_say(server: str, client: Any, browser: Any, frame: str) -> None:
    page = browser.new_page()
    page.goto(f"{server}/{LIGHT}/correlation/cell?frame={frame}")
    link = page.get_by_role("link", name="Open 2 images in Neuroglancer")
    state = state_in(link.get_attribute("href"))
    page.close()
    client.set_state(state)
    driver = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    )
    try:
        opened = driver.new_page()
        opened.goto(client.get_viewer_url())
        found = opened.evaluate(STATE)
    finally:
        driver.close()
    assert [layer["name"] for layer in state["layers"]] == ["stack", "volume"]
    for source, layer in zip(IMAGES, found, strict=True):
        assert "error" not in layer, layer
        assert layer["names"][-3:] == ["z", "y", "x"]
        box = expected_box(server, source, frame)
        assert layer["low"][-3:] == pytest.approx(box["min"])
        assert layer["high"][-3:] == pytest.approx(box["max"])
