"""Teachers: what the network learns from besides the labels. `build(new_network)` gives a step_context.Teacher."""

from segmend.stage.params import one_of
from tasks.train.teachers.co_teaching import CoTeaching
from tasks.train.teachers.codistillation import Codistillation
from tasks.train.teachers.jocor import Jocor
from tasks.train.teachers.mean_teacher import MeanTeacher
from tasks.train.teachers.multi_scale import MultiScale
from tasks.train.teachers.none import Nothing

TEACHERS = (Nothing, MeanTeacher, Codistillation, CoTeaching, Jocor, MultiScale)
Teacher = one_of(*TEACHERS)
