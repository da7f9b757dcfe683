package io.github.feredge.app.camera

import io.github.feredge.core.camera.CameraFrame
import io.github.feredge.core.camera.FaceBox
import java.nio.ByteBuffer

/**
 * One plane of a camera picture.
 *
 * @property data from its position to its limit.
 * @property rowStride bytes from row to row.
 * @property pixelStride bytes from sample to sample.
 */
class PicturePlane(
    val data: ByteBuffer,
    val rowStride: Int,
    val pixelStride: Int,
)

/**
 * A YUV_420_888 picture, valid until the listener returns. Free of Android.
 *
 * @property width as stored.
 * @property height as stored.
 * @property y luma.
 * @property u chroma.
 * @property v chroma.
 * @property rotation degrees clockwise to upright.
 * @property timestampNanos on any clock that runs forward.
 * @property isFront whether people expect to see themselves as in a mirror.
 * @property sensorFaces what the camera itself found, in pixels of the stored picture; null: it does not look for faces.
 */
class Picture(
    val width: Int,
    val height: Int,
    val y: PicturePlane,
    val u: PicturePlane,
    val v: PicturePlane,
    val rotation: Int,
    val timestampNanos: Long,
    val isFront: Boolean,
    val sensorFaces: List<FaceBox>?,
) {
    /** Hands the planes to the core. */
    fun set(frame: CameraFrame): CameraFrame =
        frame.setYuv420(
            y.data,
            u.data,
            v.data,
            width,
            height,
            y.rowStride,
            y.pixelStride,
            u.rowStride,
            u.pixelStride,
            v.rowStride,
            v.pixelStride,
            rotation,
        )
}

/** Receives pictures, one at a time; what comes meanwhile is dropped. */
interface PictureListener {
    /** A picture; do not keep it. */
    fun onPicture(picture: Picture)

    /** There are no pictures now. */
    fun onCameraProblem(problem: CameraProblem)
}
