"""The table of commands, and the border where every error becomes a sentence and an exit code."""

from __future__ import annotations

import sys

import typer

from dvm_core import __version__
from dvm_core.bridge.errors import DvmError
from dvm_core.cli import stop
from dvm_core.cli.batch import batch
from dvm_core.cli.console import legible_everywhere, warn
from dvm_core.cli.dataset import dataset
from dvm_core.cli.doctor import doctor
from dvm_core.cli.eval import evaluate
from dvm_core.cli.farm import farm
from dvm_core.cli.finetune import finetune
from dvm_core.cli.foreground import foreground
from dvm_core.cli.grouping import grouped
from dvm_core.cli.install import install
from dvm_core.cli.matte import matte
from dvm_core.cli.models import models
from dvm_core.cli.run import run
from dvm_core.cli.train import train
from dvm_core.cli.trimap import trimap
from dvm_core.cli.worker import worker
from dvm_core.faults import as_dvm_errors, sentence

app = typer.Typer(
    name="dvm",
    help="Deep video matting for compositors: plates and a few trimaps in, EXR alphas out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"dvm {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", help="Print the version.", callback=_print_version, is_eager=True),
    stop_with_stdin: bool = typer.Option(
        False, "--stop-with-stdin", help="Stop when standard input ends: when the program that started dvm is gone."
    ),
) -> None:
    """Options that come before a command."""
    if stop_with_stdin:
        stop.with_stdin()


app.command()(grouped(matte))
app.command()(grouped(run))
app.add_typer(trimap, name="trimap")
app.command()(grouped(foreground))
app.add_typer(models, name="models")
app.command()(grouped(batch))
app.add_typer(farm, name="farm")
app.add_typer(dataset, name="dataset")
app.command()(grouped(finetune))
app.command()(train)
app.command("eval")(evaluate)
app.command()(install)
app.command()(worker)
app.command()(doctor)


def main() -> None:
    """Entry point of `dvm`; ends the process with an exit code of `dvm_core.bridge.errors`."""
    stop.arm()
    legible_everywhere()
    try:
        with as_dvm_errors():
            app(prog_name="dvm")
    except DvmError as error:
        warn("dvm: " + sentence(error))
        sys.exit(error.exit_code)
