package io.github.feredge.core.bundle

import java.io.File
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/**
 * Where a bundle's files come from: a folder, or an app's assets:
 *
 * ```kotlin
 * val source = BundleSource { path -> context.assets.open("bundle/$path") }
 * ```
 */
public fun interface BundleSource {
    /**
     * Opens one file.
     *
     * @param path relative to the bundle, POSIX; [Bundle] has checked that it stays inside.
     * @throws IOException the file cannot be opened.
     */
    @Throws(IOException::class)
    public fun open(path: String): InputStream

    /**
     * One file as memory that the system reads when it is looked at, so that a model of any size costs no heap.
     *
     * @param path as in [open].
     * @return position 0, its limit the file's size; null: this source has only streams.
     * @throws IOException the file cannot be opened.
     */
    @Throws(IOException::class)
    public fun map(path: String): ByteBuffer? = null

    /** Sources that need nothing of Android. */
    public companion object {
        /**
         * A folder of the file system. A link that leads out of it is refused.
         *
         * @param folder of the bundle.
         */
        @JvmStatic
        public fun folder(folder: File): BundleSource = Folder(folder)
    }

    private class Folder(
        private val folder: File,
    ) : BundleSource {
        override fun open(path: String): FileInputStream {
            val root = folder.canonicalFile
            val file = File(folder, path).canonicalFile
            if (file != File(root, path)) throw FileNotFoundException("$path is a link")
            return FileInputStream(file)
        }

        override fun map(path: String): ByteBuffer =
            open(path).use { it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.channel.size()) }
    }
}
