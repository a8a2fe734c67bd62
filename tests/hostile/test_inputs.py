"""Hostile files, each loaded by the real command line in a child of its own, in bounded memory and time.

`pytest tests/hostile --corpus DIR` reads `DIR/inputs.json` (what each file must come to) beside the files made here.
Every file ends with an exit code and words that name it; a refused one leaves the catalogue as it was, and nothing
ever connects anywhere.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "hostile"
PORT = 28471  # of the sentinel, as the corpus writes it; here a free port takes its place
ADDRESS_SPACE = 4 * 1024**3
MEMORY_KIB = 1024 * 1024
SECONDS = 30
REWRITTEN_BYTES = 1024 * 1024
STUDY = (
    "<https://w3id.org/rembigraph/id/EXAMPLE-0042> a <https://w3id.org/rembigraph/ns#Study> ;"
    ' <http://purl.org/dc/terms/identifier> "EXAMPLE-0042" ; <http://purl.org/dc/terms/title> "x" .\n'
)
SCHEMA = '"@context":{"@vocab":"http://schema.org/"}'
DEEP = 30_000


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    words: str
    peak_kib: int


class Sentinel:
    """Counts connections to a port of loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Sentinel]:
    watching = Sentinel()
    yield watching
    watching.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue with one study in it."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "first.yaml").write_text("accession: EXAMPLE-0001\ntitle: The study that must stay\n")
    catalogue = folder / "catalogue"
    assert _rembigraph(catalogue, "load", str(folder / "first.yaml")).code == 0
    return catalogue


