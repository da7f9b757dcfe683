package io.github.feredge.app.camera

/** Hears of the camera that a [CameraKeeper] keeps, on the camera's thread. */
interface KeeperListener {
    /** Pictures of a camera are about to come. */
    fun onBegin(traits: CameraTraits)

    /** A picture; the receiver closes it. */
    fun onImage(image: CameraImage)

    /** What the camera found in the picture of that time. */
    fun onFaces(
        timestampNanos: Long,
        faces: List<SensorFace>,
    )

    /** There are no pictures now. */
    fun onProblem(problem: CameraProblem)
}

/**
 * Keeps a camera open from [start] to [stop], in whatever order the system answers. Free of Android.
 *
 * A camera that opens after its wish was dropped is closed at once; answers of a dropped wish are not heard. A camera that another
 * app took is opened again when the system says that it may be free; one that reports an error, after a pause that doubles up to
 * [LONGEST_PAUSE_MILLIS]. All methods are called on the thread of [turns].
 */
class CameraKeeper(
    private val devices: CameraDevices,
    private val turns: Turns,
    private val listener: KeeperListener,
) {
    private var wish: Wish? = null
    private var isFront = true
    private var isStarted = false
    private var isWaiting = false
    private var pauseMillis = SHORTEST_PAUSE_MILLIS

    /** Opens a camera; a second start replaces the first. */
    fun start(isFront: Boolean) {
        stop()
        this.isFront = isFront
        isStarted = true
        pauseMillis = SHORTEST_PAUSE_MILLIS
        devices.watch { retry() }
        open()
    }

    /** Closes it, now or, where it is still opening, as soon as it is open. */
    fun stop() {
        if (isStarted) devices.watch(null)
        isStarted = false
        isWaiting = false
        drop()
    }

    /** Tries again now if another app has the camera; nothing while it is opening or open. */
    fun retry() {
        if (isStarted && isWaiting) open()
    }

    private fun drop() {
        val dropped = wish
        wish = null
        dropped?.camera?.close()
    }

    private fun open() {
        isWaiting = false
        drop()
        try {
            val traits = devices.choose(isFront) ?: throw CameraFault(CameraProblem.NONE)
            val next = Wish(traits)
            wish = next
            devices.open(traits, next)
        } catch (fault: CameraFault) {
            lose(fault.problem)
        }
    }

    private fun lose(problem: CameraProblem) {
        drop()
        listener.onProblem(problem)
        when (problem) {
            CameraProblem.TAKEN, CameraProblem.DISABLED -> isWaiting = true
            CameraProblem.FAILED -> openLater()
            CameraProblem.NONE, CameraProblem.DENIED -> Unit
        }
    }

    private fun openLater() {
        val pause = pauseMillis
        pauseMillis = minOf(2 * pauseMillis, LONGEST_PAUSE_MILLIS)
        turns.postLater(pause) { if (isStarted && wish == null && !isWaiting) open() }
    }

    /** One call of `open`: what the system answers is told apart from answers to earlier calls. */
    private inner class Wish(
        private val traits: CameraTraits,
    ) : CameraEvents,
        CameraStream {
        var camera: OpenCamera? = null

        private val isCurrent get() = wish === this

        override fun onOpened(camera: OpenCamera) {
            if (!isCurrent) {
                camera.close()
                return
            }
            this.camera = camera
            try {
                listener.onBegin(traits)
                camera.begin(this)
            } catch (fault: CameraFault) {
                lose(fault.problem)
            }
        }

        override fun onLost(
            camera: OpenCamera,
            problem: CameraProblem,
        ) {
            camera.close()
            if (isCurrent) lose(problem)
        }

        override fun onImage(image: CameraImage) {
            if (!isCurrent) {
                image.close()
                return
            }
            pauseMillis = SHORTEST_PAUSE_MILLIS
            listener.onImage(image)
        }

        override fun onFaces(
            timestampNanos: Long,
            faces: List<SensorFace>,
        ) {
            if (isCurrent) listener.onFaces(timestampNanos, faces)
        }

        override fun onRefused() {
            if (isCurrent) lose(CameraProblem.FAILED)
        }
    }

    /** Pauses before a camera with an error is tried again. */
    companion object {
        /** The first. */
        const val SHORTEST_PAUSE_MILLIS: Long = 500

        /** The last, again and again. */
        const val LONGEST_PAUSE_MILLIS: Long = 8000
    }
}
