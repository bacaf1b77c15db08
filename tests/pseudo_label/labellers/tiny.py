"""Tiny models with random weights from the library's own configuration classes, saved with real processors as users have them."""

from functools import cache
from json import dumps
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import torch
import transformers as t

from tasks.pseudo_label.labellers._model import Item, LabellerContext

CLASSES = ("ground", "leaf", "stone")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", ",", "ground", "leaf", "stone", "pebble", "##stone"]
WORDS += ["shadow", "brick", "red", "##s", "the", "task", "is", "semantic", "a", "photo", "of"]


def context(classes=CLASSES, **more) -> LabellerContext:
    return LabellerContext(classes, torch.device("cpu"), torch.float32, **more)


def item(shape=(20, 24), seed=0, mask=True) -> Item:
    """An image of noise, cells of 5 x 6 pixels and a mask of bands."""
    rng = np.random.default_rng(seed)
    regions = (np.arange(shape[0])[:, None] // 5 * (-(-shape[1] // 6)) + np.arange(shape[1]) // 6).astype(np.int32)
    bands = np.broadcast_to(np.arange(shape[1]) * 3 // shape[1], shape).astype(np.uint8)
    return Item(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), bands if mask else None, regions)


@cache
def root() -> Path:
    return Path(mkdtemp(prefix="segmend-tiny-"))


def saved(name: str, *parts) -> str:
    folder = root() / name
    for part in parts:
        part.save_pretrained(folder)
    return str(folder)


def bert() -> t.BertTokenizerFast:
    return t.BertTokenizerFast(vocab={word: k for k, word in enumerate(WORDS)}, do_lower_case=True)


def clip() -> t.CLIPTokenizerFast:
    """Letters and no merges: every word is spelt."""
    letters = [chr(k) for k in range(97, 123)]
    tokens = [*letters, *(one + "</w>" for one in letters), "<|startoftext|>", "<|endoftext|>"]
    return t.CLIPTokenizerFast(vocab={word: k for k, word in enumerate(tokens)}, merges=[], model_max_length=16)


@cache
def segformer(classes=("wall", "leaf", "stone", "sky")) -> str:
    torch.manual_seed(0)
    config = t.SegformerConfig(
        hidden_sizes=[8, 16, 16, 16],
        depths=[1, 1, 1, 1],
        num_attention_heads=[1, 1, 1, 1],
        decoder_hidden_size=16,
        id2label=dict(enumerate(classes)),
        label2id={name: k for k, name in enumerate(classes)},
    )
    network = t.SegformerForSemanticSegmentation(config)
    torch.nn.init.normal_(network.decode_head.classifier.weight, std=1.0)
    return saved("segformer", network, t.SegformerImageProcessor(size={"height": 64, "width": 64}))


SWIN = {"embed_dim": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2], "window_size": 4, "image_size": 64}


@cache
def mask2former(classes=("wall", "leaf", "stone", "sky")) -> str:
    torch.manual_seed(0)
    config = t.Mask2FormerConfig(
        backbone_config=t.SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"]),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        dim_feedforward=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=5,
        id2label=dict(enumerate(classes)),
    )
    processor = t.Mask2FormerImageProcessor(size={"shortest_edge": 48, "longest_edge": 96}, size_divisor=32)
    return saved("mask2former", t.Mask2FormerForUniversalSegmentation(config), processor)


@cache
def oneformer(classes=("wall", "leaf", "stone", "sky")) -> str:
    torch.manual_seed(0)
    config = t.OneFormerConfig(
        backbone_config=t.SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"]),
        conv_dim=32,
        mask_dim=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        dim_feedforward=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=5,
        text_encoder_width=32,
        text_encoder_num_layers=1,
        text_encoder_vocab_size=60,
        text_encoder_n_ctx=2,
        id2label=dict(enumerate(classes)),
    )
    info = {str(k): {"name": name, "isthing": 0} for k, name in enumerate(classes)}
    (root() / "oneformer-info.json").write_text(dumps(info))
    images = t.OneFormerImageProcessor(
        size={"shortest_edge": 48, "longest_edge": 96},
        repo_path=str(root()),
        class_info_file="oneformer-info.json",
        num_labels=len(classes),
        num_text=3,
    )
    processor = t.OneFormerProcessor(image_processor=images, tokenizer=clip())
    return saved("oneformer", t.OneFormerForUniversalSegmentation(config), processor)


