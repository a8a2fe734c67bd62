"""Which classes of the model a study is made of."""

from __future__ import annotations

from rembigraph.ontology.fields import classes

NOT_IN_A_STUDY = {
    *("SourceRecord", "CorrelativeSet", "FieldConflict"),  # the catalogue writes them
    *("LinkSet", "MapSample", "CurationDecision"),  # records of their own
}


def classes_of_a_study() -> set[str]:
    """Return the classes that a study leads to, itself among them."""
    reached, waiting = {"Study"}, ["Study"]
    while waiting:
        below = {of.of for of in classes()[waiting.pop()].fields.values() if of.kind == "object"}
        waiting += below - reached
        reached |= below
    return reached
