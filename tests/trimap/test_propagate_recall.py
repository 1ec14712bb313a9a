import cv2
import numpy as np

from dvm_core.trimap.propagate_grid import Grid
from dvm_core.trimap.propagate_plates import Plates
from dvm_core.trimap.propagate_recall import Look, Looks, change


def test_change_is_nothing_where_the_wall_moves_as_a_whole():
    noise = cv2.GaussianBlur(np.random.default_rng(1).random((80, 100, 3), dtype=np.float32), (0, 0), 3)
    wall = cv2.normalize(noise, None, 0, 1, cv2.NORM_MINMAX)
    found = change(wall, [np.roll(wall, 3, axis=1)])
    assert np.linalg.norm(found, axis=-1)[15:-15, 15:-15].mean() < 0.02


def test_change_is_the_difference_in_lab_of_what_covers_the_wall_for_one_frame():
    wall = np.full((60, 80, 3), 0.5, np.float32)
    covered = wall.copy()
    covered[20:40, 30:50] = (0.6, 0.4, 0.4)
    lab = [cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) for picture in (covered, wall)]
    found = change(covered, [wall, wall])
    np.testing.assert_allclose(found[30, 40], (lab[0] - lab[1])[30, 40] / 100, atol=1e-3)
    np.testing.assert_allclose(found[5, 5], 0, atol=1e-6)


def test_no_other_frame_is_no_change():
    assert not change(np.random.default_rng(0).random((20, 30, 3), dtype=np.float32), []).any()


def test_an_object_is_recalled_wherever_it_is(make):
    shot = make(frames=4, shape=(96, 224), step=(50.0, 0.0), radius=14.0)
    grid = Grid((96, 224), (96, 224))
    plates = Plates(range(4), lambda frame: shot.plates[frame], grid)
    odds = Looks({0: shot.trimaps[0]}, plates, grid).of(2).odds
    assert (odds[shot.alphas[2] > 0.9] > 0).mean() > 0.95
    assert (odds[shot.trimaps[2] == 0] > 0).mean() < 0.05


def test_colours_are_familiar_to_the_side_that_has_them(make):
    shot = make(frames=3, shape=(96, 224), step=(50.0, 0.0), radius=14.0)
    plates = Plates(range(3), lambda frame: shot.plates[frame], Grid((96, 224), (96, 224)))
    look = Looks({0: shot.trimaps[0]}, plates, Grid((96, 224), (96, 224))).of(2)
    disc, wall = shot.alphas[2] > 0.99, shot.trimaps[2] == 0
    assert look.foreground[disc].mean() > 0.6 > 0.2 > look.foreground[wall].mean()
    assert look.background[wall].mean() > 0.6 > 0.2 > look.background[disc].mean()


def test_keys_that_show_no_object_tell_nothing(make):
    shot = make(frames=2)
    grid = Grid((96, 128), (96, 128))
    empty = np.zeros_like(shot.trimaps[0])
    assert Looks({0: empty}, Plates(range(2), lambda frame: shot.plates[frame], grid), grid).of(1) is None


def test_a_look_comes_back_from_its_levels():
    look = Look(*np.random.default_rng(1).random((3, 8, 9), dtype=np.float32))
    again = Look.of_levels(look.levels())
    np.testing.assert_allclose(again.odds, look.odds, atol=1e-5)
    assert (again.foreground == look.foreground).all()
    assert (again.background == look.background).all()
