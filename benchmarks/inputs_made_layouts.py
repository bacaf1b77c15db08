"""Folders of benchmarks.inputs with something about their class names, layout or annotation files."""

import json
from pathlib import Path

from benchmarks.inputs_made import (
    IMAGES,
    OBJECT,
    SIZE,
    TOTAL,
    UNNAMED,
    USUAL,
    Expected,
    base,
    made,
    picture,
    save,
    square,
)


@made
def classes_in_utf16_and_crlf(folder: Path) -> Expected:
    base(folder, named=False)
    (folder / "classes.txt").write_bytes("ground\r\ncell\r\n".encode("utf-16"))
    return Expected(USUAL)


@made
def classes_empty_and_double(folder: Path) -> Expected:
    base(folder)
    (folder / "classes.json").write_text('{"classes": ["ground", "ground "]}')
    return Expected(words="names the class 'ground' and 'ground ', which differ in blanks only")


@made
def class_of_300_characters(folder: Path) -> Expected:
    base(folder)
    (folder / "classes.json").write_text(json.dumps({"classes": ["ground", "x" * 300]}))
    return Expected(words="with 300 characters; at most 100 are allowed")


@made
def classes_in_mathtext_html_and_hebrew(folder: Path) -> Expected:
    base(folder)
    names = [r"$\frac{$", "<b>שלום</b>"]
    (folder / "classes.json").write_text(json.dumps({"classes": names}))
    return Expected(dict(zip(names, USUAL.values(), strict=True)))


@made
def voc_with_lists_named_otherwise(folder: Path) -> Expected:
    base(folder, "JPEGImages", "SegmentationClass", image_kind="jpg", named=False)
    for path in sorted(folder.rglob("im_*")):
        path.rename(path.with_name(path.name.replace("im_", "my image ")))
    (folder / "labelmap.txt").write_text("\ufeff# label:color_rgb:parts:actions\nground:0,0,0::\ncell:0,128,0::\n")
    lists = folder / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "subset_3.txt").write_text("".join(f"my image {k}\n" for k in range(IMAGES)))
    return Expected(USUAL)


@made
def voc_lists_leave_images_out(folder: Path) -> Expected:
    base(folder, "JPEGImages", "SegmentationClass", image_kind="jpg")
    lists = folder / "ImageSets/Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("im_0\nim_1\nim_2\n")
    (lists / "val.txt").write_text("im_3\n")
    pixels = {"ground": 4 * SIZE[0] * SIZE[1] - 256, "cell": 256}
    return Expected(pixels, notes=("2 images are in no list", "not used: 2 files JPEGImages/*.jpg: in no list"))


@made
def cityscapes_layout_with_an_own_palette(folder: Path) -> Expected:
    for k in range(IMAGES):
        split = "val" if k == 5 else "train"
        save(picture(k), folder / "leftImg8bit" / split / "x" / f"f{k}_leftImg8bit.png")
        save(square(k), folder / "gtFine" / split / "x" / f"f{k}_gtFine_labelIds.png")
    (folder / "classes.json").write_text('{"classes": ["ground", "cell"]}')
    return Expected(USUAL, notes=("classes and their ids named by classes.json",))


@made
def ade20k_layout_with_own_classes(folder: Path) -> Expected:
    for k in range(IMAGES):
        split = "validation" if k == 5 else "training"
        save(picture(k), folder / "images" / split / f"{k}.jpg")
        save(square(k), folder / "annotations" / split / f"{k}.png")
    (folder / "classes.txt").write_text("ground\ncell\n")
    return Expected(USUAL, notes=("classes and their ids named by classes.txt",))


def coco(folder: Path, annotations: list[dict], images: list[dict] | None = None) -> None:
    for k in range(IMAGES):
        save(picture(k), folder / "images" / f"{k}.png")
    entries = images or [{"id": k, "file_name": f"{k}.png", "height": 24, "width": 32} for k in range(IMAGES)]
    content = {"images": entries, "annotations": annotations, "categories": [{"id": 1, "name": "cell"}]}
    (folder / "annotations").mkdir()
    (folder / "annotations/instances_default.json").write_text(json.dumps(content))


def outline(k: int, **more: object) -> dict:
    corners = [3 + k, 4, 11 + k, 4, 11 + k, 12, 3 + k, 12]
    return {"id": k, "image_id": k, "category_id": 1, "segmentation": [corners], "iscrowd": 0, **more}


