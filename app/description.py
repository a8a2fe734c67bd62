"""The OpenAPI description: what every route takes, in which forms it answers, and how it says no.

FastAPI finds the routes; what they answer is said here, in one table, because the routes build their answers
themselves. A test compares the table with the routes, and another client checks a running server against it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi
from rembigraph.app.feeds.change_list import PARAMETERS
from rembigraph.app.feeds.dcat import FORMATS as DCAT_FORMATS
from rembigraph.app.feeds.dcat import PARAMETERS as DCAT_PARAMETERS
from rembigraph.app.feeds.dumps import PACKINGS
from rembigraph.app.negotiation import HTML, JSON
from rembigraph.app.pages.listing import TRUTH
from rembigraph.app.pages.place_question import BODY
from rembigraph.app.pages.representations import BY_TAIL
from rembigraph.app.pages.signposting import LINKSETS
from rembigraph.app.pages.words import GRADES
from rembigraph.app.problems import PROBLEM_JSON
from rembigraph.app.sparql.formats import GRAPH_FORMATS, RESULT_FORMATS
from rembigraph.app.sparql.protocol import DIRECT, FORM
from rembigraph.catalogue.criteria import SORTS
from rembigraph.ontology.transform_documents import WRITTEN

if TYPE_CHECKING:
    from fastapi import FastAPI

_RECORD: Final = tuple(dict.fromkeys([*(each.media_type for each in BY_TAIL.values()), *LINKSETS.values()]))
_RDF_DOCUMENT: Final = tuple(form.media_type for form in GRAPH_FORMATS)
_RESULTS: Final = tuple(
    dict.fromkeys([*(form.media_type for form in (*RESULT_FORMATS, *GRAPH_FORMATS)), HTML])
)
_RDF: Final = tuple(each.media_type for each in BY_TAIL.values() if each.token == "rembi")  # noqa: S105 - a name
_NOT_THERE: Final = (404, 406, 503)


@dataclass(frozen=True)
class Operation:
    """What a route takes and answers.

    Attributes:
        media_types: forms of its answers.
        statuses: statuses beside 200.
        query: parameters of the query: name -> what it means.
        body: media types of the request's body; empty when it takes none.
        formats: values of the parameter `format`, where only these are allowed.
        required: parameters that it needs, beside those that are always needed.
        values: what values of its parameters look like, where their names mean something else elsewhere.
    """

    media_types: Sequence[str]
    statuses: Sequence[int] = ()
    query: Mapping[str, str] | None = None
    body: Sequence[str] = ()
    formats: Sequence[str] = ()
    required: Sequence[str] = ()
    values: Mapping[str, dict[str, Any]] | None = None

    @property
    def responses(self) -> dict[str, Any]:
        """Its answers, as OpenAPI writes them."""
        found = {"200": _response(HTTPStatus.OK, self.media_types)}
        for status in map(HTTPStatus, (*self.statuses, 405)):
            problem = status >= HTTPStatus.BAD_REQUEST
            found[str(status.value)] = _response(status, (PROBLEM_JSON, HTML) if problem else ())
        return found

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Parameters of its query, as OpenAPI writes them."""
        return [
            {
                "name": name,
                "in": "query",
                "required": name in _REQUIRED or name in self.required,
                "description": meaning,
                "schema": {"type": "string", **self._values(name)},
            }
            for name, meaning in (self.query or {}).items()
        ]

    def _values(self, name: str) -> dict[str, Any]:
        if name == "format" and self.formats:
            return {"enum": ["", *self.formats]}
        return (self.values or {}).get(name) or _VALUES.get(name, {})


