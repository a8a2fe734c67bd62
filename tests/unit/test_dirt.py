"""The dirt that real records hold, one case for each kind: mended by an exact rule or kept as it is, never guessed.

Each case quotes what was seen (archive curators' own remarks and counts over public records). The documents are made
up; they go through `loaders.read` like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from rembigraph.catalogue.derive import derive
from rembigraph.catalogue.home import Home
from rembigraph.catalogue.ingest import Incoming, prepare
from rembigraph.catalogue.publish import Writer
from rembigraph.catalogue.rdf import to_nquads
from rembigraph.loaders import read
from rembigraph.loaders.reading import Document, Reading
from rembigraph.ontology.errors import SourceMalformed
from rembigraph.ontology.identifiers import Iris

from tests.conftest import DATA, pages_app, running

OBO = "http://purl.obolibrary.org/obo/"
CC = "https://creativecommons.org/"
ORCID = "https://orcid.org/0000-0002-1825-0097"


@dataclass(frozen=True)
class Dirt:
    """One kind of dirt.

    Attributes:
        seen: what was seen, as the list of it has it.
        document: a made-up document that has it.
        facts: path in the record -> all values there.
        kept: values that must be kept verbatim.
    """

    seen: str
    document: Any
    facts: dict[str, list[Any]] = field(default_factory=dict)
    kept: tuple[str, ...] = ()


# --- made-up documents


def _attribute(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, **more}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    every = ((name, value if isinstance(value, list) else [value]) for name, value in values.items())
    return [_attribute(name.replace("_", " "), value) for name, of in every for value in of]


def _part(kind: str, *below: Any, accno: str = "", links: Any = (), **values: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "attributes": _attributes(values), "subsections": list(below)}
    return found | ({"accno": accno} if accno else {}) | ({"links": list(links)} if links else {})


def _submission(*parts: Any, attributes: Any = (), links: Any = (), **values: Any) -> dict[str, Any]:
    study = {"type": "Study", "attributes": [*_attributes(values), *attributes], "subsections": list(parts)}
    study |= {"links": list(links)} if links else {}
    top = _attributes({"Title": "A made-up study of nothing"})
    return {"accno": "S-BIADTEST", "type": "submission", "attributes": top, "section": study}


def _author(*attributes: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"type": "author", "attributes": [*_attributes(values), *attributes]}


def _publication(**values: Any) -> dict[str, Any]:
    return _submission(_part("Publication", **values))


def _link(url: str, **values: str) -> dict[str, Any]:
    return _submission(links=[{"url": url} | ({"attributes": _attributes(values)} if values else {})])


def _crate(*nodes: dict[str, Any], **root: Any) -> dict[str, Any]:
    dataset = {"@id": "./", "@type": "Dataset", "identifier": "EXAMPLE-0016", "name": "Made up"} | root
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": dataset["@id"]},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }
    return {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": [descriptor, dataset, *nodes]}


def _taxon(name: str, **values: Any) -> dict[str, Any]:
    return _crate({"@id": name, "@type": "Taxon", **values}, about=[{"@id": name}])


def _technique(technique: Any, *nodes: dict[str, Any]) -> dict[str, Any]:
    protocol = {"@id": "#p", "@type": "LabProtocol", "name": "Imaging", "measurementTechnique": technique}
    return _crate(protocol, *nodes, measurementMethod=[{"@id": "#p"}])


def _imaging_method(**values: Any) -> dict[str, Any]:
    return _submission(_part("Image Acquisition", _part("Imaging Method", **values), accno="I-1", Title="I"))


SAMPLES = (
    _part("Biosample", accno="B-1", Title="Larva", Organism="Danio rerio"),
    _part("Specimen", accno="S-1", Title="Slice", Sample_preparation_protocol="Cut."),
    _part("Image acquisition", accno="I-1", Title="Confocal", Imaging_method="confocal microscopy"),
)


def _component(*below: Any) -> dict[str, Any]:
    return _submission(*SAMPLES, _part("Study Component", *below, accno="C-1", Name="Images"))


def _associations(**titles: Any) -> dict[str, Any]:
    return _component(_part("Associations", **titles))


def _licence(value: str | None, url: str = "") -> dict[str, Any]:
    more = {"valqual": [{"name": "url", "value": url}]} if url else {}
    return _submission(attributes=[_attribute("License", value, **more)])


# --- the list


def _curated() -> Iterator[Dirt]:
    """What the archive's curators had to mend by hand."""
    institute = _part("organisation", accno="o1", Name="Institute")
    yield Dirt(
        "S-BSMS4 affiliations lack reference:true",
        _submission(_author(Name="Jane Doe", affiliation="o1"), institute),
        {"contribution.affiliation.name": ["Institute"]},
    )
    yield Dirt(
        "S-BIAD15 invalid licence",
        _licence("CC-BY-ish, ask us"),
        {"license": [], "license_text": ["CC-BY-ish, ask us"]},
    )
    yield Dirt(
        "S-BIAD15 affiliation without accno",
        _submission(_author(Name="Jane Doe", affiliation="o1"), _part("organisation", Name="Institute")),
        {"contribution.affiliation.name": [], "contribution.person.affiliation_text": ["o1"]},
        ("Institute",),
    )
    yield Dirt(
        "S-BIAD1076 experimental variable split in 3 at commas",
        _submission(
            _part("Biosample", accno="B-1", Title="b", Experimental_variable=["Time", " dose", " age"])
        ),
        {"biosample.experimental_variable": ["Time", "dose", "age"]},
    )
    yield Dirt(
        "S-BIAD1201/1419/1135 link without Type",
        _link("https://example.org/data", Description="more data"),
        {"see_also.landing_page": ["https://example.org/data"], "see_also.external_archive": []},
    )
    yield Dirt(
        "S-BIAD1201/1419/1135 link without Type, to a study that is known by its identifier",
        _link("EMPIAR-99999"),
        {"related.link_to": ["EMPIAR-99999"], "see_also": []},
    )
    yield Dirt(
        "S-BIAD1261 author without name",
        _submission(_author(ORCID="0000-0002-1825-0097", Email="jane@example.org")),
        {"contribution.display_name": [], "contribution.person.id": [ORCID]},
    )
    yield Dirt("S-BIAD1261 author without name or anything", _submission(_author()), {"contribution": []})
    for text in ("pending", "in revision"):
        yield Dirt(
            f'S-BIAD661 PubMed "pending", S-BIAD662 "in revision": {text}',
            _publication(Title="Paper", Pubmed_ID=text),
            {"publication.title": ["Paper"], "publication.pubmed_id": []},
            (text,),
        )
    yield Dirt(
        "S-BIAD978 association to a non-existent analysis",
        _associations(Biosample="Larva", Image_analysis="Nowhere"),
        {"component.association.uses_biosample": ["S-BIADTEST/biosample/B-1"], "analyzed_data": []},
        ("Nowhere",),
    )
    yield from _malformed_addresses()
    yield from _dois()
    for accessions in ("S-BIAD590/599/628/677",):
        yield Dirt(
            f"{accessions} no Associations",
            _component(),
            {"component.association": [], "component.uses_biosample": [], "specimen.prepared_from": []},
        )
    for seen, titles in {
        "S-BIAD2225 association title mismatch": {"Specimen": "Slices"},
        "S-BIAD2225 association that says None": {"Specimen": "None"},
        'S-BIAD2250 "All specimens"': {"Specimen": "All specimens"},
        "S-BIAD2808 wrong association references": {"Specimen": "S-1", "Biosample": "Confocal"},
    }.items():
        facts: dict[str, list[Any]] = {"component.uses_specimen": [], "component.uses_biosample": []}
        yield Dirt(seen, _associations(**titles), facts, tuple(titles.values()))
    yield Dirt("S-BIAD1388 empty Publication", _submission(_part("Publication")), {"publication": []})
    yield Dirt(
        'S-BSST592 link url "LC3 and p62 "',
        _link("LC3 and p62 ", Description="stains"),
        {"see_also.external_identifier": ["LC3 and p62"], "see_also.landing_page": [], "related": []},
    )


