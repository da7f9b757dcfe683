package io.github.feredge.app.camera

import java.io.Closeable

/**
 * Room for the newest of something: what was put in before and not taken is closed. Free of Android; for several threads.
 *
 * @param T what is handed over.
 */
class Mailbox<T : Closeable> : Closeable {
    private var newest: T? = null
    private var isClosed = false

    /**
     * Puts something in.
     *
     * @return whether the room was empty, so that somebody must be told to look.
     */
    @Synchronized
    fun put(next: T): Boolean {
        if (isClosed) {
            next.close()
            return false
        }
        val older = newest
        newest = next
        older?.close()
        return older == null
    }

    /** Takes it out; null: empty. */
    @Synchronized
    fun take(): T? = newest.also { newest = null }

    /** Closes what is inside, and whatever comes later. */
    @Synchronized
    override fun close() {
        isClosed = true
        take()?.close()
    }
}
