"""`dvm models`: which weights there are, where they come from, bringing published ones in, handing networks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dvm_core.bridge.errors import ModelError, UsageError
from dvm_core.cli.console import say, say_json
from dvm_core.cli.tables import print_table

models = typer.Typer(help="Weights: what there is, where it comes from; published ones in, TorchScript out.")

_Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@models.callback()
def _group() -> None:
    """Keep the command's name in front, however many there are."""


@models.command("list")
def list_models(json: _Json = False) -> None:
    """List the models that can be used here and now, and weight files among them that cannot."""
    from dvm_core.model import weights

    facts = {name: _facts(name) for name in weights.available()}
    if json:
        say_json(facts)
        return
    columns = ("architecture", "sha256", "licence", "source")
    print_table(("name", *columns), [(name, *_row(known, columns)) for name, known in facts.items()])


@models.command("import")
def import_model(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Published checkpoint, .pth.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="OUT.safetensors", help="Weights to write.")],
    source: Annotated[
        str, typer.Option(metavar="TEXT", help="Where the checkpoint comes from; else its file name.")
    ] = "",
    licence: Annotated[str, typer.Option(metavar="TEXT", help="Terms that it may be used under.")] = "not stated",
) -> None:
    """Turn a published checkpoint into safetensors, without running code from it."""
    from dvm_core.model import weights

    if not output.endswith(".safetensors"):
        raise UsageError(f"Weights are written as .safetensors; {output} has another ending.")
    record = weights.import_checkpoint(file, output, source=source or Path(file).name, licence=licence)
    say(f"{output}: {record.architecture}, sha256 {record.sha256}")


@models.command()
def info(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A model's name or its file.")],
    json: _Json = False,
) -> None:
    """Say what is known about weights: architecture, numbers, sha256, source, licence, training record."""
    from dvm_core.model import weights

    facts = asdict(weights.info(name))
    if json:
        say_json(facts)
        return
    training = facts.pop("training")
    rows = [(key, _text(value)) for key, value in facts.items() if value]
    rows += [(f"training: {key}", _text(value)) for key, value in training.items()]
    print_table(("field", "value"), rows)


@models.command()
def export(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A network's name or its file.")],
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="TorchScript to write, .pt.")],
) -> None:
    """Write a network as TorchScript, for programs that have torch but not dvm."""
    from dvm_core.model.export import export as write

    write(name, output)
    say(output)


def _facts(name: str) -> dict[str, Any]:
    """What is known about weights; of a damaged file, what is wrong with it."""
    from dvm_core.model import weights

    try:
        return asdict(weights.info(name))
    except ModelError as error:
        return {"problem": error.message}


def _row(facts: dict[str, Any], columns: Sequence[str]) -> list[str]:
    if problem := facts.get("problem"):
        return ["unusable", *[""] * (len(columns) - 2), problem]
    return [facts[column][:12] if column == "sha256" else facts[column] for column in columns]


def _text(value: object) -> str:
    return ", ".join(f"{key} {item}" for key, item in value.items()) if isinstance(value, dict) else str(value)
