package io.github.feredge.app.camera

import io.github.feredge.android.faces.FaceGeometry
import io.github.feredge.core.camera.FaceBox
import kotlin.math.abs
import kotlin.math.hypot

/**
 * A point of a face.
 *
 * @property x column.
 * @property y row.
 */
class FacePoint(
    val x: Double,
    val y: Double,
)

/** Arithmetic of camera sensors. Free of Android. */
object SensorGeometry {
    /**
     * Degrees clockwise that make a picture upright on the display.
     *
     * @param sensorDegrees `SENSOR_ORIENTATION`.
     * @param displayDegrees of the display.
     * @param isFront the front camera looks the other way, so the display's turn counts the other way.
     */
    fun rotation(
        sensorDegrees: Int,
        displayDegrees: Int,
        isFront: Boolean,
    ): Int = (sensorDegrees + (if (isFront) displayDegrees else FULL - displayDegrees)) % FULL

    /**
     * A face of `STATISTICS_FACES` in pixels of the picture.
     *
     * The picture is the largest centered part of the active array that has its aspect (documentation of
     * `SCALER_CROP_REGION`).
     *
     * @param face in pixels of the active array, counted from its corner.
     * @param arrayWidth of the active array.
     * @param arrayHeight of the active array.
     * @param width of the picture as stored.
     * @param height of the picture as stored.
     */
    fun onPicture(
        face: FaceBox,
        arrayWidth: Int,
        arrayHeight: Int,
        width: Int,
        height: Int,
    ): FaceBox {
        val scale = maxOf(width.toDouble() / arrayWidth, height.toDouble() / arrayHeight)
        val left = (arrayWidth - width / scale) / 2
        val top = (arrayHeight - height / scale) / 2
        return FaceBox((face.x0 - left) * scale, (face.y0 - top) * scale, (face.x1 - left) * scale, (face.y1 - top) * scale)
    }

    /**
     * A face box from the points that a camera with `STATISTICS_FACE_DETECT_MODE_FULL` tells, whose makers draw boxes as they like.
     *
     * [FaceGeometry.ofEyes] for a face that lies on its side, as it does on the sensor of a phone held upright.
     *
     * @param eye one.
     * @param other eye.
     * @param mouth tells which way is down.
     */
    fun ofEyes(
        eye: FacePoint,
        other: FacePoint,
        mouth: FacePoint,
    ): FaceBox {
        val (x, y) = (eye.x + other.x) / 2 to (eye.y + other.y) / 2
        val box = FaceGeometry.ofEyes(0.0, 0.0, hypot(eye.x - other.x, eye.y - other.y))
        val down = (box.y0 + box.y1) / 2
        val length = maxOf(hypot(mouth.x - x, mouth.y - y), TINY)
        val middleX = x + down * (mouth.x - x) / length
        val middleY = y + down * (mouth.y - y) / length
        val half = (box.x1 - box.x0) / 2
        return FaceBox(middleX - half, middleY - half, middleX + half, middleY + half)
    }

    /**
     * Which of the offered sizes to take: 640x480, or the one with the nearest number of pixels.
     *
     * @param sizes offered, (width, height).
     */
    fun nearest(sizes: List<Pair<Int, Int>>): Pair<Int, Int> =
        sizes.minByOrNull { (width, height) -> abs(width.toLong() * height - WANTED) } ?: (WIDTH to HEIGHT)

    private const val TINY = 1e-6
    private const val FULL = 360
    private const val WIDTH = 640
    private const val HEIGHT = 480
    private const val WANTED = WIDTH.toLong() * HEIGHT
}
