"""The colours of figures, as readers with a colour vision deficiency see them."""

import json
import re
from itertools import combinations
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from attnlib import viz

CHAPTERS = sorted(Path(__file__).parents[2].glob("chapters/*/*.ipynb"))
PALETTE = viz._COLOURS
# Linear RGB without one kind of cone: Machado, Oliveira and Fernandes (2009), "A
# Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1.
VISION = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# IEC 61966-2-1: linear sRGB to CIE XYZ.
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# CIELAB: 2.3 is just noticed side by side; lines and legends are further apart.
APART = 15


def to_lab(colours, vision="all cones"):
    """Return (colour, 3), CIELAB, of colours as an eye with this vision sees them."""
    rgb = np.array([to_rgb(colour) for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISION[vision]), 0, 1)
    xyz = seen @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def smallest_distance(colours, vision):
    lab = to_lab(colours, vision)
    return min(np.linalg.norm(a - b) for a, b in combinations(lab, 2))


def sources():
    for path in CHAPTERS:
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                yield path.stem, "".join(cell["source"])


def test_lab_of_known_colours():
    lab = to_lab(["white", "black", "#777777"])
    np.testing.assert_allclose(lab[:2], [[100, 0, 0], [0, 0, 0]], atol=0.01)
    np.testing.assert_allclose(lab[2], [50, 0, 0], atol=0.1)


@pytest.mark.parametrize("vision", VISION)
def test_grey_stays_grey(vision):
    np.testing.assert_allclose(to_lab(["#797979"], vision)[:, 1:], 0, atol=0.1)


@pytest.mark.parametrize("vision", VISION)
def test_the_colours_of_lines_stay_apart(vision):
    assert smallest_distance(PALETTE, vision) > APART


def test_red_and_green_of_equal_lightness_would_not_pass():
    pair = ["#d62728", "#6b7a1e"]
    assert smallest_distance(pair, "all cones") > 3 * APART
    assert smallest_distance(pair, "deuteranopia") < APART


def test_set_style_uses_these_colours():
    with matplotlib.rc_context():
        viz.set_style()
        cycle = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    assert cycle == PALETTE


@pytest.mark.parametrize("page", ["#ffffff", "#14191f"])
@pytest.mark.parametrize("vision", VISION)
def test_a_larger_weight_is_further_from_the_page(page, vision):
    weights = viz._WEIGHTS(np.linspace(0, 1, 64))
    colour, alpha = weights[:, :3], weights[:, 3:]
    shown = alpha * colour + (1 - alpha) * np.array(to_rgb(page))
    lightness = to_lab(shown, vision)[:, 0]
    steps = np.diff(lightness) * np.sign(lightness[-1] - lightness[0])
    assert (steps > 0).all()
    assert abs(lightness[-1] - lightness[0]) > APART


def test_chapters_draw_with_the_book_s_colours_and_grey():
    for name, source in sources():
        for literal in re.findall(r"""\bc(?:olor)?=["']([^"']+)["']""", source):
            if not re.fullmatch(r"C[0-5]", literal):
                red, green, blue = to_rgb(literal)
                assert red == green == blue, (name, literal, to_hex(literal))


def test_colour_maps_of_chapters_are_monotone_in_lightness():
    found = {
        name
        for _, source in sources()
        for name in re.findall(r"""\bcmap=["'](\w+)["']""", source)
    }
    assert found
    for name in found:
        colours = matplotlib.colormaps[name](np.linspace(0, 1, 64))[:, :3]
        for vision in VISION:
            steps = np.diff(to_lab(colours, vision)[:, 0])
            assert (steps > -0.2).all() or (steps < 0.2).all(), (name, vision)
