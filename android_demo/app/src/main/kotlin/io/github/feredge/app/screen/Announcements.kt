package io.github.feredge.app.screen

/**
 * What a screen reader is to say: a label that changed, at most once a second, and nothing while it stays. Free of Android.
 *
 * Told of every picture; the percentage that moves with each of them is for eyes only.
 */
class Announcements {
    private var said: String? = null
    private var lastNanos = 0L

    /**
     * The sentence to say now, null: none.
     *
     * @param label of the newest picture.
     * @param nanos on any clock that runs forward.
     */
    fun next(
        label: String,
        nanos: Long,
    ): String? {
        val isTooSoon = said != null && nanos - lastNanos < PAUSE_NANOS
        if (label == said || isTooSoon) return null
        said = label
        lastNanos = nanos
        return label
    }

    private companion object {
        const val PAUSE_NANOS = 1_000_000_000L
    }
}
