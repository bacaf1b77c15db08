"""Superpixel methods: image uint8 (h, w, 3) and valid area bool (h, w) -> regions int32 (h, w), a proper region map.

`asked(valid)` says how many regions the settings ask for inside the valid area, or None for a method that cannot be asked
for a number.
"""

from segmend.stage.params import one_of
from tasks.superpixelize.methods.felzenszwalb import Felzenszwalb
from tasks.superpixelize.methods.seeds import Seeds
from tasks.superpixelize.methods.slic import Slic
from tasks.superpixelize.methods.watershed import Watershed

Superpixels = one_of(Slic, Felzenszwalb, Watershed, Seeds)
