"""The operators of exported TorchScript networks; nothing else in an archive is run.

Each computes from the tensors and numbers that it is given; none reaches a file, a process, the network, the interpreter,
or memory that is not a tensor's. It is what the exporter writes for the built-in architectures and for those of
torchvision and timm, with their near relatives.
"""

_TENSORS = """
    _convolution conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
    linear addmm matmul mm bmm baddbmm einsum outer dot scaled_dot_product_attention
    batch_norm layer_norm group_norm instance_norm rms_norm local_response_norm linalg_vector_norm linalg_norm norm
    frobenius_norm cosine_similarity pairwise_distance cdist
    max_pool1d max_pool2d max_pool3d max_pool2d_with_indices avg_pool1d avg_pool2d avg_pool3d
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d
    relu relu6 prelu leaky_relu elu celu selu gelu silu mish hardtanh hardswish hardsigmoid hardshrink softshrink
    sigmoid log_sigmoid tanh tanhshrink softplus softsign threshold glu rrelu softmax log_softmax softmin
    dropout feature_dropout alpha_dropout
    add sub rsub mul div true_divide floor_divide remainder fmod pow square sqrt rsqrt exp exp2 expm1 log log1p log2 log10
    abs neg sign sgn floor ceil round trunc frac reciprocal maximum minimum max min clamp clamp_min clamp_max clip
    addcmul addcdiv lerp sin cos tan asin acos atan atan2 sinh cosh erf erfc hypot logaddexp nan_to_num
    sum mean amax amin prod var std var_mean std_mean cumsum argmax argmin topk sort logsumexp any all median
    eq ne lt le gt ge logical_and logical_or logical_not logical_xor bitwise_and bitwise_or bitwise_not __and__ __or__
    isnan isinf isfinite where masked_fill tril triu
    cat stack concat concatenate hstack vstack chunk split split_with_sizes tensor_split unbind
    select narrow slice index index_select index_add index_put gather scatter scatter_add take_along_dim diagonal flip roll
    size numel dim view view_as reshape reshape_as flatten unflatten ravel squeeze unsqueeze expand expand_as broadcast_to
    permute transpose swapaxes swapdims movedim moveaxis t contiguous repeat repeat_interleave tile as_strided
    pixel_shuffle pixel_unshuffle channel_shuffle unfold im2col col2im meshgrid
    lstm gru rnn_tanh rnn_relu lstm_cell gru_cell _transformer_encoder_layer_fwd _native_multi_head_attention bilinear
    pad constant_pad_nd reflection_pad1d reflection_pad2d replication_pad2d
    upsample_nearest1d upsample_linear1d upsample_nearest3d upsample_trilinear3d _upsample_nearest_exact2d max_unpool2d
    upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bicubic2d_aa _upsample_bilinear2d_aa
    grid_sampler affine_grid_generator fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2 fft_rfft fft_irfft real imag
    zeros ones full arange linspace eye tensor scalar_tensor zeros_like ones_like full_like new_zeros new_ones new_full
    fill zero copy clone detach alias lift_fresh device to type_as float half item embedding one_hot
    Int Float Bool IntImplicit FloatImplicit ScalarImplicit __getitem__ __is__ __isnot__ __not__ len
"""

OPERATORS = frozenset(f"aten::{name}{ending}" for name in _TENSORS.split() for ending in ("", "_")) | {
    "prim::NumToTensor",
    "prim::TupleUnpack",
}
"""With the form that ends in ``_`` and works in place."""
