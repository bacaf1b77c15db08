"""Networks: one file each; `build(classes)` makes the module that tasks/network.py wraps, saves and loads."""

from tasks.networks.smp import SegmentationModels
from tasks.networks.transformers import Transformers
from tasks.networks.unet import UNet
from tasks.params import one_of

NETWORKS = (UNet, SegmentationModels, Transformers)
Network = one_of(*NETWORKS)