def _malformed_addresses() -> Iterator[Dirt]:
    for seen, address in {
        'S-BIAD954 e-mail "Julia Nöth <julia...>"': "Julia Nöth <julia@example.org>",
        "S-BIAD1136, 1223, 1344, S-BSST651 malformed e-mails, no top-level domain": "jane.doe@example",
        "S-BIAD1136, 1223, 1344, S-BSST651 malformed e-mails, blank": "jane.doe@ example.org",
        "S-BIAD1136, 1223, 1344, S-BSST651 malformed e-mails, two": "jane.doe@example.org; bob@example.org",
        "S-BSST744 right-to-left control char before the e-mail": "\u202ajane.doe@example.org",
    }.items():
        for name in ("E-mail", "Email"):
            yield Dirt(
                f"{seen} ({name})",
                _submission(_author(_attribute(name, address), Name="Jane Doe")),
                {"contribution.display_name": ["Jane Doe"], "kept_value": []},
            )


def _dois() -> Iterator[Dirt]:
    for seen, given in {
        "bare": "10.1234/Example.1",
        "https://doi.org/": "https://doi.org/10.1234/example.1",
        "https://dx.doi.org/": "https://dx.doi.org/10.1234/example.1",
        '"doi: 10…"': "doi: 10.1234/example.1",
        '"DOI: https://doi.org/…"': "DOI: https://doi.org/10.1234/example.1",
        '"https:// dx.doi.org/…"': "https:// dx.doi.org/10.1234/example.1",
        'S-BIAD1752 DOI "https://doi.org/DOI: 10..."': "https://doi.org/DOI: 10.1234/example.1",
        'S-BIAD1500 DOI with trailing "."': "10.1234/example.1.",
    }.items():
        yield Dirt(
            f"DOI forms: {seen}",
            _publication(Title="Paper", DOI=given),
            {
                "publication.doi": ["10.1234/example.1"],
                "publication.id": ["https://doi.org/10.1234/example.1"],
            },
        )
    yield Dirt(
        'DOI forms: S-BIAD2324 "arXiv:2504.18737v1 "',  # arXiv registers one DOI for each of its numbers
        _publication(Title="Paper", DOI="arXiv:2504.18737v1 "),
        {
            "publication.doi": ["10.48550/arxiv.2504.18737"],
            "publication.alternate_identifier": ["arXiv:2504.18737v1"],
        },
    )
    for seen, given in {
        'S-BIAD2235 DOI "TBD"': "TBD",
        "S-BIAD1879 DOI with space": "10.1234/exam ple.1",
        'S-BIAD1926 DOI + " Funding"': "10.1234/example.1 Funding",
        "S-BIAD1043 URL in DOI field": "https://example.org/paper",
        'S-BIAD1763 DOI "0.1101/..."': "0.1101/2024.01.01.000001",
        'S-BIAD1982 DOI "2024.09.23.614351"': "2024.09.23.614351",
        "nature.com URL": "https://www.nature.com/articles/s00000-000-00000-0",
        "non-DOI": "submitted",
    }.items():
        facts: dict[str, list[Any]] = {"publication.title": ["Paper"], "publication.doi": []}
        yield Dirt(f"DOI forms: {seen}", _publication(Title="Paper", DOI=given), facts, (given,))


