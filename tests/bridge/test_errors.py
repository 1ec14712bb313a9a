import pytest

from dvm_core.bridge import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("DvmError", 1),
        ("UsageError", 2),
        ("EngineNotFound", 2),
        ("InputError", 3),
        ("DeviceError", 4),
        ("ModelError", 5),
        ("OutputError", 6),
        ("Cancelled", 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind, code):
    error = getattr(errors, kind)("Something is wrong.")
    assert error.exit_code == code
    assert isinstance(error, errors.DvmError)


def test_the_docstring_draws_the_whole_tree_with_its_codes():
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.DvmError):
            line = next(line for line in errors.__doc__.splitlines() if kind.__name__ in line.split())
            assert str(kind.exit_code) in line.split()