_FILTERS: Final = {
    "q": "words, accessions, names",
    "archive": "key or name of an archive; may be repeated",
    "organism": "name, NCBITaxon identifier or IRI; may be repeated",
    "method": "label, FBbi identifier or IRI of an imaging method; may be repeated",
    "year": "year of release; may be repeated",
    "correlative": "yes: only studies with a part elsewhere; no: only those without",
    "sort": "relevance, newest, oldest, title, accession or largest",
    "page": "number of the page, from 1",
    "per_page": "studies on a page",
    "format": "html, json or csv; stands for the Accept header",
}
_FORM: Final = "html or json; stands for the Accept header"
_TRANSFORM: Final = {
    "from": "IRI of the coordinate system, or of an image that has one; the data base may be left out",
    "to": "likewise, where the place is looked for",
    "point": "coordinates in the axis order of `from`, such as z,y,x; may be repeated",
    "box": "two opposite corners, such as z,y,x;z,y,x; may be repeated",
    "polygon": "at least three points, such as z,y,x;z,y,x;z,y,x; may be repeated",
    "via": "a coordinate system to pass; may be repeated, in order",
    "avoid": "a coordinate system or transformation not to touch; may be repeated",
    "prefer": "error (the default) or hops",
    "alternatives": "yes: list other ways even where thousands of systems hang together",
    "format": "html, json, or the way alone as a file: ome-zarr-0.6, itk, ...; stands for the Accept header",
}
_CORRELATIONS: Final = {
    "study": "accession: only correlations of this study and of those joined with it",
    "grade": "only correlations of this grade",
    "page": "number of the page, from 1",
    "format": _FORM,
}
_COVERING: Final = {
    "system": "IRI of the coordinate system of the box, or of an image that has one",
    "box": "two opposite corners, such as z,y,x;z,y,x",
    "format": _FORM,
}
_NUMBER: Final = "-?[0-9]{1,12}(\\.[0-9]{1,9})?"
_PLACE: Final = f"{_NUMBER},{_NUMBER},{_NUMBER}"
_REQUIRED: Final = frozenset({"iri", "system", "graph"})
"""Parameters that every operation needs which has them; `Operation.required` names those of one alone."""
_VALUES: Final[Mapping[str, dict[str, Any]]] = {
    "iri": {"pattern": "^https?://[a-z0-9.-]+\\.[a-z]{2,10}/[A-Za-z0-9._~/-]{0,200}$"},
    "default-graph-uri": {"pattern": "^https?://[a-z0-9.-]+/[A-Za-z0-9._~/-]{0,200}$"},
    "named-graph-uri": {"pattern": "^https?://[a-z0-9.-]+/[A-Za-z0-9._~/-]{0,200}$"},
    "graph": {"pattern": "^https?://[a-z0-9.-]+/[A-Za-z0-9._~/-]{0,200}$"},
    "correlative": {"enum": list(TRUTH)},
    "system": {"minLength": 1, "maxLength": 2000, "pattern": "[^\\s]"},
    "point": {"pattern": f"^{_PLACE}$"},
    "box": {"pattern": f"^{_PLACE};{_PLACE}$"},
    "polygon": {"pattern": f"^{_PLACE}(;{_PLACE}){{2,9}}$"},
    "via": {"maxLength": 2000},
    "avoid": {"maxLength": 2000},
    "prefer": {"enum": ["", "error", "hops"]},
    "alternatives": {"enum": ["", "yes"]},
    "grade": {"enum": ["", *GRADES]},
    "study": {"pattern": "^(EMPIAR-[1-9][0-9]{4}|S-BIAD[1-9][0-9]{0,3})?$"},
    "sort": {"enum": ["", *SORTS]},
    "page": {"pattern": "^([1-9][0-9]{0,2})?$"},
    "per_page": {"pattern": "^([1-9][0-9]{0,2})?$"},
    "_mediatype": {"enum": ["", *_RECORD]},
    "_profile": {
        "enum": sorted({name for each in BY_TAIL.values() for name in ("", each.token, each.profile)})
    },
}
"""What is known of the values of parameters; an empty one is as good as none."""
_FORM_OF: Final = {
    "_profile": "a standard that the answer follows, by short name or IRI",
    "_mediatype": "media type of the answer; stands for the Accept header",
    "frame": "on the page of an image correlation: the coordinate system in which fields of view are drawn",
}
_ONE_GRAPH: Final = {"graph": "IRI of a named graph; `?default` without it stands for the default graph"}
_SPARQL: Final = {
    "query": "the query",
    "default-graph-uri": "named graph of the default graph; may be repeated",
    "named-graph-uri": "named graph of the dataset; may be repeated",
    "timeout": "seconds; more than the server allows is clamped",
    "format": "form of the result; stands for the Accept header",
}
_OAI: Final = {
    "verb": "Identify, ListMetadataFormats, ListSets, ListIdentifiers, ListRecords or GetRecord",
    "identifier": "IRI of a study",
    "metadataPrefix": "a metadata format",
    "from": "earliest datestamp",
    "until": "latest datestamp",
    "set": "a set of studies",
    "resumptionToken": "where a list goes on",
}
_FEED_RDF: Final = tuple(DCAT_FORMATS)
_DUMP: Final = (*PACKINGS.values(), "text/plain", "application/vnd.apache.parquet", "application/xml")
_NO_QUERY: Final = (304, 400, 403, 406, 413, 415, 429, 503, 504)

