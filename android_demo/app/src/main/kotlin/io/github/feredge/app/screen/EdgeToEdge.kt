package io.github.feredge.app.screen

import android.os.Build
import android.view.View
import android.view.Window

/** Lays a window below the system's bars, as Android 15 and newer do with every app that is made for them. */
fun Window.goEdgeToEdge() {
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) leaveBars() else leaveBarsByFlags()
}

@NewerAndroid
@Suppress("DEPRECATION")
private fun Window.leaveBars() = setDecorFitsSystemWindows(false)

/** Beside the flags that the theme set: dark icons on a light bar. */
@Suppress("DEPRECATION")
private fun Window.leaveBarsByFlags() {
    decorView.systemUiVisibility = decorView.systemUiVisibility or
        View.SYSTEM_UI_FLAG_LAYOUT_STABLE or
        View.SYSTEM_UI_FLAG_LAYOUT_FULLSCREEN or
        View.SYSTEM_UI_FLAG_LAYOUT_HIDE_NAVIGATION
}
