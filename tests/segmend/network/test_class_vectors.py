"""Vectors of the classes: from a file, from a tiny text model, into params.yaml."""

import numpy as np
import pytest

from segmend.images.dataset import Labels
from segmend.network import class_vectors
from segmend.network.architectures.unet import UNet
from segmend.stage.params import load, validated
from tasks.train.settings import Params
from tests.toys import SHAPE_CARD, shapes

PARAMS = """\
# a comment that stays
train:
  network: {name: unet, unet: {widths: [4, 8]}}
  epochs: 3                 # and this one
"""


def table(path, text):
    path.write_text(text)
    return path


def test_lines_of_other_classes_and_a_head_are_passed_over(tmp_path):
    path = table(tmp_path / "v.csv", "class,bright,round\nsquare,0.5,0\n\ndisc,1,1\nsea,9,9\nground,0,-2.00000049\n")
    found = class_vectors.from_file(path, SHAPE_CARD.classes)
    assert list(found) == list(SHAPE_CARD.classes) and found == {
        "ground": (0, -2.0),
        "disc": (1, 1),
        "square": (0.5, 0),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ground,1\ndisc,2\n", "no line for the classes square"),
        ("ground,1\ndisc,round\nsquare,1\n", "line 2: 'disc' must be followed by numbers"),
        ("ground,1\ndisc,2,3\nsquare,1\n", "one length"),
        ("ground,1\ndisc,0\nsquare,1\n", "'disc' must be finite and have a direction"),
    ],
)
def test_a_table_that_does_not_do_is_refused(tmp_path, text, words):
    with pytest.raises(ValueError, match=words):
        class_vectors.from_file(table(tmp_path / "v.csv", text), SHAPE_CARD.classes)


def test_from_a_file_into_params(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shapes(tmp_path))
    table(tmp_path / "params.yaml", PARAMS)
    table(tmp_path / "v.csv", "ground,1,0\ndisc,0,1\nsquare,1,1\n")
    words = ["--file", "v.csv", "--dataset", "dataset"]
    assert class_vectors.main(words) == 0
    text = (tmp_path / "params.yaml").read_text()
    assert "# a comment that stays" in text and "# and this one" in text
    network = validated(Params, load()["train"], "train").network
    assert network.head == "embedding" and network.widths == (4, 8)
    assert network.embeddings == {"ground": (1, 0), "disc": (0, 1), "square": (1, 1)}
    assert network.unseen == () and "unseen names no class" in capsys.readouterr().out
    assert class_vectors.main(words) == 0 and (tmp_path / "params.yaml").read_text() == text
    assert class_vectors.main(["--file", "none.csv", "--dataset", "dataset"]) == 2
    assert "none.csv is not here" in capsys.readouterr().err
    table(tmp_path / "params.yaml", "train: {network: {name: transformers}}\n")
    assert class_vectors.main(words) == 2 and "choose the network unet or smp" in capsys.readouterr().err


def network_of(words) -> UNet:
    assert class_vectors.main(words) == 0
    return validated(Params, load()["train"], "train").network


def test_classes_without_a_label_are_written_too(tmp_path, monkeypatch, capsys):
    """Found in the first labels or named; what stands there stays unless another is given."""
    monkeypatch.chdir(shapes(tmp_path, size=(24, 24)))
    table(tmp_path / "params.yaml", PARAMS)
    table(tmp_path / "v.csv", "ground,1,0\ndisc,0,1\nsquare,1,1\n")
    words = ["--file", "v.csv", "--dataset", "dataset"]
    assert network_of([*words, "--labels", "labels"]).unseen == ()
    for path in (tmp_path / "labels/maps").rglob("*.png"):
        maps = Labels(tmp_path / "labels")
        name = str(path.relative_to(maps.folder / "maps").with_suffix(""))
        maps.write(name, np.where(maps[name] == 2, 254, maps[name]).astype(np.uint8), SHAPE_CARD)
    found = network_of([*words, "--labels", "labels"])
    assert found.unseen == ("square",) and found.calibration == 0.4
    assert "network.unet.unseen: square; train.network.unet.calibration: 0.4" in capsys.readouterr().out
    assert network_of([*words, "--calibration", "0.2"]).calibration == 0.2
    found = network_of(words)
    assert found.unseen == ("square",) and found.calibration == 0.2
    assert network_of([*words, "--unseen", "disc"]).unseen == ("disc",)
    assert network_of([*words, "--unseen"]).unseen == ()
    for more, told in (
        (["--unseen", "sea"], "names 'sea', which is no class"),
        (["--unseen", *SHAPE_CARD.classes], "names every class"),
        (["--calibration", "2"], "--calibration"),
    ):
        assert class_vectors.main([*words, *more]) == 2 and told in capsys.readouterr().err


def test_offline_says_what_to_fetch(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(shapes(tmp_path))
    monkeypatch.setenv("SEGMEND_OFFLINE", "")
    table(tmp_path / "params.yaml", PARAMS)
    assert class_vectors.main(["--model", "some/model", "--offline", "--dataset", "dataset"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--model: 'some/model' is no folder") and "run `hf download some/model`" in told


def test_from_a_text_model(tmp_path):
    """A BERT of one layer with random weights: a class's vector is the mean over its tokens, of length 1."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ground", "disc", "square", "a"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path / "model")
    torch.manual_seed(0)
    shape = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    model = BertModel(BertConfig(vocab_size=len(words), **shape)).eval()
    model.save_pretrained(tmp_path / "model")
    found = class_vectors.from_model(str(tmp_path / "model"), SHAPE_CARD.classes, "a {}")
    assert list(found) == list(SHAPE_CARD.classes)
    ids = [words.index(word) for word in ("[CLS]", "a", "disc", "[SEP]")]
    with torch.inference_mode():
        mean = model(torch.tensor([ids])).last_hidden_state.mean(1)[0]
    assert np.allclose(found["disc"], mean / mean.norm(), atol=1e-5)
    with pytest.raises(ValueError, match="must hold {}"):
        class_vectors.from_model(str(tmp_path / "model"), SHAPE_CARD.classes, "a thing")
    with pytest.raises(ValueError, match="--model: '.*none' is no folder of a saved model with its processor"):
        class_vectors.from_model(str(tmp_path / "none"), SHAPE_CARD.classes)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="AutoTokenizer cannot load what '.*empty' holds"):
        class_vectors.from_model(str(tmp_path / "empty"), SHAPE_CARD.classes)