OPERATIONS: Final[Mapping[tuple[str, str], Operation]] = {
    ("get", "/health"): Operation((JSON,)),
    ("get", "/status"): Operation((JSON, HTML), (406, 503)),
    ("get", "/sparql"): Operation(_RESULTS, _NO_QUERY, _SPARQL),
    ("post", "/sparql"): Operation(_RESULTS, _NO_QUERY, body=(FORM, DIRECT)),
    ("get", "/.well-known/void"): Operation(_RDF_DOCUMENT, (304, 406, 503)),
    ("get", "/.well-known/sparql-examples"): Operation(_RDF_DOCUMENT, (304, 406)),
    ("get", "/graphs"): Operation(_RDF_DOCUMENT, (*_NO_QUERY, 404), _ONE_GRAPH),
    ("get", "/ns"): Operation((HTML, *_RDF), (303, 304, 404, 406)),
    ("get", "/ns/changes"): Operation((HTML,), (304, 406)),
    ("get", "/ns/term/{name}"): Operation((HTML,), (301, 304, 404, 406)),
    ("get", "/ns/{version}"): Operation((HTML, *_RDF), (301, 303, 304, 307, 404, 406)),
    ("get", "/shapes"): Operation((HTML, *_RDF), (304, 404, 406)),
    ("get", "/context.jsonld"): Operation(("application/ld+json",), (304,)),
    ("get", "/links"): Operation((HTML,), (304, *_NOT_THERE)),
    ("get", "/links/{path}"): Operation((HTML, JSON, "application/yaml"), (301, 304, 400, *_NOT_THERE)),
    ("get", "/transform"): Operation(
        (JSON, HTML, "application/xml", "text/plain"),
        (304, 400, 404, 406, 422, 503),
        _TRANSFORM,
        formats=("html", "json", *WRITTEN),
        required=("from", "to"),
        values={name: {"minLength": 1, "maxLength": 2000, "pattern": "[^\\s]"} for name in ("from", "to")},
    ),
    ("post", "/transform"): Operation((JSON,), (400, 404, 413, 415, 422, 503), body=(JSON,)),
    ("get", "/correlations"): Operation(
        (HTML, JSON), (304, 400, 406, 503), _CORRELATIONS, formats=("html", "json")
    ),
    ("get", "/correlations/health"): Operation(
        (HTML, JSON), (304, 406, 503), {"format": _FORM}, formats=("html", "json")
    ),
    ("get", "/correlations/covering"): Operation(
        (JSON, HTML),
        (304, 400, 404, 406, 422, 503),
        _COVERING,
        formats=("html", "json"),
        required=("box",),
    ),
    ("get", "/about"): Operation((), (303, 400), {"iri": "an http(s) address"}),
    ("get", "/about/{name}"): Operation((HTML, JSON), (301, 304, *_NOT_THERE)),
    ("get", "/studies"): Operation(
        (HTML, JSON, "text/csv"), (304, 400, 406, 503), _FILTERS, formats=("html", "json", "csv")
    ),
    ("get", "/oai"): Operation(("text/xml",), (304, 503), _OAI),
    ("post", "/oai"): Operation(("text/xml",), (413, 503)),
    ("get", "/changes"): Operation((JSON,), (304, 400, 503), PARAMETERS),
    ("get", "/sitemap.xml"): Operation(("application/xml",), (304, 503)),
    ("get", "/sitemap-{number}.xml"): Operation(("application/xml",), (304, 404, 503)),
    ("get", "/dcat"): Operation(_FEED_RDF, (304, 400, 406, 503), DCAT_PARAMETERS),
    ("get", "/fdp"): Operation(_FEED_RDF, (304, 406, 503)),
    ("get", "/fdp/shapes"): Operation(("text/turtle",), (304, 406)),
    ("get", "/fdp/dataset/{accession}"): Operation(_FEED_RDF, (304, 404, 406, 410, 503)),
    ("get", "/feeds/gide"): Operation((JSON,), (304, 400, 503), PARAMETERS),
    ("get", "/feeds/gide.zip"): Operation(("application/zip",), (304, 400, 503), PARAMETERS),
    ("get", "/dumps"): Operation((JSON,), (304, 503)),
    ("get", "/dumps/{generation}"): Operation((JSON,), (302, 304, 404, 503)),
    ("get", "/dumps/{generation}/{name}"): Operation(_DUMP, (302, 304, 404, 503)),
    ("get", "/dumps/void.ttl"): Operation(("text/turtle",), (304, 503)),
    ("get", "/data"): Operation((HTML,), (304, 406, 503)),
    ("get", "/robots.txt"): Operation(("text/plain",), (304,)),
    ("get", "/{path}"): Operation(_RECORD, (301, 303, 304, 410, *_NOT_THERE), _FORM_OF),
}
"""What each route answers, by method and path; HEAD answers as GET does, without a body."""


