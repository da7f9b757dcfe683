"""Which of the user's own faces judge files."""

import numpy as np

from fer_edge.export.pictures.calibration import divide
from fer_edge.export.pictures.images import ImageSet
from fer_edge.export.pictures.own_pictures import choose_own


def pictures(first, count):
    scaled = np.arange(first, first + count, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 6, 3), np.uint8
    )
    return ImageSet(scaled, np.zeros(count, np.int64), "folder", "0" * 64)


def values(found):
    return found.pictures[:, 0, 0, 0].tolist()


def test_pictures_that_measured_ranges_never_judge():
    calibration = divide(pictures(0, 50))
    found = choose_own(calibration, pictures(0, 100), 90)
    measured = set(calibration.measuring.scaled[:, 0, 0, 0].tolist())
    assert not measured & set(values(found))
    assert sorted(values(found)) == sorted(set(range(100)) - measured)
    assert found.source == "10 held-out calibration pictures and 50 accuracy pictures"


def test_both_folders_share_the_places_and_no_picture_comes_twice():
    found = choose_own(divide(pictures(0, 100)), pictures(100, 100), 20)
    assert len(set(values(found))) == 20
    assert found.source == "10 held-out calibration pictures and 10 accuracy pictures"
    assert choose_own(None, pictures(0, 8), 20).source == "8 accuracy pictures"
    assert choose_own(divide(pictures(0, 100)), None, 50).source == "20 held-out calibration pictures"


def test_nothing_of_the_users_own_is_no_picture():
    found = choose_own(None, None, 20)
    assert (len(found.pictures), found.source) == (0, "")
