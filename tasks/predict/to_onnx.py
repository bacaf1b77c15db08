"""A trained network as one ONNX file, checked against itself, for `segmend export-model`.

python -m tasks.predict.to_onnx --network data/models/r3 --out network.onnx

Input `image`: uint8 (n, 3, h, w), RGB, of any height and width that are multiples of the stride in the file's metadata. Output
`probabilities`: float32 (n, classes, h, w). Normalisation and softmax are inside; metadata name classes, colours and stride. The file
is written only if onnxruntime gives what torch gives, on two sizes, within 1e-4.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from io import BytesIO
from json import dumps
from pathlib import Path
from sys import exit as leave
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from segmend.images.dataset import Card
from segmend.network.segmenter import AnySize, load
from segmend.stage.command import user_mistakes

ALLOWED = 1e-4  # difference of a probability


class Whole(nn.Module):
    """uint8 images -> probabilities."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: AnySize, card: Card):
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(card.mean).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor(card.deviation).view(3, 1, 1))

    def forward(self, image: UInt8[Tensor, "n 3 h w"]) -> Float[Tensor, "n k h w"]:
        x = (image.float() / 255 - self.mean) / self.deviation
        logits = self.network.body(x)
        if logits.shape[-2:] != image.shape[-2:]:  # transformers answer at a quarter of the size
            logits = nn.functional.interpolate(logits, size=image.shape[-2:], mode="bilinear", align_corners=False)
        return self.network.probabilities(logits)


def export(folder: Path, out: Path) -> float:
    """Write the file; the largest difference between torch and onnxruntime. ValueError where it is too large."""
    try:
        import onnx
    except ImportError:
        raise ValueError("writing ONNX needs the package onnx: pip install 'segmend[onnx]'") from None
    network, card = load(folder)
    whole, stride = Whole(network.to(memory_format=torch.contiguous_format), card).eval(), network.stride
    side = max(64, 2 * stride)
    buffer: Any = BytesIO()  # torch's exporter takes a file too, but does not say so
    example = torch.zeros((1, 3, side, side), dtype=torch.uint8)
    free = {0: "n", 2: "h", 3: "w"}
    with catch_warnings(), torch.inference_mode():
        simplefilter("ignore")
        torch.onnx.export(
            whole, (example,), buffer, input_names=["image"], output_names=["probabilities"],
            dynamic_axes={"image": free, "probabilities": free}, opset_version=17, dynamo=False,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    about = {"classes": dumps(card.classes), "colours": dumps(card.palette), "stride": str(stride)}
    onnx.helper.set_model_props(model, about)
    content = model.SerializeToString()
    difference = max(
        compared(whole, content, size) for size in ((1, side, side), (2, side + stride, side + 3 * stride))
    )
    if difference > ALLOWED:
        raise ValueError(
            f"onnxruntime differs from torch by {difference:.2g} in a probability ({ALLOWED} is allowed); nothing was written"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    return difference


def compared(whole: Whole, content: bytes, size: tuple[int, int, int]) -> float:
    """The largest difference of a probability on random images of this number, height and width."""
    from onnxruntime import InferenceSession

    count, height, width = size
    images = np.random.default_rng(0).integers(0, 256, (count, 3, height, width), dtype=np.uint8)
    (found,) = InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"image": images})
    with torch.inference_mode():
        wanted = whole(torch.from_numpy(images)).numpy()
    return float(np.abs(found - wanted).max())


@user_mistakes
def main() -> int:
    parser = ArgumentParser(
        "python -m tasks.predict.to_onnx", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, required=True, help="a folder that the stage train wrote")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    given = parser.parse_args()
    difference = export(given.network, given.out)
    print(f"{given.out}: equal to the network within {difference:.1g} in every probability")
    return 0


if __name__ == "__main__":
    leave(main())