def _placeholders() -> Iterator[Dirt]:
    for text in ("UNSURE", "NA", "N/A", "n/a", "na", "-", "None", "null", "Unknown"):
        yield Dirt(f"Placeholders: {text} (crate)", _crate(description=text), {"description": []}, (text,))
        yield Dirt(
            f"Placeholders: {text} (submission)",
            _submission(Description=text, License=text),
            {"description": [], "license": [], "license_text": []},
            (text,),
        )
    yield Dirt('Placeholders: "" (crate)', _crate(description=""), {"description": [], "kept_value": []})
    yield Dirt(
        'Placeholders: "" (submission)', _submission(Description=""), {"description": [], "kept_value": []}
    )
    yield Dirt(
        "Placeholders: key present with no `value`",
        _submission(attributes=[{"name": "Description"}]),
        {"description": []},
    )
    yield Dirt("Placeholders: null", _submission(Description=None), {"description": [], "kept_value": []})


def _taxon_ids() -> Iterator[Dirt]:
    organism = {"Scientific_name": "Macaca mulatta", "NCBI_taxon_ID": ""}
    for given in ("NCBI:txid9544", "NCBITaxon_9544", "9544"):
        sample = _part(
            "Biosample", _part("Organism", **organism | {"NCBI_taxon_ID": given}), accno="B-1", Title="b"
        )
        yield Dirt(
            f"Taxon ids: {given}",
            _submission(sample),
            {
                "biosample.organism.id": [f"{OBO}NCBITaxon_9544"],
                "biosample.organism.scientific_name": ["Macaca mulatta"],
            },
        )
    for given in ("", "UNSURE"):
        sample = _part(
            "Biosample",
            _part("Organism", Scientific_name="Wistar rat", NCBI_taxon_ID=given),
            accno="B-1",
            Title="b",
        )
        facts = {"biosample.organism": [], "biosample.organism_text": ["Wistar rat"]}
        yield Dirt(f'Taxon ids: "{given}"', _submission(sample), facts, tuple(filter(None, [given])))
    for given in ("obo:NCBITaxon_7955", f"{OBO}NCBITaxon_7955"):
        yield Dirt(
            f"Taxon ids, crates: {given}",
            _taxon(given, scientificName="Danio rerio"),
            {"organism.id": [f"{OBO}NCBITaxon_7955"], "organism.scientific_name": ["Danio rerio"]},
        )
    home = "http://www.ontobee.org/ontology/NCBITaxon"
    yield Dirt(
        "Taxon ids, IDR 2x an ontology home page as taxon",
        _taxon(home, scientificName="unclassified alga"),
        {
            "organism.id": ["EXAMPLE-0016/taxon/gide-1"],
            "resolution.raw_identifier": [home],
            "resolution.resolved_to": [],
        },
    )


