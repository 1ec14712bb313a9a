from dataclasses import replace

import pytest

from dvm_core.farm.pins import pin
from dvm_core.farm.steps import (
    FRAMES,
    Parameter,
    beside,
    check_command,
    matte_command,
    parameters_of,
    plain,
    propagate_command,
    render,
)


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


def test_every_step_reads_the_plate_as_the_job_does(clip):
    settings = {"colorspace": "ACEScg", "layer": "beauty", "view": "left", "movie_frames": "timecode"}
    pinned = pin(clip.job(**clip.paint_keys((1001, 1009))))
    job = replace(pinned.job, settings=replace(pinned.job.settings, **settings))
    parameters = parameters_of(replace(pinned, job=job))
    for command in (propagate_command, matte_command, check_command):
        words = render(command(parameters), plain, "1-4")
        wanted = {"--colorspace=ACEScg", "--layer=beauty", "--view=left", "--movie-frames=timecode"}
        assert wanted <= set(words)
