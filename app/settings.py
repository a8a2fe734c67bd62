"""Settings: one frozen object, built once by the command line and passed down.

Sources, strongest first: options of the command, environment (`REMBIGRAPH_...`), `rembigraph.toml` in the home
folder, defaults. An unknown `REMBIGRAPH_` name is refused, because a misspelt limit would silently not hold.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from rembigraph.app.sparql.limits import MEBIBYTE, QueryLimits, read_limits
from rembigraph.ontology.errors import UsageError
from rembigraph.ontology.identifiers import DEFAULT_DATA_BASE, is_web_address

PREFIX = "REMBIGRAPH_"
FILE = "rembigraph.toml"
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9][0-9]{0,4})?")


def default_home() -> Path:
    """Return the platform's data folder for this program."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "rembigraph"


def available_cores() -> int:
    """Return how many processors this process may use."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count()
    return min(allowed or 1, 64)


class Settings(BaseSettings):
    """Everything that a person running Rembigraph may set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Field(default_factory=default_home, description="Folder of the catalogue.")
    public_url: str = Field(
        "", description="Address that people reach the server at; default: the bound address."
    )
    data_base: str = Field(DEFAULT_DATA_BASE, description="IRI that data IRIs begin with; fixed at init.")
    persistent_iris: bool = Field(
        False,
        description="Whether the data base IRI is registered, so that its IRIs lead to the landing pages.",
    )
    picture_hosts: str = Field(
        "",
        description="Origins whose pictures pages show at once, with spaces between them: https://images.example.",
    )
    query_timeout: float = Field(
        20.0, gt=0, le=3600, description="Longest time of a SPARQL query, in seconds."
    )
    query_workers: int = Field(2, ge=1, le=64, description="Processes that answer SPARQL queries.")
    query_memory: int = Field(512, ge=64, le=65536, description="Memory of one query over its start, in MiB.")
    query_result_bytes: int = Field(50_000_000, ge=1000, description="Longest result of a query, in bytes.")
    query_limits: str = Field(
        "",
        description="More limits of queries, such as “max_depth=64 queue=512”; /status shows all, with their names.",
    )
    page_workers: int = Field(
        default_factory=available_cores,
        ge=0,
        le=64,
        description="Processes that make pages; 0: the server does. Default: one for each core.",
    )
    repository_name: str = Field("Rembigraph", description="Name of the catalogue, as harvesters show it.")
    admin_email: str = Field("", description="E-mail address of the keeper, which OAI-PMH tells harvesters.")
    query_services: str = Field(
        "",
        description="Endpoints that SERVICE may ask: short names, addresses, NAME=>ADDRESS, “shipped” or “none”;"
        " default: shipped on a loopback address, none on any other.",
    )
    metadata_license: str = Field(
        "", description="IRI of the licence of the metadata, which feeds then state."
    )
    labslink_provider: str = Field(
        "", pattern="^[0-9]{0,9}$", description="Provider identifier that Europe PMC assigned for LabsLink."
    )
    fdp_indexes: str = Field(
        "",
        description="Addresses of indexes that are told of the FAIR Data Point when the server starts and every week.",
    )
    biostudies_url: str = Field("https://www.ebi.ac.uk/biostudies", description="Address of BioStudies.")
    empiar_url: str = Field("https://www.ebi.ac.uk/empiar", description="Address of EMPIAR.")
    live_pause: float = Field(
        0.2, ge=0, le=3600, description="Least time between two requests to one host, in seconds."
    )
    live_timeout: float = Field(30.0, gt=0, le=3600, description="Longest silence of a source, in seconds.")
    live_deadline: float = Field(
        300.0,
        gt=0,
        le=86400,
        description="Longest time for one fetched document with its repeats, in seconds.",
    )
    live_tries: int = Field(6, ge=1, le=100, description="How often one document is asked for at most.")
    live_backoff: float = Field(
        1.0, ge=0, le=600, description="Wait before the first repeat, in seconds; it doubles from there."
    )
    live_longest_wait: float = Field(
        120.0, ge=0, le=86400, description="Longest wait that a source may ask for, in seconds."
    )
    shared: Path | None = Field(None, description="Folder with shared test material; only tests read it.")
    test_url: str = Field("", description="Running server that test suites use instead of starting one.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources; the TOML file lies in the home folder that the stronger sources name."""
        given = {**env_settings(), **init_settings()}
        file = Path(given.get("home") or default_home()) / FILE
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=file)


def load_settings(**options: Any) -> Settings:
    """Build the settings; options that are None don't count.

    Raises:
        UsageError: an unknown name or a value that can't be used, named with its place.
    """
    _refuse_unknown_names()
    try:
        settings = Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            f"setting {name}: {first['msg']}", fix=f"Change {PREFIX}{name.upper()} or {FILE}."
        ) from error
    for name in ("public_url", "data_base", "metadata_license", "biostudies_url", "empiar_url"):
        value = getattr(settings, name)
        if value and not is_web_address(value):
            raise UsageError(f"setting {name}: {value!r} is no http(s) address", fix="Write https://...")
    return settings


def picture_hosts(settings: Settings) -> tuple[str, ...]:
    """Return the origins whose pictures pages show at once.

    Raises:
        UsageError: one is no origin (scheme, host and perhaps a port, nothing else).
    """
    for host in settings.picture_hosts.split():
        if not _ORIGIN.fullmatch(host):
            fix = "Write https://images.example, without a path or slash at the end."
            raise UsageError(f"setting picture_hosts: {host[:200]!r} is no origin", fix=fix)
    return tuple(dict.fromkeys(settings.picture_hosts.split()))


def query_limits(settings: Settings) -> QueryLimits:
    """Return the query limits that the settings ask for; what `query_limits` names counts more than other settings.

    Raises:
        UsageError: `query_limits` names no limit, or a value that a limit can't have.
    """
    named: dict[str, Any] = {
        "deadline_seconds": settings.query_timeout,
        "memory_bytes": settings.query_memory * MEBIBYTE,
        "max_result_bytes": settings.query_result_bytes,
        "workers": settings.query_workers,
    }
    return QueryLimits(**(named | read_limits(settings.query_limits)))


def _refuse_unknown_names() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Known names: {', '.join(sorted(known))}."
            raise UsageError(f"unknown setting {name}", fix=fix)
