"""Networks: one file each; `build(classes)` makes the module that segmend/network/segmenter.py wraps, saves and loads."""

from segmend.network.architectures.smp import SegmentationModels
from segmend.network.architectures.transformers import Transformers
from segmend.network.architectures.unet import UNet
from segmend.stage.params import one_of

NETWORKS = (UNet, SegmentationModels, Transformers)
Network = one_of(*NETWORKS)
