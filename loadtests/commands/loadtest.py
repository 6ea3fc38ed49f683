"""``lading loadtest``: a model is asked as its users will, and its objectives are met, missed or undecided."""

from pathlib import Path
from typing import Annotated

import typer

from lading.loadtests.plan import Shape


def loadtest(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="A bundle, which is then served here; or the URL of a server.", show_default=False
        ),
    ],
    bundle: Annotated[Path | None, typer.Option(help="The bundle that a URL serves.", show_default="TARGET")] = None,
    slo: Annotated[
        list[str] | None,
        typer.Option(
            help="An objective: p99=50ms, errors=0.1%, rps=500, p95=baseline+10%; again for others.",
            metavar="OBJECTIVE",
            show_default="errors=0.1%",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="The release before: a bundle, which is served beside in turns, or the JSON report of its load test.",
            show_default="none",
        ),
    ] = None,
    regression: Annotated[
        str | None, typer.Option(help="By how much the latency may exceed the baseline's.", show_default="10%")
    ] = None,
    shape: Annotated[Shape | None, typer.Option(help="How the rate changes.", show_default="constant")] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests a second; where a search begins.", show_default="50")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long; of a search, each step.", show_default="30; soak 1800, capacity 10")
    ] = None,
    warm_up: Annotated[
        float | None, typer.Option(help="Seconds before that, of which nothing counts.", show_default="5")
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="named, v2, v2-binary or invocations; again for a mix.", show_default="v2"),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(help="Rows of a request, with weights: 1, or 1:0.9,32:0.1.", show_default="1"),
    ] = None,
    golden: Annotated[
        float | None,
        typer.Option(help="The share of requests whose answers are known.", min=0, max=1, show_default="0.5"),
    ] = None,
    invalid: Annotated[
        float | None, typer.Option(help="The share that should be refused.", min=0, max=0.9, show_default="0.01")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which a request has failed.", show_default="30")
    ] = None,
    users: Annotated[int | None, typer.Option(help="Requests under way at a time, at most.", show_default="64")] = None,
    image: Annotated[
        str | None, typer.Option(help="The container image to serve the bundle in.", show_default="this machine")
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(help="Replicas of the servers that are started.", min=1, show_default="the CPU quota")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(help="Processes that make the load.", min=1, show_default="as many as the rate needs"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the URL has deployed the bundle as.", show_default="the bundle's name")
    ] = None,
    api_key: Annotated[
        Path | None, typer.Option(help="The file with the API key of the URL.", show_default="none")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="Who vouches for the URL, in PEM.", show_default="the system's")
    ] = None,
    metrics: Annotated[str | None, typer.Option(help="The address of the URL's metrics.", show_default="none")] = None,
    baseline_url: Annotated[
        str | None, typer.Option(help="The server of the baseline, beside a URL.", show_default="none")
    ] = None,
    most_seconds: Annotated[
        float | None,
        typer.Option(help="How long it may go on until what is undecided stays so.", show_default="600"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of what is drawn.", show_default="0")] = None,
    project: Annotated[
        Path | None, typer.Option(help="The project file with a [loadtest] table.", show_default="lading.toml")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the reports.", show_default="NAME-VERSION-loadtest")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A private key: the result becomes evidence in the bundle, signed by it.", show_default="no evidence"
        ),
    ] = None,
    run_url: Annotated[
        str | None,
        typer.Option(help="The page of the CI's run, for the evidence to name.", show_default="none"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
) -> None:
    """Load-test a model before it is released: as its users will ask it, at a rate that does not wait for its answers.

    Every answer is checked, golden rows for equality. The exit code is 0 when every objective is met, and 1 when one is
    missed or undecided. The reports are an HTML page, JSON and JUnit's XML; with --key the result becomes evidence in
    the bundle. Ctrl-C ends the test and keeps what was measured.

    Examples:

        lading loadtest penguins-1.1.0.lading --slo p99=50ms --slo errors=0.1%

        lading loadtest penguins-1.1.0.lading --baseline penguins-1.0.0.lading --regression 10%

        lading loadtest penguins-1.1.0.lading --shape capacity --slo p99=100ms

        lading loadtest penguins-1.1.0.lading --image penguins:1.1.0 --rate 200 --rows 1:0.9,32:0.1

        lading loadtest http://10.0.0.7:8080 --bundle penguins-1.1.0.lading --protocol named --protocol v2-binary
    """
    from lading.bundles.signing.signers import find_signer
    from lading.loadtests.commands.carrying_out import carry_out
    from lading.loadtests.commands.wishing import mix, planned, task_of, wished, within
    from lading.loadtests.judging.grammar import parse_objective, parse_regression
    from lading.loadtests.project import project_file, read_wishes

    said = wished(
        shape=shape,
        rate=rate,
        seconds=seconds,
        warm_up=warm_up,
        protocols=protocol,
        rows=None if rows is None else mix(rows),
        golden=golden,
        invalid=invalid,
        timeout=timeout,
        users=users,
        seed=seed,
        slo=None if slo is None else tuple(parse_objective(one) for one in slo),
        regression=None if regression is None else parse_regression(regression),
        baseline=None if baseline is None else str(baseline),
        most_seconds=most_seconds,
    )
    file = project_file(Path.cwd()) if project is None else project
    wishes = said if file is None else within(said, read_wishes(file))
    plan, earlier = planned(wishes)
    task = task_of(
        target,
        bundle,
        wishes,
        plan,
        earlier,
        image=image,
        name=name,
        key_file=api_key,
        authorities=ca,
        metrics=metrics,
        baseline_url=baseline_url,
        replicas=replicas,
        processes=processes,
    )
    signers = [find_signer(reference) for reference in key or []]
    raise SystemExit(carry_out(task, context.obj, out, signers, run_url, json))
