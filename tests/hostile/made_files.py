"""Hostile files of many kinds, made here: name -> what makes the bytes, and the code that refuses them.

`REFUSED` must fail with that code. `LOADED` holds nothing worse than text, and must be loaded.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

PORT = 28471  # of the sentinel, as the corpus writes it; the tests put a free port in its place
STUDY = (
    "<https://w3id.org/rembigraph/id/EXAMPLE-0042> a <https://w3id.org/rembigraph/ns#Study> ;"
    ' <http://purl.org/dc/terms/identifier> "EXAMPLE-0042" ; <http://purl.org/dc/terms/title> "x" .\n'
)
SUBJECT = "<https://w3id.org/rembigraph/id/EXAMPLE-0042>"
YAML = "accession: EXAMPLE-0042\ntitle: x\n"
DEEP = 30_000

Made = dict[str, tuple[Callable[[], bytes], str]]


# --- JSON-LD


def _json_ld(members: str, context: str = '{"@vocab":"http://schema.org/"}') -> bytes:
    return f'{{"@context":{context},"@id":"urn:a",{members}}}'.encode()


def _nested(opening: str, closing: str, times: int = DEEP) -> Callable[[], bytes]:
    """A JSON-LD node with a value that is so nested."""
    return lambda: _json_ld(f'"p":{opening * times}1{closing * times}')


def _document(**members: Any) -> bytes:
    return json.dumps(members).encode()


def _chain() -> bytes:
    context = {f"a{number}": f"a{number + 1}:x" for number in range(4000)} | {"a4000": "urn:z"}
    return json.dumps({"@context": context, "@id": "urn:a", "a0": "x"}).encode()


def _scoped(depth: int) -> str:
    return '{"p":{"@id":"urn:p","@context":' * depth + "{}" + "}}" * depth


_STUDY_LD = '"@type":"Dataset","identifier":"EXAMPLE-0042","name":"x"'
_JSON_LD: Made = {
    "deep-objects.jsonld": (_nested('{"q":', "}"), "too-deep"),
    "deep-arrays.jsonld": (_nested("[", "]"), "too-deep"),
    "deep-list.jsonld": (_nested('{"@list":[', "]}"), "too-deep"),
    "deep-list-of-one.jsonld": (_nested('{"@list":', "}"), "too-deep"),
    "deep-set.jsonld": (_nested('{"@set":[', "]}"), "too-deep"),
    "deep-graph.jsonld": (_nested('{"@graph":', "}"), "too-deep"),
    "deep-graphs.jsonld": (_nested('{"@graph":[', "]}"), "too-deep"),
    "deep-reverse.jsonld": (_nested('{"@reverse":{"r":', "}}"), "too-deep"),
    "deep-included.jsonld": (_nested('{"@included":[', "]}"), "too-deep"),
    "deep-nest.jsonld": (_nested('{"@nest":', "}"), "too-deep"),
    "deep-value.jsonld": (_nested('{"@value":', "}"), "too-deep"),
    "deep-json.jsonld": (
        lambda: _json_ld('"p":{"@type":"@json","@value":' + "[" * DEEP + "]" * DEEP + "}"),
        "too-deep",
    ),
    "deep-types.jsonld": (lambda: _json_ld('"@type":' + "[" * DEEP + '"T"' + "]" * DEEP), "too-deep"),
    "deep-id.jsonld": (lambda: _json_ld('"@id":' + "[" * DEEP + "]" * DEEP), "too-deep"),
    "deep-contexts.jsonld": (lambda: _json_ld('"p":1', "[" * DEEP + "]" * DEEP), "too-deep"),
    "deep-scopes.jsonld": (lambda: _json_ld('"p":1', _scoped(DEEP)), "too-deep"),
    "deep-everything.jsonld": (
        _nested('{"@graph":[{"@list":[{"@set":[{"@reverse":{"r":[', "]}}]}]}]}", 6_000),
        "too-deep",
    ),
    "deep-unclosed.jsonld": (lambda: b'{"@id":"urn:a","urn:p":' + b'{"@list":[' * DEEP, "too-deep"),
    "deep-nothing.json": (lambda: b"[" * 400_000, "too-deep"),
    "deeper-nothing.json": (lambda: b"[" * 1_000_000, "too-large"),
    "deep-crate.json": (
        lambda: b'{"@context":{},"@graph":[' + b'{"@graph":[' * DEEP + b"1" + b"]}" * DEEP + b"]}",
        "too-deep",
    ),
    "almost-too-deep.jsonld": (lambda: _json_ld('"p":' + '{"@list":[' * 31 + "]}" * 31), "no-study"),
    "reverse-of-reverse.jsonld": (
        lambda: _json_ld('"@reverse":{"r":{"@reverse":{"r":{"@id":"urn:b"}}}}'),
        "no-study",
    ),
    "names-by-names.jsonld": (_chain, "context"),
    "name-by-itself.jsonld": (lambda: _json_ld('"a":1', '{"a":"b:x","b":"a:x"}'), "context"),
    "import.jsonld": (
        lambda: _json_ld('"p":1', f'{{"@import":"http://127.0.0.1:{PORT}/c"}}'),
        "remote-context",
    ),
    "context-of-a-crate.json": (
        lambda: f'{{"@context":"http://127.0.0.1:{PORT}/c","@graph":[]}}'.encode(),
        "remote-context",
    ),
    "context-of-a-file.jsonld": (lambda: _json_ld('"p":1', '"file:///etc/passwd"'), "remote-context"),
    "context-beside-it.jsonld": (lambda: _json_ld('"p":1', '"../context.jsonld"'), "remote-context"),
    "context-inside.jsonld": (
        lambda: _json_ld(f'"p":{{"@context":"http://127.0.0.1:{PORT}/c"}}'),
        "nested-context",
    ),
    "context-of-a-name.jsonld": (
        lambda: _json_ld('"p":1', f'{{"p":{{"@id":"urn:p","@context":"http://127.0.0.1:{PORT}/c"}}}}'),
        "nested-context",
    ),
    "nest.jsonld": (lambda: _json_ld('"@nest":{"p":1}'), "keyword"),
    "graph-in-graph.jsonld": (
        lambda: b'[{"@id":"urn:a","@graph":[{"@id":"urn:g","@graph":[{"@id":"urn:b","urn:p":1}]}]}]',
        "nested-graph",
    ),
    "many-contexts.jsonld": (
        lambda: _json_ld('"p":1', json.dumps(["https://schema.org"] * 100_000)),
        "context",
    ),
    "many-names.jsonld": (
        lambda: _json_ld('"p":1', json.dumps({f"n{number}": "urn:x" for number in range(100_000)})),
        "context",
    ),
    "long-vocabulary.jsonld": (
        lambda: _json_ld(
            ",".join(f'"k{number}":null' for number in range(50_000)),
            f'{{"@vocab":"http://a/{"x" * 1_000_000}"}}',
        ),
        "too-large",
    ),
    "graph-of-others.jsonld": (
        lambda: (
            b'{"@id":"https://w3id.org/rembigraph/id/graph/EMPIAR-10001/gide",'
            b'"@graph":[{"@id":"urn:a","urn:p":"x"}]}'
        ),
        "foreign-graph",
    ),
    "empty-lists.json": (
        lambda: b'{"@context":"https://schema.org","@graph":[' + b"[]," * 10_000_000 + b"[]]}",
        "too-large",
    ),
    "million-lists.jsonld": (lambda: _json_ld('"p":[' + "[]," * 1_000_000 + "[]]"), "too-large"),
    "many-closed.json": (lambda: b'{"section":1,"file list":[' + b"]" * 50_000_000, "syntax"),
    "many-texts.json": (lambda: b'{"section":1,"file list":[' + b'""' * 20_000_000, "syntax"),
    "number-of-a-kind.jsonld": (lambda: _json_ld('"p":1e999999'), "number"),
    "number-small.jsonld": (lambda: _json_ld(f'"p":{"9" * 100_000}'), "number"),
    "number-nan.jsonld": (lambda: _json_ld('"p":NaN'), "number"),
    "number-infinity.jsonld": (lambda: _json_ld('"p":-Infinity'), "number"),
    "twice.jsonld": (lambda: _json_ld('"p":1,"p":2'), "duplicate-key"),
    "twice-escaped.jsonld": (lambda: _json_ld('"p":1,"\\u0070":2'), "duplicate-key"),
    "surrogate.jsonld": (lambda: _json_ld('"p":"\\ud800"'), "surrogate"),
    "surrogate-key.jsonld": (lambda: _json_ld('"\\udc00":1'), "surrogate"),
    "nul.jsonld": (lambda: _json_ld('"p":"a\\u0000b"'), "nul"),
    "bad-utf-8.jsonld": (lambda: _json_ld('"p":"?"').replace(b"?", b"\xc0\xaf"), "encoding"),
    "utf-16.jsonld": (lambda: _json_ld('"p":1').decode().encode("utf-16"), "unknown-format"),
    "utf-32.jsonld": (lambda: _json_ld('"p":1').decode().encode("utf-32"), "unknown-format"),
    "two-marks.jsonld": (lambda: b"\xef\xbb\xbf" * 2 + _json_ld('"p":1'), "unknown-format"),
    "blank-in-an-iri.jsonld": (lambda: _json_ld('"p":{"@id":"http://a/b c"}'), "iri"),
    "line-in-an-iri.jsonld": (lambda: _json_ld('"p":{"@id":"http://a/b\\r\\nc"}'), "iri"),
    "language.jsonld": (lambda: _json_ld('"p":{"@value":"x","@language":"en-\\n"}'), "language"),
    "id-as-number.jsonld": (lambda: b'{"@context":{},"@id":5,"urn:p":1}', "wrong-id"),
    "path-as-accession.jsonld": (
        lambda: _json_ld(_STUDY_LD.replace("EXAMPLE-0042", "../../etc/passwd")),
        "unknown-accession",
    ),
}


# --- Turtle and its family


def _study_with(line: str, times: int) -> bytes:
    return (STUDY + "".join(line.format(number) for number in range(times))).encode()


def _all_people_at_all_places() -> bytes:
    people = " , ".join(f"<urn:c{number}>" for number in range(300))
    places = " , ".join(f"<urn:o{number}>" for number in range(300))
    lines = (f"<urn:c{number}> <http://schema.org/affiliation> {places} .\n" for number in range(300))
    study = f"{SUBJECT} <https://w3id.org/rembigraph/ns#contribution> {people} .\n"
    return (STUDY + study + "".join(lines)).encode()


def _turtle(text: str) -> Callable[[], bytes]:
    return lambda: (STUDY + text).encode()


def _quads(line: str) -> Callable[[], bytes]:
    said = {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": "<https://w3id.org/rembigraph/ns#Study>",
        "http://purl.org/dc/terms/identifier": '"EXAMPLE-0042"',
    }
    study = "".join(f"{SUBJECT} <{name}> {value} .\n" for name, value in said.items())
    return lambda: (study + line).encode()


_TURTLE: Made = {
    "deep-collection.ttl": (_turtle("<urn:a> <urn:b> " + "(" * DEEP + ")" * DEEP + " ."), "too-deep"),
    "deep-blank-nodes.ttl": (
        _turtle("<urn:a> <urn:b> " + "[ <urn:b> " * DEEP + "]" * DEEP + " ."),
        "too-deep",
    ),
    "deep-mixture.ttl": (_turtle("<urn:a> <urn:b> " + "([ <urn:b> " * DEEP), "too-deep"),
    "deep-lists.trig": (
        lambda: b"<urn:g> { <urn:a> <urn:b> " + b"(" * DEEP + b")" * DEEP + b" }",
        "too-deep",
    ),
    "triples-in-triples.ttl": (
        lambda: f"<urn:a> <urn:b> {'<<( <urn:a> <urn:b> ' * DEEP}<urn:c>{' )>>' * DEEP} .".encode(),
        "triple-term",
    ),
    "quoted-triples.ttl": (_turtle("<< <urn:a> <urn:b> <urn:c> >> <urn:d> 1 ."), "triple-term"),
    "triples-in-triples.nq": (lambda: b"<urn:a> <urn:b> " + b"<<( <urn:a> <urn:b> " * DEEP, "triple-term"),
    "annotations.ttl": (
        lambda: f"<urn:a> <urn:b> <urn:c> {'{| <urn:b> <urn:c> ' * DEEP}".encode(),
        "too-deep",
    ),
    "long-prefix.ttl": (
        lambda: f"@prefix p: <http://a/{'x' * 1_000_000}> .\n".encode() + b"p:a p:b p:c .\n" * 100_000,
        "too-large",
    ),
    "many-prefixes.ttl": (
        lambda: "".join(f"@prefix p{number}: <urn:{number}:> .\n" for number in range(300_000)).encode(),
        "no-study",
    ),
    "many-statements.nt": (lambda: _study_with("<urn:a> <urn:p> {0} .\n", 450_000), "too-large"),
    "many-of-one-study.nt": (lambda: _study_with("<urn:a> <urn:p> {0} .\n", 60_000), "too-large"),
    "many-values.ttl": (_turtle("<urn:a> <urn:b> " + "1," * 5_000_000 + "1 ."), "too-large"),
    "large-text.ttl": (_turtle(f'<urn:a> <urn:b> "{"x" * 20_000_000}" .'), "too-large"),
    "open-text.ttl": (_turtle('<urn:a> <urn:b> """' + 'x"' * 10_000_000), "too-large"),
    "one-line.nt": (lambda: b"<urn:" + b"a" * 60_000_000, "unknown-format"),
    "people-by-places.ttl": (_all_people_at_all_places, "too-large"),
    "other-graph.trig": (
        _turtle("<https://w3id.org/rembigraph/id/graph/provenance> { <urn:x> <urn:y> 'z' }"),
        "foreign-graph",
    ),
    "graph-of-another-record.nq": (
        _quads('<urn:x> <urn:y> "z" <https://w3id.org/rembigraph/id/graph/EMPIAR-10001/gide> .'),
        "foreign-graph",
    ),
    "graph-of-another-catalogue.nq": (
        _quads('<urn:x> <urn:y> "z" <https://evil.example/graph/EXAMPLE-0042/gide> .'),
        "foreign-graph",
    ),
    "graph-with-dots.trig": (
        _turtle("<https://w3id.org/rembigraph/id/x/../graph/ledger> { <urn:x> <urn:y> 'z' }"),
        "foreign-graph",
    ),
    "blank-graph.nq": (_quads('<urn:x> <urn:y> "z" _:g .'), "foreign-graph"),
    "nul.nt": (_turtle("<urn:x> <urn:y> 'a\\u0000b' ."), "nul"),
    "raw-nul.nt": (_turtle("<urn:x> <urn:y> 'a\0b' ."), "nul"),
    "surrogate.ttl": (_turtle("<urn:x> <urn:y> 'a\\ud800b' ."), "syntax"),
    "bad-utf-8.ttl": (lambda: STUDY.encode() + b"<urn:x> <urn:y> '\xed\xa0\x80' .", "encoding"),
    "utf-16.ttl": (lambda: STUDY.encode("utf-16"), "unknown-format"),
    "line-in-an-iri.ttl": (_turtle("<urn:x\n> <urn:y> 1 ."), "syntax"),
    "escaped-line-in-an-iri.ttl": (_turtle("<urn:x\\u000Ay> <urn:y> 1 ."), "syntax"),
    "path-as-accession.ttl": (
        lambda: STUDY.replace("EXAMPLE-0042", "../../etc/passwd").encode(),
        "unknown-accession",
    ),
    "reserved-accession.ttl": (lambda: STUDY.replace("EXAMPLE-0042", "sparql").encode(), "unknown-accession"),
}


