package io.github.feredge.app.camera

import io.github.feredge.app.RenderedFace
import io.github.feredge.core.camera.FaceBox

/** A clock and a queue that a test turns by hand. */
class ManualTurns : Turns {
    private class Work(
        val due: Long,
        val run: () -> Unit,
    )

    private val queue = ArrayList<Work>()
    private var now = 0L

    override fun post(work: () -> Unit) = postLater(0, work)

    override fun postLater(
        millis: Long,
        work: () -> Unit,
    ) {
        queue.add(Work(now + millis, work))
    }

    /** Lets time pass and runs what is due, in order. */
    fun pass(millis: Long = 0) {
        val end = now + millis
        while (true) {
            val next = queue.filter { it.due <= end }.minByOrNull { it.due } ?: break
            queue.remove(next)
            now = maxOf(now, next.due)
            next.run()
        }
        now = end
    }
}

/** A picture that counts whether it was given back. */
class ScriptedImage(
    override val timestampNanos: Long,
) : CameraImage {
    /** How often it was closed. */
    var closed = 0
        private set

    override fun picture(
        rotation: Int,
        isFront: Boolean,
        faces: List<FaceBox>?,
    ): Picture =
        RenderedFace.picture(timestampNanos).run {
            Picture(width, height, y, u, v, rotation, timestampNanos, isFront, faces)
        }

    override fun close() {
        closed += 1
    }
}

/** An open camera of [ScriptedCameras]. */
class ScriptedCamera(
    private val fault: CameraProblem?,
) : OpenCamera {
    /** Whether it is still on. */
    var isOpen = true
        private set

    /** Where its pictures go. */
    var stream: CameraStream? = null
        private set

    override fun begin(stream: CameraStream) {
        check(isOpen) { "a closed camera was asked for pictures" }
        fault?.let { throw CameraFault(it) }
        this.stream = stream
    }

    override fun close() {
        isOpen = false
    }
}

/** Cameras whose answers a test gives by hand, in whatever order. */
class ScriptedCameras(
    private val offersFaces: Boolean = false,
) : CameraDevices {
    /** Wishes in their order, to be answered by the test. */
    val wishes = ArrayList<CameraEvents>()

    /** Every camera that was ever opened. */
    val opened = ArrayList<ScriptedCamera>()

    /** What `open` throws, if anything. */
    var refusal: CameraProblem? = null

    /** Whether the device has a camera. */
    var hasCamera = true

    /** Who wants to hear of free cameras. */
    var watcher: ((String?) -> Unit)? = null
        private set

    override fun choose(isFront: Boolean): CameraTraits? =
        if (hasCamera) CameraTraits("0", isFront, if (isFront) 270 else 90, 640, 480, offersFaces) else null

    override fun open(
        traits: CameraTraits,
        events: CameraEvents,
    ) {
        refusal?.let { throw CameraFault(it) }
        wishes.add(events)
    }

    override fun watch(isFree: ((id: String?) -> Unit)?) {
        watcher = isFree
    }

    /** Answers the last wish: open. */
    fun openLast(fault: CameraProblem? = null): ScriptedCamera = open(wishes.last(), fault)

    /** Answers a wish: open. */
    fun open(
        wish: CameraEvents,
        fault: CameraProblem? = null,
    ): ScriptedCamera {
        val camera = ScriptedCamera(fault).also(opened::add)
        wish.onOpened(camera)
        return camera
    }

    /** How many are on. */
    val on: Int get() = opened.count { it.isOpen }
}
