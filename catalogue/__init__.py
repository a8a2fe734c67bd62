"""The core: record to quads, validation, store generations, search. No HTTP server, no command line."""