# --- XML


def _tags(within: str, times: int = 1) -> bytes:
    namespaces = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:s="http://schema.org/"'
    return f"<rdf:RDF {namespaces}>{within * times}</rdf:RDF>".encode()


def _with_dtd(dtd: str, within: str = "") -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE rdf:RDF {dtd}>'.encode() + _tags(within)


def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return _with_dtd(f'[<!ENTITY l0 "lol">{entities}]', "&l11;")


def _empiar(within: str, before: str = "", attributes: str = "") -> bytes:
    return (
        f'{before}<entry xmlns="http://pdbe.org/empiar" accessionCode="EMPIAR-10002" {attributes}>{within}</entry>'
    ).encode()


_XML: Made = {
    "laughs.rdf": (_laughs, "dtd"),
    "outer-dtd.rdf": (lambda: _with_dtd(f'SYSTEM "http://127.0.0.1:{PORT}/x.dtd"'), "dtd"),
    "public-dtd.rdf": (lambda: _with_dtd(f'PUBLIC "-//x" "http://127.0.0.1:{PORT}/x.dtd"'), "dtd"),
    "parameter-entity.rdf": (
        lambda: _with_dtd(f'[<!ENTITY % p SYSTEM "http://127.0.0.1:{PORT}/p"> %p;]'),
        "dtd",
    ),
    "file-entity.rdf": (lambda: _with_dtd('[<!ENTITY f SYSTEM "file:///etc/passwd">]', "&f;"), "dtd"),
    "deep-tags.rdf": (lambda: _tags("<rdf:Description><s:a>" * DEEP), "too-deep"),
    "include.rdf": (
        lambda: _tags(
            f'<s:Thing rdf:about="urn:a"><s:b xmlns:xi="http://www.w3.org/2001/XInclude">'
            f'<xi:include rdf:about="http://127.0.0.1:{PORT}/x"/></s:b></s:Thing>'
        ),
        "no-study",
    ),
    "many-attributes.rdf": (
        lambda: _tags("<rdf:Description " + " ".join(f's:a{number}="1"' for number in range(100_000)) + "/>"),
        "too-large",
    ),
    "many-namespaces.rdf": (
        lambda: _tags(
            "<rdf:Description rdf:about='urn:a' "
            + " ".join(f'xmlns:n{number}="http://a/{number}"' for number in range(20_000))
            + ">"
            + "<s:name rdf:parseType='Literal'><b/></s:name>" * 20_000
            + "</rdf:Description>"
        ),
        "too-large",
    ),
    "long-namespace.rdf": (
        lambda: _tags(
            f"<rdf:Description rdf:about='urn:a' xmlns:n='http://a/{'x' * 1_000_000}'>"
            + "<n:p>1</n:p>" * 1_000
            + "</rdf:Description>"
        ),
        "too-large",
    ),
    "long-name.rdf": (lambda: _tags(f"<s:{'a' * 30_000_000}"), "syntax"),
    "open-tag.rdf": (lambda: _tags("<rdf:Description rdf:about='urn:a'>"), "syntax"),
    "bad-utf-8.rdf": (lambda: _tags("<s:a>?</s:a>").replace(b"?", b"\xff"), "encoding"),
    "utf-16.rdf": (
        lambda: '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r [<!ENTITY x "y">]><r/>'.encode("utf-16"),
        "unknown-format",
    ),
    "says-latin-1.rdf": (
        lambda: b'<?xml version="1.0" encoding="iso-8859-1"?>' + _tags("<s:a>\u00e9</s:a>"),
        "syntax",
    ),
    "dtd.empiar.xml": (
        lambda: _empiar("&x;", f'<!DOCTYPE entry SYSTEM "http://127.0.0.1:{PORT}/empiar.dtd">'),
        "dtd",
    ),
    "laughs.empiar.xml": (
        lambda: _empiar("&b;", '<!DOCTYPE entry [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'),
        "dtd",
    ),
    "deep.empiar.xml": (lambda: _empiar("<a>" * DEEP), "too-deep"),
    "wide.empiar.xml": (
        lambda: _empiar("", attributes=" ".join(f'a{number}="1"' for number in range(100_000))),
        "too-large",
    ),
}


