"""The queries behind the pages of all real studies give what the pages show."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import DATA, running
from tests.shown_numbers import differences, rows


@pytest.mark.realdata
@pytest.mark.slow
def test_queries_give_what_the_pages_of_real_studies_show(real_home: Any) -> None:
    from rembigraph.app.main import create_app
    from rembigraph.app.pages.behind import home_queries
    from rembigraph.app.pages.site import Site
    from rembigraph.app.sparql.limits import QueryLimits
    from rembigraph.catalogue.following import Reader

    def make(address: str) -> Any:
        return create_app(real_home, address, QueryLimits())

    reader = Reader(real_home)
    with running(make, lifespan="on") as url, httpx.Client(base_url=url, timeout=60) as client:
        site = Site.of(url, DATA)
        with reader.snapshot() as snapshot:
            found = {name: rows(client, path) for name, path in home_queries(site).items()}
            assert found["images"] == [{"images": str(snapshot.counts["images"])}]
            assert found["bytes"][0]["bytes"] == str(snapshot.counts["bytes"])
            assert [
                wrong
                for accession in snapshot.search.accessions()
                for wrong in differences(client, snapshot, accession, site)
            ] == []
    reader.close()