CLIP_TEXT = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 54,
    "bos_token_id": 52,
    "eos_token_id": 53,
    "pad_token_id": 53,
}
CLIP_VISION = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}


@cache
def clipseg() -> str:
    torch.manual_seed(0)
    config = t.CLIPSegConfig(
        text_config=CLIP_TEXT,
        vision_config={**CLIP_VISION, "image_size": 64, "patch_size": 16},
        projection_dim=16,
        extract_layers=[0, 1, 2],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    images = t.ViTImageProcessor(size={"height": 64, "width": 64}, image_mean=[0.5] * 3, image_std=[0.25] * 3)
    return saved("clipseg", t.CLIPSegForImageSegmentation(config), t.CLIPSegProcessor(images, clip()))


@cache
def dino() -> str:
    torch.manual_seed(0)
    config = t.GroundingDinoConfig(
        backbone_config=t.SwinConfig(**SWIN, out_indices=[2, 3, 4]),
        text_config=t.BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=64,
        ),
        num_queries=7,
        encoder_layers=1,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=16,
        decoder_attention_heads=2,
        d_model=32,
        max_text_len=32,
    )
    images = t.GroundingDinoImageProcessor(size={"shortest_edge": 48, "longest_edge": 96})
    return saved("dino", t.GroundingDinoForObjectDetection(config), t.GroundingDinoProcessor(images, bert()))


@cache
def owl() -> str:
    torch.manual_seed(0)
    config = t.Owlv2Config(
        text_config={**CLIP_TEXT, "max_position_embeddings": 16},
        vision_config={**CLIP_VISION, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    images = t.Owlv2ImageProcessor(size={"height": 64, "width": 64})
    return saved("owl", t.Owlv2ForObjectDetection(config), t.Owlv2Processor(images, clip()))


@cache
def sam() -> str:
    torch.manual_seed(0)
    vision = {
        "hidden_size": 16,
        "output_channels": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 64,
        "global_attn_indexes": [0],
        "num_pos_feats": 8,
        "window_size": 0,
        "initializer_range": 0.02,
    }
    prompt = {"hidden_size": 16, "image_size": 64, "image_embedding_size": 4, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16}
    config = t.SamConfig(vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder)
    images = t.SamImageProcessor(size={"longest_edge": 64}, pad_size={"height": 64, "width": 64})
    return saved("sam", t.SamModel(config), t.SamProcessor(images))


@cache
def sam2() -> str:
    torch.manual_seed(0)
    backbone = {
        "hidden_size": 8,
        "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 24, 32],
        "num_attention_heads_per_stage": [1, 1, 2, 2],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [3],
        "window_positional_embedding_background_size": [4, 4],
    }
    vision = {
        "backbone_config": {"model_type": "sam2_hiera_det_model", **backbone},
        "backbone_channel_list": [32, 24, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 32,
    }
    config = t.Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": 64, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
    )
    images = t.Sam2ImageProcessor(size={"height": 64, "width": 64}, mask_size={"height": 16, "width": 16})
    return saved("sam2", t.Sam2Model(config), t.Sam2Processor(images))


@cache
def sam3() -> str:
    torch.manual_seed(0)
    body = {
        "model_type": "sam3_vit_model",
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 56,
        "pretrain_image_size": 56,
        "patch_size": 14,
        "window_size": 2,
        "global_attn_indexes": [1],
    }
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": body,
        "fpn_hidden_size": 32,
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
    }
    config = t.Sam3TrackerConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": 56, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 16, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
    )
    images = t.Sam3ImageProcessor(size={"height": 56, "width": 56}, mask_size={"height": 16, "width": 16})
    return saved("sam3", t.Sam3TrackerModel(config), t.Sam3TrackerProcessor(images))


@cache
def onnx() -> str:
    """A 1x1 convolution: the logits are brightness, red less green, and blue, each of any size."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights = np.array([[0.3, 0.3, 0.4], [1, -1, 0], [0, 0, 1]], np.float32)[..., None, None]
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    outputs = [
        helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3, "h", "w"]),
        helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "h", "w"]),
    ]
    nodes = [
        helper.make_node("Conv", ["image", "weights"], ["logits"]),
        helper.make_node("ArgMax", ["logits"], ["ids"], axis=1, keepdims=0),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, [numpy_helper.from_array(weights, "weights")])
    path = root() / "tiny.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return str(path)