# --- YAML, tables and submissions


def _yaml(text: str) -> Callable[[], bytes]:
    return lambda: (YAML + text).encode()


def _submission(
    attributes: Iterable[tuple[str, str]], accession: str = "S-BIADTEST1", more: str = ""
) -> bytes:
    listed = [{"name": name, "value": value} for name, value in attributes]
    section = json.dumps({"type": "Study", "attributes": listed})
    return (
        f'{{"accno":{json.dumps(accession)},"attributes":[{{"name":"Title","value":"x"}}],"section":{section}{more}}}'
    ).encode()


_OTHERS: Made = {
    "python-name.yaml": (_yaml("description: !!python/name:os.system x\n"), "syntax"),
    "python-call.yaml": (_yaml('description: !!python/object/apply:os.system ["touch pwned"]\n'), "syntax"),
    "own-tag.yaml": (_yaml("description: !evil x\n"), "syntax"),
    "alias.yaml": (_yaml("keyword: &a [x]\nrole: [*a, *a]\n"), "syntax"),
    "laughs.yaml": (
        lambda: (
            YAML + "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 10}]\n" for n in range(1, 12))
        ).encode(),
        "syntax",
    ),
    "alias-of-itself.yaml": (_yaml("keyword: &a [*a]\n"), "syntax"),
    "merge.yaml": (_yaml("base: &b {title: y}\n<<: *b\n"), "syntax"),
    "merge-in-place.yaml": (_yaml("<<: {description: y}\n"), "unknown-field"),
    "deep-lists.yaml": (_yaml("keyword: " + "[" * 100_000 + "]" * 100_000), "too-deep"),
    "deep-flow.yaml": (_yaml("keyword: " + "{a: " * 100_000), "too-deep"),
    "deep-blocks.yaml": (_yaml("keyword:\n" + "- " * 100_000 + "x"), "too-deep"),
    "deep-keys.yaml": (_yaml("? " * 100_000), "too-deep"),
    "many.yaml": (_yaml("keyword: [" + "a," * 5_000_000 + "]\n"), "too-large"),
    "long-key.yaml": (_yaml("k" * 1_000_000 + ": 1\n"), "syntax"),
    "twice.yaml": (_yaml("title: y\n"), "duplicate"),
    "bad-utf-8.yaml": (lambda: YAML.encode() + b"description: \xff\n", "encoding"),
    "bell.yaml": (_yaml("description: a\x07b\n"), "syntax"),
    "nul.yaml": (_yaml("description: a\0b\n"), "syntax"),
    "large-number.yaml": (_yaml(f"byte_size: {'9' * 100_000}\n"), "wrong-value"),
    "no-number.yaml": (_yaml("byte_size: .nan\n"), "wrong-value"),
    "path-as-accession.yaml": (lambda: b"accession: ../../etc/passwd\ntitle: x\n", "unknown-accession"),
    "encoded-accession.yaml": (lambda: b"accession: EXAMPLE-0042%2f..\ntitle: x\n", "unknown-accession"),
    "long-accession.yaml": (
        lambda: b"accession: EXAMPLE-" + b"1" * 100_000 + b"\ntitle: x\n",
        "unknown-accession",
    ),
    "nul-accession.yaml": (lambda: b'accession: "EXAMPLE-0042\\0"\ntitle: x\n', "unknown-accession"),
    "line-accession.yaml": (lambda: b'accession: "EXAMPLE-0042\\n/x"\ntitle: x\n', "unknown-accession"),
    "reserved-accession.yaml": (lambda: b"accession: sparql\ntitle: x\n", "unknown-accession"),
    "formula.csv": (lambda: b'name\n"=HYPERLINK(""http://evil"")"\n@SUM(1)\n', "unknown-format"),
    "path-as-accession.pagetab.json": (lambda: _submission([], "../../etc/passwd"), "unknown-accession"),
    "encoded-accession.pagetab.json": (lambda: _submission([], "S-BIAD1%2f.."), "unknown-accession"),
    "deep.pagetab.json": (
        lambda: _submission([], more=',"x":' + '{"subsections":[' * DEEP + "]}" * DEEP),
        "too-deep",
    ),
    "wide.pagetab.json": (
        lambda: _submission((f"Attribute {number}", "x") for number in range(300_000)),
        "too-large",
    ),
    "large-text.pagetab.json": (
        lambda: _submission(
            [("File List", "a.json")], "S-BIADTEST1", f',"x":"\\ud83d\\ude00{"x" * 60_000_000}"'
        ),
        "too-large",
    ),
    "empty.json": (lambda: b"", "unknown-format"),
    "blank.json": (lambda: b" " * 1_000_000, "unknown-format"),
    "zeros.bin": (lambda: bytes(30_000_000), "unknown-format"),
}


