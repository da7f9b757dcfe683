package io.github.feredge.core.camera

/**
 * Step 3 of the camera specification: how upright coordinates address the frame as it was stored.
 *
 * Clockwise by 90: upright (x, y) is stored (y, height-1-x); 180: (width-1-x, height-1-y); 270: (width-1-y, x).
 *
 * @property isSwapped upright x runs along the stored rows.
 * @property isXReversed upright x runs against its stored axis.
 * @property isYReversed upright y runs against its stored axis.
 */
internal enum class Turn(
    val isSwapped: Boolean,
    val isXReversed: Boolean,
    val isYReversed: Boolean,
) {
    NONE(false, false, false),
    QUARTER(true, true, false),
    HALF(false, true, true),
    THREE_QUARTERS(true, false, true),
    ;

    internal companion object {
        /** Of 0, 90, 180 or 270 degrees, which a frame has checked. */
        fun of(rotation: Int): Turn =
            when (rotation) {
                0 -> NONE
                90 -> QUARTER
                180 -> HALF
                else -> THREE_QUARTERS
            }
    }
}