def _organisms() -> Iterator[Dirt]:
    for text, number in {
        "Homo sapiens (human)": 9606,
        "homo sapiens": 9606,
        "Homo Sapiens": 9606,
        "Wistar rat": None,
        "Beads": None,
        "simulated data": None,
        "mixed sample": 1427524,  # NCBI Taxonomy has nodes of exactly these two names
        "unidentified": 32644,
        "Mus muculus": None,
        "X. laevis": None,
        "M. muculus": None,
        "Bos Taurus (cow)": 9913,
        "Escherichia coli, Staphylococcus aureus, Bacillus subtilis and others": None,
        "Mus musculus x Mus spretus": None,
        "Human immunodeficiency virus 1": 11676,
        "Alveolata": 33630,
    }.items():
        yield Dirt(
            f"Organism: {text}",
            _submission(_part("Biosample", accno="B-1", Title="b", Organism=text)),
            {
                "biosample.organism.id": [f"{OBO}NCBITaxon_{number}"] if number else [],
                "biosample.organism_text": [text],
                "resolution.raw_text": [text],
            },
        )


def _dates() -> Iterator[Dirt]:
    for given, date in {
        "2021-06-28": "2021-06-28",
        "2021-06": "2021-06",
        "2021": "2021",
        "2019-03-02 00:00:00.000000": "2019-03-02",
        "2019-03-02_00:00:00.000": "2019-03-02",
        "6/28/2021": None,
        "9/2/2021": None,
        "44148": None,
        "20170914": None,
        "Late 2019": None,
        "None": None,
    }.items():
        kept = () if date else (given,)
        facts = {"issued": [date] if date else []}
        yield Dirt(f"Dates: {given} (crate)", _crate(datePublished=given), facts, kept)
        document = _submission()
        document["attributes"].append(_attribute("ReleaseDate", given))
        yield Dirt(f"Dates: {given} (submission)", document, facts, kept)
    yield Dirt(
        "Dates: a number that is a serial of Excel", _crate(datePublished=44148), {"issued": []}, ("44148",)
    )
    serial = _submission(_part("Biosample", accno="B-1", Title="b", Date="44148"))
    yield Dirt("Dates: Excel serials in a column Date", serial, {"biosample.attribute_text": ["Date: 44148"]})
    yield Dirt(
        "Dates: epoch ints (`released`)",
        {"accNo": "S-BIADTEST", "extType": "submission", "title": "Made up", "released": 1624838400}
        | {"section": {"type": "Study", "extType": "section", "attributes": [], "sections": []}},
        {"issued": [], "title": ["Made up"]},
    )


