package io.github.feredge.app.camera

import io.github.feredge.core.camera.FaceBox
import java.io.Closeable

/** Why there are no pictures; each has its sentence in the resources. */
enum class CameraProblem {
    /** The device has no camera at all. */
    NONE,

    /** Another app has it; it is taken back when it becomes free. */
    TAKEN,

    /** The device's administrator or its owner switched cameras off. */
    DISABLED,

    /** The user did not allow it. */
    DENIED,

    /** The camera reports an error; it is tried again. */
    FAILED,
}

/** A camera cannot be opened or used now. */
class CameraFault(
    /** What to tell the user. */
    val problem: CameraProblem,
    cause: Throwable? = null,
) : Exception(problem.name, cause)

/**
 * A camera and what it is asked for. Free of Android.
 *
 * @property id by which the device knows it.
 * @property isFront whether it looks at the user.
 * @property sensorDegrees `SENSOR_ORIENTATION`.
 * @property width of its pictures as stored.
 * @property height of its pictures as stored.
 * @property offersFaces whether it says that it looks for faces itself.
 */
class CameraTraits(
    val id: String,
    val isFront: Boolean,
    val sensorDegrees: Int,
    val width: Int,
    val height: Int,
    val offersFaces: Boolean,
)

/**
 * A face as a camera reports it.
 *
 * @property box in pixels of the picture as stored.
 * @property score 1 to 100.
 */
class SensorFace(
    val box: FaceBox,
    val score: Int,
)

/** A picture that lies in the camera's memory until it is closed. Closed twice is closed once. */
interface CameraImage : Closeable {
    /** `SENSOR_TIMESTAMP`. */
    val timestampNanos: Long

    /** Its planes, valid until it is closed. */
    fun picture(
        rotation: Int,
        isFront: Boolean,
        faces: List<FaceBox>?,
    ): Picture
}

/** An open camera. */
interface OpenCamera : Closeable {
    /**
     * Asks for pictures without end.
     *
     * @throws CameraFault the camera is gone already.
     */
    fun begin(stream: CameraStream)
}

/** What an open camera delivers. */
interface CameraStream {
    /** A picture; the receiver closes it. */
    fun onImage(image: CameraImage)

    /** What the camera found in the picture of that time. */
    fun onFaces(
        timestampNanos: Long,
        faces: List<SensorFace>,
    )

    /** The camera cannot deliver such pictures. */
    fun onRefused()
}

/** What becomes of the wish to open a camera; may come late, out of order, and more than once. */
interface CameraEvents {
    /** It is open. */
    fun onOpened(camera: OpenCamera)

    /** It is gone; [camera] wants to be closed all the same. */
    fun onLost(
        camera: OpenCamera,
        problem: CameraProblem,
    )
}

/** The device's cameras; all calls and all answers on the one thread of [Turns]. */
interface CameraDevices {
    /**
     * The camera that looks that way, else any.
     *
     * @return null: there is none.
     * @throws CameraFault cameras cannot be asked now.
     */
    fun choose(isFront: Boolean): CameraTraits?

    /**
     * Asks for a camera.
     *
     * @throws CameraFault it is refused at once.
     */
    fun open(
        traits: CameraTraits,
        events: CameraEvents,
    )

    /**
     * Tells when a camera may have become free.
     *
     * @param isFree gets its id, or null where any may be; null ends it.
     */
    fun watch(isFree: ((id: String?) -> Unit)?)
}

/** Work on one thread, one after another. */
interface Turns {
    /** Soon. */
    fun post(work: () -> Unit)

    /** Not before that time. */
    fun postLater(
        millis: Long,
        work: () -> Unit,
    )
}
