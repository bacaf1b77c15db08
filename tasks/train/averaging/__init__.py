"""Averaging: the mean of past weights that is validated and saved in place of the last ones. `build(network)`: an _averaged_model.Mean or None."""

from segmend.stage.params import one_of
from tasks.train.averaging.ema import Ema
from tasks.train.averaging.none import Nothing
from tasks.train.averaging.swa import Swa

AVERAGING = (Nothing, Ema, Swa)
Averaging = one_of(*AVERAGING)