def _orcids() -> Iterator[Dirt]:
    for given in ("0000-0002-1825-0097", "https://orcid.org/0000-0002-1825-0097"):
        document = _submission(_author(Name="Jane Doe", ORCID=given))
        yield Dirt(f"ORCID: {given}", document, {"contribution.person.id": [ORCID]})
    for given in ("orcid.org/NA", "0000-0002-1825-0059 (Md Example)", "0000-0002-1825-0098"):
        yield Dirt(
            f"ORCID, bad: {given}",
            _submission(_author(Name="Jane Doe", ORCID=given)),
            {
                "contribution.person.id": ["S-BIADTEST/person/jane-doe"],
                "contribution.person.alternate_identifier": [given],
            },
        )
    bad = "https://orcid.org/0000-0002-1825-0059 (Md Example)"
    yield Dirt(
        f"ORCID, bad, as the id of a node: {bad}",
        _crate({"@id": bad, "@type": "Person", "name": "Md Example"}, author={"@id": bad}),
        {"contribution.person.id": ["EXAMPLE-0016/person/md-example"], "resolution.raw_identifier": [bad]},
    )
    yield Dirt(
        'ORCID, bad: ""',
        _submission(_author(Name="Jane Doe", ORCID="")),
        {"contribution.person.id": ["S-BIADTEST/person/jane-doe"], "kept_value": []},
    )


def _licences() -> Iterator[Dirt]:
    for given, path in {
        "CC0": "publicdomain/zero/1.0/",
        "CC BY 4.0": "licenses/by/4.0/",
        "CC-BY 4.0": "licenses/by/4.0/",
        "CC_BY_4.0": "licenses/by/4.0/",
        "https://creativecommons.org/licenses/by/4.0/legalcode": "licenses/by/4.0/",
        "http://creativecommons.org/publicdomain/zero/1.0/": "publicdomain/zero/1.0/",
        "CC BY-NC 4.0": "licenses/by-nc/4.0/",
        "CC BY-ND 4.0": "licenses/by-nd/4.0/",
        "CC BY-SA 4.0": "licenses/by-sa/4.0/",
        "https://creativecommons.org/licenses/by-nc-sa/4.0/": "licenses/by-nc-sa/4.0/",
    }.items():
        yield Dirt(f"Licence: {given} (crate)", _crate(license=given), {"license": [CC + path]})
        yield Dirt(f"Licence: {given} (submission)", _licence(given), {"license": [CC + path]})
    url = f"{CC}licenses/by/4.0/legalcode"
    yield Dirt(
        "Licence: valqual URL",
        _licence("CC BY", url),
        {"license": [f"{CC}licenses/by/4.0/"], "license_text": ["CC BY"]},
    )
    other = "https://example.org/about/licence"
    yield Dirt("Licence: one non-CC URL (crate)", _crate(license={"@id": other}), {"license": [other]})
    yield Dirt("Licence: one non-CC URL (submission)", _licence("Own terms", other), {"license": [other]})
    for given in ("CC BY", "free for all", "CC BY 5.0"):
        for document in (_crate(license=given), _licence(given)):
            facts: dict[str, list[Any]] = {"license": [], "license_text": [given]}
            yield Dirt(f"Licence unknown stays text: {given} ({next(iter(document))})", document, facts)


TEXTS = {
    "HTML": 'See <a href="https://example.org/x">x</a>, 10<sup>6</sup> cells <script>alert(1)</script>',
    "entities": "5 &mu;m &amp; 3 &lt; 4",
    "zero-width space U+200B": "GFP\u200btagged \ufeff protein",
    "RTL embed": "\u202babc\u202c def",
    "embedded newlines/markdown READMEs": "# Read me\n\n* one\r\n* two\n\n```\n\tx = 'y'\n```",
    "double-escaped XML entities": "beads &amp;lt; 5 &amp;amp; more",
    "quotes and backslashes": "\"'\\ \\n \\u0041 ''' \"\"\" {% x %} {{ y }}",
    "line separators": "a\u2028b\u2029c\u0085d",
    "beyond the BMP": "\U0001f41f fish \U00020000",
    "combining": "No\u0308th, Mu\u0308ller, \u212b",
}


