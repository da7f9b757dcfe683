package io.github.feredge.app.live

/**
 * Three slots between a writer and a reader on two threads: the writer never waits, the reader gets the newest, and nobody
 * writes into what the other one looks at. Free of Android.
 *
 * @param T what stands in a slot.
 */
class Exchange<T : Any> {
    private class Slot<T> {
        var value: T? = null
    }

    private var back = Slot<T>()
    private var middle = Slot<T>()
    private var front = Slot<T>()
    private var isFresh = false

    /** What the writer may write over, null the first times: what it published two or more times ago and nobody looks at. */
    val spare: T?
        @Synchronized get() = back.value

    /**
     * Publishes; what was published before and not taken is the next [spare].
     *
     * @return whether the reader has taken everything before, so that it must be told.
     */
    @Synchronized
    fun publish(next: T): Boolean {
        back.value = next
        val wasFresh = isFresh
        back = middle.also { middle = back }
        isFresh = true
        return !wasFresh
    }

    /** The newest, which stays untouched until the next call; null: nothing new. */
    @Synchronized
    fun take(): T? {
        if (!isFresh) return null
        isFresh = false
        front = middle.also { middle = front }
        return front.value
    }
}
