"""The classifier with fixed class vectors: by hand, and the card's limits."""

import pytest
import torch
from pydantic import ValidationError

from segmend.network import segmenter
from segmend.network.architectures.smp import SegmentationModels
from segmend.network.architectures.unet import UNet
from segmend.network.heads.embedding import Embedding
from segmend.network.inference import Predictor
from tests.toys import SHAPE_CARD

VECTORS = {"ground": (3.0, 0.0), "disc": (0.0, 2.0), "square": (3.0, 4.0)}


def head(unseen=("square",), calibration=0.0) -> Embedding:
    made = Embedding(2, VECTORS, unseen, calibration)
    with torch.no_grad():
        made.project.weight[:] = torch.eye(2)[..., None, None]
        made.project.bias[:] = 0
    return made


def pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values).view(1, len(values), 1, 1)


def test_logits_by_hand():
    """Unit vectors (1, 0), (0, 1), (.6, .8): of the features (2, 1) the products are 2, 1 and 2."""
    assert torch.allclose(head()(pixel(2.0, 1.0)).flatten(), torch.tensor([2.0, 1.0, 2.0]))


@pytest.mark.parametrize(("label", "pulled"), [(0, False), (2, True)])
def test_an_unseen_class_is_not_pushed_down_until_a_pixel_carries_it(label, pulled):
    """With p of the three classes, the gradient of the features is (p0 - 1, p1) + p2 (.6, .8) in cross entropy on class 0: the
    last part is dropped. On class 2 nothing is, and from then on it is a class like any other."""
    made, x = head(), pixel(2.0, 1.0).requires_grad_()
    made.teach(torch.arange(3) == label)
    logits = made(x)
    torch.nn.functional.cross_entropy(logits, torch.full((1, 1, 1), label)).backward()
    p = logits.detach().softmax(1).flatten()
    target = torch.eye(3)[label]
    expected = p - target
    if not pulled:
        expected[2] = 0
    assert torch.allclose(x.grad.flatten(), expected @ made.vectors[:, :, 0, 0], atol=1e-6)
    assert made.untaught.tolist() == [False, False, not pulled]
    y = pixel(2.0, 1.0).requires_grad_()
    torch.nn.functional.cross_entropy(made(y), torch.zeros(1, 1, 1, dtype=torch.long)).backward()
    again = p - torch.eye(3)[0]
    again[2] *= pulled
    assert torch.allclose(y.grad.flatten(), again @ made.vectors[:, :, 0, 0], atol=1e-6)


def test_the_backward_pass_does_not_see_what_is_taught_after_the_forward_pass():
    """As where one part of a step is told of while another waits: its memory changes in place."""
    made, x = head(), pixel(2.0, 1.0).requires_grad_()
    loss = torch.nn.functional.cross_entropy(made(x), torch.zeros(1, 1, 1, dtype=torch.long))
    made.teach(torch.ones(3, dtype=torch.bool))
    loss.backward()
    p = pixel(2.0, 1.0, 2.0).softmax(1).flatten()
    assert torch.allclose(x.grad.flatten(), torch.stack([p[0] - 1, p[1]]), atol=1e-6)


def test_compiled_it_is_the_same():
    torch.manual_seed(0)
    made, x = head(), torch.randn(2, 2, 3, 3)
    fast = torch.compile(made, backend="eager")
    for held in ([True, False, False], [False, False, True]):
        made.teach(torch.tensor(held))
        found = []
        for one in (made, fast):
            made.zero_grad()
            torch.nn.functional.cross_entropy(one(x), torch.zeros(2, 3, 3, dtype=torch.long)).backward()
            found.append(made.project.weight.grad.clone())
        assert torch.allclose(*found, atol=1e-6) and found[0].abs().sum() > 0


def test_calibration_ends_where_all_classes_are_taught(tmp_path):
    """It is a memory of the network's, and saved with it."""
    method = UNet(widths=(4, 8), head="embedding", embeddings=VECTORS, unseen=("square",), calibration=0.5)
    made, x = segmenter.build(method, 3).eval(), torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        assert not torch.equal(made.probabilities(made(x)), made(x).softmax(1))
    made.head.teach(torch.tensor([True, False, True]))
    segmenter.save(tmp_path, made, method, SHAPE_CARD)
    loaded, _ = segmenter.load(tmp_path)
    with torch.no_grad():
        logits = loaded(x)
    assert torch.equal(loaded.probabilities(logits), logits.softmax(1)) and not loaded.head.untaught.any()