def _texts() -> Iterator[Dirt]:
    for seen, text in TEXTS.items():
        yield Dirt(f"Text: {seen} (crate)", _crate(description=text), {"description": [text]})
        yield Dirt(f"Text: {seen} (submission)", _submission(Description=text), {"description": [text]})
        imageset = {"name": "Made up", "directory": "data", "details": text}
        document = {"EMPIAR-MADEUPTEST": {"title": "Made up", "imagesets": [imageset]}}
        yield Dirt(f"Text: {seen} (EMPIAR imageset details)", document, {"component.description": [text]})
    yield Dirt(
        r"Text: control char \x02 in idr0156",
        _crate(description="a\x02b", keywords=["k\x02"]),
        {"description": ["ab"], "keyword": ["k"]},
    )
    yield Dirt(
        "Text: 12,565 strings with leading/trailing blanks",
        _crate(description="\n text \t", name="  Made up  ", keywords=[" a"]),
        {"description": ["text"], "title": ["Made up"], "keyword": ["a"]},
    )
    yield Dirt("Text: only blanks", _crate(description=" \n\u00a0 "), {"description": []})


def _methods() -> Iterator[Dirt]:
    confocal = f"{OBO}FBbi_00000251"
    for given in (confocal, "FBbi:00000251", "obo:FBbi_00000251"):
        term = {"@id": given, "@type": "DefinedTerm", "name": "confocal microscopy"}
        yield Dirt(
            f"Imaging method: {given} (crate)",
            _technique([{"@id": given}], term),
            {"acquisition.imaging_method.id": [confocal]},
        )
    yield Dirt(
        "Imaging method: FBbi:00000246 (submission)",
        _imaging_method(Ontology_Value="fluorescence microscopy", Ontology_Term_ID="FBbi:00000246"),
        {"acquisition.imaging_method.id": [f"{OBO}FBbi_00000246"]},
    )
    edam = "http://edamontology.org/topic_3382"
    imaging = {"@id": edam, "@type": "DefinedTerm", "name": "Imaging"}
    yield Dirt(
        "Imaging method: EDAM topic IRIs in an FBbi slot (14) (crate)",
        _technique([{"@id": edam}], imaging),
        {"acquisition.imaging_method.id": [edam], "acquisition.imaging_method.label": ["Imaging"]},
    )
    yield Dirt(
        "Imaging method: EDAM topic IRIs in an FBbi slot (14) (submission)",
        _imaging_method(Ontology_Value="Imaging", Ontology_Name="EDAM", Ontology_Term_ID=edam),
        {"acquisition.imaging_method.id": [edam], "acquisition.imaging_method.label": ["Imaging"]},
    )
    yield Dirt(
        "Imaging method: label with no id (crate)",
        _technique(["lattice magic microscopy"]),
        {
            "acquisition.imaging_method": [],
            "acquisition.imaging_method_text": ["lattice magic microscopy"],
            "resolution.resolved_to": [],
        },
    )
    yield Dirt(
        "Imaging method: label with no id (submission)",
        _imaging_method(Ontology_Value="lattice magic microscopy"),
        {"acquisition.imaging_method": [], "acquisition.imaging_method_text": ["lattice magic microscopy"]},
    )
    swapped = {
        "Ontology_Name": "bright-field microscopy",
        "Ontology_Value": "Biological Imaging Methods Ontology",
    }
    yield Dirt(
        'Imaging method: "Ontology Name" and "Ontology Value" swapped',
        _imaging_method(**swapped, Ontology_Term_ID="FBbi:00000243"),
        {
            "acquisition.imaging_method.id": [f"{OBO}FBbi_00000243"],
            "acquisition.imaging_method_text": ["Biological Imaging Methods Ontology"],
        },
        ("bright-field microscopy",),
    )


EVERY = [
    *_curated(),
    *_placeholders(),
    *_taxon_ids(),
    *_organisms(),
    *_dates(),
    *_orcids(),
    *_licences(),
    *_texts(),
    *_methods(),
]


def _reading(document: Any) -> Reading:
    (found,) = read(Document("made-up.json", "", json.dumps(document).encode()))
    assert isinstance(found, Reading), found
    return found


def _values(record: Any, path: str) -> list[Any]:
    """All values at a path of field names; what is empty has none."""
    name, _, rest = path.partition(".")
    value = getattr(record, name)
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [found for item in items for found in _values(item, rest)] if rest else items


