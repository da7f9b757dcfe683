package io.github.feredge.app.screen

import android.graphics.Rect
import android.os.Build
import android.view.View
import android.view.WindowInsets

/** Room that the system's bars and a display's cutout take; from Android 15 on apps lie below them. */
object Insets {
    /** Calls [fit] with the room to leave on each side, now and when it changes. */
    fun listen(
        view: View,
        fit: (Rect) -> Unit,
    ) {
        view.setOnApplyWindowInsetsListener { _, insets ->
            fit(room(insets))
            insets
        }
        view.requestApplyInsets()
    }

    /** Adds the room to the padding that the layout gives. */
    fun pad(view: View) {
        val own = Rect(view.paddingLeft, view.paddingTop, view.paddingRight, view.paddingBottom)
        listen(view) {
            view.setPadding(own.left + it.left, own.top + it.top, own.right + it.right, own.bottom + it.bottom)
        }
    }

    private fun room(insets: WindowInsets): Rect =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) barsAndCutout(insets) else bars(insets)

    @NewerAndroid
    private fun barsAndCutout(insets: WindowInsets): Rect {
        val room = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
        return Rect(room.left, room.top, room.right, room.bottom)
    }

    @Suppress("DEPRECATION")
    private fun bars(insets: WindowInsets) =
        Rect(
            insets.systemWindowInsetLeft,
            insets.systemWindowInsetTop,
            insets.systemWindowInsetRight,
            insets.systemWindowInsetBottom,
        )
}
