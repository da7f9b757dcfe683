"""The tables of XNNPACK's payload in an ExecuTorch file, as words: ``backends/xnnpack/serialization/schema.fbs`` of ExecuTorch 1.x.

A member is written as what it is: ``<name`` the number of a value that the operator reads, ``>name`` of one that it makes,
``[name`` a list of whole numbers, ``~name`` a float32, ``name`` a whole number.
"""

from __future__ import annotations

_UNARY = "<input >output flags"
_BINARY = "<input1 <input2 >output flags"
_CONVOLUTION = (
    "padding_top padding_right padding_bottom padding_left kernel_height kernel_width subsampling_height subsampling_width "
    "dilation_height dilation_width group_input_channels group_output_channels groups adjustment_height adjustment_width "
    "<input <filter <bias >output flags"
)
_POOL = (
    "padding_top padding_right padding_bottom padding_left pooling_height pooling_width stride_height stride_width "
    "dilation_height dilation_width <input >output flags"
)
_CAT = "axis <input1 <input2 <input3 <input4 >output flags <input5"

OPERATORS: tuple[tuple[str, str], ...] = (
    ("Add", _BINARY),
    ("FullyConnected", "<input <filter <bias >output flags"),
    ("Softmax", _UNARY),
    ("Sigmoid", _UNARY),
    ("StaticTranspose", "num_dims [perm <input >output flags"),
    ("Clamp", _UNARY),
    ("Conv2d", _CONVOLUTION),
    ("Div", _BINARY),
    ("StaticResizeBilinear2D", "new_height new_width <input >output flags"),
    ("StaticConstantPad", "[pre_paddings [post_paddings ~padding_value <input >output flags"),
    ("AvgPooling2d", _POOL),
    ("Minimum", _BINARY),
    ("DepthwiseConv2d", _CONVOLUTION),
    ("MaxPooling2d", _POOL),
    ("Multiply", _BINARY),
    ("Subtract", _BINARY),
    ("Floor", _UNARY),
    ("Convert", _UNARY),
    ("GlobalAvgPooling2d", _UNARY),
    ("StaticReshape", "num_dims [new_shape <input >output flags"),
    ("ArgMaxPooling2d",
     "padding_top padding_right padding_bottom padding_left pooling_height pooling_width <input >value >index flags"),
    ("SquareRoot", _UNARY),
    ("Ceiling", _UNARY),
    ("Hardswish", _UNARY),
    ("LeakyReLU", "~negative_slope <input >output flags"),
    ("Maximum", _BINARY),
    ("Negate", _UNARY),
    ("Square", _UNARY),
    ("ELU", "~alpha <input >output flags"),
    ("Abs", _UNARY),
    ("PReLU", _BINARY),
    ("Concatenate2", _CAT),
    ("Concatenate3", _CAT),
    ("Concatenate4", _CAT),
    ("StaticSlice", "num_dims [offsets [sizes <input >output flags"),
    ("ScaledDotProductAttention", "<query <key <value <scale <mask >output flags"),
    ("BatchMatrixMultiply", _BINARY),
    ("Concatenate5", _CAT),
    ("ConvTranspose2d", _CONVOLUTION),
    ("ReciprocalSquareRoot", _UNARY),
    ("Log", _UNARY),
    ("Gelu", _UNARY),
    ("Tanh", _UNARY),
    ("Exp", _UNARY),
    ("Sin", _UNARY),
    ("Copy", _UNARY),
    ("Cos", _UNARY),
)  # fmt: skip
"""Word and members in the order of the schema's union, which counts from 1."""

DTYPES = {
    1: "float32", 2: "float16", 3: "int8", 4: "uint8", 5: "int32", 6: "int8", 7: "int32", 12: "int32",
}  # fmt: skip
"""Of ``XNNDatatype``, what is stored; others have no whole bytes, or scales that are found at run time."""
