"""Gathers the objects of a batch that make one study: BIA model objects by uuid, BIA v1 parts by accession.

Documents that are no such objects pass at once. Objects wait for the end of the batch, within bounds: beyond them
every object of the batch is refused in words, for a study that lost a part on the way in would look whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from rembigraph.loaders import bia_objects, bia_v1
from rembigraph.loaders.bia_fields import leaves
from rembigraph.loaders.bia_objects_index import OF_IMAGES, type_of, uuid_in, uuid_of
from rembigraph.loaders.bia_pages import objects_of
from rembigraph.loaders.bia_v1_parts import kind_of
from rembigraph.loaders.bia_v1_tables import head
from rembigraph.loaders.json_bounds import parse_json
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped, SourceSuperseded

MAX_HELD_BYTES = 256 * 1024 * 1024
MAX_OBJECTS = 200_000
MAX_OBJECTS_OF_A_STUDY = 5_000  # files and images not counted: they can be summed up

_ABOVE = ("submitted_in_study_uuid", "submission_dataset_uuid", "representation_of_uuid", "study_uuid")
_ROOT_ACCESSION = "accession_id"


@dataclass
class _Held:
    """One waiting document, and what is known of it without keeping it parsed.

    Attributes:
        document: as received.
        kind: `Study`, `Dataset` ..., or for v1 `study` and its parts.
        name: uuid, or for v1 the accession of its study.
        rank: a greater one is the better version of the same object: version, version of the model, how many values
            it has, hash.
        above: uuid of what it is a part of, or empty.
        below: uuids that it names.
    """

    document: Document
    kind: str
    name: str
    rank: tuple[int, int, int, str]
    above: str = ""
    below: frozenset[str] = frozenset()

    @property
    def is_object(self) -> bool:
        """Whether it is a model object, not a document of v1."""
        return self.kind[:1].isupper()


def gathered(
    found: Iterator[Document | SourceError], *, most_bytes: int = MAX_HELD_BYTES
) -> Iterator[Document | SourceError]:
    """Attach the objects of a batch to the study that they belong to; see the module."""
    objects, parts = _Pool(most_bytes), _Pool(most_bytes)
    for one in _each(found):
        waiting = _held(one) if isinstance(one, Document) and not one.attached else None
        if waiting is None:
            yield one
        else:
            yield from (objects if waiting.is_object else parts).take(waiting)
    yield from _objects(objects.held)
    yield from _v1(parts.held)


def _each(found: Iterator[Document | SourceError]) -> Iterator[Document | SourceError]:
    for one in found:
        if isinstance(one, Document) and not one.attached:
            yield from objects_of(one)
        else:
            yield one


class _Pool:
    """What waits for the end of the batch, within bounds.

    Args:
        most_bytes: bound of all documents together.
    """

    def __init__(self, most_bytes: int) -> None:
        self.held: list[_Held] = []
        self._left = most_bytes
        self._full = False

    def take(self, one: _Held) -> Iterator[Document | SourceError]:
        """Let a document wait; when it is one too many, everything that waits is given up, and all that follows."""
        self._left -= len(one.document.data)
        self.held.append(one)
        if self._full or self._left < 0 or len(self.held) > MAX_OBJECTS:
            self._full = True
            yield from _given_up(self.held)
            self.held = []


def _given_up(held: list[_Held]) -> Iterator[Document | SourceError]:
    """A v1 study that no part has come for stands on its own; anything else would look whole and not be."""
    with_parts = {one.name for one in held if one.kind != "study"}
    for one in held:
        if one.kind == "study" and one.name not in with_parts:
            yield one.document
            continue
        yield SourceMalformed(
            f"more than {MAX_HELD_BYTES // 2**20} MiB of BIA objects came in one batch",
            source=one.document.place,
            code="too-large",
            fix="Load the folder of one study at a time.",
        )


# --- what a document is


def _held(document: Document) -> _Held | None:
    is_object = bia_objects.recognises(document)
    if not is_object and not bia_v1.recognises(document):
        return None
    try:
        parsed = parse_json(document) if is_object else head(document)
    except SourceError:
        return None  # its loader says what is wrong with it
    return _object(document, parsed) if is_object else _part_of_v1(document, parsed)


def _object(document: Document, parsed: Any) -> _Held | None:
    kind = type_of(parsed)
    name = uuid_of(parsed)
    if not kind or not name:
        return None
    model = parsed.get("model")
    of_model = model.get("version") if isinstance(model, dict) else None
    filled = sum(value not in (None, "", [], {}) for _, value, _ in leaves(parsed, "", ""))
    rank = (_number(parsed.get("version")), _number(of_model), filled, _hash(document))
    above = next((text for key in _ABOVE if (text := uuid_in(parsed.get(key)))), "")
    below = _uuids(parsed) - {name, above} if kind != "FileReference" else frozenset()
    return _Held(document, kind, name, rank, above, below)


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _uuids(parsed: Any) -> frozenset[str]:
    return frozenset(uuid for _, value, _ in leaves(parsed, "", "") if (uuid := uuid_in(value)))


def _part_of_v1(document: Document, parsed: Any) -> _Held | None:
    kind = kind_of(parsed)
    accession = parsed.get(_ROOT_ACCESSION) if kind else None
    if not kind or not isinstance(accession, str):
        return None
    return _Held(document, kind, accession.strip().casefold(), (0, 0, 0, _hash(document)))


def _hash(document: Document) -> str:
    return sha256(document.data).hexdigest()


# --- model objects


def _objects(held: list[_Held]) -> Iterator[Document | SourceError]:
    best: dict[str, _Held] = {}
    for one in held:
        if one.name not in best or one.rank > best[one.name].rank:
            best[one.name] = one
    taken: set[str] = set()
    members = _members(best)
    for one in held:
        if one.kind == "Study" and best[one.name] is one:
            parts = members.get(one.name, [])
            taken |= {one.name, *parts}
            yield _with_parts(one, [best[name] for name in parts])
    for one in held:
        if best[one.name] is not one:
            yield _other_version(one, best[one.name])
        elif one.name not in taken:
            yield _alone(one, best)


def _with_parts(study: _Held, parts: list[_Held]) -> Document | SourceError:
    described = sum(part.kind not in {"FileReference", *OF_IMAGES} for part in parts)
    if described > MAX_OBJECTS_OF_A_STUDY:
        return SourceMalformed(
            f"the study has {described} objects; more than {MAX_OBJECTS_OF_A_STUDY} are not read",
            source=study.document.place,
            code="too-many",
            fix="Look whether all of them belong to one study.",
        )
    return replace(study.document, attached=tuple(part.document for part in parts))


def _members(best: dict[str, _Held]) -> dict[str, list[str]]:
    """Return the objects of each study: its parts at any depth, and what these name that is part of nothing else."""
    members: dict[str, dict[str, None]] = {name: {} for name, one in best.items() if one.kind == "Study"}
    for name, one in best.items():
        if one.kind != "Study" and (study := _study_above(one, best)):
            members[study][name] = None
    for study, parts in members.items():
        waiting = [*parts, study]
        while waiting:
            for name in sorted(best[waiting.pop()].below):
                target = best.get(name)
                if target and target.kind != "Study" and not target.above and name not in parts:
                    parts[name] = None
                    waiting.append(name)
    return {study: sorted(parts) for study, parts in members.items()}


def _study_above(one: _Held, best: dict[str, _Held]) -> str:
    seen: set[str] = set()
    while one.above in best and one.name not in seen:
        seen.add(one.name)
        one = best[one.above]
    return one.name if one.kind == "Study" else ""


def _other_version(one: _Held, better: _Held) -> SourceError:
    (version, model, filled, _), (taken, newer, more, _) = one.rank, better.rank
    if one.rank == better.rank:
        why = f"the same {one.kind} {one.name} came twice in this batch"
    elif version < taken:
        why = f"version {taken} of this {one.kind} is in the batch and was taken; this is {version}"
    elif model < newer:
        why = f"this {one.kind} is also in the batch by model version {newer}, which was taken; this is by {model}"
    else:
        that = f"that says more ({more} values, here {filled})" if filled < more else "with the greater hash"
        why = (
            f"another document of this {one.kind} {one.name} with the same version {version} is in the batch and "
            f"was taken (the one {that})"
        )
    skipped = SourceSuperseded if one.kind == "Study" and one.rank != better.rank else SourceSkipped
    return skipped(why, where=one.document.place, fix=f"Taken: {better.document.place}.")


def _alone(one: _Held, best: dict[str, _Held]) -> SourceError:
    if one.above:
        message = f"this BIA {one.kind} is part of {one.above}, which did not come with its study"
    else:
        message = f"no study of this batch names this BIA {one.kind}"
    return SourceSkipped(message, where=one.document.place, fix="Load it together with its Study object.")


# --- v1


def _v1(held: list[_Held]) -> Iterator[Document | SourceError]:
    parts: dict[str, list[Document]] = defaultdict(list)
    studies = {one.name for one in held if one.kind == "study"}
    for one in held:
        if one.kind != "study" and one.name in studies:
            parts[one.name].append(one.document)
    for one in held:
        if one.kind == "study":
            yield replace(one.document, attached=tuple(parts.get(one.name, ())))
        elif one.name not in studies:
            yield one.document  # its loader says that its study is missing