def test_without_unseen_classes_every_gradient_passes():
    x, y = pixel(2.0, 1.0).requires_grad_(), pixel(2.0, 1.0).requires_grad_()
    for made, features in ((head(unseen=()), x), (head().eval(), y)):
        torch.nn.functional.cross_entropy(made(features), torch.zeros(1, 1, 1, dtype=torch.long)).backward()
    assert torch.allclose(x.grad, y.grad) and x.grad.abs().sum() > 0


def test_calibration_by_hand():
    """.5, .3 and .2, less .4 for the first two: .1, 0 and .2, to sum 1: 1/3, 0, 2/3."""
    p = pixel(0.5, 0.3, 0.2)
    assert torch.allclose(head(calibration=0.4).calibrated(p).flatten(), torch.tensor([1 / 3, 0, 2 / 3]))
    assert torch.equal(head().calibrated(p), p) and torch.equal(head((), 0.4).calibrated(p), p)
    assert head(calibration=1.0).calibrated(p).flatten().tolist() == [0, 0, 1]
    sure = pixel(1.0, 0.0, 0.0)
    assert torch.equal(head(calibration=1.0).calibrated(sure), sure)


def test_calibration_keeps_the_arg_max_of_the_paper():
    p = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(0)).softmax(1)
    for calibration in (0.1, 0.3, 0.6):
        found = head(calibration=calibration).calibrated(p)
        assert torch.equal(found.argmax(1), (p - calibration * pixel(1.0, 1.0, 0.0)).argmax(1))
        assert torch.allclose(found.sum(1), torch.ones(1, 20, 20)) and (found >= 0).all()


@pytest.mark.parametrize("kind", [UNet, SegmentationModels], ids=["unet", "smp"])
def test_networks_are_saved_with_their_vectors(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGMEND_DEVICE", "cpu")
    monkeypatch.setenv("SEGMEND_PRECISION", "fp32")
    torch.manual_seed(0)
    size = {"widths": (4, 8)} if kind is UNet else {"encoder": "mobilenet_v2"}
    settings = {"head": "embedding", "embeddings": VECTORS, "unseen": ("square",)}
    method = kind(**size, **settings, calibration=0.3)
    made, x = segmenter.build(method, 3).eval(), torch.randn(1, 3, 33, 40)
    segmenter.save(tmp_path, made, method, SHAPE_CARD)
    loaded, _ = segmenter.load(tmp_path)
    with torch.no_grad():
        logits = loaded(x)
        assert torch.allclose(made(x), logits, atol=1e-5)
        expected = made.head.calibrated(logits.softmax(1))
    assert not torch.allclose(expected, logits.softmax(1), atol=1e-3)
    assert torch.allclose(loaded.probabilities(logits), expected)
    image = torch.randint(256, (20, 24, 3), dtype=torch.uint8).numpy()
    assert abs(Predictor(tmp_path)(image).sum(0) - 1).max() < 1e-5
    with pytest.raises(ValueError, match="in this order"):
        segmenter.save(tmp_path, made, method, SHAPE_CARD.model_copy(update={"classes": ("disc", "ground", "square")}))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "has vectors for 0 classes, but the data set has 3"),
        ({"embeddings": VECTORS, "unseen": ["sea"]}, "names 'sea', which has no vector"),
        ({"embeddings": VECTORS, "unseen": list(VECTORS)}, "names every class"),
    ],
)
def test_vectors_that_do_not_fit(settings, words):
    with pytest.raises(ValueError, match=words):
        UNet(head="embedding", **settings).build(3)


def test_vectors_of_one_length():
    with pytest.raises(ValidationError, match="all vectors have one length, not 2"):
        UNet(embeddings={"ground": (1, 2), "disc": (1,)})
    with pytest.raises(ValidationError, match="the vector of 'disc' must be finite"):
        UNet(embeddings={"ground": (1, 2), "disc": (0, 0)})
