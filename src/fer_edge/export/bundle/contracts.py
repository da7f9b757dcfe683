"""The contract of each variant, derived from the reference's: one place for how interfaces differ."""

from __future__ import annotations

from fer_edge.runtime.contract import Contract, InputSpec, OutputSpec, Quantization, QuantizationParameters
from fer_edge.runtime.formats import format_spec
from fer_edge.runtime.variants import Variant

INPUT_NAME = "image"
OUTPUT_NAME = "probabilities"


def contract_for(
    variant: Variant,
    reference: Contract,
    *,
    input_quantization: QuantizationParameters | None = None,
    output_quantization: QuantizationParameters | None = None,
) -> Contract:
    """The contract that lies inside and beside the artifact of ``variant``.

    Args:
        variant: what is written.
        reference: the original's contract (tensor interface, NCHW, float32).
        input_quantization: scale and zero point of an int8 input, read from the written file.
        output_quantization: the same of an integer output.

    Returns:
        Labels, size, camera and normalization as in the reference; layout, dtype, interface and output kind as
        the variant has them.
    """
    image = variant.interface == "image"
    return Contract.build(
        model=reference.model,
        labels=reference.labels,
        input=InputSpec(
            name=INPUT_NAME,
            interface=variant.interface,
            width=reference.input.width,
            height=reference.input.height,
            channels=3 if image else reference.input.channels,
            layout="NHWC" if image else format_spec(variant.format).layout,
            dtype=_input_dtype(variant),
        ),
        camera=reference.camera,
        normalization=None if image else reference.normalization,
        quantization=Quantization(input=input_quantization, output=output_quantization),
        output=OutputSpec(
            name=OUTPUT_NAME, kind="dictionary" if image and variant.format == "coreml" else "probabilities"
        ),
    )


def _input_dtype(variant: Variant) -> str:
    if variant.interface == "image":
        return "uint8" if variant.quantized_io or variant.format == "coreml" else "float32"
    return "int8" if variant.quantized_io else "float32"
