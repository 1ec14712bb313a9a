import numpy as np
import OpenImageIO as oiio
import pytest

from dvm_core.bridge.job import MatteJob
from dvm_core.model import weight_file, weights
from dvm_core.model.colour_model import KnownColours
from dvm_core.pipeline.inputs import Inputs
from dvm_core.pipeline.session import MattingSession
from dvm_core.pipeline.shot import open_shot

SIZE = (480, 704)
FRAMES = range(1, 10)
MIDDLE = (200, 300, 260, 400)


@pytest.fixture(scope="module")
def session(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    weights.save(network.state_dict(), path, weight_file.Record("lite", {}, "tests", "Apache-2.0"))
    with MattingSession(str(path), device="cpu") as session:
        session.plan(SIZE, len(FRAMES))
        yield session


def _nobody(sentence, frame):
    """Is told of no patience: nothing here needs any."""


def write(path, pixels, dtype):
    spec = oiio.ImageSpec(SIZE[1], SIZE[0], pixels.shape[2], dtype)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec)
    assert output.write_image(np.ascontiguousarray(pixels))
    output.close()


def paint(folder, frame, box):
    top, left, bottom, right = box
    trimap = np.zeros((*SIZE, 1), np.uint8)
    trimap[top:bottom, left:right] = 128
    write(folder / f"trimap.{frame}.png", trimap, "uint8")


@pytest.fixture
def folder(tmp_path):
    for frame in FRAMES:
        write(tmp_path / f"plate.{frame}.exr", np.full((*SIZE, 3), frame / 10, np.float32), "half")
        paint(tmp_path, frame, MIDDLE)
    return tmp_path


@pytest.fixture
def open_inputs(folder, session):
    """The inputs of a job as its files are now; `keys` as the job names them."""

    def make(keys=""):
        job = MatteJob(f"{folder}/plate.%d.exr", f"{folder}/trimap.%d.png", f"{folder}/alpha.%d.exr", keys=keys)
        return Inputs(open_shot(job, session.window, say=_nobody), session, say=_nobody)

    return make


@pytest.fixture
def names(open_inputs):
    """Names of all frames' inputs as they are now."""

    def look(keys=""):
        inputs = open_inputs(keys)
        inputs.look(tuple(FRAMES))
        return {frame: inputs.name(frame) for frame in FRAMES}

    return look


def differing(before, after):
    return [frame for frame in FRAMES if before[frame] != after[frame]]


def test_names_are_those_of_contents_and_differ_from_frame_to_frame(names):
    assert names() == names()
    assert len(set(names().values())) == len(FRAMES)


def test_a_plate_is_in_the_names_of_its_neighbours(folder, names):
    before = names()
    write(folder / "plate.5.exr", np.full((*SIZE, 3), 0.99, np.float32), "half")
    assert differing(before, names()) == [4, 5, 6]


def test_a_trimap_is_in_the_names_of_its_neighbours(folder, names):
    before = names()
    paint(folder, 5, (201, 301, 259, 399))
    assert differing(before, names()) == [4, 5, 6]


def test_a_trimap_that_widens_what_its_neighbours_are_encoded_over_reaches_their_neighbours(folder, names):
    before = names()
    paint(folder, 5, (10, 10, 470, 690))
    assert differing(before, names()) == [3, 4, 5, 6, 7]


def test_reading_and_looking_give_the_same_names(open_inputs, names):
    inputs = open_inputs()
    for frame in FRAMES:
        inputs.read(frame)
    assert {frame: inputs.name(frame) for frame in FRAMES} == names()


def test_a_repainted_keyframe_changes_the_names_of_its_two_segments_alone(folder, names):
    """Keys on 1, 3, 5, 7 and 9; trimaps in between follow from both keys around them."""

    def propagate(keys):
        for frame in FRAMES:
            last = max(key for key in keys if key <= frame)
            following = min(key for key in keys if key >= frame)
            paint(folder, frame, [(a + b) // 2 for a, b in zip(keys[last], keys[following], strict=True)])

    keys = {key: (200, 300 + 4 * key, 260, 420 + 4 * key) for key in (1, 3, 5, 7, 9)}
    propagate(keys)
    before = names()
    keys[5] = (190, 310, 270, 440)
    propagate(keys)
    changed = differing(before, names())
    assert changed == [3, 4, 5, 6, 7]


def test_a_key_is_in_the_names_of_its_two_segments_alone(folder, names):
    before = names("1,5,9")
    assert differing(before, names()) == list(FRAMES)  # keys themselves have neighbours that take from keys
    write(folder / "plate.9.exr", np.full((*SIZE, 3), 0.99, np.float32), "half")
    assert differing(before, names("1,5,9")) == [5, 6, 7, 8, 9]


def test_a_frame_is_read_with_what_its_keys_know_by_their_shares(folder, open_inputs, session):
    paint(folder, 5, (100, 100, 300, 600))
    inputs = open_inputs("1,5,9")
    given = {frame: inputs.read(frame) for frame in (1, 2, 5)}
    assert given[1].keys is None
    assert given[5].keys is None
    known = [
        (session.known_colours(given[key].plate.display, given[key].trimap), share)
        for key, share in ((1, 0.75), (5, 0.25))
    ]
    np.testing.assert_array_equal(given[2].keys.densities, KnownColours.mixed(known).densities)
