package io.github.feredge.core.bundle

import java.io.File
import java.io.FileInputStream
import java.io.FileNotFoundException
import java.io.IOException
import java.io.InputStream

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

    /** Sources that need nothing of Android. */
    public companion object {
        /**
         * A folder of the file system. A link that leads out of it is refused.
         *
         * @param folder of the bundle.
         */
        @JvmStatic
        public fun folder(folder: File): BundleSource =
            BundleSource { path ->
                val root = folder.canonicalFile
                val file = File(folder, path).canonicalFile
                if (file != File(root, path)) throw FileNotFoundException("$path is a link")
                FileInputStream(file)
            }
    }
}
