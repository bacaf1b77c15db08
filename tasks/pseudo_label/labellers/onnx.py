"""Any segmentation network in ONNX form, with its pre- and post-processing stated.

Source: ONNX, https://onnx.ai, run by onnxruntime (MIT).
Formula: x = (image / 255 - mean) / deviation, resized to `size`, in `channels` order and `layout`; the output named `output` is
    logits (softmax over classes makes scores), probabilities or ids of `classes`.
Limits: size null feeds the image as it is; with output_kind probabilities and equal sizes the map is the output's own arg-max.
    The name '' in `classes` leaves the pixels unlabelled, void leaves them out; one name may stand several times.
Differs: logits and probabilities are taken back to the image's size bilinearly before the arg-max; ids by the nearest pixel.
Confidence: the mean score of the region's majority label; scores for one of our classes are summed. Ids count as sure.
Costs: the model's own. Runs on CUDA where SEGMEND_DEVICE says so and onnxruntime-gpu is installed, else on the CPU.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from segmend.network.pretrained import digest
from segmend.stage.params import Method
from tasks.pseudo_label.labellers._model import Item, LabellerContext, Model, ModelLabels

Three = tuple[float, float, float]
WHERE = "pseudo_label.labeller.onnx"


class Onnx(Method):
    name: Literal["onnx"] = "onnx"
    model: str = Field("", description="the .onnx file")
    classes: tuple[str, ...] = Field(
        (), description="our class, void or '' (unlabelled) for each class of the model; empty: ours, in their order"
    )
    size: tuple[int, int] | None = Field(None, description="rows, columns the image is resized to; null: as it is")
    mean: Three = Field((0.485, 0.456, 0.406), description="of the channels (red, green, blue), for values 0..1")
    deviation: Three = Field((0.229, 0.224, 0.225), description="of the channels (red, green, blue), for values 0..1")
    channels: Literal["rgb", "bgr"] = Field("rgb", description="their order")
    layout: Literal["nchw", "nhwc"] = Field("nchw", description="axes of input and output (ids: n h w)")
    output: str = Field("", description="name of the output; empty: the first")
    output_kind: Literal["logits", "probabilities", "ids"] = Field("logits", description="what the output holds")
    flip: bool = Field(False, description="average with the scores of the mirrored image; not for ids")

    @model_validator(mode="after")
    def can_be_averaged(self) -> "Onnx":
        if self.flip and self.output_kind == "ids":
            raise ValueError("flip averages scores, and ids are none: allowed with output_kind logits or probabilities")
        if min(self.deviation) <= 0 or (self.size is not None and min(self.size) < 1):
            raise ValueError("deviation must be above 0 and size from 1")
        return self

    def build(self, context: LabellerContext) -> Model:
        import torch
        import torch.nn.functional as F

        from tasks.pseudo_label.labellers._dense import columns_of, mapped, mirrored, restored

        session, name, output = self.session(context)
        columns = columns_of(self.classes or context.classes, context.classes, f"{WHERE}.classes")
        single = session.get_inputs()[0].shape[0] == 1
        mean, deviation = (torch.tensor(three)[:, None, None] for three in (self.mean, self.deviation))

        def scores(images: Any) -> Any:
            x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
            if self.size is not None and self.size != images.shape[1:3]:
                x = F.interpolate(x, self.size, mode="bilinear", align_corners=False, antialias=True)
            x = (x - mean) / deviation
            x = x.flip(1) if self.channels == "bgr" else x
            fed = (x if self.layout == "nchw" else x.permute(0, 2, 3, 1)).contiguous().numpy()
            parts = np.split(fed, len(fed)) if single else [fed]
            made = np.concatenate([session.run([output], {name: part})[0] for part in parts])
            return self.read(torch.from_numpy(made), images.shape[1:3], len(columns), restored)

        @torch.inference_mode()
        def run(items: Sequence[Item]) -> list[ModelLabels]:
            all_scores = mirrored(scores, np.stack([item.image for item in items]), self.flip)
            return [
                mapped(image_scores, columns, len(context.classes), item.regions)
                for image_scores, item in zip(all_scores, items, strict=True)
            ]

        card = {
            "id": Path(self.model).name,
            "revision": None,
            "sha256": {Path(self.model).name: digest(Path(self.model))},
        }
        return Model(run, [card])

    def read(self, made: Any, size: tuple[int, int], classes: int, restored: Any) -> Any:
        """The output as scores (n, classes, h, w) at the image's size."""
        import torch.nn.functional as F

        if self.output_kind == "ids":
            ids = made.reshape(len(made), *[side for side in made.shape[1:] if side != 1] or (1, 1))
            if ids.ndim != 3 or int(ids.min()) < 0 or int(ids.max()) >= classes:
                raise ValueError(
                    f"{WHERE}: the output, {tuple(made.shape)} with values {ids.min()} to {ids.max()}, is no map of ids; "
                    f"allowed are n h w and 0..{classes - 1}: give each id a name in classes, or change output_kind"
                )
            near = F.interpolate(ids[:, None].float(), size, mode="nearest-exact")[:, 0].long()
            return F.one_hot(near, classes).permute(0, 3, 1, 2).float()
        made = made if self.layout == "nchw" else made.permute(0, 3, 1, 2)
        if made.ndim != 4 or made.shape[1] != classes:
            raise ValueError(
                f"{WHERE}: the output has the shape {tuple(made.shape)} in n c h w; {classes} classes are expected: give each "
                "channel a name in classes, or change layout or output_kind"
            )
        made = restored(made.float(), size)
        return made.softmax(1) if self.output_kind == "logits" else made

    def session(self, context: LabellerContext) -> tuple[Any, str, str]:
        """The loaded model with the names of its input and output."""
        try:
            import onnxruntime
        except ImportError:
            raise ValueError(f"{WHERE} needs the package onnxruntime: run `pip install onnxruntime`") from None
        if not Path(self.model).is_file():
            raise ValueError(f"{WHERE}.model: '{self.model}' is no file; name the .onnx file, from the workspace's top")
        wanted = ["CUDAExecutionProvider"] if context.device.type == "cuda" else []
        known = [
            provider
            for provider in [*wanted, "CPUExecutionProvider"]
            if provider in onnxruntime.get_available_providers()
        ]
        session = onnxruntime.InferenceSession(self.model, providers=known)
        outputs = [output.name for output in session.get_outputs()]
        if self.output and self.output not in outputs:
            raise ValueError(f"{WHERE}.output: the model has no output '{self.output}'; it has {', '.join(outputs)}")
        return session, session.get_inputs()[0].name, self.output or outputs[0]
