"""`python -m rembigraph.app` is the command `rembigraph`."""

from rembigraph.app.cli import main

if __name__ == "__main__":
    main(prog_name="rembigraph")
