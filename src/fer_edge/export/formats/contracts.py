"""The contract of each variant, derived from the reference's: one place for how interfaces differ."""

from __future__ import annotations

from fer_edge.runtime.contract import Contract, InputSpec, OutputSpec, Quantization, QuantizationParameters
from fer_edge.runtime.formats import ImageInterface, format_spec
from fer_edge.runtime.variants import Variant

INPUT_NAME = "image"
OUTPUT_NAME = "probabilities"


def derive_contract(
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
    spec, image = format_spec(variant.format), variant.interface == "image"
    ends = spec.image if image else None
    return Contract.build(
        model=reference.model,
        labels=reference.labels,
        input=InputSpec(
            name=INPUT_NAME,
            interface=variant.interface,
            width=reference.input.width,
            height=reference.input.height,
            channels=3 if image else reference.input.channels,
            layout="NHWC" if image else spec.layout,
            dtype=_input_dtype(variant, ends),
        ),
        camera=reference.camera,
        normalization=None if image else reference.normalization,
        quantization=Quantization(input=input_quantization, output=output_quantization),
        output=OutputSpec(name=OUTPUT_NAME, kind=ends.output if ends else "probabilities"),
    )


def _input_dtype(variant: Variant, ends: ImageInterface | None) -> str:
    if variant.quantized_io:
        return "uint8" if ends else "int8"
    return ends.dtype if ends else "float32"
