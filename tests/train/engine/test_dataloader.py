"""The stream of training samples."""

import numpy as np
import pytest
import torch

from segmend.answers.answers import Answer, encode
from segmend.images.dataset import Dataset, Labels
from segmend.images.rasters import VOID
from tasks.train.api.pixel_maps import PixelMaps
from tasks.train.api.targets import targets_of
from tasks.train.engine.dataloader import (
    BatchPositions,
    Item,
    Stream,
    cells_in,
    cells_of,
    collate,
    first_cells,
    seed_of,
    training,
    validation,
)
from tests.toys import shapes
from tests.train.runs import quick


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = shapes(tmp_path_factory.mktemp("toys"))
    dataset = Dataset(root / "dataset")
    return dataset, Labels(root / "labels"), list(dataset.of("train"))


def compute(toy, span: range, settings=None, seed: int = 0) -> list[tuple[torch.Tensor, ...]]:
    dataset, labels, samples = toy
    return [
        (batch.images, batch.maps.labels, batch.candidates)
        for batch in training(dataset, labels, samples, settings or quick(), seed, span)
    ]


def equal(first, second) -> bool:
    return len(first) == len(second) and all(
        torch.equal(x, y) for a, b in zip(first, second, strict=True) for x, y in zip(a, b, strict=True)
    )


def test_every_epoch_holds_every_image_once_in_an_order_of_its_own(toy):
    stream = Stream(*toy, (), seed=0)
    epochs = [[stream.sample(place).id for place in range(10 * k, 10 * k + 10)] for k in range(4)]
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert [Stream(*toy, (), seed=1).sample(place).id for place in range(10)] != epochs[0]


def test_number_of_workers_and_point_of_resumption_change_nothing(toy, monkeypatch):
    monkeypatch.setenv("SEGMEND_WORKERS", "1")
    one = compute(toy, range(6))
    monkeypatch.setenv("SEGMEND_WORKERS", "2")
    assert equal(compute(toy, range(6)), one)
    assert equal(compute(toy, range(4, 6)), one[4:])
    assert not equal(compute(toy, range(6), seed=1), one)


