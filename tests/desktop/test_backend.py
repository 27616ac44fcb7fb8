"""What a bar is given to show is one value."""

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.face import Face, face, title
from copilot_api.desktop.menu import rows
from tests.desktop.glances import GLANCES, serving


def picture_of_serving(active: int) -> Picture:
    glance = serving(active=active)
    return Picture(face(glance), title(glance), rows(glance))


def test_a_picture_that_has_not_changed_is_equal_and_need_not_be_drawn_again() -> None:
    assert picture_of_serving(3) == picture_of_serving(3)
    assert picture_of_serving(3) != picture_of_serving(4)
    assert len({Picture(face(glance), title(glance), rows(glance)) for glance in GLANCES.values()}) == len(Face)
