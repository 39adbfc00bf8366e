"""transformers: PyTorch's names, with the base model's before them where the model has a head; older names of norms.

The prefixes are the classes' `base_model_prefix`, of those that stand at the front of a model with a head.
"""

from __future__ import annotations

from headstart.libraries.keys.flax import FLAX

TRANSFORMERS = FLAX._replace(
    name="transformers",
    leaves={**FLAX.leaves, "weight": "weight", "gamma": "weight", "beta": "bias"},
    prefixes=(
        "albert", "audio_spectrogram_transformer", "beit", "bert", "biogpt", "blip", "canine", "clap", "clip",
        "convbert", "convnext", "convnextv2", "data2vec_text", "data2vec_vision", "deberta", "deit", "dinat",
        "dinov2", "distilbert", "electra", "ernie", "esm", "flava", "fnet", "funnel", "gpt_neox", "hiera", "hubert",
        "ibert", "layoutlm", "layoutlmv2", "layoutlmv3", "led", "levit", "lilt", "longformer", "luke", "lxmert",
        "markuplm", "mobilebert", "mobilenet_v1", "mobilenet_v2", "mobilevit", "model", "mpnet", "nystromformer",
        "perceiver", "regnet", "rembert", "resnet", "roberta", "roberta_prelayernorm", "roc_bert", "roformer",
        "rwkv", "segformer", "sew", "siglip", "splinter", "squeezebert", "swin", "swinv2", "tapas", "timesformer",
        "transformer", "unispeech", "vilt", "vit", "vivit", "wav2vec2", "wavlm", "xlm", "yoso",
    ),
)  # fmt: skip