@pytest.mark.parametrize("dirt", EVERY, ids=lambda dirt: dirt.seen)
def test_dirt_is_mended_by_rule_or_kept_as_it_is(dirt: Dirt) -> None:
    reading = _reading(dirt.document)
    for path, wanted in dirt.facts.items():
        assert _values(reading.study, path) == wanted, path
    kept = [str(one.raw_text) for one in reading.study.kept_value]
    assert [text for text in dirt.kept if text not in kept] == [], kept
    assert reading.leaves.kept <= len(kept)


@pytest.mark.parametrize("dirt", EVERY, ids=lambda dirt: dirt.seen)
def test_what_the_record_says_of_dirt_comes_back_from_quads(dirt: Dirt) -> None:
    study = _reading(dirt.document).study
    iris = Iris(DATA)
    quads = to_nquads([study], iris, iris.record_graph(str(study.accession), "made-up"))
    parsed = list(ox.parse(quads, ox.RdfFormat.N_QUADS))
    stored = {quad.object.value for quad in parsed} | {quad.subject.value for quad in parsed}
    for path, wanted in dirt.facts.items():
        texts = {iris.absolute(text) if _is_reference(path) else text for text in wanted}
        assert texts <= stored, path
    assert {str(one.raw_text) for one in study.kept_value} <= stored


def _is_reference(path: str) -> bool:
    return path.endswith((".id", "link_to")) or ".uses_" in path


def test_nothing_of_an_address_is_left() -> None:
    for dirt in _malformed_addresses():
        text = _reading(dirt.document).study.model_dump_json()
        assert not any(part in text for part in ("@", "jane.doe", "julia", "bob")), dirt.seen


# --- documents as wholes


def test_one_malformed_json_in_idr_study_crates() -> None:
    """A comma is missing; the line and column are said, and the next document is read."""
    text = json.dumps(_crate(), indent=1).replace('"Made up"\n', '"Made up" "x"\n')
    (error,) = read(Document("idr.json", "", text.encode()))
    assert isinstance(error, SourceMalformed)
    assert (error.code, error.pointer.count(":")) == ("syntax", 1)
    assert int(error.pointer.split(":")[0]) == text[: text.index('"x"')].count("\n") + 1


@pytest.mark.nightly
def test_file_lists_with_a_hundred_thousand_entries() -> None:
    """Rows are summed up: the record of a study is as small with many files as with few."""
    rows = [{"path": f"a/{n}.tif", "size": 2, "type": "file", "attributes": []} for n in range(100_001)]
    component = _part("Study Component", accno="C-1", Name="Images", File_List="list.json")
    listed = Document("list.json", "", json.dumps(rows).encode())
    main = json.dumps(_submission(component)).encode()
    (found,) = read(Document("made-up.json", "", main, (listed,)))
    assert isinstance(found, Reading)
    (files,) = found.study.component[0].file_set
    assert (files.file_count, files.byte_size) == (100_001, 200_002)
    assert len(to_nquads([found.study], Iris(DATA), "urn:g")) < 20_000


@pytest.mark.nightly
def test_a_document_of_more_than_four_megabytes() -> None:
    document = _crate(*({"@id": f"#s{n}", "@type": "BioSample", "name": "s" * 200} for n in range(16_000)))
    data = json.dumps(document).encode()
    assert len(data) > 4_000_000
    (found,) = read(Document("made-up.json", "", data))
    assert isinstance(found, Reading)
    assert len(found.study.biosample) == 16_000


def test_duplicate_studies_across_archives_stay_two() -> None:
    """IDR and BioImage Archive publish the same images: two studies of their own, nothing merged or said to be one."""
    title = "The same images in two archives"
    idr = _reading(_crate(identifier="idr9999", name=title)).study
    bia = _reading(_crate(identifier="S-BIAD99999", name=title)).study
    iris = Iris(DATA)
    assert iris.study(str(idr.accession)) != iris.study(str(bia.accession))
    assert iris.record_graph(str(idr.accession), "gide") != iris.record_graph(str(bia.accession), "gide")
    for study, other in ((idr, bia), (bia, idr)):
        said = study.model_dump_json()
        assert str(other.accession) not in said
        assert f"{other.accession}".lower() not in said.lower()