def _limits() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _rembigraph(home: Path, *arguments: str) -> Run:
    """Run a command in a limited child; `wait4` tells the memory of this child alone."""
    with (home.parent / "output").open("w+b") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "rembigraph.app", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "REMBIGRAPH_HOME": str(home), "NO_COLOR": "1"},
            preexec_fn=_limits,
        )
        timer = threading.Timer(SECONDS, child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        words = output.read().decode("utf-8", "replace")
    return Run(child.returncode, words, usage.ru_maxrss)


def _served(home: Path) -> str:
    """Everything that the catalogue holds, but for locks: its ledgers, archived sources and generations."""
    digest = sha256()
    for path in sorted(home.rglob("*")):
        if path.is_file() and "lock" not in path.name.lower():
            digest.update(str(path.relative_to(home)).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _load(home: Path, sentinel: Sentinel, path: Path) -> Run:
    """Load a file, and check what holds for every file."""
    before = _served(home)
    run = _rembigraph(home, "load", str(path))
    assert run.code in {0, 1, 3}, (run.code, run.words[-2000:])
    assert "Traceback" not in run.words
    assert "could not cope" not in run.words
    assert run.peak_kib <= MEMORY_KIB
    assert sentinel.connections == 0
    if run.code:
        assert path.name in run.words
        assert _served(home) == before
    assert _rembigraph(home, "show", "EXAMPLE-0001").code == 0
    return run


# --- the corpus


def _corpus(config: pytest.Config) -> Path:
    return Path(config.getoption("--corpus") or CORPUS)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "entry" not in metafunc.fixturenames:
        return
    listing = _corpus(metafunc.config) / "inputs.json"
    entries = json.loads(listing.read_text(encoding="utf-8")) if listing.is_file() else []
    metafunc.parametrize("entry", entries, ids=[entry["file"] for entry in entries])


def test_every_file_of_the_corpus_ends_as_stated_or_stricter(
    entry: dict[str, Any], pytestconfig: pytest.Config, home: Path, sentinel: Sentinel, tmp_path: Path
) -> None:
    source = _corpus(pytestconfig) / entry["file"]
    path = tmp_path / source.name
    data = source.read_bytes()
    if len(data) < REWRITTEN_BYTES:
        data = data.replace(str(PORT).encode(), str(sentinel.port).encode())
    path.write_bytes(data)
    run = _load(home, sentinel, path)
    if entry["expect"] == "reject":
        assert run.code != 0, run.words
    assert not list(tmp_path.glob("pwned*"))


# --- files of more kinds, made here


def _zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("record.ttl", b"# \n" * 20_000_000)
    return packed.getvalue()


def _study_with(line: str, times: int) -> bytes:
    return (STUDY + "".join(line.format(number) for number in range(times))).encode()


def _chain() -> bytes:
    context = {f"a{number}": f"a{number + 1}:x" for number in range(4000)} | {"a4000": "urn:z"}
    return json.dumps({"@context": context, "@id": "urn:a", "a0": "x"}).encode()


def _tags(within: str, times: int = 1) -> bytes:
    namespaces = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://schema.org/"'
    return f"<rdf:RDF {namespaces}>{within * times}</rdf:RDF>".encode()


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{entities}]>'.encode() + _tags("&l11;")


def _all_people_at_all_places() -> bytes:
    people = " , ".join(f"<urn:c{number}>" for number in range(300))
    places = " , ".join(f"<urn:o{number}>" for number in range(300))
    study = f"<https://w3id.org/rembigraph/id/EXAMPLE-0042> <https://w3id.org/rembigraph/ns#contribution> {people} .\n"
    lines = (f"<urn:c{number}> <http://schema.org/affiliation> {places} .\n" for number in range(300))
    return (STUDY + study + "".join(lines)).encode()


REFUSED: dict[str, Callable[[], bytes]] = {
    "deep-objects.jsonld": lambda: f"{{{SCHEMA}".encode() + b',"p":{"q":1' * DEEP + b"}" * (DEEP + 1),
    "deep-list.jsonld": lambda: (
        b'{"@id":"urn:a","urn:p":' + b'{"@list":[' * DEEP + b"1" + b"]}" * DEEP + b"}"
    ),
    "deep-graph.jsonld": lambda: (
        b'{"@id":"urn:a","@graph":' + b'{"@graph":' * DEEP + b"1" + b"}" * DEEP + b"}"
    ),
    "deep-graph-list.json": lambda: (
        b'{"@context":{},"@graph":[' + b'{"@graph":[' * DEEP + b"1" + b"]}" * DEEP + b"]}"
    ),
    "deep-set.jsonld": lambda: (
        b'[{"@id":"urn:a","urn:p":' + b'{"@set":[' * DEEP + b"1" + b"]}" * DEEP + b"}]"
    ),
    "deep-nothing.json": lambda: b"[" * 1_000_000,
    "names-by-names.jsonld": _chain,
    "import.jsonld": lambda: (
        f'{{"@context":{{"@import":"http://127.0.0.1:{PORT}/c"}},"@id":"urn:a"}}'.encode()
    ),
    "context-inside.jsonld": lambda: (
        f'{{"@id":"urn:a","urn:p":{{"@context":"http://127.0.0.1:{PORT}/c"}}}}'.encode()
    ),
    "context-of-a-name.jsonld": lambda: (
        f'{{"@context":{{"p":{{"@id":"urn:p","@context":"http://127.0.0.1:{PORT}/c"}}}},"@id":"urn:a"}}'.encode()
    ),
    "context-of-a-crate.json": lambda: f'{{"@context":"http://127.0.0.1:{PORT}/c","@graph":[]}}'.encode(),
    "many-contexts.jsonld": lambda: json.dumps(
        {"@context": ["https://schema.org"] * 100_000, "@id": "urn:a"}
    ).encode(),
    "long-vocabulary.jsonld": lambda: (
        f'{{"@context":{{"@vocab":"http://a/{"x" * 1_000_000}"}},"@id":"urn:a",'.encode()
        + ",".join(f'"k{number}":null' for number in range(50_000)).encode()
        + b"}"
    ),
    "graph-of-others.jsonld": lambda: (
        b'{"@id":"https://w3id.org/rembigraph/id/graph/EMPIAR-10001/gide","@graph":[{"@id":"urn:a","urn:p":"x"}]}'
    ),
    "empty-lists.json": lambda: (
        b'{"@context":"https://schema.org","@graph":[' + b"[]," * 10_000_000 + b"[]]}"
    ),
    "triples-in-triples.ttl": lambda: (
        f"<urn:a> <urn:b> {'<<( <urn:a> <urn:b> ' * DEEP}<urn:c>{' )>>' * DEEP} .".encode()
    ),
    "triples-in-triples.nq": lambda: b"<urn:a> <urn:b> " + b"<<( <urn:a> <urn:b> " * DEEP,
    "annotations.ttl": lambda: f"<urn:a> <urn:b> <urn:c> {'{| <urn:b> <urn:c> ' * DEEP}".encode(),
    "deep-lists.trig": lambda: b"<urn:g> { <urn:a> <urn:b> " + b"(" * DEEP + b")" * DEEP + b" }",
    "long-prefix.ttl": lambda: (
        f"@prefix p: <http://a/{'x' * 1_000_000}> .\n".encode() + b"p:a p:b p:c .\n" * 100_000
    ),
    "many-statements.nt": lambda: _study_with("<urn:a> <urn:p> {0} .\n", 450_000),
    "many-values.ttl": lambda: (STUDY + "<urn:a> <urn:b> " + "1," * 5_000_000 + "1 .").encode(),
    "large-text.ttl": lambda: (STUDY + f'<urn:a> <urn:b> "{"x" * 20_000_000}" .').encode(),
    "open-text.ttl": lambda: (STUDY + '<urn:a> <urn:b> """' + 'x"' * 10_000_000).encode(),
    "people-by-places.ttl": _all_people_at_all_places,
    "own-and-other-graph.trig": lambda: (
        STUDY + "<https://w3id.org/rembigraph/id/graph/provenance> { <urn:x> <urn:y> 'z' }"
    ).encode(),
    "laughs.rdf": _laughs,
    "deep-tags.rdf": lambda: _tags("<rdf:Description><s:a>" * DEEP),
    "many-namespaces.rdf": lambda: _tags(
        "<rdf:Description rdf:about='urn:a' "
        + " ".join(f'xmlns:n{number}="http://a/{number}"' for number in range(20_000))
        + ">"
        + "<s:name rdf:parseType='Literal'><b/></s:name>" * 20_000
        + "</rdf:Description>"
    ),
    "open-tag.rdf": lambda: _tags("<rdf:Description rdf:about='urn:a'>"),
    "utf-16.rdf": lambda: '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r [<!ENTITY x "y">]><r/>'.encode(
        "utf-16"
    ),
    "python-name.yaml": lambda: b"accession: EXAMPLE-0042\ntitle: !!python/name:os.system x\n",
    "python-call.yaml": lambda: (
        b'accession: EXAMPLE-0042\ntitle: !!python/object/apply:os.system ["touch pwned"]\n'
    ),
    "laughs.yaml": lambda: b"accession: EXAMPLE-0042\nkeyword: &a [x]\nrole: [*a, *a]\n",
    "deep.yaml": lambda: b"accession: EXAMPLE-0042\ntitle: " + b"[" * DEEP,
    "many.yaml": lambda: b"accession: EXAMPLE-0042\nkeyword: [" + b"a," * 5_000_000 + b"]\n",
    "formula.csv": lambda: b'name\n"=HYPERLINK(""http://evil"")"\n@SUM(1)\n',
    "bomb.zip": _zip_bomb,
    "bomb.json.gz": lambda: gzip.compress(b"[" * 100_000_000),
    "bomb-in-bomb.gz": lambda: gzip.compress(gzip.compress(b" " * 10_000_000)),
}

LOADED: dict[str, Callable[[], bytes]] = {
    "addresses.ttl": lambda: (
        STUDY + "<https://w3id.org/rembigraph/id/EXAMPLE-0042> <http://www.w3.org/ns/dcat#landingPage> "
        "<javascript:alert(1)> ; <http://purl.org/dc/terms/license> <data:text/html,x> ."
    ).encode(),
    "markup.ttl": lambda: (
        STUDY + "<https://w3id.org/rembigraph/id/EXAMPLE-0042> <http://purl.org/dc/terms/description> "
        "'</script><script>alert(1)</script> =HYPERLINK(1) \u202egpj.exe' ."
    ).encode(),
    "list-without-end.ttl": lambda: (
        STUDY + "_:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> 0 ;"
        " <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:l ."
        " <https://w3id.org/rembigraph/id/EXAMPLE-0042> <http://www.w3.org/ns/dcat#keyword> _:l ;"
        " <https://w3id.org/rembigraph/ns#specimen> <https://w3id.org/rembigraph/id/EXAMPLE-0042> ."
    ).encode(),
    "of-another-study.ttl": lambda: (
        STUDY + "<https://w3id.org/rembigraph/id/EXAMPLE-0042> <https://w3id.org/rembigraph/ns#specimen> "
        "<https://w3id.org/rembigraph/id/EXAMPLE-0001> . "
        "<https://w3id.org/rembigraph/id/EXAMPLE-0001> <http://purl.org/dc/terms/title> 'taken over' ."
    ).encode(),
    "many-kept.nt": lambda: _study_with("<urn:a> <urn:p> {0} .\n", 20_000),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_end_or_no_right_to_be_there_is_refused(
    name: str, home: Path, sentinel: Sentinel, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(REFUSED[name]().replace(str(PORT).encode(), str(sentinel.port).encode()))
    run = _load(home, sentinel, path)
    assert run.code in {1, 3}, run.words
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", LOADED)
def test_what_is_only_text_stays_text(name: str, home: Path, sentinel: Sentinel, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(LOADED[name]())
    assert _load(home, sentinel, path).code == 0
    shown = _rembigraph(home, "show", "EXAMPLE-0001", "--format", "ntriples").words
    assert "The study that must stay" in shown
    assert "taken over" not in shown


def test_a_hostile_file_does_not_stop_the_others(home: Path, sentinel: Sentinel, tmp_path: Path) -> None:
    """More files than are read in the command's own process: the rest in children with limits."""
    for name in ("deep-list.jsonld", "triples-in-triples.ttl", "laughs.rdf", "python-call.yaml"):
        (tmp_path / name).write_bytes(REFUSED[name]())
    for number in range(4):
        text = STUDY.replace("EXAMPLE-0042", f"EXAMPLE-005{number}")
        (tmp_path / f"good-{number}.ttl").write_text(text)
    run = _rembigraph(home, "load", "--json", str(tmp_path))
    assert run.code == 3
    totals = json.loads(run.words[run.words.index("{") : run.words.rindex("}") + 1])["totals"]
    assert (totals["loaded"], totals["failed"]) == (4, 4)
    assert sentinel.connections == 0


def test_blank_nodes_of_two_files_stay_two(home: Path, sentinel: Sentinel, tmp_path: Path) -> None:
    names = []
    for number, title in enumerate(("one", "two")):
        text = STUDY.replace("EXAMPLE-0042", f"EXAMPLE-006{number}")
        subject = text.split(" ", 1)[0]
        path = tmp_path / f"{title}.ttl"
        path.write_text(
            f"{text}{subject} <https://w3id.org/rembigraph/ns#specimen> _:b0 . "
            f"_:b0 <http://purl.org/dc/terms/title> '{title}' ."
        )
        assert _load(home, sentinel, path).code == 0
        shown = _rembigraph(home, "show", f"EXAMPLE-006{number}", "--format", "ntriples").words
        names += [line.split(" ")[0] for line in shown.splitlines() if f'"{title}"' in line]
    assert len(set(names)) == len(names) == 2
