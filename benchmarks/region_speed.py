"""How much faster are region scores and merging than a plain loop over regions?

    python -m benchmarks.region_speed

One made-up image of 1024 x 2048 pixels, 19 classes and 8,192 regions, one process, one thread (set OMP_NUM_THREADS=1),
three repetitions on three images. Ours and the loops take turns on the same image, and their results are compared
before a ratio is taken.
"""

from collections.abc import Callable
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter, zoom
from scipy.spatial.distance import jensenshannon

from benchmarks.claims import Claim, arguments, cells, plus_minus, spread, write
from segmend.images.region_table import Scene, rows_of
from segmend.images.regions import count, neighbours
from tasks.query.acquisitions.sim import Sim
from tasks.query.merging.root_anchored import RootAnchored

HEIGHT, WIDTH, CLASSES, SIDE = 1024, 2048, 19, 16
SAMPLE = 400  # regions that the loops over regions are timed on; their time grows with the number of regions alone

PAGE = """# How fast are region scores and merging?

`python -m benchmarks.region_speed`: one image of 1024 x 2048 pixels, 19 classes, 8,192 regions of about 256 pixels,
made up (soft objects of 64 x 64 pixels with noise, wavy cells); one process, one thread. Mean ± standard deviation over
three images; ours is the median of six calls, three before and three after the loops. Other work ran on the same machine.

| what | seconds | times ours |
|---|---|---|
{rows}

Scoring is everything that a row of the region table needs, with the acquisition `sim`: areas, mean probabilities,
margin, majority of the labels, dominant class, representative pixel, look-ahead. The loops work on one region at a time
with numpy, `regions == id` for each; the second gathers by index instead of by mask and is the kindest loop we could
write. They are timed on {sample} regions drawn at random and scaled to all {regions}.

Merging starts from the cells' mean probabilities and doubt, for both. Ours is timed with finding which cells touch and
with the final map; the loop is given the neighbours for nothing, runs in full, and passes over the image with `np.where`
for each cell that is absorbed ({absorbed:.0f} of {regions}). Both give the same regions.
"""


