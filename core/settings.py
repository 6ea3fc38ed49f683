"""The settings: read once from ``LADING_*`` variables, frozen, and passed down."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lading.core.errors import UsageError

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20
GIBIBYTE = 1 << 30

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]

PolicyMode = Literal["off", "warn", "enforce"]
"""What happens to a bundle that no trusted key signed."""


class Limits(BaseModel):
    """How much of a bundle that a stranger may have made is read, and what trying it may take."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    archive_bytes: Annotated[int, Field(ge=1, le=4 * GIBIBYTE - 1)] = 2 * GIBIBYTE
    """The largest archive of a bundle that is read; a larger one is refused before anything in it is looked at."""
    bundle_bytes: Positive = 4 * GIBIBYTE
    """The most bytes that the files of a bundle may have together, as an archive or as a folder."""
    bundle_files: Annotated[int, Field(ge=1, le=1000)] = 1000
    """The most files that a bundle may hold."""
    manifest_bytes: Annotated[int, Field(ge=1, le=4 * MEBIBYTE)] = 4 * MEBIBYTE
    """The largest manifest."""
    graph_bytes: Annotated[int, Field(ge=1, le=2 * GIBIBYTE - 1)] = 2 * GIBIBYTE - 1
    """The largest ONNX file, its external data not counted; protobuf knows no larger one."""
    load_seconds: Seconds = 60.0
    """How long a bundle may take to load and to answer its golden rows when it is tried in a process of its own."""
    hang_seconds: Seconds = 4.0
    """How much of that may pass until the first golden row is answered, beside a second for each MiB of its files; and
    again until the others are, beside four times what they take at the pace of the first."""
    load_bytes: Annotated[int, Field(ge=64 * MEBIBYTE)] = 512 * MEBIBYTE
    """The memory that it may take there, beside four times what its files have."""


LIMITS = Limits()
"""Those that hold where nothing else is said."""


PREFIX = "LADING_"
NEAR = 0.8
"""How alike two names are, from 0 to 1, of which one is taken for a misspelling of the other (``difflib``'s ratio)."""