def test_empiar_entries_published_by_bia_under_a_biostudies_url() -> None:
    """One study with two records: the mirror's address is a further identifier, never another study or sameAs."""
    address = "https://www.ebi.ac.uk/biostudies/bioimages/studies/EMPIAR-99999"
    mirror = _reading(_crate(**{"@id": address, "identifier": "EMPIAR-99999"}))
    entry = _reading({"EMPIAR-99999": {"title": "Made up", "imagesets": []}})
    assert mirror.study.accession == entry.study.accession == "EMPIAR-99999"
    assert mirror.source != entry.source
    assert mirror.study.landing_page == entry.study.landing_page
    assert "empiar" in str(mirror.study.landing_page)
    assert mirror.study.alternate_identifier == [address]
    assert address not in mirror.study.same_as


# --- through quads and onto pages


def _soiled_study() -> Reading:
    """One record with every text of the table, in titles, descriptions, keywords, names and kept values."""
    texts = list(TEXTS.values())
    people = [{"@id": f"#p{n}", "@type": "Person", "name": text} for n, text in enumerate(texts)]
    samples = [
        {"@id": f"#s{n}", "@type": "BioSample", "name": text, "description": text, "taxonomicRange": [text]}
        for n, text in enumerate(texts)
    ]
    return _reading(
        _crate(
            *people,
            *samples,
            name=" ".join(texts),
            description="\n".join(texts),
            keywords=texts,
            license=TEXTS["HTML"],
            author=[{"@id": one["@id"]} for one in people],
            temporalCoverage=texts,
        )
    )


def test_dirty_text_is_the_same_after_every_form_of_rdf() -> None:
    study = _soiled_study().study
    quads = to_nquads([study], Iris(DATA), "urn:g")
    first = set(ox.parse(quads, ox.RdfFormat.N_QUADS))
    stored = {quad.object.value for quad in first if isinstance(quad.object, ox.Literal)}
    wanted = {*TEXTS.values(), " ".join(TEXTS.values()), "\n".join(TEXTS.values())}
    assert wanted <= stored
    triples = {quad.triple for quad in first}
    for form in (ox.RdfFormat.TURTLE, ox.RdfFormat.N_TRIPLES, ox.RdfFormat.TRIG, ox.RdfFormat.JSON_LD):
        again = ox.serialize(triples, format=form)
        assert {quad.triple for quad in ox.parse(again, form)} == triples, form


@pytest.fixture(scope="module")
def soiled_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A catalogue that holds the soiled record only."""
    found = _soiled_study()
    incoming = Incoming(
        found.study, found.source, found.format, found.source_bytes, 1, 0, 0, "original", "", "f", "1"
    )
    home = Home.init(tmp_path_factory.mktemp("soiled") / "catalogue", DATA)
    prepared = prepare(incoming, Iris(DATA))
    assert prepared.report.conforms, [result.sentence for result in prepared.report.violations]
    with Writer(home, derive) as writer:
        writer.publish([prepared.record])
    return home


@pytest.mark.parametrize(
    "path", ["/EXAMPLE-0016", "/studies", "/", "/EXAMPLE-0016/biosample/s0", "/studies?q=cells"]
)
def test_pages_escape_dirty_text(soiled_home: Home, path: str) -> None:
    with running(lambda address: pages_app(soiled_home, address)) as address:
        answer = httpx.get(f"{address}{path}", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    scripts = re.findall("<script[^>]*>", answer.text)
    assert scripts in ([], ['<script type="application/ld+json">'])
    assert "<sup>" not in answer.text
    assert '<a href="https://example.org/x">' not in answer.text
    if path.startswith("/EXAMPLE"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
        assert "5 &amp;mu;m &amp;amp; 3 &amp;lt; 4" in answer.text or path != "/EXAMPLE-0016"


@pytest.mark.parametrize("form", ["text/turtle", "application/n-triples", "application/ld+json"])
def test_pages_give_dirty_text_as_it_is_in_rdf(soiled_home: Home, form: str) -> None:
    with running(lambda address: pages_app(soiled_home, address)) as address:
        answer = httpx.get(f"{address}/EXAMPLE-0016", headers={"Accept": form}, follow_redirects=True)
    assert answer.status_code == 200
    parsed = ox.parse(answer.content, ox.RdfFormat.from_media_type(form))
    stored = {quad.object.value for quad in parsed if isinstance(quad.object, ox.Literal)}
    assert "\n".join(TEXTS.values()) in stored
