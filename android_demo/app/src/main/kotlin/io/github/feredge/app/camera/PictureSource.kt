package io.github.feredge.app.camera

import android.os.Handler

/** Where pictures come from: the phone's camera, or a test. */
interface PictureSource {
    /** Whether the user must allow the camera first. */
    val needsPermission: Boolean

    /**
     * Starts; a second start replaces the first.
     *
     * @param isFront which camera; the other one if the phone lacks it.
     * @param displayDegrees of the display, 0 where the phone is held as it was built.
     * @param handler of the thread on which [listener] is called.
     */
    fun start(
        isFront: Boolean,
        displayDegrees: Int,
        handler: Handler,
        listener: PictureListener,
    )

    /** The display was turned; pictures are upright on it from the next one on. */
    fun turn(displayDegrees: Int)

    /** The screen is in front again: a camera that another app has may be tried again. */
    fun retry()

    /** Stops; the listener hears nothing more. */
    fun stop()
}
