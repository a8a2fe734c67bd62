"""The SPARQL 1.1 query service: a gate, killable worker processes, the protocol and its pages.

A request goes `routes` → `protocol` (what is asked, in which format) → `service` → `gate` (lexical
rules only) → `pool` → a process of `worker`, which alone parses and evaluates the query.
"""
