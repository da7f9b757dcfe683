package io.github.feredge.app.screen

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import java.io.File

/** Pictures of screens, drawn by Android's own graphics code. */
object Screenshot {
    /** Saves what the screen shows. */
    fun save(
        screen: Activity,
        name: String,
    ) {
        val view = screen.window.decorView
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        val file = File(System.getProperty("fer.edge.screenshots"), name)
        file.parentFile?.mkdirs()
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }
}