def describe(app: FastAPI, public_url: str) -> None:
    """Have an application describe itself in full at `/openapi.json`."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(app, public_url)
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]


def _complete(app: FastAPI, public_url: str) -> dict[str, Any]:
    with warnings.catch_warnings():
        # GET and HEAD of one route get the same identifier; `_fill` tells them apart.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary="The knowledge-graph metadata catalogue of biological imaging",
            routes=app.routes,
            servers=[{"url": public_url}],
        )
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _fill(operation, OPERATIONS[("get" if method == "head" else method, path)], method)
    schema["components"] = {"schemas": {"Problem": _PROBLEM}}
    return schema


def _fill(operation: dict[str, Any], said: Operation, method: str) -> None:
    in_path = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
    operation["parameters"] = [*in_path, *said.parameters]
    operation["operationId"] = f"{operation['operationId']}_{method}"
    operation["responses"] = said.responses
    if said.body:
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": _BODIES[kind]} for kind in said.body},
        }


def _response(status: HTTPStatus, media_types: Sequence[str]) -> dict[str, Any]:
    content = {kind: {"schema": _SCHEMAS.get(kind, {})} for kind in media_types}
    return {"description": status.phrase, **({"content": content} if content else {})}


_TEXT: Final = {"type": "string", "minLength": 1}
_BODIES: Final[Mapping[str, Mapping[str, Any]]] = {
    JSON: BODY,
    DIRECT: _TEXT,
    FORM: {"type": "object", "required": ["query"], "properties": {"query": _TEXT}},
}
_SCHEMAS: Final = {PROBLEM_JSON: {"$ref": "#/components/schemas/Problem"}}
_PROBLEM: Final = {
    "type": "object",
    "description": "What is wrong, where, and what to do (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