# --- archives


def _zip(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _overlapping() -> bytes:
    """One member, named twenty thousand times in the table of contents."""
    packed = _zip({"a.ttl": b"# \n" * 6_000_000})
    start, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    entries, count = packed[start:end] * 20_000, 20_000
    return (
        packed[:start]
        + entries
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries), start, 0)
    )


def _tar_of_headers(payload: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, len(payload)
    return header.tobuf() + payload + bytes(-len(payload) % 512) + tarfile.TarInfo("f").tobuf() + bytes(1024)


_ARCHIVES: Made = {
    "bomb.zip": (lambda: _zip({"record.ttl": b"# \n" * 20_000_000}), "ratio"),
    "bomb.json.gz": (lambda: gzip.compress(b"[" * 100_000_000), "ratio"),
    "bomb-in-bomb.gz": (lambda: gzip.compress(gzip.compress(b" " * 10_000_000)), "nested-archive"),
    "zip-in-zip.zip": (lambda: _zip({"a.zip": _zip({"b.zip": _zip({"c": b"x"})})}), "nested-archive"),
    "overlapping.zip": (_overlapping, "too-large"),
    "long-contents.zip": (
        lambda: (
            b"PK\x03\x04"
            + (b"PK\x01\x02" + bytes(42)) * 600_000
            + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 600_000 * 46, 4, 0)
        ),
        "too-many",
    ),
    "digits.tar": (lambda: _tar_of_headers(b"1" * 900_000), "too-large"),
    "long-name.tar": (lambda: _tar_of_headers(b"a" * 50_000_000, tarfile.GNUTYPE_LONGNAME), "too-large"),
    "headers-of-headers.tar": (lambda: _tar_of_headers(b"12 a=bcdefg\n")[:1024] * 50_000, "damaged"),
    "cut.json.gz": (lambda: gzip.compress(STUDY.encode() * 1000)[:-20], "damaged"),
    "cut.zip": (lambda: _zip({"a.ttl": STUDY.encode()})[:-30], "damaged"),
    "wrong-sum.gz": (lambda: gzip.compress(STUDY.encode())[:-8] + bytes(8), "damaged"),
    "rubbish-behind.gz": (lambda: gzip.compress(STUDY.encode()) + b"rubbish", "damaged"),
}

