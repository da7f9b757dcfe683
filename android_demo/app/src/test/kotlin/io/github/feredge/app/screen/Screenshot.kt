package io.github.feredge.app.screen

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import java.io.File

/** Pictures of screens, drawn by Android's own graphics code, beside those that README shows. */
object Screenshot {
    private val folder = File(System.getProperty("fer.edge.screenshots"))
    private val shown = File(System.getProperty("fer.edge.root"), "docs/images")

    /** Saves what the screen shows; where README shows another picture, also `difference-NAME`: before, after, what changed. */
    fun save(
        screen: Activity,
        name: String,
    ) {
        val view = screen.window.decorView
        val now = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(now))
        write(now, name)
        val before = File(shown, name).takeIf { it.exists() }?.inputStream()?.use { BitmapFactory.decodeStream(it) }
        println("$name: ${if (before == null) "new" else compare(before, now, name)}")
    }

    private fun write(
        bitmap: Bitmap,
        name: String,
    ) {
        folder.mkdirs()
        File(folder, name).outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
    }

    private fun compare(
        before: Bitmap,
        now: Bitmap,
        name: String,
    ): String {
        if (before.width != now.width || before.height != now.height) {
            return "has another size, ${now.width} x ${now.height} and not ${before.width} x ${before.height}"
        }
        val (old, new) = listOf(before, now).map { pixels(it) }
        val changed = IntArray(old.size) { if (old[it] == new[it]) Color.WHITE else Color.RED }
        val count = changed.count { it == Color.RED }
        if (count == 0) return "as README shows it"
        val difference = Bitmap.createBitmap(changed, now.width, now.height, Bitmap.Config.ARGB_8888)
        val sheet = Bitmap.createBitmap(3 * now.width, now.height, Bitmap.Config.ARGB_8888)
        val canvas = Canvas(sheet)
        listOf(before, now, difference).forEachIndexed { place, part ->
            canvas.drawBitmap(part, (place * now.width).toFloat(), 0f, null)
        }
        write(sheet, "difference-$name")
        return "%.1f %% of the pixels changed, see difference-$name".format(100.0 * count / old.size)
    }

    private fun pixels(bitmap: Bitmap): IntArray =
        IntArray(bitmap.width * bitmap.height).also { bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height) }
}
