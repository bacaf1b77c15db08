"""Labellers: image uint8 (h, w, 3), given mask uint8 (h, w) or None, regions int32 (h, w), class names
-> label map uint8 (h, w) and confidence float64 (k,) per region in 0..1."""

from tasks.params import one_of
from tasks.pseudo_label.labellers.blank import Blank
from tasks.pseudo_label.labellers.given import Given
from tasks.pseudo_label.labellers.multi_otsu import MultiOtsu

Labeller = one_of(Blank, Given, MultiOtsu)
