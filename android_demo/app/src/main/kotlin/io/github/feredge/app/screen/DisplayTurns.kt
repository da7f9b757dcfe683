package io.github.feredge.app.screen

import android.app.Activity
import android.content.Context
import android.hardware.display.DisplayManager
import android.os.Handler
import android.os.Looper
import android.view.Surface

/**
 * How far the display is turned, and when that changes. From landscape to reverse landscape no activity is started anew and no
 * configuration changes, so only the display itself tells.
 */
class DisplayTurns(
    private val screen: Activity,
    private val turned: (degrees: Int) -> Unit,
) : DisplayManager.DisplayListener {
    private val displays = screen.getSystemService(Context.DISPLAY_SERVICE) as DisplayManager
    private var last = 0

    // Its successor, Context.getDisplay, begins with Android 11.

    /** Now, 0 where the phone is held as it was built. */
    @Suppress("DEPRECATION")
    val degrees: Int
        get() =
            when (screen.windowManager.defaultDisplay.rotation) {
                Surface.ROTATION_90 -> 90
                Surface.ROTATION_180 -> 180
                Surface.ROTATION_270 -> 270
                else -> 0
            }

    /** Begins to listen. */
    fun start() {
        last = degrees
        displays.registerDisplayListener(this, Handler(Looper.getMainLooper()))
    }

    /** Ends. */
    fun stop() {
        displays.unregisterDisplayListener(this)
    }

    override fun onDisplayChanged(displayId: Int) {
        val now = degrees
        if (now == last) return
        last = now
        turned(now)
    }

    override fun onDisplayAdded(displayId: Int) = Unit

    override fun onDisplayRemoved(displayId: Int) = Unit
}
