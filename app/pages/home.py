"""What the home page shows: counts that lead somewhere, correlative sets first, the newest studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rembigraph.app.pages import words
from rembigraph.app.pages.behind import home_queries
from rembigraph.catalogue.parts import archive_of
from rembigraph.catalogue.summary import Term
from rembigraph.ontology.identifiers import ARCHIVES, Archive, archive_by_key

if TYPE_CHECKING:
    from rembigraph.app.pages.site import Site
    from rembigraph.catalogue.reader import Snapshot
    from rembigraph.catalogue.studylist import StudyItem

_SETS: Final = 6
_SHOWN_MEMBERS: Final = 4
_EXAMPLES: Final = 4


@dataclass(frozen=True)
class SetCard:
    """A correlative set on a card.

    Attributes:
        groups: (archive, studies held here, accessions not held here), in the order of the archive table.
        relations: what joins them, in words.
        evidence: what that rests on, in words.
        transformation: whether a coordinate transformation is recorded for it.
    """

    groups: tuple[tuple[Archive, tuple[StudyItem, ...], tuple[str, ...]], ...]
    relations: tuple[str, ...]
    evidence: tuple[str, ...]
    transformation: bool


def home(snapshot: Snapshot, site: Site) -> dict[str, Any]:
    """Return the values of the template `home.html`."""
    counts = snapshot.counts
    sets = counts.get("correlative", [])[:_SETS]
    wanted = [member for each in sets for member in each["members"]]
    cards = snapshot.search.cards(wanted)
    newest = counts.get("newest", [])
    return {
        "counts": counts,
        "archives": [
            (archive, counts["archives"][archive.key])
            for archive in ARCHIVES
            if archive.key in counts.get("archives", {})
        ],
        "sets": [_card(each, cards) for each in sets],
        "newest": [{**each, "archive": archive_by_key(each["archive"])} for each in newest],
        "examples": _examples(counts),
        "sample": newest[0]["accession"] if newest else "",
        "queries": home_queries(site),
        "canonical": site.url("/"),
        "endpoint": site.url("/sparql"),
    }


def _card(described: dict[str, Any], cards: dict[str, StudyItem]) -> SetCard:
    statements = described["statements"]
    groups = []
    for archive in ARCHIVES:
        members = [m for m in described["members"] if archive_of(m) == archive]
        held = tuple(cards[m] for m in members if m in cards)
        absent = tuple(m for m in members if m not in cards)
        if members:
            groups.append(
                (archive, held[:_SHOWN_MEMBERS], (*(i.accession for i in held[_SHOWN_MEMBERS:]), *absent))
            )
    return SetCard(
        groups=tuple(groups),
        relations=tuple(dict.fromkeys(words.RELATIONS[s["relation"]][0] for s in statements)),
        evidence=tuple(dict.fromkeys(filter(None, map(_evidence, statements)))),
        transformation=described["transformation"],
    )


def _evidence(statement: dict[str, str]) -> str:
    who = words.ASSERTERS.get(statement["asserter"], "")
    where = words.EVIDENCE.get(statement["evidence"], "")
    if statement["evidence"] == "curated":
        return f"stated by {who}" if who else ""
    return f"stated {where}" if where else ""


def _examples(counts: Any) -> list[tuple[str, str, str]]:
    """Return searches that find something: (kind, label, value)."""
    found = [("organism", entry) for entry in counts.get("organisms", [])[:_EXAMPLES]]
    found += (("method", entry) for entry in counts.get("methods", [])[:_EXAMPLES])
    return [(kind, entry["label"], Term(entry["value"], entry["label"]).short) for kind, entry in found]
