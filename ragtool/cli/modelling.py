"""The commands about the pinned models: list, pull, verify, path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ragtool import guard, models
from ragtool.cli.invocation import Everywhere, Invocation, begin
from ragtool.cli.options import AsJson, IndexDir, Quiet
from ragtool.config import Settings
from ragtool.errors import ModelError, UsageError
from ragtool.rendering.look import Look, path_text, size_text
from ragtool.reports import Progress

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME")]


def everywhere(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """The pinned models: which, from where, intact or not."""
    begin(ctx, Everywhere(index, as_json, quiet))


def listed(
    ctx: typer.Context,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """List the pinned models and how each stands on this machine."""
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    listings = models.listing(invocation.settings.models)
    chosen = (invocation.settings.generator, invocation.settings.embedder)
    invocation.tell(
        form=lambda: _models_form(listings),
        text=lambda _: "\n".join(
            _line(item, chosen=item.model.name in chosen) for item in listings
        ),
    )


def pull(
    ctx: typer.Context,
    names: Names = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FILE|DIR", help="Take the model from here, not from the network."
        ),
    ] = None,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring models here, checked.

    Without NAME the two that ragtool would use.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    settings = invocation.settings
    if origin == "":
        raise UsageError("--from is empty.")
    place = None if origin is None else Path(origin)
    # The only command that may reach for the network.
    with guard.network_allowed():
        paths = {
            model.name: models.pull(
                model,
                settings.models,
                origin=place,
                endpoint=settings.hub,
                report=_report(invocation, model),
            )
            for model in map(models.find, names or _used(settings))
        }
    _tell_paths(invocation, paths)


def verify(
    ctx: typer.Context,
    names: Names = None,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hash models anew, every byte.

    Without NAME all that are here. Exit code 1: a model is missing or damaged.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    root = invocation.settings.models
    chosen = [models.find(name) for name in names or ()] or _present(root)
    complaints = {
        model.name: _complaint(model, root, report=_report(invocation, model)) for model in chosen
    }
    invocation.tell(
        form=lambda: _verified_form(complaints),
        text=lambda _: "\n".join(
            f"{name}  {complaint or 'intact'}" for name, complaint in complaints.items()
        ),
    )
    if any(complaints.values()):
        raise typer.Exit(1)


def path(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME|FILE.gguf")] = None,
    index: IndexDir = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Print where a model lies.

    Without NAME the folder of the models.
    """
    invocation = begin(ctx, Everywhere(index, as_json, quiet))
    root = invocation.settings.models
    found = root if name is None else models.located(name, root).path
    invocation.tell(
        form=lambda: {"schema": "ragtool.path/1", "path": str(found)},
        # Whole and as it is: it is for other programs to use.
        text=lambda _: path_text(str(found), Look()),
    )


def _used(settings: Settings) -> list[str]:
    """The pinned models that the settings name; a GGUF file of the user's is not pulled."""
    own = settings.generator.lower().endswith(".gguf")
    return [settings.embedder] if own else [settings.embedder, settings.generator]


def _present(root: Path) -> list[models.Model]:
    here = [item.model for item in models.listing(root) if item.state != "missing"]
    if not here:
        raise ModelError(f"There are no models in {root}.", hint="Run: ragtool models pull")
    return here


def _report(invocation: Invocation, model: models.Model) -> Callable[[str, int, int], None]:
    def report(step: str, done: int, total: int) -> None:
        progress = Progress(f"{model.name}: {step}", done, total, "bytes")
        invocation.terminal.progress(progress)

    return report


def _complaint(model: models.Model, root: Path, *, report: models.Report) -> str:
    """What is wrong with the model, empty when it is intact."""
    try:
        models.verify(model, root, report=report)
    except ModelError as error:
        return str(error)
    return ""


def _tell_paths(invocation: Invocation, paths: dict[str, Path]) -> None:
    invocation.tell(
        form=lambda: {
            "schema": "ragtool.pulled/1",
            "models": [{"name": name, "path": str(where)} for name, where in paths.items()],
        },
        text=lambda look: "\n".join(
            f"{name}  {path_text(str(where), look)}" for name, where in paths.items()
        ),
    )


def _line(item: models.Listing, *, chosen: bool) -> str:
    model = item.model
    mark = "*" if chosen else " "
    return (
        f"{mark} {model.name:<36} {item.state:<10} {size_text(model.bytes):>9}  "
        f"{model.kind}, {model.licence}: {model.use}"
    )


def _models_form(listings: Sequence[models.Listing]) -> dict[str, object]:
    return {
        "schema": "ragtool.models/1",
        "models": [
            {
                "name": item.model.name,
                "kind": item.model.kind,
                "state": item.state,
                "path": str(item.path),
                "bytes": item.model.bytes,
                "bytes_here": item.bytes,
                "sha256": item.model.sha256,
                "licence": item.model.licence,
                "maker": item.model.maker,
                "repository": item.model.repository,
                "revision": item.model.revision,
                "use": item.model.use,
            }
            for item in listings
        ],
    }


def _verified_form(complaints: dict[str, str]) -> dict[str, object]:
    return {
        "schema": "ragtool.verified/1",
        "ok": not any(complaints.values()),
        "models": [
            {"name": name, "ok": not complaint, "message": complaint}
            for name, complaint in complaints.items()
        ],
    }
