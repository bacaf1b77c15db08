"""Labellers: image uint8 (h, w, 3), given mask uint8 (h, w) or None, regions int32 (h, w), class names
-> label map uint8 (h, w) and confidence float64 (k,) per region in 0..1.

Those that run a model have `build(context)` instead of a call: see tasks/pseudo_label/labellers/_model.py."""

from segmend.stage.params import one_of
from tasks.pseudo_label.labellers.blank import Blank
from tasks.pseudo_label.labellers.clipseg import ClipSeg
from tasks.pseudo_label.labellers.closed_vocabulary import ClosedVocabulary
from tasks.pseudo_label.labellers.given import Given
from tasks.pseudo_label.labellers.grounded_sam import GroundedSam
from tasks.pseudo_label.labellers.multi_otsu import MultiOtsu
from tasks.pseudo_label.labellers.onnx import Onnx
from tasks.pseudo_label.labellers.prototypes import Prototypes
from tasks.pseudo_label.labellers.sam_everything import SamEverything

Labeller = one_of(Blank, ClipSeg, ClosedVocabulary, Given, GroundedSam, MultiOtsu, Onnx, Prototypes, SamEverything)
