import pytest

from dvm_core.farm.steps import FRAMES, Parameter, beside, plain, render


@pytest.mark.parametrize(
    ("output", "folder"),
    [
        ("/m/sh010.####.exr", "/m/sh010_qc"),
        ("/m/sh010_%04d.exr", "/m/sh010_qc"),
        ("/m/####.exr", "/m/alpha_qc"),
        ("/m/still.exr", "/m/still_qc"),
    ],
)
def test_what_steps_hand_on_lies_beside_the_output_under_its_name(output, folder):
    assert beside(output, "qc") == folder


def test_a_command_is_filled_in_by_whoever_shows_it():
    tile = Parameter("Tile", "STRING", "256", "")
    command = ("matte", ("--tile=", tile), ("--range=", FRAMES))
    assert render(command, plain, "1-4") == ["matte", "--tile=256", "--range=1-4"]
    assert render(command, lambda parameter: f"<{parameter.name}>", "F") == ["matte", "--tile=<Tile>", "--range=F"]
