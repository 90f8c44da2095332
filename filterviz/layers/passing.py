"""Layers that pass on what they get, layers that are not rebuilt, and what stands for a layer in the graph.

Together with the families these lists hold every layer of Keras 3 and tf.keras; a test holds that none is left out.
"""

from __future__ import annotations

from filterviz.layers import affine
from filterviz.layers import receptive_field as fields
from filterviz.layers.kind import AxisOrder, LayerKind, Trait

IDENTITY = "Identity"
"""The kind of every layer that does nothing once a network is trained."""

INPUT, START, UNSUPPORTED = "InputLayer", "Start", "Unsupported"
"""What stands at the beginning of a network, and in place of a layer that is not rebuilt. ``Start``: the network is
entered here, since what comes before it carries code and only prepares the pixels."""

FOLD, UNFOLD = "FoldTime", "UnfoldTime"
"""Both sides of a TimeDistributed: frames become images of their own, and frames again."""

IMAGES = (INPUT, START, FOLD)
"""The kinds whose output can be the image."""

TIME_DISTRIBUTED = "TimeDistributed"

UNCHANGED_IN_TRAINING = frozenset({"Identity", "ActivityRegularization"})
"""Layers that pass on what they get in training too."""

RANDOM_IN_TRAINING = frozenset(
    {
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise"),
        *("AlphaDropout", "RandomFlip", "RandomRotation", "RandomZoom"),
        *("RandomTranslation", "RandomContrast", "RandomBrightness", "RandomHeight", "RandomWidth", "RandomCrop"),
        *("RandomShear", "RandomHue", "RandomSaturation", "RandomColorJitter", "RandomColorDegeneration"),
        *("RandomGrayscale", "RandomSharpness", "RandomErasing", "RandomGaussianBlur", "RandomPosterization"),
        *("RandomInvert", "RandomPerspective", "RandomElasticTransform", "RandAugment", "AugMix", "CutMix", "MixUp"),
        *("Equalization", "Solarization", "MaxNumBoundingBoxes"),
        # These are layers of Keras's networks and of the EfficientNets of the package "efficientnet".
        *("StochasticDepth", "FixedDropout"),
    }
)
"""Layers that change what they get in training, at random or by augmentation, and pass it on afterwards."""

NOTHING_AT_INFERENCE = UNCHANGED_IN_TRAINING | RANDOM_IN_TRAINING
"""Layers that pass on what they get once a network is trained, whatever their settings."""

NOT_REBUILT = frozenset(
    {
        *("AdditiveAttention", "Attention", "GroupQueryAttention", "MultiHeadAttention"),
        *("AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Pipeline"),
        *("CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "StringLookup"),
        *("TextVectorization", "MelSpectrogram", "STFTSpectrogram", "DenseFeatures"),
        # These are no layers of their own: what a network begins with, and what others are made from.
        *("InputLayer", "Layer", "Wrapper", TIME_DISTRIBUTED),
    }
)
"""Layers of Keras of no family here that are not rebuilt, or not as layers: the network is cut there."""

CODE = frozenset({"Lambda", "TorchModuleWrapper", "TFSMLayer", "FlaxLayer", "JaxLayer"})
"""Classes that carry program code, or a pointer to some."""

KINDS = (
    LayerKind(
        IDENTITY,
        receptive_field=fields.VALUE_BY_VALUE,
        affine=affine.unchanged,
        traits=frozenset({Trait.UNIT_BY_UNIT, Trait.LEAVES_PIXELS, Trait.TURNS_FREELY}),
    ),
    LayerKind(
        "Masking",
        lambda values: {"mask_value": values.number("mask_value", 0.0)},
        axis_order=AxisOrder.AS_WRITTEN,
        receptive_field=fields.IN_POSITION,
        traits=frozenset({Trait.STARTS_MASKS}),
    ),
)
