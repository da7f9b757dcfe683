package io.github.feredge.core.camera

import io.github.feredge.core.FrameException
import io.github.feredge.core.FramePart

/**
 * A detector's box in pixels of the upright (and, where the contract says so, mirrored) picture.
 *
 * @property x0 left edge.
 * @property y0 upper edge.
 * @property x1 right edge, exclusive.
 * @property y1 lower edge, exclusive.
 */
public data class FaceBox(
    public val x0: Double,
    public val y0: Double,
    public val x1: Double,
    public val y1: Double,
) {
    /**
     * The box grown on each side by [margin] times its width and height, not rounded and not clipped.
     *
     * [CameraPath] does this by itself with the contract's margin; use it to draw what the model sees.
     *
     * @param margin a finite number, 0 or more.
     * @throws FrameException the margin or a side is not allowed.
     */
    public fun grown(margin: Double): FaceBox {
        check(margin)
        val byX = margin * (x1 - x0)
        val byY = margin * (y1 - y0)
        return FaceBox(x0 - byX, y0 - byY, x1 + byX, y1 + byY)
    }

    /**
     * The box in the upright picture, if this one was found in the frame as it was stored (Camera2's face statistics).
     *
     * @param width of the stored frame in pixels.
     * @param height of the stored frame in pixels.
     * @param rotation degrees clockwise to upright: 0, 90, 180, 270.
     * @param mirror whether the upright picture is mirrored left-right.
     * @throws FrameException another rotation.
     */
    public fun upright(
        width: Int,
        height: Int,
        rotation: Int,
        mirror: Boolean = false,
    ): FaceBox {
        val turned =
            when (rotation) {
                0 -> this
                90 -> FaceBox(height - y1, x0, height - y0, x1)
                180 -> FaceBox(width - x1, height - y1, width - x0, height - y0)
                270 -> FaceBox(y0, width - x1, y1, width - x0)
                else -> throw FrameException("rotation is $rotation; allowed: 0, 90, 180, 270", FramePart.ROTATION)
            }
        val span = if (rotation == 90 || rotation == 270) height else width
        return if (mirror) FaceBox(span - turned.x1, turned.y0, span - turned.x0, turned.y1) else turned
    }

    internal fun check(margin: Double) {
        if (!(margin >= 0.0 && margin <= Double.MAX_VALUE)) {
            throw FrameException("margin of the box is $margin; allowed: a finite number, 0 or more", FramePart.BOX)
        }
        if (!(isSmall(x0) && isSmall(y0) && isSmall(x1) && isSmall(y1))) {
            throw FrameException(
                "box ($x0, $y0, $x1, $y1) has a value that is not finite; allowed: finite numbers",
                FramePart.BOX,
            )
        }
        if (x1 < x0 || y1 < y0) {
            throw FrameException(
                "box ($x0, $y0, $x1, $y1) runs backwards; allowed: x0 <= x1 and y0 <= y1",
                FramePart.BOX,
            )
        }
    }

    // The bound keeps the margin's arithmetic finite; no picture is that large. NaN fails it too.
    private fun isSmall(value: Double): Boolean = Math.abs(value) <= MOST

    private companion object {
        const val MOST = 1e15
    }
}
