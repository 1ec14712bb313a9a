"""The fake of Resolve has no name of its own: each is in Blackmagic's typing stubs, with as many arguments."""

import ast
import inspect
from importlib import metadata
from pathlib import Path

import fake_resolve
import pytest

FUSIONS = {"FusionPage", "Composition", "Tool"}
STUBS = next(file.locate() for file in metadata.files("fusionscript-stubs") if file.name == "fusionscript.pyi")
API = Path(__file__).parents[3] / "resolve_fuse" / "Modules" / "Python" / "dvm_resolve" / "fusion_api.py"


def methods_in(file, kind):
    """Arguments' names of each method of a class in a file, `self` left out; all signatures of an overloaded one."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = {}
    (body,) = [node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == kind]
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append([argument.arg for argument in node.args.args[1:]])
    return found


CLASSES = [
    kind for _, kind in inspect.getmembers(fake_resolve, inspect.isclass) if kind.__module__ == fake_resolve.__name__
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_method_is_one_of_resolves(kind):
    real = methods_in(API if kind.__name__ in FUSIONS else STUBS, kind.__name__)
    own = {name: function for name, function in vars(kind).items() if inspect.isfunction(function) and name[0] != "_"}
    assert own
    for name, function in own.items():
        assert name in real, f"{kind.__name__} has no {name}"
        arguments = list(inspect.signature(function).parameters)[1:]
        assert arguments in real[name], f"{name} takes {real[name]}"


def test_the_adapters_own_view_of_fusion_is_all_used():
    """A name that no fake has is a name that no test reaches."""
    for kind in FUSIONS:
        assert set(methods_in(API, kind)) == {name for name in vars(getattr(fake_resolve, kind)) if name[0] != "_"}
