"""Studies that seem to belong together although no record says so: a shared publication, the same row of authors.

That two records name one publication is a fact. That the same people stand in the same order under similar titles is
only a hint: it is suggested to curators, and never asserted.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from itertools import combinations
from typing import Final

from rembigraph.catalogue.criteria import series_of
from rembigraph.catalogue.parts import Link
from rembigraph.ontology.identifiers import DOI, Iris, parse_accession

MOST_SHARING: Final = 20
"""A publication named by more studies than this joins them through its own node only, not pair by pair."""

BLOCK: Final = 200
"""Studies of one author name: more than that and the name says nothing."""

_NEAR: Final = 3  # accessions that were given one after the other
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_INITIALS: Final = re.compile(r"(?:[A-Z]\.?-?){1,3}")
# fmt: off
_STOP: Final = frozenset((
    "a", "an", "and", "are", "as", "at", "by", "data", "dataset", "datasets", "for", "from", "image", "images",
    "imaging", "in", "into", "is", "its", "microscopy", "of", "on", "or", "study", "that", "the", "their", "this",
    "to", "using", "via", "with",
))
# fmt: on


@dataclass(frozen=True)
class Kin:
    """What of a study tells its relatives.

    Attributes:
        accession: the study.
        title: its title.
        authors: names of the authors in order, as its source writes them.
        publications: IRIs (or `pubmed:` numbers) of its publications.
        issued: date of its release, as exact as it is known; empty when it is not.
    """

    accession: str
    title: str
    authors: tuple[str, ...]
    publications: tuple[str, ...]
    issued: str = ""

    @property
    def is_draft(self) -> bool:
        """Whether it is no released study, but a draft or a test copy of one."""
        return parse_accession(self.accession).archive.is_of_drafts

    def follows(self, other: Kin) -> bool:
        """Whether an archive gave both accessions in one go and released them on one day."""
        (series, number), (others, another) = series_of(self.accession), series_of(other.accession)
        near = number is not None and another is not None and abs(number - another) <= _NEAR
        return series == others and near and len(self.issued) == 10 and self.issued == other.issued

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Authors as `family initial`, whatever the style of their names."""
        return tuple(name for name in map(plain_name, self.authors) if name)

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the title that mean something."""
        return frozenset(word for word in _folded(self.title).split() if word not in _STOP and len(word) > 1)


def plain_name(text: str) -> str:
    """Return a name as family name and first initial; empty when there is no name in the text.

    >>> [plain_name(name) for name in ("Ilias Kounatidis", "Kounatidis I", "Kounatidis, Ilias", "I.N. Kounatidis")]
    ['kounatidis i', 'kounatidis i', 'kounatidis i', 'kounatidis i']
    """
    family, comma, given = text.partition(",")
    if comma and given.strip():
        return _joined(family, given)
    words = [word for word in re.split(r"\s+", text.strip()) if word.strip(".")]
    if len(words) < 2:
        return _folded(text)
    initial = [bool(_INITIALS.fullmatch(word)) and len(word.strip(".-")) <= 3 for word in words]
    if initial[-1] and not initial[0]:
        cut = next(place for place, is_initial in enumerate(initial) if is_initial)
        return _joined(" ".join(words[:cut]), " ".join(words[cut:]))
    return _joined(words[-1], " ".join(words[:-1]))


def _joined(family: str, given: str) -> str:
    last = _folded(family).split()
    first = _folded(given)
    return f"{last[-1]} {first[:1]}".strip() if last else first


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return " ".join(_LETTERS.findall(plain)).replace("'", "")


def shared_publications(kin: Iterable[Kin], iris: Iris) -> Iterator[Link]:
    """Yield a link, from the first to the second in the alphabet, for each two studies that name one publication."""
    every = {one.accession: one for one in kin if not one.is_draft}
    named: defaultdict[str, set[str]] = defaultdict(set)
    for one in every.values():
        for publication in one.publications:
            named[publication].add(one.accession)
    found: dict[tuple[str, str], str] = {}
    for publication in sorted(named):
        if 1 < len(named[publication]) <= MOST_SHARING:
            for pair in combinations(sorted(named[publication]), 2):
                if publication.startswith(DOI) or not _contradict(*(every[each] for each in pair)):
                    found.setdefault(pair, publication)
    for here, there in sorted(found):
        quote = f"both name the publication {found[here, there]}"
        yield _link(iris, here, there, ("same_publication", "shared_publication"), 0.7, quote)


def _contradict(one: Kin, other: Kin) -> bool:
    """Whether both name publications by DOI, and none in common: then an equal PubMed number is a slip."""
    dois = [{each for each in kin.publications if each.startswith(DOI)} for kin in (one, other)]
    return bool(dois[0] and dois[1]) and not dois[0] & dois[1]


def suggestion(one: Kin, other: Kin, iris: Iris) -> Link | None:
    """Return the hint that two studies belong together, if their authors and titles are alike (`likeness`).

    Args:
        one: the study whose accession comes first.
        other: the other one.
        iris: makes IRIs for the data base.
    """
    sure = likeness(one, other)
    if not sure:
        return None
    words = _likeness_in_words(one, other)
    return _link(iris, one.accession, other.accession, ("related", "same_authors"), sure, words)


def likeness(one: Kin, other: Kin) -> float:
    """Return how sure it is that two studies belong together, below one half; 0 when too little says so.

    The better the titles agree, the less the authors need to, and the other way round:

    * nearly the same title: one author in common is enough;
    * half of the words of the titles in common: the authors of one must all be among those of the other;
    * the same authors in the same order, more than one of them: a third of the words, or less when they are many
      (six and more people in one order do not meet by chance) or when the archive gave both accessions in one go.
    """
    union = one.words | other.words
    title = len(one.words & other.words) / len(union) if union else 0.0
    if title < 0.3 and one.names != other.names:
        return 0.0  # no rule below can hold: most pairs end here
    order = SequenceMatcher(None, one.names, other.names, autojunk=False).ratio()
    fewer = min(len(set(one.names)), len(set(other.names)))
    common = len(set(one.names) & set(other.names)) / fewer if fewer else 0.0
    alike = (
        (title >= 0.7 and common > 0)
        or (title >= 0.5 and common == 1)
        or (order >= 0.9 and fewer > 1 and title >= 0.3)
        or (order == 1 and fewer >= 6 and title >= 0.05)
        or (order == 1 and fewer > 1 and one.follows(other))
    )
    return round(0.2 + 0.15 * title + 0.1 * order, 3) if alike else 0.0


def _likeness_in_words(one: Kin, other: Kin) -> str:
    common = len(set(one.names) & set(other.names))
    order = "in the same order" if one.names == other.names else "in another order or number"
    words = ", ".join(sorted(one.words & other.words)[:12]) or "none"
    authors = f"authors in common: {common} of {len(one.names)} and {len(other.names)}, {order}"
    return f"{authors}; words of the titles in common: {words}"


def _link(iris: Iris, here: str, there: str, what: tuple[str, str], sure: float, quote: str) -> Link:
    relation, evidence = what
    node = f"{iris.data_base}link/{here}--{there}/{relation.replace('_', '-')}"
    return Link(here, there, node, "link", relation, True, evidence, "inferred", sure, quotes=(quote,))
