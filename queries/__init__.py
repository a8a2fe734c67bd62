"""Named SPARQL queries: each answers a question that somebody really asks; shown in the editor and run by the tests."""
