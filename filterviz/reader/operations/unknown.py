"""Operations of Keras 3 that are known and not rebuilt: the network is cut there, and the reason says why."""

from __future__ import annotations

from collections.abc import Mapping


def _declared(table: Mapping[str, str]) -> dict[str, str]:
    return {name: why for why, names in table.items() for name in names.split()}


OTHER_CODE = "it runs other code"
"""The reason for operations that take functions among their arguments: a file would have to bring those."""

WHY: Mapping[str, str] = _declared(
    {
        "it gives whole numbers or positions, which patterns cannot be made through": (
            "argmax argmin argpartition argsort nanargmax nanargmin bincount digitize searchsorted count_nonzero "
            "histogram nonzero unique unravel_index in_top_k one_hot multi_hot size ndim shape"
        ),
        "it works on whole numbers and bits": (
            "bitwise_and bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor "
            "left_shift right_shift gcd lcm ldexp nextafter signbit view"
        ),
        "it works on complex numbers or frequencies": (
            "angle conj conjugate real imag polar view_as_complex view_as_real fft fft2 ifft2 irfft rfft stft istft"
        ),
        "it is an operation of linear algebra": (
            "cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank pinv qr slogdet logdet solve "
            "solve_triangular svd trace tril triu diag diagflat diagonal vander kron outer cross inner vdot dot "
            "tensordot einsum cdist corrcoef correlate"
        ),
        "it sorts or selects by value": (
            "sort top_k median nanmedian percentile nanpercentile quantile nanquantile take_along_axis scatter "
            "scatter_update slice_update segment_max segment_min segment_prod segment_sum segment_reduction select "
            "isin is_in all any all_close allclose isclose isneginf isposinf isreal"
        ),
        "it ignores values that are not numbers": (
            "nancumprod nancumsum nanmax nanmean nanmin nanprod nanstd nansum nanvar"
        ),
        OTHER_CODE: (
            "cond switch while_loop fori_loop scan associative_scan map vectorized_map custom_gradient vectorize "
            "function operation"
        ),
        "it holds or takes kernels and statistics as further arguments": (
            "conv conv_transpose depthwise_conv separable_conv batch_norm batch_normalization layer_norm "
            "layer_normalization dot_product_attention"
        ),
        "it is a measure of training": (
            "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy ctc_loss ctc_decode psnr ssim"
        ),
        "it makes a tensor from nothing or from numbers": (
            "arange array empty empty_like eye full full_like geomspace identity linspace logspace meshgrid ones zeros "
            "tri bartlett blackman hamming hanning kaiser"
        ),
        "it takes the images of a batch together or apart": "append ravel vsplit vstack flipud",
        "it is an image operation that is not known here": (
            "affine_transform elastic_transform perspective_transform map_coordinates gaussian_blur hsv_to_rgb "
            "rgb_to_hsv scale_and_translate sobel_edges extract_patches extract_patches_3d extract_sequences "
            "fold unfold adaptive_average_pool adaptive_max_pool"
        ),
        "it is a rare function that is not known here": ("diff erfinv i0 trapezoid rearrange glu"),
    }
)
"""Name of the function or of the class, with underscores -> why it is not rebuilt."""

NO_OPERATIONS = frozenset(
    {
        *("convert_to_numpy", "is_tensor", "dtype", "nn", "numpy", "image", "linalg", "einops", "math", "core"),
        *("any_symbolic_tensors", "standardize_data_format"),
    }
)
"""Names in ``keras.ops`` that are no operations, or that a file never holds. A test compares both lists with Keras."""

DECLARED: Mapping[str, str] = {name.replace("_", ""): why for name, why in WHY.items()}
"""Name without capitals and underscores -> why it is not rebuilt."""
