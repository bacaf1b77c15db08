"""Augmentations: an image and its pixel maps -> both changed alike, at random; applied in the order they are listed.

They draw from torch's global generator, which is seeded from the run's seed and the sample's position in the stream.
Labels are only ever moved or dropped, never mixed; what comes in from outside the image is void.
"""

from segmend.stage.params import one_of
from tasks.train.augmentations.colour import Colour
from tasks.train.augmentations.crop import Crop
from tasks.train.augmentations.flip import Flip
from tasks.train.augmentations.rotate90 import Rotate90
from tasks.train.augmentations.scale import Scale

AUGMENTATIONS = (Flip, Rotate90, Scale, Crop, Colour)
Augmentation = one_of(*AUGMENTATIONS)
