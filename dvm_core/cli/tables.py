"""Tables for people; programs ask for `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dvm_core.cli.console import say


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[str] = ()) -> None:
    """Print a table on stdout, as wide as the terminal; arguments as for `as_table`."""
    import shutil
    import sys

    # A pipe on Windows, for one, cannot hold the ruled line.
    ruled = (sys.stdout.encoding or "").lower().startswith("utf")
    width = max(80, shutil.get_terminal_size((120, 24)).columns)
    # Said as text, so that a closed pipe ends in a sentence here too.
    say(as_table(heads, rows, numbers=numbers, ruled=ruled, width=width))


def as_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[str] = (),
    ruled: bool = True,
    width: int = 120,
) -> str:
    """A table as text.

    Args:
        heads: Column names.
        rows: Text for each column.
        numbers: Those columns that are set flush right.
        ruled: Whether a line parts heads from rows.
        width: Letters in a line at most.
    """
    import io

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD if ruled else None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    page = io.StringIO()
    Console(file=page, width=width).print(table)
    return "\n".join(line.rstrip() for line in page.getvalue().rstrip().splitlines())
