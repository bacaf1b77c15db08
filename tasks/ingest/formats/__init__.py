"""How raw data lie on disk: one file per format.

A format is called with (folder, hints, seed) and returns a Source: classes, the table of ids, and one record per image
whose pixels are read later. What it owes:

* `sees(folder)`, a static method: in words why the folder looks like this format, or "". It looks at this folder only;
  recognition.py enters folders that wrap a data set, and refuses several data sets side by side.
* file names in records, problems and `Source.used` are relative to the folder, POSIX. `used` names every file that was read
  beside those of records (lists, annotations, class names); all others are listed to the user, with the reason of
  `Source.unused` (a file, or a folder with a trailing slash) or else `Source.reads`.
* who draws a mask from annotations calls `account` (reading/context.py) for each, so that none vanishes.
* readers call `check_size` (reading/context.py) before they take memory for a size that a file declares.
* text is read by reading/text_files.py, pictures by reading/image_files.py.

Ids, sizes, void, classes without pixels, duplicates and unused files are checked after it, alike for all (checking/).
"""

from segmend.stage.params import one_of
from tasks.ingest.formats.ade20k import Ade20k
from tasks.ingest.formats.brain import Brain
from tasks.ingest.formats.cityscapes import Cityscapes
from tasks.ingest.formats.coco import Coco
from tasks.ingest.formats.coco_panoptic import CocoPanoptic
from tasks.ingest.formats.cvat_images import CvatImages
from tasks.ingest.formats.dsb2018 import Dsb2018
from tasks.ingest.formats.folders import Folders
from tasks.ingest.formats.geotiff import Geotiff
from tasks.ingest.formats.huggingface import Huggingface
from tasks.ingest.formats.kvasir import Kvasir
from tasks.ingest.formats.label_studio import LabelStudio
from tasks.ingest.formats.label_studio_png import LabelStudioPng
from tasks.ingest.formats.labelme import Labelme
from tasks.ingest.formats.nifti import Nifti
from tasks.ingest.formats.supervisely import Supervisely
from tasks.ingest.formats.toy import Toy
from tasks.ingest.formats.voc import Voc
from tasks.ingest.formats.yolo_seg import YoloSeg

FORMATS = (  # in the order in which a folder is recognised
    Brain, Toy, Voc, Cityscapes, Ade20k, Coco, CocoPanoptic, CvatImages, LabelStudio, LabelStudioPng, Labelme, Supervisely,
    YoloSeg, Huggingface, Dsb2018, Nifti, Geotiff, Kvasir, Folders,
)  # fmt: skip
Format = one_of(*FORMATS)
