"""How raw data lie on disk: one file per format.

A format is called with (raw folder, hints, seed) and returns a Source: classes, the table of ids, and one record per
image whose pixels are read later. `sees(raw)` says in words why a folder looks like this format, or returns "".
"""

from segmend.stage.params import one_of
from tasks.ingest.formats.ade20k import Ade20k
from tasks.ingest.formats.brain import Brain
from tasks.ingest.formats.cityscapes import Cityscapes
from tasks.ingest.formats.coco import Coco
from tasks.ingest.formats.folders import Folders
from tasks.ingest.formats.kvasir import Kvasir
from tasks.ingest.formats.toy import Toy
from tasks.ingest.formats.voc import Voc

FORMATS = (Brain, Toy, Voc, Cityscapes, Ade20k, Coco, Kvasir, Folders)  # in the order in which a folder is guessed
Format = one_of(*FORMATS)