@made
def coco_with_ids_as_text(folder: Path) -> Expected:
    coco(folder, [outline(k, image_id=str(k), category_id="1") for k in range(IMAGES)])
    return Expected({"background": TOTAL - OBJECT, "cell": OBJECT}, notes=("annotations: 6 read, 6 drawn",))


@made
def coco_two_corner_boxes(folder: Path) -> Expected:
    coco(folder, [outline(k, segmentation=[[3, 4, 11, 12]]) for k in range(IMAGES)])
    return Expected(words="annotation 0 (cell): its outline has 2 corners, and a polygon has three or more")


@made
def coco_annotations_of_images_that_are_not_listed(folder: Path) -> Expected:
    coco(folder, [outline(k, image_id=k + 100) for k in range(IMAGES)])
    return Expected(words="annotation 0 is about the image 100, which the file does not list")


@made
def coco_path_traversal(folder: Path) -> Expected:
    images = [{"id": k, "file_name": f"../../../{k}.bin", "height": 24, "width": 32} for k in range(IMAGES)]
    coco(folder, [outline(k) for k in range(IMAGES)], images)
    return Expected(words="instances_default.json: it lists ../../../0.bin, which is not there")


@made
def annotators_in_black_and_white(folder: Path) -> Expected:
    for who in ("ann", "bob"):
        base(folder, masks=f"masks/{who}", value=255, named=False)
    return Expected({name: 2 * count for name, count in UNNAMED.items()}, notes=("masks of 2 annotators: ann, bob",))


@made
def the_same_image_in_two_splits(folder: Path) -> Expected:
    base(folder)
    save(picture(0), folder / "images/im_5.png")
    rows = "".join(f"im_{k},{'test' if k == 5 else 'train'}\n" for k in range(IMAGES))
    (folder / "splits.csv").write_text("id,split\n" + rows)
    return Expected(words="images/im_0.png: the same image as images/im_5.png of the split test stands in train")


@made
def capitals_in_folder_names(folder: Path) -> Expected:
    base(folder, "Images", "Masks")
    return Expected(USUAL)


@made
def train_images_and_train_masks(folder: Path) -> Expected:
    base(folder, "train_images", "train_masks")
    return Expected(USUAL)


@made
def coco_of_which_one_image_has_no_annotation(folder: Path) -> Expected:
    content = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cell"}]}
    for k in range(IMAGES):
        save(picture(k), folder / f"images/{k}.png")
        content["images"].append({"id": k, "file_name": f"{k}.png", "height": SIZE[0], "width": SIZE[1]})
        content["annotations"] += (
            [{"id": k, "image_id": k, "category_id": 1, "segmentation": [[3, 4, 11, 4, 11, 12, 3, 12]]}] if k else []
        )
    (folder / "annotations.json").write_text(json.dumps(content))
    covered = OBJECT - OBJECT // IMAGES
    expected = {"background": TOTAL - covered, "cell": covered}
    return Expected(expected, notes=(f"warning: 1 of {IMAGES} images have no annotation (images/0.png)",))


@made
def class_list_with_its_own_numbers(folder: Path) -> Expected:
    base(folder, named=False)
    (folder / "classes.txt").write_text("1 cell\n0 ground\n")
    return Expected(USUAL)


@made
def masks_of_which_some_are_of_an_unread_kind(folder: Path) -> Expected:
    base(folder)
    for path in sorted((folder / "masks").iterdir())[:2]:
        path.rename(path.with_suffix(".mat"))
    return Expected(words="masks/im_0.mat: masks of the kind .mat are not read, and its image has no other")


@made
def cvat_masks_exported_without_images(folder: Path) -> Expected:
    base(folder, "JPEGImages", "SegmentationClass", named=False)
    (folder / "JPEGImages").rename(folder.parent / f"{folder.name}-images")
    (folder / "labelmap.txt").write_text("# label:color_rgb:parts:actions\nground:0,0,0::\ncell:0,128,0::\n")
    return Expected(words="has masks and no images: export again with images (CVAT: Save images)")


@made
def yolo_without_names(folder: Path) -> Expected:
    for k in range(IMAGES):
        save(picture(k), folder / f"train/images/{k}.png")
        (folder / "train/labels").mkdir(parents=True, exist_ok=True)
        (folder / f"train/labels/{k}.txt").write_text("0 0.1 0.1 0.5 0.1 0.5 0.5\n")
    return Expected(words="nothing names the classes: add data.yaml with the key names, or classes.txt")