def test_reading_leaves_the_global_random_numbers_alone(toy):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Stream(*toy, quick().augmentations, seed=0)[5]
    compute(toy, range(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_without_augmentation_a_sample_is_the_image_itself(toy):
    dataset, labels, _ = toy
    stream = Stream(*toy, (), seed=0)
    image, (maps, *_), sets = stream[3]
    assert maps.dtype == torch.uint8 and sets.shape == (0, 3)
    name = stream.sample(3).id
    assert np.array_equal(image.permute(1, 2, 0).numpy(), dataset.image(name))
    assert np.array_equal(maps.numpy(), labels[name])


def test_accumulation_cuts_the_same_stream_into_smaller_batches(toy):
    whole = compute(toy, range(3), quick(batch=4))
    parts = compute(toy, range(3), quick(batch=2, accumulate=2))
    assert len(parts) == 2 * len(whole)
    for k, (images, labels, _) in enumerate(whole):
        assert torch.equal(torch.cat([parts[2 * k][0], parts[2 * k + 1][0]]), images)
        assert torch.equal(torch.cat([parts[2 * k][1], parts[2 * k + 1][1]]), labels)


def test_processes_share_each_batch_without_overlap():
    shares = [list(BatchPositions(range(2, 4), 5, rank, 2)) for rank in (0, 1)]
    assert shares == [[[10, 12, 14], [15, 17, 19]], [[11, 13], [16, 18]]]


def test_smaller_images_are_continued_with_void_labels():
    none = torch.zeros(0, 3, dtype=torch.bool)
    small = Item(torch.full((3, 2, 3), 5).byte(), PixelMaps(torch.ones(2, 3).byte()), none)
    large = Item(torch.full((3, 4, 3), 9).byte(), PixelMaps(torch.zeros(4, 3).byte()), none)
    images, (labels, *_), _ = collate([small, large])
    assert images.shape == (2, 3, 4, 3)
    assert (images[0] == 5).all()
    assert (labels[0, :2] == 1).all()
    assert (labels[0, 2:] == VOID).all()


def test_sets_of_classes_are_ids_above_all_others_and_padded_tables():
    table = torch.tensor([[True, True, False]])
    plain = Item(torch.zeros(3, 2, 2).byte(), PixelMaps(torch.ones(2, 2).byte()), torch.zeros(0, 3).bool())
    with_set = Item(plain.image, PixelMaps(torch.tensor([[256, 1], [256, VOID]], dtype=torch.int32)), table)
    batch = collate([plain, with_set])
    assert batch.maps.labels.dtype == torch.int32
    assert batch.maps.labels.tolist() == [[[1, 1], [1, 1]], [[256, 1], [256, VOID]]]
    assert batch.candidates.tolist() == [[[False] * 3], table.tolist()]


def test_only_images_with_sets_change(toy):
    """The same stream, but for the pixels of the set, whatever is done to the images."""
    dataset, labels, samples = toy
    mask = np.zeros(labels[samples[0].id].shape, bool)
    mask[5:30, 5:30] = True
    name = samples[0].id
    told = Answer(query="q", image=name, footprint=encode(mask), kind="class_set", classes=("disc", "ground"))
    before = compute(toy, range(3))
    after = list(training(*toy, quick(), 0, range(3), {name: [told]}))
    found = 0
    for (images, maps, *_), batch in zip(before, after, strict=True):
        assert torch.equal(batch.images, images)
        of_set = batch.maps.labels == 256 if batch.maps.labels.dtype == torch.int32 else torch.zeros_like(maps).bool()
        assert torch.equal(batch.maps.labels[~of_set].int(), maps[~of_set].int())
        assert (batch.maps.labels.dtype == torch.int32) == bool(batch.candidates.shape[1])
        found += int(of_set.sum())
    assert found > 100


def test_validation_passes_over_whole_images_again_and_again(toy):
    dataset, labels, _ = toy
    samples = list(dataset.of("val"))
    batches = validation(dataset, labels, samples)
    for _ in range(2):
        sizes = [tuple(batch.maps.labels.shape) for batch in batches]
        assert sizes == [(2, 33, 41), (1, 35, 41)]


def test_neighbouring_places_have_unlike_seeds():
    seeds = {seed_of(seed, place) for seed in range(20) for place in range(200)}
    assert len(seeds) == 4000
    assert max(seeds) < 2**56


def test_cells_and_trust_are_moved_as_the_labels_are(toy, tmp_path):
    """Cells of one pixel name the pixel: with them the label that a pixel had is found again, wherever it was moved."""
    dataset, labels, samples = toy
    kept = Labels(tmp_path)
    for sample in samples:
        kept.write(sample.id, labels[sample.id], dataset.card)
        kept.write_trust(sample.id, np.where(labels[sample.id] == 1, 200, 100).astype(np.uint8))
    every = torch.cat([torch.from_numpy(labels[sample.id]).ravel() for sample in samples])
    assert cells_in(samples, 1) == len(every)
    stream = Stream(dataset, kept, samples, quick().augmentations, 0, grid=1, trust=True)
    batch = collate([stream[place] for place in range(8)])
    known = batch.maps.labels < 254
    assert torch.equal(every[batch.maps.cells[known].long()], batch.maps.labels[known])
    assert torch.equal(batch.maps.trust[known], torch.where(batch.maps.labels[known] == 1, 200, 100).byte())
    targets = targets_of(batch.maps.labels, torch.ones(3) / 3, None, batch.maps.cells, batch.maps.trust)
    assert targets.trust[targets.valid].unique().tolist() == pytest.approx([100 / 255, 200 / 255])
    assert not targets.cells[~targets.valid].any()


def test_cells_of_a_grid_are_numbered_image_by_image(toy):
    _, _, samples = toy
    assert cells_of(3, 5, 2, 10).tolist() == [[10, 10, 11, 11, 12], [10, 10, 11, 11, 12], [13, 13, 14, 14, 15]]
    first = first_cells(samples, 8)
    assert first[0] == 0
    assert first[1] == cells_in(samples[:1], 8) == -(-samples[0].height // 8) * -(-samples[0].width // 8)


def test_who_says_nothing_of_trust_trusts_everything(toy):
    _, labels, samples = toy
    assert (labels.trust(samples[0].id, (3, 4)) == np.full((3, 4), 255)).all()