def image(seed: int) -> Scene:
    """Objects with soft borders and noise, under wavy cells of SIDE x SIDE pixels."""
    rng = np.random.default_rng(seed)
    # objects of about 64 x 64 pixels; scores at an eighth of the size, soft at the borders, as networks give them
    objects = np.kron(rng.integers(0, CLASSES, (HEIGHT // 64, WIDTH // 64)), np.ones((8, 8), int))
    coarse = gaussian_filter(6.0 * np.eye(CLASSES, dtype=np.float32)[objects], (1, 1, 0))
    coarse += gaussian_filter(rng.standard_normal(coarse.shape, np.float32), (4, 4, 0)) * 6
    p = np.stack([zoom(channel, 8, order=1) for channel in np.moveaxis(coarse, 2, 0)])
    p += 0.3 * rng.standard_normal(p.shape, np.float32)
    np.exp(p, out=p)
    p /= p.sum(axis=0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    rows = np.clip(y + 5 * np.sin(x / 37), 0, HEIGHT - 1).astype(np.int32) // SIDE
    columns = np.clip(x + 5 * np.sin(y / 29), 0, WIDTH - 1).astype(np.int32) // SIDE
    labels = p.argmax(axis=0).astype(np.uint8)
    wrong = rng.random(labels.shape) < 0.1
    labels[wrong] = rng.integers(0, CLASSES, int(wrong.sum()))
    return Scene(p, labels, rows * (WIDTH // SIDE) + columns)


def fresh(scene: Scene) -> Scene:
    return Scene(scene.probabilities, scene.labels, scene.regions)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = perf_counter()
    result = work()
    return perf_counter() - begin, result


def repeated(work: Callable[[], Any]) -> list[float]:
    return [timed(work)[0] for _ in range(3)]


def ours(scene: Scene) -> dict[str, np.ndarray]:
    renewed = fresh(scene)
    return rows_of(0, renewed, np.zeros(len(renewed.areas)), Sim().measure(renewed))


def by_loop(scene: Scene, ids: np.ndarray, kind: bool) -> dict[str, np.ndarray]:
    """The same measures, one region at a time; `kind`: gather by index instead of by mask."""
    flat, made = scene.flat, []
    for k in ids:
        mask = scene.regions == k
        places = np.flatnonzero(mask)
        p = flat[:, places] if kind else scene.probabilities[:, mask]
        labels = scene.labels.ravel()[places] if kind else scene.labels[mask]
        best = p.argmax(axis=0)
        top = np.partition(p, -2, axis=0)
        dominant = np.bincount(best).argmax()
        core = np.flatnonzero(best == dominant)
        lengths = np.linalg.norm(p, axis=0)
        middle = p[:, core].mean(axis=1)
        chosen = core[(middle @ p[:, core] / lengths[core]).argmax()]
        cosines = p[:, chosen] @ p / lengths / lengths[chosen]
        reach = (cosines * (1 - p[labels, np.arange(len(labels))])).sum()
        margin = (top[-1] - top[-2]).mean()
        made.append(
            (len(places), margin, np.bincount(labels).argmax(), dominant, places[chosen], reach, *p.mean(axis=1))
        )
    columns = np.array(made).T
    names = ("area", "margin", "shown", "predicted", "place", "reach")
    return {**dict(zip(names, columns, strict=False)), "means": columns[len(names) :].T}


def check_rows(scene: Scene, rows: dict[str, np.ndarray], ids: np.ndarray, loop: dict[str, np.ndarray]) -> None:
    """Stop where the loop and ours differ by more than rounding; of equally central pixels either may represent."""
    for name in ("area", "margin", "shown", "predicted", "means"):
        assert np.allclose(rows[name][ids], loop[name], atol=1e-5), name
    places = rows["row"][ids] * WIDTH + rows["column"][ids]
    central = scene.centrality.ravel()
    assert np.allclose(central[places], central[loop["place"].astype(np.int64)], atol=1e-6), "representative"
    same = places == loop["place"]
    assert np.allclose(rows["columns.reach"][ids][same], loop["reach"][same], rtol=1e-4), "reach"


def merged_by_loop(scene: Scene, eps: float, touching: list[list[int]]) -> np.ndarray:
    """Root-anchored merging with one pass over the image per absorbed cell."""
    out, free = scene.regions.copy(), np.ones(len(scene.areas), bool)
    for root in np.argsort(-scene.ratios, kind="stable"):
        if not free[root]:
            continue
        free[root], stack = False, [root]
        while stack:
            for cell in touching[stack.pop()]:
                if free[cell] and jensenshannon(scene.means[root], scene.means[cell]) < eps:
                    out[np.where(out == cell)] = root
                    free[cell] = False
                    stack.append(cell)
    return out


def measure(seed: int) -> dict[str, Any]:
    """All times on one image."""
    scene = image(seed)
    regions = len(scene.areas)
    ids = np.sort(np.random.default_rng(seed).choice(regions, SAMPLE, replace=False))
    rows = ours(scene)  # the first call finds memory and imports; ours is timed before and after the loops
    row: dict[str, Any] = {"regions": regions}
    times = repeated(lambda: ours(scene))
    for name, kind in (("scoring, loop", False), ("scoring, kind loop", True)):
        seconds, loop = timed(lambda kind=kind: by_loop(scene, ids, kind))
        check_rows(scene, rows, ids, loop)
        row[name] = seconds * regions / SAMPLE
    row["scoring"] = median(times + repeated(lambda: ours(scene)))

    pairs = neighbours(scene.regions)
    touching: list[list[int]] = [[] for _ in range(regions)]
    for a, b in pairs.tolist():
        touching[a].append(b)
        touching[b].append(a)
    method = RootAnchored()
    assert scene.means is not None and scene.ratios is not None and scene.slots is not None  # worked out beforehand
    merged = method(scene)
    times = repeated(lambda: method(scene))
    row["merging, loop"], plain = timed(lambda: merged_by_loop(scene, method.eps, touching))
    row["merging"] = median(times + repeated(lambda: method(scene)))
    assert len(np.unique(merged.astype(np.int64) * regions + plain)) == count(merged) == len(np.unique(plain)), (
        "merging"
    )
    return {**row, "absorbed": regions - count(merged)}


def main() -> None:
    arguments("region_speed", __doc__)
    rows = cells("region_speed", [{"seed": seed} for seed in range(3)], measure)
    lines, ratios = [], {}
    for name in ("scoring", "scoring, loop", "scoring, kind loop", "merging", "merging, loop"):
        ratios[name] = [row[name] / row[name.split(",")[0]] for row in rows]
        seconds = plus_minus([row[name] for row in rows], 3 if "," not in name else 1)
        lines.append(f"| {name} | {seconds} | {plus_minus(ratios[name], 0) if ',' in name else 1} |")

    def claim(text: str, name: str, least: float) -> Claim:
        values = ratios[name]
        return Claim(
            text,
            f"at least {least:.0f} on every image",
            mean(values),
            len(values),
            spread(values),
            min(values) >= least,
        )

    write(
        "region_speed",
        [
            claim("scoring all regions of an image, times faster than a loop over regions", "scoring, loop", 20),
            claim("the same against the kind loop", "scoring, kind loop", 20),
            claim("merging 8,192 cells, times faster than a pass over the image per merge", "merging, loop", 100),
        ],
        PAGE.format(
            regions=rows[0]["regions"],
            rows="\n".join(lines),
            sample=SAMPLE,
            absorbed=mean(row["absorbed"] for row in rows),
        ),
    )


if __name__ == "__main__":
    main()
