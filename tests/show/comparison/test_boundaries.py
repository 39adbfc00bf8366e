"""Decision boundaries: shading, line and points of a linear classifier, whose regions are known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_comparison import comparison, plane
from png_pixels import pixels

import headstart as hs
from headstart.show.comparison import boundaries

# sigmoid(2 (x1 - 3) + 6 (x2 - 11.5)): class 1 to the right and, more so, above
LINEAR = [2.0, 6.0, -2.0 * 3 - 6.0 * 11.5]
# softmax of three planes, each largest in its own corner: to the left, to the right below, to the right above
THREE = [[-2.0, 0.0, 2.0 * 3], [1.0, -3.0, -1.0 * 3 + 3 * 11.5], [1.0, 2.0, -1.0 * 3 - 2 * 11.5]]
COLOURS = {"ant": (0xE6, 0x9F, 0x00), "bee": (0x00, 0x72, 0xB2), "cow": (0x00, 0x9E, 0x73)}


def two_classes() -> hs.Comparison:
    return comparison({"he": [[1.0, 0.5]]}, weights={"he": [LINEAR]})


def three_classes() -> hs.Comparison:
    flat = [weight for row in THREE for weight in row[:2]] + [row[2] for row in THREE]
    return comparison({"he": [[1.0, 0.5]]}, data=plane(3), weights={"he": [flat]})


def probabilities(classes: int, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """(..., classes) by the formulas above."""
    if classes == 2:
        p = 1 / (1 + np.exp(-(LINEAR[0] * x1 + LINEAR[1] * x2 + LINEAR[2])))
        return np.stack([1 - p, p], axis=-1)
    powers = np.exp(np.stack([a * x1 + b * x2 + c for a, b, c in THREE], axis=-1))
    return powers / powers.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_shading_lies_where_the_classes_do(classes: int) -> None:
    """Pixel by pixel: the colour of the likeliest class, its opacity how sure the network is of it."""
    (panel,) = boundaries.panels(two_classes() if classes == 2 else three_classes())
    shown = pixels(panel.picture).astype(int)
    height, width, _ = shown.shape
    low_x, high_x, low_y, high_y = panel.window
    assert width == height == 160
    x1, x2 = np.meshgrid(np.linspace(low_x, high_x, width), np.linspace(high_y, low_y, height))  # the top row is high
    p = probabilities(classes, x1, x2)
    palette = np.array(list(COLOURS.values()))[:classes]
    clear = np.sort(p, axis=-1)[..., -1] - np.sort(p, axis=-1)[..., -2] > 1e-9
    assert clear.mean() > 0.99
    assert np.array_equal(shown[clear][:, :3], palette[p.argmax(axis=-1)][clear])
    sure = (p.max(axis=-1) * classes - 1) / (classes - 1)  # 0 where it cannot tell, 1 where it is certain
    assert np.abs(shown[..., 3] - 0.62 * 255 * sure).max() <= 1
    assert {tuple(colour) for colour in shown[..., :3].reshape(-1, 3)} == {tuple(colour) for colour in palette}


def test_the_line_is_where_both_classes_are_as_likely() -> None:
    (panel,) = boundaries.panels(two_classes())
    line = np.array([[row["x1"], row["x2"]] for row in panel.lines])
    assert np.abs(line @ LINEAR[:2] + LINEAR[2]).max() < 0.01
    assert [row["order"] for row in panel.lines] == list(range(len(line)))
    assert {row["line"] for row in panel.lines} == {0}
    # through the whole window, from one side to the other; it crosses the top and the bottom where it does not
    assert np.ptp(line[:, 0]) == pytest.approx(panel.window[1] - panel.window[0], abs=0.05)


def test_the_lines_of_three_classes_are_where_the_two_likeliest_are_as_likely() -> None:
    (panel,) = boundaries.panels(three_classes())
    line = np.array([[row["x1"], row["x2"]] for row in panel.lines])
    p = np.sort(probabilities(3, line[:, 0], line[:, 1]), axis=-1)
    near_corner = np.hypot(*(line - line[np.argmin(p[:, 2])]).T) < 0.06  # where three regions meet, the grid is coarse
    assert np.abs(p[:, 2] - p[:, 1])[~near_corner].max() < 0.02
    assert len({row["line"] for row in panel.lines}) == 3  # around each class
    for number in range(3):
        orders = [row["order"] for row in panel.lines if row["line"] == number]
        assert orders == list(range(len(orders)))


def test_a_network_that_cannot_tell_has_no_shade_and_no_line() -> None:
    (panel,) = boundaries.panels(comparison({"zeros": [[1.0, 0.5]]}))
    assert not pixels(panel.picture)[..., 3].any()
    assert panel.lines == []


def test_no_line_is_drawn_where_the_note_says_the_same_everywhere() -> None:
    faint = [weight * 1e-3 for weight in LINEAR]  # a boundary, between shares that differ by nothing
    (panel,) = boundaries.panels(comparison({"he": [[1.0, 0.5]]}, weights={"he": [faint]}))
    assert panel.note == "about one half\neverywhere"
    assert panel.lines == []
    sure = [weight * 0.5 for weight in LINEAR]  # the twin
    (panel,) = boundaries.panels(comparison({"he": [[1.0, 0.5]]}, weights={"he": [sure]}))
    assert panel.note == ""
    assert panel.lines


def test_a_network_that_diverged_is_drawn_without_shade() -> None:
    (panel,) = boundaries.panels(comparison({"he": [[1.0, 0.5]]}, weights={"he": [[np.nan] * 3]}))
    assert not pixels(panel.picture)[..., 3].any()


def test_the_first_run_of_each_scheme_is_drawn_with_its_training_score() -> None:
    turned = [[-weight for weight in LINEAR], LINEAR]
    made = comparison(
        {"zeros": [[1.0, 0.5]] * 2, "he": [[1.0, 0.5]] * 2}, weights={"zeros": [LINEAR, LINEAR], "he": turned},
        scores={"zeros": [(0.5, 0.4), (0.1, 0.2)], "he": [(0.8, 0.7), (0.6, 0.9)]},
    )  # fmt: skip
    found = boundaries.panels(made)
    assert [(panel.scheme, panel.seed, panel.train_accuracy) for panel in found] == [("zeros", 0, 0.5), ("he", 0, 0.8)]
    corner = [tuple(pixels(panel.picture)[0, -1, :3]) for panel in found]  # to the right above
    assert corner == [COLOURS["bee"], COLOURS["ant"]]


def test_points_are_the_training_data_with_the_names_of_their_classes() -> None:
    made = two_classes()
    assert [tuple(row.values()) for row in boundaries.points(made)] == [
        (1, 10, "ant"), (5, 10.5, "bee"), (4, 13, "ant"), (1.5, 12, "bee"),
    ]  # fmt: skip
    exact = replace(made, data=replace(made.data, train_x=np.array([[1.23456, 2.0], [3.0, -4.56789]]),
                                       train_y=np.array([1, 0])))  # fmt: skip
    assert [tuple(row.values()) for row in boundaries.points(exact)] == [(1.2346, 2, "bee"), (3, -4.5679, "ant")]


def test_a_trained_networks_shade_agrees_with_its_score() -> None:
    """Read back from the picture: the share of points that lie on their class's colour is the training accuracy."""
    result = hs.compare(["he"], data="moons", seeds=1, steps=400, learning_rate=0.3, hidden=(8,))
    (panel,) = boundaries.panels(result)
    shown = pixels(panel.picture)
    low_x, high_x, low_y, high_y = panel.window
    column = np.rint((result.data.train_x[:, 0] - low_x) / (high_x - low_x) * 159).astype(int)
    row = np.rint((high_y - result.data.train_x[:, 1]) / (high_y - low_y) * 159).astype(int)
    right = (shown[row, column, :3] == np.array(list(COLOURS.values()))[result.data.train_y.astype(int)]).all(axis=1)
    assert result.runs[0].train_accuracy > 0.8
    assert right.mean() == pytest.approx(result.runs[0].train_accuracy, abs=0.02)


@pytest.mark.parametrize(("data", "drawn"), [("moons", True), ("blobs(4)", True), ("digits", False)])
def test_boundaries_are_drawn_of_classes_in_a_plane(data: str, drawn: bool) -> None:
    assert boundaries.can_draw(hs.compare(["zeros"], data=data, hidden=(), seeds=1, steps=1)) == drawn
