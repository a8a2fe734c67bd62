"""Files of a BioStudies submission: the lists that its sections name, and the files that sections list themselves."""

from __future__ import annotations

from rembigraph.loaders.file_lists import ListedFiles, row
from rembigraph.loaders.pagetab_people import private_rule
from rembigraph.loaders.pagetab_tree import Attribute, Section, Taken, folded
from rembigraph.loaders.values import prose
from rembigraph.ontology.generated.models import FileSet, StudyComponent
from rembigraph.ontology.mentions import add_link

MOST_PATHS = 20  # so many paths are named one by one


def file_lists(of: Section, taken: Taken) -> list[FileSet]:
    """Return the file lists that a section names, summed up where their rows came with the submission."""
    place = f"{of.pointer}/lists"
    if place in taken.done:
        return []
    taken.done.add(place)
    names = taken.texts(of, "file list", "file lists")
    inner = of.value.get("fileList")
    if isinstance(inner, dict) and isinstance(name := inner.get("fileName"), str) and prose(name):
        taken.account.mapped(f"{of.pointer}/fileList/fileName")
        names.append(prose(name))
    return [taken.lists.file_set(name) for name in dict.fromkeys(names)]


def listed_files(of: Section, taken: Taken) -> list[FileSet]:
    """Sum up the files that a section lists itself: number, bytes, formats and columns, never one thing a file."""
    files = list(of.files())
    place = f"{of.pointer}/files"
    if not files or place in taken.done:
        return []
    taken.done.add(place)
    table = ListedFiles()
    for file in files:
        table.add(row(file.value), taken.lists.accession)
        taken.account.ignored_under(file.pointer, "file-row")
    for link in table.named.values():
        add_link(taken.lists.links, link)
    key = "-".join(["listed", *(part for part in of.pointer.split("/") if part.isdigit())])
    found = table.summary(key, None)
    found.attribute_text = _said_of_all(files, taken)
    found.path_pattern = _paths(files, taken) or found.path_pattern
    if len(files) == 1 and found.byte_size is not None:
        taken.account.mapped(f"{files[0].pointer}/size")
    return [found]


def _said_of_all(files: list[Section], taken: Taken) -> list[str]:
    """Return the attributes that say the same of every file; the names of all are columns of the set."""
    by_name: dict[str, list[Attribute]] = {}
    for file in files:
        for one in file.attributes:
            by_name.setdefault(one.label, []).append(one)
            for pointer in one.names if one.label else ():
                taken.account.mapped(pointer)
    said: list[str] = []
    for label, found in by_name.items():
        texts = {one.text for one in found}
        if private_rule(folded(label)):
            continue
        if label and len(found) == len(files) and len(texts) == 1 and (text := texts.pop()):
            said.append(f"{label}: {text}")
            for one in found:
                taken.account.mapped(one.pointer)
    return said


def _paths(files: list[Section], taken: Taken) -> list[str]:
    paths = [file.value.get("path") for file in files]
    if len(files) > MOST_PATHS or not all(isinstance(path, str) and prose(path) for path in paths):
        return []
    for file in files:
        taken.account.mapped(f"{file.pointer}/path")
    return list(dict.fromkeys(prose(str(path)) for path in paths))


def sum_sizes(component: StudyComponent) -> None:
    """Give a part the number and bytes of its files where every one of its lists is known."""
    sets = component.file_set
    if sets and all(files.file_count is not None for files in sets):
        component.file_count = sum(files.file_count or 0 for files in sets)
    if sets and all(files.byte_size is not None for files in sets):
        component.byte_size = sum(files.byte_size or 0 for files in sets)
