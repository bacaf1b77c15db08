"""Schedules: how far training is (0..1) -> the factor of the learning rate; warm-up is the loop's (train.warmup)."""

from segmend.stage.params import one_of
from tasks.train.schedules.constant import Constant
from tasks.train.schedules.cosine import Cosine
from tasks.train.schedules.polynomial import Polynomial

SCHEDULES = (Polynomial, Cosine, Constant)
Schedule = one_of(*SCHEDULES)
