"""Cost models: an answer's kind, how many classes it names, how many there are, the question's kind -> clicks, seconds.

Used where an answer has no clicks or seconds of its own.
"""

from segmend.stage.params import one_of
from tasks.correct.costs.clicks import Clicks
from tasks.correct.costs.information import Information

Cost = one_of(Clicks, Information)
