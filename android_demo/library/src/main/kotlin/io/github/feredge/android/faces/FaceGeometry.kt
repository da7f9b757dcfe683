package io.github.feredge.android.faces

import io.github.feredge.core.camera.FaceBox

/** Arithmetic of face boxes. Free of Android. */
public object FaceGeometry {
    /** Square pixels. */
    public fun area(box: FaceBox): Double = (box.x1 - box.x0) * (box.y1 - box.y0)

    /** Whether some of the box lies inside a picture and is large enough to show an emotion. */
    public fun isInside(
        box: FaceBox,
        width: Int,
        height: Int,
    ): Boolean =
        box.x0 < width && box.y0 < height && box.x1 > 0 && box.y1 > 0 && box.x1 - box.x0 >= LEAST && box.y1 - box.y0 >= LEAST

    /**
     * A face box from the eyes: the box that any detector's faces are best turned into.
     *
     * The proportions are those of OpenCV's frontal cascade, with whose boxes the models are trained and checked: the eyes lie 2/5
     * below its upper edge, and it is 2.7 eye distances wide and high. Measured with the eyes of two detectors on photographs
     * (`benchmarks/results/face_boxes.json`): they agree, while the boxes of these detectors differ from the cascade's by up to 19 %.
     *
     * @param middleX between the eyes.
     * @param middleY between the eyes.
     * @param distance of the eyes in pixels.
     */
    public fun ofEyes(
        middleX: Double,
        middleY: Double,
        distance: Double,
    ): FaceBox {
        val side = SIDE * distance
        val top = middleY - EYES * side
        return FaceBox(middleX - side / 2, top, middleX + side / 2, top + side)
    }

    private const val LEAST = 20.0
    private const val SIDE = 2.7
    private const val EYES = 0.4
}
