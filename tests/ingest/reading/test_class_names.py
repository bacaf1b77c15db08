"""Class names, ids and palettes as data sets write them."""

import pytest

from tasks.ingest.reading.class_names import naming
from tasks.ingest.reading.source import Hints, class_ids


def test_classes_from_json_txt_palette_and_settings(tmp_path):
    assert naming(tmp_path, Hints()).classes == ()
    (tmp_path / "palette.csv").write_text("name,r,g,b\nroad,1,2,3\nvoid,0,0,0\ncar,4,5,6\n")
    by_palette = naming(tmp_path, Hints())
    assert by_palette.classes == ("road", "car") and by_palette.colours == ((1, 2, 3), (4, 5, 6))
    assert by_palette.palette == {0x010203: 0, 0x000000: 255, 0x040506: 1}
    (tmp_path / "palette.csv").unlink()
    (tmp_path / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\n")
    assert naming(tmp_path, Hints()).palette == {0: 0, 0x800000: 1}
    (tmp_path / "labelmap.txt").unlink()
    (tmp_path / "classes.txt").write_text("a\nb\n\n")
    assert naming(tmp_path, Hints()).classes == ("a", "b")
    (tmp_path / "classes.json").write_text('{"classes": ["c", "d"], "void": [7], "colours": [[1, 1, 1], [2, 2, 2]]}')
    named = naming(tmp_path, Hints())
    assert named.classes == ("c", "d") and named.ids == {0: 0, 1: 1, 7: 255, 254: 254, 255: 255}
    assert naming(tmp_path, Hints(classes=("e",))).classes == ("e",)


def test_ids_with_gaps_become_dense(tmp_path):
    (tmp_path / "classes.json").write_text('{"classes": {"7": "road", "3": "sky", "0": "rest"}, "void": [1]}')
    named = naming(tmp_path, Hints())
    assert named.classes == ("rest", "sky", "road")
    assert named.ids == {0: 0, 3: 1, 7: 2, 1: 255, 254: 254, 255: 255}


@pytest.mark.parametrize("void", ["7", "[7]", '"7"', '["7"]'])
def test_void_in_classes_json_is_an_id_or_a_list(tmp_path, void):
    (tmp_path / "classes.json").write_text(f'{{"classes": ["a", "b"], "void": {void}}}')
    assert naming(tmp_path, Hints()).ids == {0: 0, 1: 1, 7: 255, 254: 254, 255: 255}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"classes": ["a", "a"]}', "names the class 'a' twice"),
        ('{"classes": "a"}', "expected"),
        ('{"classes": ["a"', "is not JSON"),
        ('{"classes": ["a", "b"], "void": [1]}', "id 1 is void and also the class 'b'"),
        ('{"classes": ["a", "b"], "void": "grey"}', "\"void\" is 'grey'; expected an id"),
        ('{"classes": ["a", "b"], "void": [true]}', "expected an id"),
        ('{"classes": ["a", "b"], "colours": [[0, 0, 0]]}', "1 colours for 2 classes"),
    ],
)
def test_mistakes_in_classes_json_are_named(tmp_path, content, words):
    (tmp_path / "classes.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        naming(tmp_path, Hints())


def test_palette_and_classes_must_agree(tmp_path):
    (tmp_path / "classes.txt").write_text("a\nb\n")
    (tmp_path / "palette.json").write_text('{"a": [0, 0, 0], "c": [1, 1, 1]}')
    with pytest.raises(ValueError, match="only in the palette: c; without a colour: b"):
        naming(tmp_path, Hints())
    with pytest.raises(ValueError, match="missing, which ingest.palette names"):
        naming(tmp_path, Hints(palette="other.json"))


def test_at_most_254_classes():
    assert len(class_ids(tuple(map(str, range(254))), (), "x")) == 256  # with 254 and 255
    with pytest.raises(ValueError, match="255 classes; at most 254"):
        class_ids(tuple(map(str, range(255))), (), "x")
