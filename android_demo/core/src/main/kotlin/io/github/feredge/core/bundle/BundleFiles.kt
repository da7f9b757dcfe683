package io.github.feredge.core.bundle

import io.github.feredge.core.BundleException
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.security.MessageDigest

/**
 * The files of a bundle, compared with what its manifest lists. They go through the hash piece by piece; models are mapped where
 * the source can, so that a large one costs no heap (on Android a direct buffer is an array of the heap).
 *
 * @param isVerified whether hashes were compared before; sizes always are.
 */
internal class BundleFiles(
    private val source: BundleSource,
    private val listed: Map<String, FileEntry>,
    private val isVerified: Boolean,
) {
    /** A small file. */
    fun read(path: String): ByteArray {
        val entry = entry(path)
        val out = ByteArrayOutputStream(entry.bytes.toInt())
        checked(path, entry) { chunk, count -> out.write(chunk, 0, count) }
        return out.toByteArray()
    }

    /** A file for an engine: direct, in native order. */
    fun direct(path: String): ByteBuffer = mapped(path) ?: readDirect(path)

    /** Compares size and hash, whether or not that was done before. */
    fun verify(path: String) {
        val entry = entry(path)
        val digest = sha256()
        copy(path, entry) { chunk, count -> digest.update(chunk, 0, count) }
        compare(path, entry, digest)
    }

    private fun mapped(path: String): ByteBuffer? {
        val entry = entry(path)
        val buffer =
            try {
                source.map(path) ?: return null
            } catch (error: IOException) {
                throw missing(path, error)
            }
        checkSize(path, entry, buffer.remaining().toLong())
        if (!isVerified) compare(path, entry, sha256().apply { update(buffer.duplicate()) })
        return buffer.order(ByteOrder.nativeOrder())
    }

    private fun readDirect(path: String): ByteBuffer {
        val entry = entry(path)
        val buffer = ByteBuffer.allocateDirect(entry.bytes.toInt()).order(ByteOrder.nativeOrder())
        checked(path, entry) { chunk, count -> buffer.put(chunk, 0, count) }
        buffer.rewind()
        return buffer
    }

    private fun entry(path: String): FileEntry {
        if (!ManifestReader.isSafePath(path)) {
            throw BundleException.UnsafePath("$path could leave the bundle; allowed: a path of ${Manifest.FILE}", path)
        }
        val entry =
            listed[path] ?: throw BundleException.MissingFile("$path is not listed in ${Manifest.FILE}; export again", path)
        if (entry.bytes > LARGEST_FILE) {
            throw BundleException.WrongSize("$path has ${entry.bytes} bytes; allowed: at most $LARGEST_FILE", path)
        }
        return entry
    }

    /** [copy] with the hash compared, unless the bundle is verified already. */
    private fun checked(
        path: String,
        entry: FileEntry,
        take: (chunk: ByteArray, count: Int) -> Unit,
    ) {
        val digest = if (isVerified) null else sha256()
        copy(path, entry) { chunk, count ->
            digest?.update(chunk, 0, count)
            take(chunk, count)
        }
        digest?.let { compare(path, entry, it) }
    }

    /** Hands the file to [take] piece by piece, never more than the manifest says, and compares the size. */
    private fun copy(
        path: String,
        entry: FileEntry,
        take: (chunk: ByteArray, count: Int) -> Unit,
    ) {
        val size =
            try {
                source.open(path).use { each(it, entry.bytes, take) }
            } catch (error: IOException) {
                throw missing(path, error)
            }
        checkSize(path, entry, size)
    }

    private fun checkSize(
        path: String,
        entry: FileEntry,
        size: Long,
    ) {
        if (size == entry.bytes) return
        val found = if (size > entry.bytes) "more than ${entry.bytes}" else "$size"
        throw BundleException.WrongSize(
            "$path has $found bytes, but ${Manifest.FILE} says ${entry.bytes}; it was changed: export or copy it again",
            path,
        )
    }

    private fun compare(
        path: String,
        entry: FileEntry,
        digest: MessageDigest,
    ) {
        val hash = hexadecimal(digest.digest())
        if (hash == entry.sha256) return
        throw BundleException.WrongHash(
            "$path was changed: its SHA-256 is $hash, but ${Manifest.FILE} says ${entry.sha256}; " +
                "export or copy it again",
            path,
        )
    }

    companion object {
        private const val CHUNK = 1 shl 16
        private const val LARGEST_FILE = 1L shl 30

        private fun sha256() = MessageDigest.getInstance("SHA-256")

        /** A file that no manifest lists: one byte more than [largest] is enough to refuse it. */
        fun bounded(
            source: BundleSource,
            path: String,
            largest: Int,
        ): ByteArray {
            val out = ByteArrayOutputStream()
            val size =
                try {
                    source.open(path).use {
                        each(it, largest.toLong()) { chunk, count -> out.write(chunk, 0, count) }
                    }
                } catch (error: IOException) {
                    throw missing(path, error)
                }
            if (size <= largest) return out.toByteArray()
            throw BundleException.WrongSize(
                "$path has more than $largest bytes, so it is none of ours; export again",
                path,
            )
        }

        /**
         * Hands a stream on piece by piece, and stops at the first piece that goes beyond [limit].
         *
         * @return how many bytes came, the piece too many included.
         */
        private fun each(
            stream: InputStream,
            limit: Long,
            take: (chunk: ByteArray, count: Int) -> Unit,
        ): Long {
            val chunk = ByteArray(CHUNK)
            var size = 0L
            var count = stream.read(chunk)
            while (count >= 0) {
                size += count
                if (size > limit) return size
                take(chunk, count)
                count = stream.read(chunk)
            }
            return size
        }

        private fun missing(
            path: String,
            error: IOException,
        ) = BundleException.MissingFile("$path cannot be opened (${error.message}); copy the whole bundle", path)
    }
}