class Settings(Limits, BaseSettings):
    """Everything that can be set, with its default; ``LADING_PORT`` sets ``port``, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address that predictions, health, lineage and the page are served on."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """The TCP port of the same."""
    grpc_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The TCP port that predictions are served on over gRPC, at the same address; none when not set."""
    replicas: Positive | None = None
    """Processes that hold the models; as many as the CPU quota allows when not set."""
    replica_bytes: Positive | None = None
    """The memory of one replica: a request that needs more is answered 413. Its share of what is free when not set."""
    threads: Positive = 1
    """Threads that one inference may use inside a replica."""
    run_folder: Path | None = None
    """Where sockets and temporary files go; a fresh folder under the system's temporary one when not set."""
    start_seconds: Seconds = 180.0
    """How long the server may take to become ready before it gives up and says why."""
    drain_seconds: Seconds = 30.0
    """How long requests in flight may take to finish once the server was told to stop."""
    request_seconds: Seconds = 30.0
    """How long one request may take, waiting included, before it is answered with an error; a client can ask for less."""
    deadlines: dict[str, Seconds] = {}
    """The same for single deployments, as JSON: `{"penguins": 2.5}`."""
    queue_seconds: Seconds = 3.0
    """How long a request may wait for its turn: one that would have to wait longer is answered 503 at once."""
    queue_per_replica: Positive = 512
    """Requests that one replica holds at a time, those whose answers are not read yet too; more wait in the edge."""
    compressed_bodies: bool = False
    """Whether requests may come, and answers go, in gzip or deflate."""
    connections: Positive = 512
    """Client connections at a time on each port, and calls of gRPC."""
    body_bytes: Positive = 64 * MEBIBYTE
    """The largest request body; a larger one is answered 413."""
    held_bytes: Positive = 512 * MEBIBYTE
    """Bytes of request bodies that one replica holds at a time; one that finds no room is answered 503."""
    body_rate: Annotated[int, Field(ge=256)] = KIBIBYTE
    """Bytes a second that a request body must bring at least; a slower one is answered 408."""
    body_seconds: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    """The time over which that is measured: a shorter body must be whole by then."""
    header_bytes: Annotated[int, Field(ge=KIBIBYTE, le=32 * KIBIBYTE)] = 16 * KIBIBYTE
    """The longest headers of a request, all together; longer ones are answered 431."""
    header_fields: Annotated[int, Field(ge=10, le=1000)] = 100
    """The most headers of a request; more are answered 431."""
    header_seconds: Seconds = 10.0
    """How long the headers of a request may take to arrive before its connection is closed."""
    target_bytes: Annotated[int, Field(ge=256, le=32 * KIBIBYTE)] = 8 * KIBIBYTE
    """The longest target of a request: its path and query; a longer one is answered 414."""
    buffer_bytes: Annotated[int, Field(ge=64 * KIBIBYTE, le=MEBIBYTE)] = 64 * KIBIBYTE
    """The edge's buffer for a request: one that fits can be repeated, and a body without a length must fit."""
    idle_seconds: Seconds = 30.0
    """How long a connection may stay open without a request."""
    stall_seconds: Seconds = 30.0
    """How long a client may read nothing of its answer before its connection is closed."""
    keys_file: Path | None = None
    """The file of API keys that `lading keys` keeps; a request without one of them is refused. No keys when not set."""
    tls_certificate: Path | None = None
    """The server's certificate in PEM, followed by those that vouch for it; predictions are then served by HTTPS."""
    tls_key: Path | None = None
    """The certificate's private key in PEM; it may also be in the certificate's file."""
    tls_client_ca: Path | None = None
    """Certificates in PEM of those who may vouch for clients; a client that shows none of theirs is refused."""
    access_log: bool = False
    """Whether one line of JSON for each request goes to standard error."""
    request_log: Annotated[Path, AfterValidator(Path.absolute)] | None = None
    """Where requests for predictions are kept with their answers, in a file for each replica; none are when not set."""
    request_log_sample: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of them that is."""
    request_log_redact: tuple[str, ...] = ()
    """The fields whose values are not, as JSON: `["name", "born"]`; `["*"]` is all of them."""
    request_log_bytes: Annotated[int, Field(ge=MEBIBYTE)] = 64 * MEBIBYTE
    """How large such a file gets before a fresh one begins."""
    request_log_files: Positive = 5
    """How many files of one replica stay, the one that is written included."""
    traces: bool | None = None
    """Whether predictions are sent as OpenTelemetry's spans; when not set, where `OTEL_EXPORTER_OTLP_ENDPOINT` is."""
    metrics_host: str = "127.0.0.1"
    """The address that metrics are served on."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The TCP port of the same, 8081 by custom; no metrics when not set."""
    default_model: str | None = None
    """The deployment that answers where a request names none, at MLflow's `/invocations`; the only one when not set."""
    v1_answers: Literal["kserve", "tensorflow"] = "kserve"
    """What `/v1` answers: with `kserve` a model's own predictions, with `tensorflow` every output, as TF-Serving does."""
    state_folder: Path | None = None
    """Where the server keeps what is deployed, and the socket of its administration; neither when not set."""
    store_folder: Path | None = None
    """Where bundles that were checked are kept for serving; `lading` in the user's cache folder when not set."""
    admin_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The TCP port of the loopback interface for administration by token, besides the socket; none when not set."""
    page_authors: bool = False
    """Whether the page, which is on the prediction port, says who changed what is deployed, and why."""
    policy: PolicyMode | None = None
    """What happens to a bundle that no trusted key signed; `enforce` where a trust file is named, else `off`, when not set."""
    trust: Path | None = None
    """The trust file: which keys may vouch for which bundles, and what evidence these must bring."""
    allow_older: bool = False
    """Whether a bundle of an older version may take the place of a newer one while the policy is enforced."""
    switch_seconds: Seconds = 60.0
    """How long the replicas may take to get ready for a change of what is deployed before it is given up."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the server says on standard error."""
    log_format: Literal["text", "json"] = "text"
    """How it says that: as text for people, or with `json` each line as an object for programs."""


class SettingsError(UsageError):
    """A ``LADING_*`` variable has a value that it cannot have."""

    def __init__(self, variable: str, found: str, expected: str) -> None:
        super().__init__(variable, found, expected)
        self.variable, self.found, self.expected = variable, found, expected

    def __str__(self) -> str:
        return f"{self.variable} is {self.found!r}: {self.expected}; set it right or unset it"


def read_settings() -> Settings:
    """The settings as the environment has them. Raises ``SettingsError`` for the first one that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        variable = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(variable, str(first["input"]), first["msg"]) from error


def misspelt(variables: Iterable[str]) -> dict[str, str]:
    """Of the names of variables, those that set nothing but nearly have the name of one that does: which.

    Others that begin with ``LADING_`` are left in peace: Kubernetes makes some for a service of that name.

    >>> misspelt(["LADING_POLCY", "LADING_POLICY", "LADING_SERVICE_HOST", "POLCY"])
    {'LADING_POLCY': 'LADING_POLICY'}
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    near = {
        name: get_close_matches(name.removeprefix(PREFIX).lower(), Settings.model_fields, n=1, cutoff=NEAR)
        for name in variables
        if name.startswith(PREFIX) and name not in known
    }
    return {name: PREFIX + meant[0].upper() for name, meant in near.items() if meant}
