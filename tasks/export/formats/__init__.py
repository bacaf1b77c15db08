"""How the corrected data set is written: one file per format (`_base.py` says what a format is given)."""

from segmend.stage.params import one_of
from tasks.export.formats.ade20k import Ade20k
from tasks.export.formats.cityscapes import Cityscapes
from tasks.export.formats.coco import Coco
from tasks.export.formats.coco_panoptic import CocoPanoptic
from tasks.export.formats.cvat import Cvat
from tasks.export.formats.folders import Folders
from tasks.export.formats.geotiff import Geotiff
from tasks.export.formats.huggingface import Huggingface
from tasks.export.formats.label_studio import LabelStudio
from tasks.export.formats.nifti import Nifti
from tasks.export.formats.same import Same
from tasks.export.formats.voc import Voc

FORMATS = (Folders, Voc, Cvat, Cityscapes, Ade20k, Coco, CocoPanoptic, Huggingface, LabelStudio, Geotiff, Nifti)
Format = one_of(Same, *FORMATS)