REFUSED: Made = _JSON_LD | _TURTLE | _XML | _OTHERS | _ARCHIVES

# --- what is only text


def _loaded(number: int, text: str) -> Callable[[], bytes]:
    """A study of its own; `text` is said of it, of `SUBJECT`."""
    return lambda: (STUDY + text).replace("EXAMPLE-0042", f"EXAMPLE-{number}").encode()


_COUNT = "<https://w3id.org/rembigraph/ns#fileCount>"
_FIRST, _REST = (f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#{name}>" for name in ("first", "rest"))
_MARKUP = "</script><script>alert(1)</script> =HYPERLINK(1) \u202egpj.exe"
LOADED: dict[str, Callable[[], bytes]] = {
    "addresses.ttl": _loaded(
        4201,
        f"{SUBJECT} <http://www.w3.org/ns/dcat#landingPage> <javascript:alert(1)> ;"
        " <http://purl.org/dc/terms/license> <data:text/html,x> .",
    ),
    "markup.ttl": _loaded(4202, f"{SUBJECT} <http://purl.org/dc/terms/description> '{_MARKUP}' ."),
    "list-without-end.ttl": _loaded(
        4203,
        f"_:l {_FIRST} 0 ; {_REST} _:l . {SUBJECT} <http://www.w3.org/ns/dcat#keyword> _:l ;"
        f" <https://w3id.org/rembigraph/ns#specimen> {SUBJECT} .",
    ),
    "of-another-study.ttl": _loaded(
        4204,
        f"{SUBJECT} <https://w3id.org/rembigraph/ns#specimen> <https://w3id.org/rembigraph/id/EXAMPLE-0001> . "
        "<https://w3id.org/rembigraph/id/EXAMPLE-0001> <http://purl.org/dc/terms/title> 'taken over' .",
    ),
    "numbers.ttl": _loaded(4205, f"{SUBJECT} {_COUNT} {'9' * 100_000} , 1e999999 , 'NaN' ."),
    "many-kept.nt": _loaded(4206, "".join(f"<urn:a> <urn:p> {number} .\n" for number in range(4_000))),
    "marked.ttl": lambda: b"\xef\xbb\xbf" + STUDY.replace("EXAMPLE-0042", "EXAMPLE-4207").encode(),
    "formula.yaml": lambda: b"accession: EXAMPLE-4208\ntitle: '=cmd|calc!A0'\nkeyword: [\"[[[[{{{{\"]\n",
    "wide.pagetab.json": lambda: _submission((f"Attribute {number}", "x") for number in range(1_000)),
    "parts.ttl.gz": lambda: b"".join(
        gzip.compress(line.encode())
        for line in STUDY.replace("EXAMPLE-0042", "EXAMPLE-4209").splitlines(True)
    ),
}
