package io.github.feredge.app.camera

import android.os.Handler
import android.os.HandlerThread

/** The phone's camera: keeps it open, pairs pictures with faces, hands over the newest of them. */
class CameraSource(
    devices: (Turns) -> CameraDevices,
    private val turns: Turns = CameraThread,
) : PictureSource,
    KeeperListener {
    override val needsPermission: Boolean = true

    private val keeper = CameraKeeper(devices(turns), turns, this)
    private var delivery: Delivery? = null

    @Volatile
    private var displayDegrees = 0

    override fun start(
        isFront: Boolean,
        displayDegrees: Int,
        handler: Handler,
        listener: PictureListener,
    ) {
        turn(displayDegrees)
        turns.post {
            delivery?.close()
            delivery = Delivery(handler, listener) { this.displayDegrees }
            keeper.start(isFront)
        }
    }

    override fun turn(displayDegrees: Int) {
        this.displayDegrees = displayDegrees
    }

    override fun retry() {
        turns.post { keeper.retry() }
    }

    override fun stop() {
        turns.post {
            keeper.stop()
            delivery?.close()
            delivery = null
        }
    }

    override fun onBegin(traits: CameraTraits) {
        delivery?.begin(traits)
    }

    override fun onImage(image: CameraImage) {
        val open = delivery
        if (open == null) image.close() else open.onImage(image)
    }

    override fun onFaces(
        timestampNanos: Long,
        faces: List<SensorFace>,
    ) {
        delivery?.onFaces(timestampNanos, faces)
    }

    override fun onProblem(problem: CameraProblem) {
        delivery?.tell(problem)
    }
}

/** The way of pictures from the camera's thread to the listener's. */
private class Delivery(
    private val handler: Handler,
    private val listener: PictureListener,
    private val displayDegrees: () -> Int,
) {
    private class Upright(
        val image: CameraImage,
        val picture: Picture,
    ) : java.io.Closeable by image

    private val box = Mailbox<Upright>()
    private var traits: CameraTraits? = null
    private var pairing = FramePairing(hasFaces = false)
    private var promise: FacePromise? = null

    @Volatile
    private var isClosed = false

    fun begin(traits: CameraTraits) {
        pairing.clear()
        this.traits = traits
        pairing = FramePairing(traits.offersFaces)
        promise = if (traits.offersFaces) FacePromise() else null
    }

    fun onImage(image: CameraImage) = pairing.onImage(image).forEach(::deliver)

    fun onFaces(
        timestampNanos: Long,
        faces: List<SensorFace>,
    ) = pairing.onFaces(timestampNanos, faces).forEach(::deliver)

    private fun deliver(frame: PairedFrame) {
        val from = traits
        if (from == null) {
            frame.image.close()
            return
        }
        val rotation = SensorGeometry.rotation(from.sensorDegrees, displayDegrees(), from.isFront)
        val faces = promise?.faces(frame.image.timestampNanos, frame.faces)
        val next = Upright(frame.image, frame.image.picture(rotation, from.isFront, faces))
        // A thread that ended takes nothing any more.
        if (box.put(next) && !handler.post(::hand)) close()
    }

    private fun hand() {
        box.take()?.use { if (!isClosed) listener.onPicture(it.picture) }
    }

    fun tell(problem: CameraProblem) {
        handler.post { if (!isClosed) listener.onCameraProblem(problem) }
    }

    fun close() {
        isClosed = true
        pairing.clear()
        box.close()
    }
}

/**
 * The thread on which cameras answer. It never ends: a camera that opens after the screen is gone must find somebody who
 * closes it, and a callback to a thread that ended throws in the framework.
 */
object CameraThread : Turns {
    /** Of this thread. */
    val handler: Handler by lazy { Handler(HandlerThread("camera").apply { start() }.looper) }

    override fun post(work: () -> Unit) {
        handler.post(work)
    }

    override fun postLater(
        millis: Long,
        work: () -> Unit,
    ) {
        handler.postDelayed(work, millis)
    }
}
