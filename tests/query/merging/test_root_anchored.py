"""Root-anchored merging: by hand, its limits, against a plain flood fill that follows the paper step by step."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.ndimage import label as pieces_of_mask
from scipy.spatial.distance import jensenshannon

from segmend.images.region_table import Scene
from segmend.images.regions import areas, count, mean_by_region, neighbours
from tasks.query.merging.root_anchored import RootAnchored
from tests.query.merging.scenes import cells_scene, grid


def random_scene(seed: int, rows: int = 9, columns: int = 11, classes: int = 4) -> Scene:
    rng = np.random.default_rng(seed)
    cells = grid(rows, columns)
    cells[rng.random(cells.shape) < 0.05] = -1
    p = rng.dirichlet(np.full(classes, 0.8), rows * columns) + 0.3 * np.eye(classes)[np.arange(rows * columns) // 25]
    return cells_scene(p / p.sum(1, keepdims=True), cells)


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Two maps part the pixels alike, whatever the ids."""
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
    return len(pairs.T) == len(np.unique(a)) == len(np.unique(b))


def plain(scene: Scene, eps: float) -> np.ndarray:
    """The paper's steps, one cell and one pair at a time."""
    doubt, merged, out = mean_by_region(scene.ratio, scene.regions), {}, scene.regions.copy()
    touching = {k: set() for k in range(len(doubt))}
    for a, b in neighbours(scene.regions).tolist():
        touching[a].add(b)
        touching[b].add(a)
    for root in sorted(touching, key=lambda k: -doubt[k]):
        if root in merged:
            continue
        merged[root], stack = root, [root]
        while stack:
            for v in sorted(touching[stack.pop()]):
                if v not in merged and jensenshannon(scene.means[root], scene.means[v]) < eps:
                    merged[v] = root
                    stack.append(v)
    for k, root in merged.items():
        out[scene.regions == k] = root
    return out


def test_distance_by_hand():
    # (1, 0) and (0.5, 0.5): middle (0.75, 0.25), divergence (ln(4/3) + (ln(2/3) + ln 2) / 2) / 2 = 0.21576
    by_hand = sqrt((log(4 / 3) + (log(2 / 3) + log(2)) / 2) / 2)
    scene = cells_scene([[1, 0], [0.5, 0.5]], [[0, 1]])
    assert by_hand == pytest.approx(0.46450, abs=1e-5)
    assert count(RootAnchored(eps=by_hand - 1e-5)(scene)) == 2 and count(RootAnchored(eps=by_hand + 1e-5)(scene)) == 1


def test_compared_is_with_the_root_not_with_the_neighbour():
    # A row drifts from undecided to sure: each step is small, the ends are far apart; the first is the most doubtful.
    row = [[0.5 + 0.05 * k, 0.5 - 0.05 * k] for k in range(10)]
    merged = RootAnchored(eps=0.1)(cells_scene(row, [list(range(10))]))
    steps = [jensenshannon(a, b) for a, b in zip(row, row[1:], strict=False)]
    assert max(steps[:-1]) < 0.1 and count(merged) > 2
    alike = [jensenshannon(row[0], one) < 0.1 for one in row]
    assert (merged[0] == 0).tolist() == alike


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("eps", [0.1, 0.25, 0.4])
def test_equals_the_plain_flood_fill(seed, eps):
    scene = random_scene(seed)
    found = RootAnchored(eps=eps)(scene)
    assert same(found, plain(scene, eps)) and count(found) < count(scene.regions)


def test_a_root_that_could_not_grow_is_not_taken_later():
    # Cell 2 is visited first and resembles no neighbour; cell 0 comes next, takes 1, and resembles 2 behind it.
    means = [[0.62, 0.38], [0.75, 0.25], [0.51, 0.49]]
    scene = cells_scene(means, [[0, 1, 2]])
    near, far = jensenshannon(means[0], means[2]), jensenshannon(means[1], means[2])
    assert jensenshannon(means[0], means[1]) < 0.15 and near < 0.15 < far
    assert RootAnchored(eps=0.15)(scene).tolist() == [[0, 0, 1]] and same(
        RootAnchored(eps=0.15)(scene), plain(scene, 0.15)
    )


@pytest.mark.parametrize("seed", range(3))
def test_limits_of_eps(seed):
    scene = random_scene(seed)
    assert same(RootAnchored(eps=0)(scene), scene.regions)
    pieces = pieces_of_mask(scene.regions >= 0)[0]
    assert same(RootAnchored(eps=0.84)(scene), pieces)


@pytest.mark.parametrize("seed", range(3))
def test_maps_are_proper(seed):
    scene = random_scene(seed)
    found = RootAnchored(eps=0.25)(scene)
    assert found.dtype == np.int32 and (areas(found) > 0).all() and ((found < 0) == (scene.regions < 0)).all()
    # holes may cut a cell in two; each cell lies in one region, and no region falls apart further than its cells
    of_cells = [pieces_of_mask(scene.regions == k)[1] for k in range(count(scene.regions))]
    for k in range(count(found)):
        inside = np.unique(scene.regions[found == k])
        assert pieces_of_mask(found == k)[1] <= 1 + sum(of_cells[cell] - 1 for cell in inside)
    assert len(np.unique(np.stack([scene.regions.ravel(), found.ravel()]), axis=1).T) == len(np.unique(scene.regions))


def test_numbering_of_the_cells_does_not_matter():
    scene, rng = random_scene(0), np.random.default_rng(1)
    names = np.append(rng.permutation(count(scene.regions)), -1).astype(np.int32)
    renamed = Scene(scene.probabilities, scene.labels, names[scene.regions])
    assert same(RootAnchored(eps=0.25)(scene), RootAnchored(eps=0.25)(renamed))


@pytest.mark.parametrize("share", [0, 0.1, 0.3, 1])
def test_share_bounds_what_is_absorbed(share):
    scene = random_scene(2)
    k = count(scene.regions)
    absorbed = k - count(RootAnchored(eps=0.84, share=share)(scene))
    assert absorbed == min(int(share * k), k - count(RootAnchored(eps=0.84)(scene)))


def test_an_id_without_pixels_and_an_image_without_regions():
    gap = cells_scene([[0.5, 0.5], [0.9, 0.1], [0.1, 0.9]], [[0, 0, 2]])
    assert RootAnchored()(gap).tolist() == [[0, 0, 1]]
    empty = np.full((3, 4), -1, np.int32)
    scene = Scene(np.full((2, 3, 4), 0.5, np.float32), np.zeros((3, 4), np.uint8), empty)
    assert (RootAnchored()(scene) == -1).all()
